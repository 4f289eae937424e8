// SPDX-License-Identifier: Apache-2.0
/*
 * rezone-serve, which `rezone serve` and `rezone run --listen` start: metrics and health over HTTP.
 *
 * Comes in: the pinned maps, opened to read alone; then requests of strangers, by a process that
 * has no rights any more. A program of its own, so that the daemon, which is root, has no HTTP
 * server in it. Ends when the maps are another daemon's: who started it starts it again.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/listen.h"
#include "base/json.h"
#include "base/log.h"
#include "base/stdout.h"
#include "cmd/opts.h"
#include "out/metrics.h"
#include "serve/server.h"

struct ask {
	struct rz_ask common; /* first */
	const char *listen;
	int log_format;
	bool child, markdown, table;
};

static const char *const formats[] = {"text", "json", NULL};
_Static_assert(RZ_LOG_JSON == 1, "words are in the enum's order");

static const struct rz_opt options[] = {
	{"listen", 0, "ADDRESS:PORT", RZ_OPT_TEXT(struct ask, listen),
	 "listen here (default " RZ_LISTEN_DEFAULT "); :9496 for all addresses"},
	{"log-format", 0, "text|json", RZ_OPT_WORD(struct ask, log_format),
	 "form of the log lines on stderr (default text)", formats},
	{"child", 0, NULL, RZ_OPT_FLAG(struct ask, child),
	 "end when the process that started it ends (`rezone run --listen`)", .hidden = true},
	{"help-markdown", 0, NULL, RZ_OPT_FLAG(struct ask, markdown),
	 "print what /metrics has, as docs/metrics.md", .hidden = true},
	{"help-json", 0, NULL, RZ_OPT_FLAG(struct ask, table), "print the same as JSON",
	 .hidden = true},
	{},
};

static const struct rz_command command = {
	.options = options,
	.doc = "Serves /metrics (for Prometheus, docs/metrics.md), /healthz (200 while the daemon "
	       "is there, paused or not) and /readyz (200 while it is attached and ticks) over "
	       "HTTP. Reads the pinned maps alone: it opens them, becomes nobody and gives up all "
	       "capabilities (but CAP_BPF where the kernel wants it for reading), then listens. It "
	       "waits for the maps if no daemon has run yet, and ends when the daemon does, or "
	       "another one begins.\vExit status: 0 ended by a signal or with the daemon, 1 could "
	       "not, 2 used wrongly.",
};

/* Until there are maps. 0 or -errno, logged. */
static int wait_for_maps(const char *pin_dir, struct rz_source **ret)
{
	const struct timespec second = {.tv_sec = 1};
	bool told = false;
	int err;

	while ((err = rz_source_open(pin_dir, ret)) == -ENOENT) {
		if (!told)
			rz_log_fields(RZ_LOG_INFO,
				      json_pack("{s:o}", "pin_dir", rz_json_printable(pin_dir)),
				      "serve: no rezone has run with --pin-dir %s yet: waits for "
				      "it",
				      pin_dir);
		told = true;
		nanosleep(&second, NULL);
	}
	return err;
}

/* The signal for a parent's end is lost when the user changes, so this comes after that. */
static void end_with_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		exit(0); /* it ended before */
}

static int on_signal(void *arg, const struct signalfd_siginfo *si)
{
	(void)arg;
	return si->ssi_signo == SIGTERM || si->ssi_signo == SIGINT;
}

static int serve(struct rz_source *source, int listen_fd)
{
	struct rz_server *server = NULL;
	struct rz_loop *loop = NULL;
	int err = rz_signals_block();

	if (!err)
		err = rz_loop_new(&loop);
	if (!err)
		err = rz_loop_add_signals(loop, on_signal, NULL);
	if (err)
		close(listen_fd);
	else
		err = rz_server_new(loop, listen_fd, source, &server);
	if (!err)
		err = rz_loop_run(loop);
	rz_server_free(server);
	rz_loop_free(loop);
	return err < 0 ? err : 0;
}

static int drop(struct rz_source *source)
{
	struct rz_drop d = {.who = "serve", .uid = RZ_NOBODY};

	d.keep_bpf = !rz_drop_is_enough(&d, rz_source_can_read, source);
	return rz_drop_rights(&d);
}

static int run(const struct ask *a, const struct rz_endpoint *at)
{
	pid_t parent = getppid();
	struct rz_source *source = NULL;
	int fd, err = wait_for_maps(a->common.pin_dir, &source);

	if (err)
		return err;
	fd = rz_listen_open(at);
	err = fd < 0 ? rz_err(fd, "serve: cannot listen at %s: %s; give another --listen",
			      a->listen, strerror(-fd))
		     : drop(source);
	if (err) {
		if (fd >= 0)
			close(fd);
		rz_source_free(source);
		return err;
	}
	if (a->child)
		end_with_parent(parent);
	rz_log_fields(RZ_LOG_INFO, json_pack("{s:o}", "listen", rz_json_printable(a->listen)),
		      "serve: /metrics, /healthz and /readyz at %s", a->listen);
	err = serve(source, fd);
	rz_source_free(source);
	return err;
}

int main(int argc, char **argv)
{
	struct ask a = {.listen = RZ_LISTEN_DEFAULT};
	struct rz_endpoint at;
	char name[] = "rezone serve", why[160];

	rz_stdout_guard();
	argv[0] = name; /* as --help and argp's messages call it */
	rz_opts_read(argc, argv, &command, &a.common);
	rz_log_setup(a.log_format, RZ_LOG_INFO);
	if (a.markdown || a.table) {
		if (a.table)
			return rz_metrics_print_json(stdout) ? 1 : 0;
		rz_metrics_markdown(stdout);
		return 0;
	}
	if (rz_listen_parse(a.listen, &at, why, sizeof(why))) {
		rz_err(-EINVAL, "serve: --listen: %s", why);
		return 2;
	}
	return run(&a, &at) ? 1 : 0;
}
