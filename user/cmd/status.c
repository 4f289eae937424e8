// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone status`: how rezone is on this node. Also what `rezone` alone does.
 *
 * Comes in: the maps, the pin directory's lock. Goes out: a screen or JSON on stdout
 * (docs/json.md), and an exit status for probes and scripts.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/node.h"
#include "cmd/cmd.h"
#include "cmd/conns.h"
#include "cmd/opts.h"
#include "kern/pause.h"
#include "out/status.h"

#define EXIT_DEGRADED	 1
#define EXIT_NOT_RUNNING 3
#define EXIT_NOT_KNOWN	 4 /* as the LSB has it: the status is unknown */

struct ask {
	struct rz_ask common; /* first */
	bool live, ready;
};

static const struct rz_opt options[] = {
	{"live", 0, NULL, RZ_OPT_FLAG(struct ask, live),
	 "print nothing; exit 0 if the daemon is there, paused or not: for a liveness probe"},
	{"ready", 0, NULL, RZ_OPT_FLAG(struct ask, ready),
	 "print nothing; exit 0 if the daemon is attached and its tick runs, paused or not: for a "
	 "readiness probe"},
	{},
};

static const struct rz_command command = {
	.options = options,
	.doc = "Shows how rezone is on this node: since when it runs, in which mode, who the "
	       "agents are and how current that is, how many connections cross zones, what was "
	       "moved, and why nobody is moved, if so. `rezone` without a command does the "
	       "same.\vExit status: 0 healthy; 1 degraded, as the lines \"because\" say; 2 used "
	       "wrongly; 3 not running; 4 cannot be told, as for a user who is not root. With "
	       "--live: 0 it runs, 3, 4. With --ready: 0 it is attached and ticks, 1, 3, 4.",
};

/* Is it forbidden to look? Then whether a daemon runs cannot be told either. */
static bool may_not_look(const char *pin_dir)
{
	if (!access(pin_dir, R_OK) || errno != EACCES)
		return false;
	rz_err(-EACCES, "status: may not open %s; run as root", pin_dir);
	return true;
}

/* Everything that the long form shows. Points into `conns`. 0 or -errno, logged. */
static int read_all(const struct rz_maps *maps, struct rz_conns *conns, struct rz_status_view *v,
		    struct rz_source_val **ret_sources, struct rz_follow_row **ret_next)
{
	struct rz_conn_filter all = RZ_CONN_FILTER_ALL;
	struct rz_conn_row *rows = NULL;
	int err = rz_conns_read(maps, conns);

	if (!err)
		err = rz_conn_rows_make(conns->snap, &conns->world, &all, &rows, &v->totals);
	if (!err)
		err = rz_maps_read_sources(maps, ret_sources, &v->n_sources);
	if (!err)
		err = rz_follow_read_next(maps, ret_next, &v->n_next);
	free(rows);
	if (err)
		return err;
	v->snap = conns->snap;
	v->topo = conns->topo;
	v->zones = conns->zones;
	v->sources = *ret_sources;
	v->next = *ret_next;
	v->conns_max = rz_maps_room(maps->conns);
	v->clients_max = rz_maps_room(maps->clients);
	v->wall_ns = rz_wall_ns();
	return 0;
}

static int show(const struct ask *a, const struct rz_status_view *read)
{
	struct rz_status_view v = *read;
	struct rz_health h;
	char node[RZ_NODE_SIZE];
	int err;

	if (v.snap && !v.snap->status.started_ns)
		v.snap = NULL; /* its maps are there, and it has written nothing yet: it starts */
	h = rz_health_judge(&v);
	rz_node_name(node, v.snap ? v.snap->status.node : NULL);
	v.node = node;
	err = a->common.json ? rz_status_print_json(stdout, &v, &h)
			     : rz_status_print_text(stdout, &v, &h);
	return err ? EXIT_NOT_KNOWN : rz_health_exit(&h);
}

static int show_all(const struct ask *a, const struct rz_maps *maps, struct rz_status_view *v)
{
	struct rz_source_val *sources = NULL;
	struct rz_follow_row *next = NULL;
	struct rz_conns conns = {};
	int ret = read_all(maps, &conns, v, &sources, &next) ? EXIT_NOT_KNOWN : show(a, v);

	free(sources);
	free(next);
	rz_conns_free(&conns);
	return ret;
}

static int ask_ready(const struct rz_maps *maps, struct rz_status_view *v)
{
	struct rz_health h;
	int ret;

	if (!v->alive)
		return EXIT_NOT_RUNNING;
	if (rz_snapshot_read_daemon(maps, &v->snap))
		return EXIT_NOT_KNOWN;
	h = rz_health_judge(v);
	ret = rz_health_ready(&h, v) ? 0 : EXIT_DEGRADED;
	rz_snapshot_free(v->snap);
	return ret;
}

static int run(const struct ask *a)
{
	struct rz_status_view v = {.pin_dir = a->common.pin_dir, .wide = a->common.wide};
	struct rz_maps maps;
	struct rz_pause pause;
	int ret;

	if (may_not_look(v.pin_dir))
		return EXIT_NOT_KNOWN;
	v.alive = rz_maps_daemon_alive(v.pin_dir);
	if (a->live)
		return v.alive ? 0 : EXIT_NOT_RUNNING;
	if (rz_pause_get(v.pin_dir, &pause))
		v.pause = &pause;
	if (!rz_maps_are_there(v.pin_dir))
		return !a->ready ? show(a, &v) : v.alive ? EXIT_DEGRADED : EXIT_NOT_RUNNING;
	if (rz_maps_open(v.pin_dir, &maps))
		return EXIT_NOT_KNOWN;
	ret = a->ready ? ask_ready(&maps, &v) : show_all(a, &maps, &v);
	rz_maps_close(&maps);
	return ret;
}

int rz_cmd_status(int argc, char **argv)
{
	struct ask a = {};

	rz_opts_read(argc, argv, &command, &a.common);
	return run(&a);
}
