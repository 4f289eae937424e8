/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What crossed zones in the last 48 hours and what it cost: by zones, group, client and hour. Pure.
 *
 * Comes in: the ledger's rows (kern/ledger.h), a price. Goes out: sorted rows, and what moves have
 * saved. Called by cmd/cost.c; printed by cost_print.c and cost_json.c.
 */
#ifndef RZ_OUT_COST_H
#define RZ_OUT_COST_H

#include <stdio.h>

#include "kern/ledger.h"
#include "policy/ledger.h"
#include "policy/price.h"
#include "policy/reason.h"
#include "policy/saving.h"

#define RZ_COST_HOURS (RZ_LEDGER_HOURS + 1) /* the present one, too */

enum rz_cost_who {
	RZ_COST_CLIENT,	      /* `id` is its client.id, "" if it sent none */
	RZ_COST_UNIDENTIFIED, /* connections whose client is not known, or several */
	RZ_COST_OTHERS,	      /* clients without a row of their own */
};

struct rz_cost_bytes {
	uint64_t rx[RZ_LOCALITY_COUNT], tx[RZ_LOCALITY_COUNT];
};

/* A row has what its table is by; the other names are "". */
struct rz_cost_row {
	struct rz_ledger_key zones;
	enum rz_cost_who who;
	uint64_t client;
	char id[RZ_CLIENT_ID_SIZE];
	uint32_t hour; /* since 1970 */
	struct rz_cost_bytes bytes;
	struct rz_cost_bytes hours[RZ_COST_HOURS]; /* the oldest first */
};

enum rz_cost_by {
	RZ_COST_BY_ZONES,
	RZ_COST_BY_GROUP,
	RZ_COST_BY_CLIENT,
	RZ_COST_BY_HOUR,
	RZ_COST_BY_COUNT,
};

/* In the words' order. */
enum rz_cost_sort {
	RZ_COST_SORT_COST, /* of this and what follows the greatest first */
	RZ_COST_SORT_RX,   /* across zones, as tx */
	RZ_COST_SORT_TX,
	RZ_COST_SORT_SAME,
	RZ_COST_SORT_UNKNOWN,
	RZ_COST_SORT_NAME, /* what the table is by; the hours in their order */
	RZ_COST_SORT_COUNT,
};
extern const char *const rz_cost_sort_words[]; /* NULL-terminated */

struct rz_cost_table {
	struct rz_cost_row *rows;
	size_t n;
};

struct rz_cost_report {
	struct rz_price price;
	uint64_t since_unix_ns, until_unix_ns; /* since when all counts; the latest tick */
	uint64_t covered_ns;		       /* of the hours that are shown: for the month */
	uint32_t hour;			       /* of the latest tick: the last in `hours` */
	uint64_t lost;
	/* by cost, the hours in their order; a client's rows are of all zones together */
	struct rz_cost_table by[RZ_COST_BY_COUNT];
	struct rz_cost_bytes all;
	struct rz_saving saving;
};

/* 0 or -ENOMEM; for rz_cost_report_free() in either case. */
int rz_cost_report_make(const struct rz_ledger_rows *rows, const struct rz_price *price,
			struct rz_cost_report *ret);
void rz_cost_report_free(struct rz_cost_report *r);

/* Each table in another order. */
void rz_cost_order(struct rz_cost_report *r, enum rz_cost_sort by);

/* Of the bytes that crossed zones, in US dollars; 0 if the price is not known. */
double rz_cost_of(const struct rz_cost_report *r, const struct rz_cost_bytes *b);
uint64_t rz_cost_bytes_in(const struct rz_cost_bytes *b, enum rz_locality l);

/* `limit`: rows of each table, 0: all zones and groups, 20 clients; JSON all. `by` -1: all tables
 * but the hours. 0 or -ENOMEM. */
int rz_cost_print_text(FILE *f, const struct rz_cost_report *r, int by, size_t limit);
int rz_cost_print_json(FILE *f, const struct rz_cost_report *r, size_t limit);

#endif
