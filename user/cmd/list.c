// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone list`: the tracked connections, straight from the pinned maps.
 *
 * Comes in: the maps; no daemon is needed. Goes out: a table or JSON on stdout.
 */
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
#include "cmd/opts.h"
#include "kern/follow.h"
#include "kern/pause.h"
#include "out/conn_json.h"
#include "out/conn_order.h"
#include "out/table.h"

struct ask {
	struct rz_ask common; /* first */
	struct rz_conn_filter filter;
	uint64_t watch_ns;   /* 0: once */
	int sort, group;     /* enum rz_conn_sort, rz_conn_group; -1: not given */
	unsigned long limit; /* 0: all */
};

static volatile sig_atomic_t stopped;

static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void take_watch(struct argp_state *state, char *arg, void *input)
{
	struct ask *a = input;

	rz_opts_take_interval(state, "--watch=", arg ? arg : "2s", &a->watch_ns);
}

static void check(struct argp_state *state, const void *input)
{
	const struct ask *a = input;

	if (a->sort >= 0 && a->group >= 0)
		argp_error(state, "--sort: groups are sorted by their bytes; leave it out");
}

static const struct rz_opt options[] = {
	{"watch", 'w', "DURATION", RZ_OPT_TAKE, "show the list again at this interval (default 2s)",
	 .take = take_watch, .arg_optional = true},
	{"sort", 's', "WORD", RZ_OPT_WORD(struct ask, sort),
	 "the order: client-id, client, agent, client-zone, agent-zone, reason; age, idle, rx "
	 "(from the client), tx, bytes, the greatest first; cookie (default: tables client-id, "
	 "JSON cookie)",
	 .words = rz_conn_sort_words},
	{"limit", 'n', "N", RZ_OPT_COUNT(struct ask, limit), "only the first N"},
	{"group-by", 'g', "WORD", RZ_OPT_WORD(struct ask, group),
	 "add up the connections by client-id, zones, client-zone, agent-zone, agent or reason; "
	 "the most bytes first",
	 .words = rz_conn_group_words},
	{},
};

static const struct rz_command command = {
	.options = options,
	.word_hint = "an interval is given as -w1s or --watch=1s",
	.which = &rz_conns_options,
	.which_at = offsetof(struct ask, filter),
	.check = check,
	.doc = "Lists the tracked connections of this node, from the pinned maps; works also when "
	       "no daemon runs. VERDICT is what the policy says of each connection, with its "
	       "reason (docs/troubleshoot.md explains each reason). FROM CLIENT and TO CLIENT are "
	       "bytes, as of the latest request.\vExit status: 0 done, 1 could not, 2 used "
	       "wrongly.",
};

static int print_rows(const struct ask *a, struct rz_conn_row *rows, size_t n)
{
	int sort = a->sort >= 0	    ? a->sort
		   : a->common.json ? RZ_CONN_SORT_COOKIE
				    : RZ_CONN_SORT_CLIENT_ID;

	if (a->group >= 0)
		return rz_conn_groups_print(stdout, rows, n, a->group, a->limit, a->common.json);
	rz_conn_rows_sort(rows, n, sort);
	if (a->limit && n > a->limit)
		n = a->limit;
	if (a->common.json)
		return rz_conn_json_print(stdout, rows, n, a->watch_ns > 0);
	return n ? rz_table_conns(stdout, rows, n, a->common.wide) : 0;
}

/* Those whose next connection is waited for may have none that could be listed. */
static int print_waited(const struct rz_maps *maps)
{
	_cleanup_free_ struct rz_follow_row *rows = NULL;
	size_t n;
	int err = rz_follow_read_next(maps, &rows, &n);

	if (!err)
		rz_table_next(stdout, n);
	return err;
}

static int show(const struct ask *a, const struct rz_snapshot *snap, const struct rz_world *world)
{
	_cleanup_free_ struct rz_conn_row *rows = NULL;
	struct rz_conn_totals totals;
	struct rz_pause pause;
	bool paused;
	int err = rz_conn_rows_make(snap, world, &a->filter, &rows, &totals);

	if (err)
		return err;
	if (!a->common.json && a->watch_ns && isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout); /* home, clear */
	err = print_rows(a, rows, totals.shown);
	if (a->common.json)
		return err;
	if (a->group < 0 && a->limit && totals.shown > a->limit)
		totals.shown = a->limit;
	paused = rz_pause_get(a->common.pin_dir, &pause);
	rz_table_totals(stdout, &totals);
	rz_table_way(stdout, &snap->status, a->common.wide);
	rz_table_pause(stdout, paused ? &pause : NULL, &snap->settings);
	return err;
}

static int once(const struct ask *a, const struct rz_maps *maps)
{
	struct rz_conns conns;
	int err = rz_conns_read(maps, &conns);

	if (!err)
		err = show(a, conns.snap, &conns.world);
	if (!err && !a->common.json)
		err = print_waited(maps);
	if (!err)
		err = rz_stdout_flush();
	rz_conns_free(&conns);
	return err;
}

/* Goes on with the maps of a daemon that was restarted. */
static void renew(const struct ask *a, struct rz_maps *maps)
{
	struct rz_maps fresh;

	if (!rz_maps_newer(a->common.pin_dir, maps, &fresh))
		return;
	rz_maps_close(maps);
	*maps = fresh;
	rz_ask_name_node(maps);
}

/* Whether the daemon is there, at the first look and when that has changed; on a terminal at each,
 * for the next one clears the screen. */
static void tell_daemon(const struct ask *a, bool *alive)
{
	bool was = *alive;

	*alive = rz_maps_daemon_alive(a->common.pin_dir);
	if (!*alive && (was || isatty(STDOUT_FILENO)))
		rz_warn("list: no daemon runs with --pin-dir %s: nobody is moved, and zones are as "
			"the last one left them",
			a->common.pin_dir);
}

/* Until a signal comes or nobody reads any more. */
static int watch(const struct ask *a, struct rz_maps *maps)
{
	struct timespec every = {a->watch_ns / 1000000000, a->watch_ns % 1000000000};
	struct sigaction sa = {.sa_handler = on_stop};
	bool alive = true;
	int err = 0;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	while (!stopped && !err) {
		renew(a, maps);
		err = once(a, maps);
		tell_daemon(a, &alive);
		if (!err && !stopped)
			ppoll(NULL, 0, &every, NULL);
	}
	return err;
}

int rz_cmd_list(int argc, char **argv)
{
	struct ask a = {.filter = RZ_CONN_FILTER_ALL, .sort = -1, .group = -1};
	struct rz_maps maps;
	bool alive = true;
	int err;

	rz_opts_read(argc, argv, &command, &a.common);
	if (rz_maps_open(a.common.pin_dir, &maps))
		return 1;
	rz_ask_name_node(&maps);
	if (!a.watch_ns)
		tell_daemon(&a, &alive);
	err = a.watch_ns ? watch(&a, &maps) : once(&a, &maps);
	rz_maps_close(&maps);
	return err ? 1 : 0;
}
