// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone plan`: what enforcing would do from now on, at what pace; who stays across zones and what
 * would have to change; who is expected home by itself.
 *
 * Comes in: the maps, the daemon's settings (map config). Goes out: tables or JSON on stdout
 * (docs/json.md). Nothing is changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/conns.h"
#include "cmd/money.h"
#include "cmd/opts.h"
#include "conf/conf.h"
#include "kern/ledger.h"
#include "out/outlook.h"

#define ROWS_SHOWN 20 /* of each table, without --limit */

struct ask {
	struct rz_ask common; /* first */
	struct rz_conn_filter filter;
	int sort, group;     /* enum rz_outlook_sort, rz_outlook_group; -1: not given */
	unsigned long limit; /* 0: not given */
};

static const struct rz_opt options[] = {
	{"sort", 's', "WORD", RZ_OPT_WORD(struct ask, sort),
	 "the order of each table: bytes (default; who stays cross-zone first), rx (from the "
	 "client), tx, connections, the greatest first; time, who goes or comes first; client-id, "
	 "client-zone, agent-zone, reason",
	 .words = rz_outlook_sort_words},
	{"limit", 'n', "N", RZ_OPT_COUNT(struct ask, limit),
	 "only the first N rows of each table (default 20; JSON all)"},
	{"group-by", 'g', "WORD", RZ_OPT_WORD(struct ask, group),
	 "add up the rows by client-id, zones, client-zone or agent-zone (default: by client.id "
	 "and zones)",
	 .words = rz_outlook_group_words},
	{},
};

static const struct rz_command command = {
	.options = options,
	.which = &rz_conns_options,
	.which_at = offsetof(struct ask, filter),
	.doc = "Shows what enforcing would do from now on: which connections would be moved and "
	       "when, by client and zones; which stay across zones, why, and who would have to "
	       "change what; which are expected home by themselves. It runs the policy by the "
	       "daemon's settings, as if nothing were paused and each move went well at once. "
	       "Nothing is changed.\vExit status: 0 done, 1 could not, 2 used wrongly.",
};

static int show(const struct ask *a, const struct rz_outlook_view *read)
{
	struct rz_outlook_view v = *read;
	struct rz_pause pause;

	if (rz_pause_get(a->common.pin_dir, &pause))
		v.pause = &pause;
	v.wall_ns = rz_wall_ns();
	v.limit = a->limit ?: a->common.json ? 0 : ROWS_SHOWN;
	v.wide = a->common.wide;
	return a->common.json ? rz_outlook_print_json(stdout, &v)
			      : rz_outlook_print_text(stdout, &v);
}

/* What older connections had carried before; without it they are in no projection. For free(). */
static struct rz_counted *read_bases(const struct rz_maps *maps, size_t *ret_n)
{
	struct rz_counted_entry *places = NULL;
	struct rz_counted *bases;
	size_t i, n = 0, room;

	*ret_n = 0;
	if (rz_ledger_counted_map(maps, &places, &room))
		return NULL;
	bases = calloc(room + 1, sizeof(*bases));
	for (i = 0; bases && i < room; i++) {
		bases[n] = rz_counted_get(places, i);
		n += bases[n].cookie != 0;
	}
	rz_ledger_counted_unmap(places, room);
	*ret_n = rz_outlook_make_bases(bases, n);
	return bases;
}

static int plan(const struct ask *a, const struct rz_maps *maps, const struct rz_conns *conns,
		const struct rz_limits *limits)
{
	struct rz_outlook_from from = {.snap = conns->snap};
	_cleanup_free_ struct rz_counted *bases = read_bases(maps, &from.n_bases);
	struct rz_conn_row *rows = NULL;
	struct rz_conn_totals totals;
	struct rz_forecast f = {};
	struct rz_outlook o = {};
	struct rz_price price;
	int err = rz_conn_rows_make(conns->snap, &conns->world, &a->filter, &rows, &totals);

	if (!err)
		err = rz_forecast_run(conns->snap, &conns->world, limits, RZ_FORECAST_VISITS, &f);
	from.rows = rows;
	from.n = err ? 0 : totals.shown;
	from.forecast = &f;
	from.bases = bases;
	if (!err)
		err = rz_money_price(maps, &conns->snap->settings, NULL, &price);
	if (!err)
		err = rz_outlook_make(&from, &o);
	if (!err && a->group >= 0)
		rz_outlook_group(&o, a->group);
	if (!err && a->sort >= 0)
		rz_outlook_sort(&o, a->sort);
	if (!err) {
		struct rz_outlook_view v = {.outlook = &o,
					    .snap = conns->snap,
					    .limits = limits,
					    .totals = &totals,
					    .price = price,
					    .group = a->group >= 0 ? a->group
								   : RZ_OUTLOOK_GROUP_COUNT};

		err = show(a, &v);
	}
	rz_outlook_free(&o);
	rz_forecast_free(&f);
	free(rows);
	return err ? rz_err(err, "plan: %s", strerror(-err)) : 0;
}

int rz_cmd_plan(int argc, char **argv)
{
	struct ask a = {.filter = RZ_CONN_FILTER_ALL, .sort = -1, .group = -1};
	struct rz_limits limits;
	struct rz_conns conns;
	struct rz_conf conf;
	struct rz_maps maps;
	int err;

	rz_opts_read(argc, argv, &command, &a.common);
	if (rz_ask_open(&a.common, "plan", &maps))
		return 1;
	err = rz_conns_settings(a.common.pin_dir, "plan", &conf);
	if (!err) {
		limits = rz_conf_limits(&conf);
		rz_conf_free(&conf);
		err = rz_conns_read(&maps, &conns);
		if (!err)
			err = plan(&a, &maps, &conns, &limits);
		rz_conns_free(&conns);
	}
	rz_maps_close(&maps);
	return err ? 1 : 0;
}
