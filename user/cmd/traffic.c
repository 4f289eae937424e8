// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone traffic`: bytes between zones, and by client, of connections open and closed.
 *
 * Comes in: the maps. Goes out: tables or JSON on stdout (docs/json.md).
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/conns.h"
#include "cmd/opts.h"
#include "kern/batch.h"
#include "kern/ledger.h"
#include "out/traffic_order.h"

struct ask {
	struct rz_ask common; /* first */
	int sort, group;      /* enum rz_traffic_sort, rz_traffic_group; -1: not given */
	unsigned long limit;  /* 0: not given */
};

static void check(struct argp_state *state, const void *input)
{
	const struct ask *a = input;

	if (a->sort >= 0 && a->group >= 0)
		argp_error(state, "--sort: groups are sorted by their bytes; leave it out");
}

static const struct rz_opt options[] = {
	{"sort", 's', "WORD", RZ_OPT_WORD(struct ask, sort),
	 "the order: bytes (default), rx (from the client), tx, open, closed, the greatest first; "
	 "name",
	 .words = rz_traffic_sort_words},
	{"limit", 'n', "N", RZ_OPT_COUNT(struct ask, limit),
	 "only the first N rows of each table (default: all zones, 20 clients; JSON all)"},
	{"group-by", 'g', "WORD", RZ_OPT_WORD(struct ask, group),
	 "one table, added up by client-id, zones, client-zone, agent-zone or locality; the most "
	 "bytes first",
	 .words = rz_traffic_group_words},
	{},
};

static const struct rz_command command = {
	.options = options,
	.check = check,
	.doc = "Shows the bytes between zones, as counted until the daemon's latest tick under the "
	       "zones of their time, and by client, of open connections (as of their latest "
	       "request) and closed ones, since rezone's maps were made.\vExit status: 0 done, 1 "
	       "could not, 2 used wrongly.",
};

static int print(const struct ask *a, const struct rz_snapshot *snap, struct rz_traffic_report *r)
{
	r->limit = a->limit;
	if (a->sort >= 0)
		rz_traffic_order(r, snap, a->sort);
	if (a->group >= 0)
		return rz_traffic_groups_print(stdout, snap, r, a->group, a->common.json);
	return a->common.json ? rz_traffic_print_json(stdout, snap, r)
			      : rz_traffic_print_text(stdout, snap, r);
}

static int report(const struct ask *a, const struct rz_maps *maps)
{
	struct rz_traffic_report r = {};
	struct rz_ledger_rows rows = {};
	_cleanup_free_ struct rz_traffic *sums = NULL;
	_cleanup_free_ uint64_t *clients = NULL;
	struct rz_conns conns;
	size_t n = 0;
	int err = rz_conns_read(maps, &conns);

	if (!err)
		err = rz_ledger_rows_read(maps, &rows);
	if (!err)
		err = rz_batch_read(maps->client_traffic, sizeof(*clients), sizeof(*sums), 0,
				    (void **)&clients, (void **)&sums, &n);
	if (!err) {
		struct rz_traffic_counted c = {
			rows.zones, rows.zones_sums, rows.n_zones, clients, sums, n};

		err = rz_traffic_report_make(conns.snap, &conns.world, &c, &r);
	}
	if (!err)
		err = print(a, conns.snap, &r);
	rz_traffic_report_free(&r);
	rz_ledger_rows_free(&rows);
	rz_conns_free(&conns);
	return err;
}

int rz_cmd_traffic(int argc, char **argv)
{
	struct ask a = {.sort = -1, .group = -1};
	struct rz_maps maps;
	int err;

	rz_opts_read(argc, argv, &command, &a.common);
	if (rz_ask_open(&a.common, "traffic", &maps))
		return 1;
	err = report(&a, &maps);
	rz_maps_close(&maps);
	return err ? 1 : 0;
}
