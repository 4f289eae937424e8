// SPDX-License-Identifier: Apache-2.0
/* What crossed zones and what it cost, see cost.h. Pure. */
#include "out/cost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define HOUR_NS (3600ULL * 1000000000)

static enum rz_locality locality(const struct rz_ledger_key *z)
{
	if (!*z->client_zone || !*z->agent_zone)
		return RZ_LOCALITY_UNKNOWN;
	return strcmp(z->client_zone, z->agent_zone) ? RZ_LOCALITY_CROSS : RZ_LOCALITY_SAME;
}

/* ---- rows ---- */

/* Fills bytes and hours of a row from a sum. */
static void take(struct rz_cost_row *row, const struct rz_ledger_sum *s, uint32_t hour,
		 enum rz_locality l)
{
	size_t i;

	for (i = 0; i < RZ_COST_HOURS; i++) {
		struct rz_ledger_more m =
			rz_ledger_sum_hour(s, hour - (uint32_t)(RZ_COST_HOURS - 1 - i));

		row->hours[i].rx[l] += m.rx_bytes;
		row->hours[i].tx[l] += m.tx_bytes;
		row->bytes.rx[l] += m.rx_bytes;
		row->bytes.tx[l] += m.tx_bytes;
	}
}

static void add_bytes(struct rz_cost_bytes *to, const struct rz_cost_bytes *more)
{
	size_t l;

	for (l = 0; l < RZ_LOCALITY_COUNT; l++) {
		to->rx[l] += more->rx[l];
		to->tx[l] += more->tx[l];
	}
}

/* What is in `to` beside `part`; readers meet the maps while they are written. */
static void leave_rest(struct rz_cost_bytes *to, const struct rz_cost_bytes *part)
{
	size_t l;

	for (l = 0; l < RZ_LOCALITY_COUNT; l++) {
		to->rx[l] -= to->rx[l] < part->rx[l] ? to->rx[l] : part->rx[l];
		to->tx[l] -= to->tx[l] < part->tx[l] ? to->tx[l] : part->tx[l];
	}
}

static int by_name(const void *a, const void *b)
{
	const struct rz_cost_row *x = a, *y = b;
	int d = strcmp(x->zones.group, y->zones.group);

	d = d ? d : strcmp(x->zones.client_zone, y->zones.client_zone);
	d = d ? d : strcmp(x->zones.agent_zone, y->zones.agent_zone);
	if (d || x->client == y->client)
		return d;
	return x->client < y->client ? -1 : 1;
}

/* Adds up rows of one name. */
static size_t add_up(struct rz_cost_row *rows, size_t n)
{
	size_t i, h, kept = 0;

	qsort(rows, n, sizeof(*rows), by_name);
	for (i = 0; i < n; i++) {
		struct rz_cost_row *to = kept ? &rows[kept - 1] : NULL;

		if (!to || by_name(to, &rows[i])) {
			rows[kept++] = rows[i];
			continue;
		}
		add_bytes(&to->bytes, &rows[i].bytes);
		for (h = 0; h < RZ_COST_HOURS; h++)
			add_bytes(&to->hours[h], &rows[i].hours[h]);
	}
	return kept;
}

uint64_t rz_cost_bytes_in(const struct rz_cost_bytes *b, enum rz_locality l)
{
	return b->rx[l] + b->tx[l];
}

static uint64_t all_bytes(const struct rz_cost_bytes *b)
{
	return rz_cost_bytes_in(b, RZ_LOCALITY_SAME) + rz_cost_bytes_in(b, RZ_LOCALITY_CROSS) +
	       rz_cost_bytes_in(b, RZ_LOCALITY_UNKNOWN);
}

/* Those that crossed most first, then those that carried most. */
static int dearest_first(const void *a, const void *b)
{
	const struct rz_cost_row *x = a, *y = b;
	uint64_t m = rz_cost_bytes_in(&x->bytes, RZ_LOCALITY_CROSS);
	uint64_t n = rz_cost_bytes_in(&y->bytes, RZ_LOCALITY_CROSS);

	if (m == n) {
		m = all_bytes(&x->bytes);
		n = all_bytes(&y->bytes);
	}
	return m > n ? -1 : m < n ? 1 : by_name(a, b);
}

/* Adds up, leaves out what carried nothing in these hours, sorts. */
static void finish(struct rz_cost_table *t, struct rz_cost_row *rows, size_t n)
{
	size_t i, kept = 0;

	n = add_up(rows, n);
	for (i = 0; i < n; i++)
		if (all_bytes(&rows[i].bytes))
			rows[kept++] = rows[i];
	qsort(rows, kept, sizeof(*rows), dearest_first);
	*t = (struct rz_cost_table){rows, kept};
}

/* ---- tables ---- */

static int make_zones(const struct rz_ledger_rows *in, struct rz_cost_report *r, enum rz_cost_by by)
{
	struct rz_cost_row *rows = calloc(in->n_zones + 1, sizeof(*rows));
	size_t i;

	if (!rows)
		return -ENOMEM;
	for (i = 0; i < in->n_zones; i++) {
		take(&rows[i], &in->zones_sums[i], r->hour, locality(&in->zones[i]));
		rows[i].zones = in->zones[i];
		if (by == RZ_COST_BY_ZONES)
			memset(rows[i].zones.group, 0, sizeof(rows[i].zones.group));
		else
			rows[i].zones = (struct rz_ledger_key){};
		if (by == RZ_COST_BY_GROUP)
			rz_str_copy(rows[i].zones.group, sizeof(rows[i].zones.group),
				    in->zones[i].group);
	}
	finish(&r->by[by], rows, in->n_zones);
	return 0;
}

/* What all carried less what the rows of clients have. */
static void take_others(struct rz_cost_row *others, const struct rz_cost_row *clients, size_t n)
{
	size_t i, h;

	others->who = RZ_COST_OTHERS;
	others->client = UINT64_MAX;
	for (i = 0; i < n; i++) {
		leave_rest(&others->bytes, &clients[i].bytes);
		for (h = 0; h < RZ_COST_HOURS; h++)
			leave_rest(&others->hours[h], &clients[i].hours[h]);
	}
}

static int make_clients(const struct rz_ledger_rows *in, struct rz_cost_report *r)
{
	struct rz_cost_row *rows = calloc(in->n_clients + 1, sizeof(*rows));
	size_t i;

	if (!rows)
		return -ENOMEM;
	for (i = 0; i < in->n_clients; i++) {
		const struct rz_ledger_client *c = &in->clients_values[i];

		take(&rows[i], &c->sum, r->hour, locality(&in->clients[i].zones));
		rows[i].client = in->clients[i].client;
		rows[i].who = rows[i].client ? RZ_COST_CLIENT : RZ_COST_UNIDENTIFIED;
		rz_str_copy(rows[i].id, sizeof(rows[i].id), c->id);
	}
	for (i = 0; i < in->n_zones; i++)
		take(&rows[in->n_clients], &in->zones_sums[i], r->hour, locality(&in->zones[i]));
	take_others(&rows[in->n_clients], rows, in->n_clients);
	finish(&r->by[RZ_COST_BY_CLIENT], rows, in->n_clients + 1);
	return 0;
}

/* The hours of all, in their order. */
static int make_hours(const struct rz_ledger_rows *in, struct rz_cost_report *r)
{
	struct rz_cost_row *rows = calloc(RZ_COST_HOURS, sizeof(*rows)), all = {};
	size_t i;

	if (!rows)
		return -ENOMEM;
	for (i = 0; i < in->n_zones; i++)
		take(&all, &in->zones_sums[i], r->hour, locality(&in->zones[i]));
	for (i = 0; i < RZ_COST_HOURS; i++) {
		rows[i].hour = r->hour - (uint32_t)(RZ_COST_HOURS - 1 - i);
		rows[i].bytes = all.hours[i];
	}
	r->all = all.bytes;
	r->by[RZ_COST_BY_HOUR] = (struct rz_cost_table){rows, RZ_COST_HOURS};
	return 0;
}

/* How long what is shown took: since counting began, or the beginning of the oldest hour. By the
 * clock that is never set, which runs as long as the maps are there. */
static uint64_t covered_ns(const struct rz_ledger_state *s)
{
	uint64_t shown = RZ_LEDGER_HOURS * HOUR_NS + s->updated_unix_ns % HOUR_NS;
	uint64_t counted = s->updated_ns > s->since_ns ? s->updated_ns - s->since_ns : 0;

	return counted < shown ? counted : shown;
}

int rz_cost_report_make(const struct rz_ledger_rows *in, const struct rz_price *price,
			struct rz_cost_report *r)
{
	int err;

	*r = (struct rz_cost_report){.price = *price,
				     .since_unix_ns = in->state.since_unix_ns,
				     .until_unix_ns = in->state.updated_unix_ns,
				     .covered_ns = covered_ns(&in->state),
				     .hour = rz_ledger_hour(in->state.updated_unix_ns),
				     .lost = in->state.lost};
	r->saving = rz_saving_of(in->saved, in->n_saved, in->state.updated_unix_ns);
	err = make_zones(in, r, RZ_COST_BY_ZONES);
	if (!err)
		err = make_zones(in, r, RZ_COST_BY_GROUP);
	if (!err)
		err = make_clients(in, r);
	return err ? err : make_hours(in, r);
}

void rz_cost_report_free(struct rz_cost_report *r)
{
	size_t i;

	for (i = 0; i < RZ_COST_BY_COUNT; i++)
		free(r->by[i].rows);
}

double rz_cost_of(const struct rz_cost_report *r, const struct rz_cost_bytes *b)
{
	return rz_price_of(&r->price, (double)b->rx[RZ_LOCALITY_CROSS],
			   (double)b->tx[RZ_LOCALITY_CROSS]);
}
