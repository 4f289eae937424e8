// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone list`: the tracked connections, straight from the pinned maps.
 *
 * Comes in: the maps; no daemon is needed. Goes out: a table or JSON on stdout.
 */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/stdout.h"
#include "cmd/cmd.h"
#include "cmd/conns.h"
#include "kern/pause.h"
#include "kern/pins.h"
#include "out/conn_json.h"
#include "out/table.h"

enum form { TABLE, WIDE, JSON };
static const char *const form_words[] = {"table", "wide", "json", NULL};

struct ask {
	enum form form;
	struct rz_conn_filter filter;
	const char *pin_dir;
	uint64_t watch_ns; /* 0: once */
};

static volatile sig_atomic_t stopped;

static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

/* Index of a word, or argp's usage error. */
static int pick(struct argp_state *state, const char *flag, const char *text,
		const char *const *words)
{
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(words[i], text))
			return i;
	argp_error(state, "%s %s: give %s, %s or %s", flag, text, words[0], words[1], words[2]);
	return 0;
}

static const struct argp_option options[] = {
	{"output", 'o', "table|wide|json", 0, "form of the output (default table)", 0},
	{"watch", 'w', "DURATION", OPTION_ARG_OPTIONAL,
	 "show the list again at this interval (default 2s)", 0},
	{"pin-dir", 'p', "DIR", 0,
	 "the --pin-dir of the daemon, where its maps are pinned (default " RZ_PIN_DIR_DEFAULT ")",
	 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct ask *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->filter;
		return 0;
	case 'o':
		a->form = pick(state, "-o", arg, form_words);
		return 0;
	case 'w':
		if (rz_duration_parse(arg ? arg : "2s", &a->watch_ns) || a->watch_ns < 100000000)
			argp_error(state, "--watch=%s: give a duration of at least 100ms, as 2s",
				   arg);
		return 0;
	case 'p':
		a->pin_dir = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no argument is expected", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&rz_conns_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.doc = "Lists the tracked connections of this node, from the pinned maps; works also when "
	       "no daemon runs. VERDICT is what the policy says of each connection, with its "
	       "reason (docs/troubleshoot.md explains each reason).\vExit status: 0 done, 1 could "
	       "not, 2 used wrongly.",
};

static int show(const struct ask *a, const struct rz_snapshot *snap, const struct rz_world *world)
{
	_cleanup_free_ struct rz_conn_row *rows = NULL;
	struct rz_conn_totals totals;
	struct rz_pause pause;
	int err = rz_conn_rows_make(snap, world, &a->filter, &rows, &totals);

	if (err)
		return err;
	if (a->form == JSON)
		return rz_conn_json_print(stdout, rows, totals.shown, a->watch_ns > 0);
	if (a->watch_ns && isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout); /* home, clear */
	if (totals.shown)
		err = rz_table_conns(stdout, rows, totals.shown, a->form == WIDE);
	rz_table_totals(stdout, &totals);
	rz_table_way(stdout, &snap->status, a->form == WIDE);
	rz_table_pause(stdout, rz_pause_get(a->pin_dir, &pause) ? &pause : NULL, &snap->settings);
	return err;
}

static int once(const struct ask *a, const struct rz_maps *maps)
{
	struct rz_conns conns;
	int err = rz_conns_read(maps, &conns);

	if (!err)
		err = show(a, conns.snap, &conns.world);
	if (!err)
		err = rz_stdout_flush();
	rz_conns_free(&conns);
	return err;
}

/* Until a signal comes or nobody reads any more. */
static int watch(const struct ask *a, const struct rz_maps *maps)
{
	struct timespec every = {a->watch_ns / 1000000000, a->watch_ns % 1000000000};
	struct sigaction sa = {.sa_handler = on_stop};
	int err = 0;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	while (!stopped && !err) {
		err = once(a, maps);
		if (!err && !stopped)
			ppoll(NULL, 0, &every, NULL);
	}
	return err;
}

int rz_cmd_list(int argc, char **argv)
{
	struct ask a = {.filter = RZ_CONN_FILTER_ALL, .pin_dir = RZ_PIN_DIR_DEFAULT};
	struct rz_maps maps;
	int err;

	argp_err_exit_status = 2;
	if (argp_parse(&argp, argc, argv, 0, NULL, &a))
		return 2;
	if (rz_maps_open(a.pin_dir, &maps))
		return 1;
	if (!rz_maps_daemon_alive(a.pin_dir))
		rz_warn("list: no daemon runs with --pin-dir %s: nobody is moved, and zones are as "
			"the last one left them",
			a.pin_dir);
	err = a.watch_ns ? watch(&a, &maps) : once(&a, &maps);
	rz_maps_close(&maps);
	return err ? 1 : 0;
}
