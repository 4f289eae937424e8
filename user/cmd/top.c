// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone top`: zones, rates, the busiest clients across zones, moves as they happen; live, or with
 * -b as plain text for scripts.
 *
 * Comes in: the pinned maps, again and again; keys. Goes out: the terminal's screen, text or JSON
 * lines. Only reads.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stdout.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "cmd/top_read.h"
#include "cmd/top_terminal.h"
#include "out/top_draw.h"

#define EXPLAIN_NS  (5 * RZ_SECOND_NS)
#define BATCH_WIDTH 160

struct ask {
	struct rz_ask common; /* first */
	uint64_t every_ns;
	int sort;
	bool batch, all;
	const char *filter;
	unsigned long limit, frames; /* 0: not given */
};

static void take_watch(struct argp_state *state, char *arg, void *input)
{
	struct ask *a = input;

	rz_opts_take_interval(state, "--watch ", arg, &a->every_ns);
}

static const struct rz_opt options[] = {
	{"watch", 'w', "DURATION", RZ_OPT_TAKE, "look again at this interval (default 2s)",
	 .take = take_watch},
	{"sort", 's', "WORD", RZ_OPT_WORD(struct ask, sort),
	 "the order of clients: rate, bytes, connections, client-id (default rate)",
	 .words = rz_top_sort_words},
	{"all", 'A', NULL, RZ_OPT_FLAG(struct ask, all),
	 "all clients, not only those across zones"},
	{"client-id", 'i', "GLOB", RZ_OPT_TEXT(struct ask, filter),
	 "only clients whose client.id matches, as 'app-*', or has this text in it"},
	{"batch", 'b', NULL, RZ_OPT_FLAG(struct ask, batch),
	 "plain text for scripts, a frame after each interval; so does -o json, an object a line"},
	{"frames", 0, "N", RZ_OPT_COUNT(struct ask, frames),
	 "with --batch: end after N frames (default: go on)"},
	{"limit", 'n', "N", RZ_OPT_COUNT(struct ask, limit), "with --batch: only N clients"},
	{},
};

static const struct rz_command command = {
	.options = options,
	.doc = "Shows this node live: bytes a second between zones, the busiest clients across "
	       "zones with the reason why each stays, moves as they happen. Keys: q quit, s sort, "
	       "/ "
	       "filter, a all clients, space freeze, up and down select, Enter explain, ? help.\v"
	       "Exit status: 0 done, 1 could not, 2 used wrongly.",
};

/* ---- batch ---- */

static int batch_frame(const struct ask *a, struct rz_top_frame *t, struct rz_top_state *s)
{
	static const struct rz_top_screen plain = {.width = BATCH_WIDTH};

	rz_top_sort(t, s->sort);
	if (a->common.json)
		return rz_top_print_json(stdout, t, a->limit, s->filter, !s->all);
	rz_top_keep_first(t, a->limit, s->filter, !s->all);
	rz_top_draw(stdout, &plain, t, s, NULL);
	putchar('\n');
	return 0;
}

/* The first look shows nothing: it has no rates. A line of JSON has the events since the one
 * before; text the latest ones. */
static int batch(const struct ask *a, struct rz_top_reader *r, struct rz_top_state *s, int signals)
{
	struct pollfd p = {signals, POLLIN, 0};
	struct rz_top_frame t = {};
	unsigned long i;
	int err = rz_top_read(r, &t);

	for (i = 0; !err && (!a->frames || i < a->frames); i++) {
		if (a->common.json)
			t.n_events = 0;
		if (poll(&p, 1, (int)(a->every_ns / 1000000)) > 0)
			break;
		err = rz_top_read(r, &t);
		if (!err)
			err = batch_frame(a, &t, s);
		if (!err)
			err = rz_stdout_flush();
	}
	rz_top_frame_free(&t);
	return err;
}

/* ---- live ---- */

struct live {
	const struct ask *ask;
	struct rz_top_reader *reader;
	struct rz_top_state state;
	struct rz_top_frame frame;
	char *text; /* the explanation, for free() */
};

static int draw(struct live *l, uint64_t *ret_cookie)
{
	struct rz_top_screen screen = {.ansi = true, .colors = !getenv("NO_COLOR")};
	const struct rz_top_client *selected;

	rz_terminal_size(&screen.width, &screen.height);
	rz_top_sort(&l->frame, l->state.sort);
	selected = rz_top_draw(stdout, &screen, &l->frame, &l->state, l->text);
	*ret_cookie = selected ? selected->cookie : 0;
	return rz_stdout_flush();
}

static char *read_text(int fd)
{
	char *text = calloc(1, 65536);
	size_t len = 0, i;
	ssize_t n;

	while (text && (n = pread(fd, text + len, 65535 - len, (off_t)len)) > 0)
		len += (size_t)n;
	for (i = 0; i < len; i++) /* it is printable, or it is not shown */
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			text[i] = '?';
	return text;
}

/* What `rezone explain` says of the connection. */
static void explain(struct live *l, uint64_t cookie)
{
	_cleanup_close_ int out = memfd_create("explain", MFD_CLOEXEC);
	char number[32];
	char *argv[] = {(char *)"/proc/self/exe",
			(char *)"explain",
			number,
			(char *)"--pin-dir",
			(char *)l->ask->common.pin_dir,
			NULL};

	free(l->text);
	l->text = NULL;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)cookie);
	if (!cookie)
		l->text = strdup("no client is selected");
	else if (out >= 0 && rz_child_run(argv, out, out, EXPLAIN_NS) != -ETIMEDOUT)
		l->text = read_text(out);
}

/* 1: the user wants to quit; 0; -errno. */
static int take_keys(struct live *l, uint64_t cookie)
{
	char bytes[64];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n <= 0)
		return n < 0 && errno == EINTR ? 0 : 1; /* the terminal is gone */
	switch (rz_top_keys(&l->state, bytes, (size_t)n)) {
	case RZ_TOP_QUIT:
		return 1;
	case RZ_TOP_EXPLAIN:
		explain(l, cookie);
		return 0;
	default:
		return 0;
	}
}

/* 1: it ends the program; 0; -errno. A stop (Ctrl-Z) gives the terminal back until it goes on. */
static int take_signal(int fd)
{
	struct signalfd_siginfo si;

	if (read(fd, &si, sizeof(si)) != sizeof(si) || si.ssi_signo == SIGWINCH)
		return 0;
	if (si.ssi_signo != SIGTSTP)
		return 1;
	rz_terminal_give_back();
	kill(getpid(), SIGSTOP);
	return rz_terminal_take();
}

static int live_loop(struct live *l, int signals)
{
	struct pollfd p[] = {{STDIN_FILENO, POLLIN, 0}, {signals, POLLIN, 0}};
	uint64_t next_ns = 0, now, cookie = 0;
	int end = 0, left_ms;

	while (!end) {
		now = rz_now_ns();
		if (now >= next_ns && !l->state.frozen) {
			end = rz_top_read(l->reader, &l->frame);
			next_ns = now + l->ask->every_ns;
		}
		if (!end)
			end = draw(l, &cookie);
		if (end)
			break;
		left_ms = l->state.frozen ? -1 : (int)((next_ns - now) / 1000000);
		if (poll(p, 2, left_ms < 0 ? -1 : left_ms + 1) <= 0)
			continue;
		if (p[1].revents)
			end = take_signal(signals);
		if (!end && p[0].revents)
			end = take_keys(l, cookie);
	}
	return end > 0 ? 0 : end;
}

static int live(const struct ask *a, struct rz_top_reader *r, const struct rz_top_state *s,
		int signals)
{
	struct live l = {.ask = a, .reader = r, .state = *s};
	int err = rz_terminal_take();

	if (err == -ENOTTY)
		return rz_err(err, "top: stdin or stdout is no terminal; give --batch, or -o json");
	if (!err)
		err = live_loop(&l, signals);
	rz_terminal_give_back();
	rz_top_frame_free(&l.frame);
	free(l.text);
	return err;
}

static int take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int rz_cmd_top(int argc, char **argv)
{
	struct ask a = {.every_ns = 2 * RZ_SECOND_NS};
	struct rz_top_state s = {};
	struct rz_top_reader *reader;
	int err, signals;

	rz_opts_read(argc, argv, &command, &a.common);
	s.sort = (enum rz_top_sort)a.sort;
	s.all = a.all;
	rz_str_copy(s.filter, sizeof(s.filter), a.filter ?: "");
	if (rz_top_reader_new(&a.common, &reader))
		return 1;
	signals = take_signals();
	err = a.batch || a.common.json ? batch(&a, reader, &s, signals)
				       : live(&a, reader, &s, signals);
	rz_top_reader_free(reader);
	close(signals);
	return err ? 1 : 0;
}
