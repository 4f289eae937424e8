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
	int group;	      /* enum rz_cost_by; -1: not given */
	unsigned long limit;  /* 0: not given */
	const char *price;    /* NULL: as it is set */
};

static void check(struct argp_state *state, const void *input)
{
	const struct ask *a = input;
	struct rz_price p;
	char why[256];

	if (a->price && rz_price_parse(a->price, "", &p, why, sizeof(why)))
		argp_error(state, "--price: %s", why);
}

static const struct rz_opt options[] = {
	{"group-by", 'g', "WORD", RZ_OPT_WORD(struct ask, group),
	 "one table: by zones, group, client or hour (default: all but the hours); JSON has all",
	 .words = rz_cost_by_words},
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
	struct ask a = {.group = -1};
	struct rz_maps maps;
	int err;

	rz_opts_read(argc, argv, &command, &a.common);
	if (rz_ask_open(&a.common, "cost", &maps))
		return 1;
	err = report(&a, &maps);
	rz_maps_close(&maps);
	return err ? 1 : 0;
}
