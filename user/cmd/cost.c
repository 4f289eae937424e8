// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone cost`: what crossed zones in the last 48 hours, and what it cost.
 *
 * Comes in: the maps of the ledger, the price that is set. Goes out: tables or JSON on stdout
 * (docs/json.md).
 */
#include <stdio.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/money.h"
#include "cmd/opts.h"
#include "kern/ledger.h"
#include "kern/snapshot.h"
#include "out/cost.h"

struct ask {
	struct rz_ask common; /* first */
	int sort, group;      /* enum rz_cost_sort, rz_cost_by; -1: not given */
	unsigned long limit;  /* 0: not given */
	const char *price;    /* NULL: as it is set */
};

#define CLIENT_ID RZ_COST_BY_COUNT /* as `list` and `traffic` call it */
static const char *const group_words[] = {"zones", "group", "client", "hour", "client-id", NULL};
_Static_assert(sizeof(group_words) / sizeof(group_words[0]) == RZ_COST_BY_COUNT + 2,
	       "a word for each, and one more");

static void check(struct argp_state *state, const void *input)
{
	const struct ask *a = input;
	struct rz_price p;
	char why[256];

	if (a->price && rz_price_parse(a->price, "", &p, why, sizeof(why)))
		argp_error(state, "--price: %s", why);
}

static const struct rz_opt options[] = {
	{"sort", 's', "WORD", RZ_OPT_WORD(struct ask, sort),
	 "the order of each table: cost (default; hours: name), rx and tx across zones, same, "
	 "unknown, the greatest first; name",
	 .words = rz_cost_sort_words},
	{"group-by", 'g', "WORD", RZ_OPT_WORD(struct ask, group),
	 "one table: by zones, group, client-id (or client) or hour (default: all but the hours); "
	 "JSON has all",
	 .words = group_words},
	{"limit", 'n', "N", RZ_OPT_COUNT(struct ask, limit),
	 "only the first N rows of each table (default: all, 20 clients; JSON all)"},
	{"price", 0, "WORD|TO,FROM", RZ_OPT_TEXT(struct ask, price),
	 "another price than the setting's: aws, gcp, azure, off, or US dollars per GB to the "
	 "agents and from them, such as 0.02,0.02"},
	{},
};

static const struct rz_command command = {
	.options = options,
	.check = check,
	.doc = "Shows how many bytes crossed zones in the last 48 hours and what they cost, by "
	       "zones, group and client, projected to a month; the dearest first. Payload, counted "
	       "at the agents until the daemon's latest tick (docs/cost.md).\vExit status: 0 done, "
	       "1 could not, 2 used wrongly.",
};

static int report(const struct ask *a, const struct rz_maps *maps)
{
	struct rz_ledger_rows rows = {};
	struct rz_snapshot *snap = NULL;
	struct rz_cost_report r = {};
	struct rz_price price;
	int err = rz_snapshot_read_daemon(maps, &snap);

	if (!err)
		err = rz_ledger_rows_read(maps, &rows);
	if (!err)
		err = rz_money_price(maps, &snap->settings, a->price, &price);
	if (!err)
		err = rz_cost_report_make(&rows, &price, &r);
	if (!err && a->sort >= 0)
		rz_cost_order(&r, a->sort);
	if (!err)
		err = a->common.json ? rz_cost_print_json(stdout, &r, a->limit)
				     : rz_cost_print_text(stdout, &r, a->group, a->limit);
	rz_cost_report_free(&r);
	rz_ledger_rows_free(&rows);
	rz_snapshot_free(snap);
	return err;
}

int rz_cmd_cost(int argc, char **argv)
{
	struct ask a = {.sort = -1, .group = -1};
	struct rz_maps maps;
	int err;

	rz_opts_read(argc, argv, &command, &a.common);
	if (a.group == CLIENT_ID)
		a.group = RZ_COST_BY_CLIENT;
	if (rz_ask_open(&a.common, "cost", &maps))
		return 1;
	err = report(&a, &maps);
	rz_maps_close(&maps);
	return err ? 1 : 0;
}
