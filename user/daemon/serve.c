// SPDX-License-Identifier: Apache-2.0
/*
 * --listen: `rezone serve` as a child of the daemon.
 *
 * Comes in: the setting; a look each second. Goes out: a process that reads the pinned maps and has
 * no rights (user/serve/), started again when it ends, for what is wrong with it must not end the
 * daemon; ended with the daemon.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/json.h"
#include "base/log.h"

#define AGAIN_NS   RZ_SECOND_NS
#define STOP_LOOKS 40 /* of 50 ms each: then it is killed */

/* In the child. It keeps stderr, for its log, and nothing else of the daemon's. */
static void become_server(const struct rz_daemon *d)
{
	char *argv[] = {(char *)"rezone serve",
			(char *)"--child",
			(char *)"--listen",
			d->conf.listen,
			(char *)"--pin-dir",
			d->conf.pin_dir,
			(char *)"--log-format",
			(char *)(d->conf.log_format == RZ_LOG_JSON ? "json" : "text"),
			NULL};
	sigset_t none;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	err = rz_exec_beside(RZ_SERVE_PROGRAM, argv);
	rz_err(err, "serve: cannot start %s from this program's folder: %s; install it there",
	       RZ_SERVE_PROGRAM, strerror(-err));
	_exit(1);
}

static void start(struct rz_daemon *d, uint64_t now_ns)
{
	rz_backoff_began(&d->serve_backoff, now_ns);
	d->serve_pid = fork();
	if (!d->serve_pid)
		become_server(d);
	if (d->serve_pid < 0) {
		rz_err(-errno, "serve: cannot fork: %s", strerror(errno));
		d->serve_pid = 0;
		rz_backoff_ended(&d->serve_backoff, AGAIN_NS, now_ns);
	}
}

/* It ended by itself. */
static void ended(struct rz_daemon *d, int status, uint64_t now_ns)
{
	const char *how = WIFSIGNALED(status) ? "signal" : "status";
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	unsigned long long wait_s;

	d->serve_pid = 0;
	rz_backoff_ended(&d->serve_backoff, AGAIN_NS, now_ns);
	wait_s = d->serve_backoff.wait_ns / RZ_SECOND_NS;
	rz_log_fields(RZ_LOG_WARN,
		      json_pack("{s:i, s:I}", how, number, "again_in_s", (json_int_t)wait_s),
		      "serve: ended with %s %d; starts again in %llu s; connections are tracked "
		      "and moved as before",
		      how, number, wait_s);
}

void rz_daemon_look_at_server(struct rz_daemon *d)
{
	uint64_t now_ns = rz_now_ns();
	int status;

	if (!d->conf.listen)
		return;
	if (d->serve_pid && waitpid(d->serve_pid, &status, WNOHANG) == d->serve_pid)
		ended(d, status, now_ns);
	if (!d->serve_pid && rz_backoff_is_over(&d->serve_backoff, now_ns))
		start(d, now_ns);
}

void rz_daemon_stop_server(struct rz_daemon *d)
{
	const struct timespec pause = {.tv_nsec = 50000000};
	int i;

	if (!d->serve_pid)
		return;
	kill(d->serve_pid, SIGTERM);
	for (i = 0; i < STOP_LOOKS; i++) {
		if (waitpid(d->serve_pid, NULL, WNOHANG))
			break;
		nanosleep(&pause, NULL);
	}
	if (i == STOP_LOOKS) {
		/* without CAP_KILL it ends with this process */
		if (!kill(d->serve_pid, SIGKILL))
			waitpid(d->serve_pid, NULL, 0);
	}
	d->serve_pid = 0;
}
