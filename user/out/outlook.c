// SPDX-License-Identifier: Apache-2.0
/* Whom enforcing would move, who stays, who comes by itself, see outlook.h. Pure. */
#include "out/outlook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROJECT_AFTER_S 60 /* of a younger connection a month says nothing */

/* ---- one connection ---- */

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct rz_counted *)a)->cookie;
	uint64_t y = ((const struct rz_counted *)b)->cookie;

	return x < y ? -1 : x > y;
}

static int base_first(const void *a, const void *b)
{
	const struct rz_counted *x = a, *y = b;

	return by_cookie(a, b) ?: y->base - x->base;
}

size_t rz_outlook_make_bases(struct rz_counted *places, size_t n)
{
	size_t i, kept = 0;

	if (n)
		qsort(places, n, sizeof(*places), base_first);
	for (i = 0; i < n; i++) {
		struct rz_counted c = {.cookie = places[i].cookie};

		if (kept && places[kept - 1].cookie == c.cookie)
			continue;
		if (places[i].base) {
			c.rx_bytes = places[i].rx_bytes;
			c.tx_bytes = places[i].tx_bytes;
		}
		places[kept++] = c;
	}
	return kept;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* What it has carried since rezone sees it: its age is as old. False: nobody knows. */
static bool seen_bytes(const struct rz_outlook_from *from, const struct rz_conn *c, uint64_t *rx,
		       uint64_t *tx)
{
	const struct rz_counted key = {.cookie = c->cookie}, *base = NULL;

	if (c->frame.adopted && from->n_bases)
		base = bsearch(&key, from->bases, from->n_bases, sizeof(key), by_cookie);
	if (c->frame.adopted && !base)
		return false;
	*rx = less(c->rx_bytes, base ? base->rx_bytes : 0);
	*tx = less(c->tx_bytes, base ? base->tx_bytes : 0);
	return true;
}

static struct rz_outlook_sum sum_of(const struct rz_outlook_from *from, const struct rz_conn_row *r)
{
	const struct rz_conn *c = r->conn;
	struct rz_outlook_sum s = {.conns = 1,
				   .crosses = r->verdict.locality == RZ_LOCALITY_CROSS,
				   .rx_bytes = c->rx_bytes,
				   .tx_bytes = c->tx_bytes};
	uint64_t age_ns = (uint64_t)(r->age_s * 1e9), rx, tx;

	if (r->age_s < PROJECT_AFTER_S || !seen_bytes(from, c, &rx, &tx))
		return s;
	s.projected = 1;
	s.rx_month = rz_price_month((double)rx, age_ns);
	s.tx_month = rz_price_month((double)tx, age_ns);
	return s;
}

static struct rz_outlook_row row_of(const struct rz_outlook_from *from, const struct rz_conn_row *r,
				    enum rz_reason reason)
{
	const struct rz_verdict *v = &r->verdict;
	bool known = rz_frame_identified(&r->conn->frame, r->client);

	return (struct rz_outlook_row){.client = known ? r->client : NULL,
				       .hash = known ? r->conn->frame.client : 0,
				       .client_zone = v->client_zone ?: "",
				       .agent_zone = v->agent_zone ?: "",
				       .group = v->group ?: "",
				       .locality = v->locality,
				       .reason = reason,
				       .close = v->plan.close,
				       .sum = sum_of(from, r),
				       .expected_ns = v->expected_ns};
}

/* What the daemon remembers of its client keeps a candidate for longer than a turn. */
static bool is_remembered(enum rz_reason reason)
{
	return reason == RZ_REASON_COOLING_DOWN || reason == RZ_REASON_GAVE_UP ||
	       reason == RZ_REASON_HOME_WAS_READY || reason == RZ_REASON_LEFT_BEHIND ||
	       reason == RZ_REASON_LISTENING || reason == RZ_REASON_MEMORY_FULL;
}

/* Why a connection stays; NONE: it would be moved. */
static enum rz_reason reason_of(const struct rz_snapshot *snap, const struct rz_conn_row *r,
				const struct rz_forecast *f)
{
	if (!r->verdict.move || is_remembered(r->reason))
		return r->reason;
	if (rz_forecast_find(f, r->conn->cookie))
		return RZ_REASON_NONE;
	return f->tick->verdicts[r->conn - snap->conns].reason;
}

/* ---- adding up ---- */

static void add_sum(struct rz_outlook_sum *to, const struct rz_outlook_sum *s)
{
	to->crosses = s->crosses; /* rows of one locality are added up */
	to->conns += s->conns;
	to->rx_bytes += s->rx_bytes;
	to->tx_bytes += s->tx_bytes;
	to->rx_month += s->rx_month;
	to->tx_month += s->tx_month;
	to->projected += s->projected;
}

static void add_row(struct rz_outlook_row *to, const struct rz_outlook_row *r)
{
	add_sum(&to->sum, &r->sum);
	if (r->first_ns < to->first_ns)
		to->first_ns = r->first_ns;
	if (r->last_ns > to->last_ns)
		to->last_ns = r->last_ns;
	to->later += r->later;
	if (r->expected_ns && (!to->expected_ns || r->expected_ns < to->expected_ns))
		to->expected_ns = r->expected_ns;
}

static int by_reason(const void *a, const void *b)
{
	const struct rz_outlook_row *x = a, *y = b;

	if (x->locality != y->locality) /* cross comes last in the enum, and first here */
		return x->locality > y->locality ? -1 : 1;
	return x->reason < y->reason ? -1 : x->reason > y->reason;
}

static int by_client(const void *a, const void *b)
{
	const struct rz_outlook_row *x = a, *y = b;
	int d = by_reason(a, b);

	if (!d)
		d = x->hash < y->hash ? -1 : x->hash > y->hash;
	if (!d)
		d = strcmp(x->client_zone, y->client_zone);
	if (!d)
		d = strcmp(x->agent_zone, y->agent_zone);
	if (!d)
		d = strcmp(x->group, y->group);
	return d ? d : (int)x->close - (int)y->close;
}

static uint64_t bytes(const struct rz_outlook_row *r)
{
	return r->sum.rx_bytes + r->sum.tx_bytes;
}

static int most_first(const void *a, const void *b)
{
	const struct rz_outlook_row *x = a, *y = b;

	if (x->locality != y->locality)
		return x->locality > y->locality ? -1 : 1;
	if (bytes(x) != bytes(y))
		return bytes(x) > bytes(y) ? -1 : 1;
	if (x->sum.conns != y->sum.conns)
		return x->sum.conns > y->sum.conns ? -1 : 1;
	return by_client(a, b);
}

static int earliest_first(const void *a, const void *b)
{
	const struct rz_outlook_row *x = a, *y = b;

	if (x->expected_ns != y->expected_ns)
		return x->expected_ns < y->expected_ns ? -1 : 1;
	return by_client(a, b);
}

/* Joins rows that are equal by `key`, then sorts them by `order`. */
static void join(struct rz_outlook_rows *r, int (*key)(const void *, const void *),
		 int (*order)(const void *, const void *))
{
	size_t i, kept = 0;

	qsort(r->rows, r->n, r->n ? sizeof(*r->rows) : 1, key);
	for (i = 0; i < r->n; i++) {
		if (kept && !key(&r->rows[kept - 1], &r->rows[i]))
			add_row(&r->rows[kept - 1], &r->rows[i]);
		else
			r->rows[kept++] = r->rows[i];
	}
	r->n = kept;
	qsort(r->rows, r->n, r->n ? sizeof(*r->rows) : 1, order);
}

/* `stays` again, by reason alone; before that its rows are in the order of by_client. */
static void make_reasons(struct rz_outlook *o)
{
	size_t i, n = 0;

	qsort(o->stays.rows, o->stays.n, o->stays.n ? sizeof(*o->stays.rows) : 1, by_client);
	for (i = 0; i < o->stays.n; i++) {
		const struct rz_outlook_row *r = &o->stays.rows[i];
		struct rz_outlook_row *to = n ? &o->reasons.rows[n - 1] : NULL;

		if (to && !by_reason(to, r)) {
			to->clients += to->hash != r->hash;
			add_row(to, r);
			to->hash = r->hash;
		} else {
			o->reasons.rows[n] = *r;
			o->reasons.rows[n++].clients = 1;
		}
	}
	o->reasons.n = n;
	qsort(o->reasons.rows, n, n ? sizeof(*o->reasons.rows) : 1, most_first);
}

static void set_times(struct rz_outlook_row *row, const struct rz_forecast_row *at)
{
	row->first_ns = at->after_ns;
	if (at->after_ns == RZ_FORECAST_LATER)
		row->later = 1;
	else
		row->last_ns = at->after_ns;
}

static void sort_in(struct rz_outlook *o, const struct rz_outlook_from *from,
		    const struct rz_conn_row *r)
{
	const struct rz_forecast *f = from->forecast;
	struct rz_outlook_row row = row_of(from, r, reason_of(from->snap, r, f));

	if (r->under_way) {
		o->under_way++;
	} else if (row.reason == RZ_REASON_NONE) {
		set_times(&row, rz_forecast_find(f, r->conn->cookie));
		o->first_tick += row.first_ns == 0;
		o->later += row.later;
		if (row.last_ns > o->last_ns)
			o->last_ns = row.last_ns;
		add_sum(&o->all_moves, &row.sum);
		o->moves.rows[o->moves.n++] = row;
	} else if (row.reason == RZ_REASON_MAY_COME) {
		o->awaited.rows[o->awaited.n++] = row;
	} else if (row.locality != RZ_LOCALITY_SAME) {
		o->stays.rows[o->stays.n++] = row;
	}
}

static bool new_rows(struct rz_outlook_rows *r, size_t n)
{
	r->rows = calloc(n + 1, sizeof(*r->rows));
	return r->rows != NULL;
}

int rz_outlook_make(const struct rz_outlook_from *from, struct rz_outlook *ret)
{
	struct rz_outlook o = {};
	size_t i;

	if (!new_rows(&o.moves, from->n) || !new_rows(&o.stays, from->n) ||
	    !new_rows(&o.reasons, from->n) || !new_rows(&o.awaited, from->n)) {
		rz_outlook_free(&o);
		return -ENOMEM;
	}
	for (i = 0; i < from->n; i++)
		sort_in(&o, from, &from->rows[i]);
	join(&o.moves, by_client, most_first);
	join(&o.awaited, by_client, earliest_first);
	join(&o.stays, by_client, most_first);
	make_reasons(&o);
	qsort(o.stays.rows, o.stays.n, o.stays.n ? sizeof(*o.stays.rows) : 1, most_first);
	*ret = o;
	return 0;
}

void rz_outlook_free(struct rz_outlook *o)
{
	free(o->moves.rows);
	free(o->stays.rows);
	free(o->reasons.rows);
	free(o->awaited.rows);
	*o = (struct rz_outlook){};
}

const char *const rz_outlook_group_words[] = {"client-id", "zones", "client-zone", "agent-zone",
					      NULL};
_Static_assert(sizeof(rz_outlook_group_words) / sizeof(char *) == RZ_OUTLOOK_GROUP_COUNT + 1,
	       "a word for each group");

/* What rows are not added up by is not known of them. */
static void group_rows(struct rz_outlook_rows *r, enum rz_outlook_group by,
		       int (*order)(const void *, const void *))
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		struct rz_outlook_row *row = &r->rows[i];

		row->group = "";
		if (by != RZ_OUTLOOK_GROUP_CLIENT_ID) {
			row->client = NULL;
			row->hash = 0;
		}
		if (by != RZ_OUTLOOK_GROUP_ZONES && by != RZ_OUTLOOK_GROUP_CLIENT_ZONE)
			row->client_zone = "";
		if (by != RZ_OUTLOOK_GROUP_ZONES && by != RZ_OUTLOOK_GROUP_AGENT_ZONE)
			row->agent_zone = "";
	}
	join(r, by_client, order);
}

void rz_outlook_group(struct rz_outlook *o, enum rz_outlook_group by)
{
	group_rows(&o->moves, by, most_first);
	group_rows(&o->stays, by, most_first);
	group_rows(&o->awaited, by, earliest_first);
}

bool rz_outlook_price(const struct rz_outlook_view *v, const struct rz_outlook_sum *sum,
		      double *ret_usd)
{
	if (!v->price.known || !sum->projected || !sum->crosses)
		return false;
	*ret_usd = rz_price_of(&v->price, sum->rx_month, sum->tx_month);
	return true;
}
