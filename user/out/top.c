// SPDX-License-Identifier: Apache-2.0
/* What `rezone top` adds up, see top.h. */
#include "out/top.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "out/event.h"
#include "policy/reason.h"

const char *const rz_top_sort_words[] = {"rate", "bytes", "connections", "client-id", NULL};

void rz_top_counts_free(struct rz_top_counts *c)
{
	free(c->rows);
	*c = (struct rz_top_counts){};
}

void rz_top_frame_free(struct rz_top_frame *f)
{
	free(f->clients);
	free(f->zones);
	f->clients = NULL;
	f->zones = NULL;
	f->n_clients = f->n_zones = 0;
}

static int by_cookie(const void *a, const void *b)
{
	const struct rz_top_count *x = a, *y = b;

	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

static int by_client(const void *a, const void *b)
{
	const struct rz_top_client *x = a, *y = b;
	int d = strcmp(x->id, y->id);

	if (!d)
		d = strcmp(x->client_zone, y->client_zone);
	return d ? d : strcmp(x->agent_zone, y->agent_zone);
}

static int by_zones(const void *a, const void *b)
{
	const struct rz_top_zones *x = a, *y = b;
	int d = strcmp(x->client_zone, y->client_zone);

	return d ? d : strcmp(x->agent_zone, y->agent_zone);
}

static double rate_of(uint64_t now, uint64_t before, uint64_t span_ns)
{
	return span_ns && now > before ? (double)(now - before) * 1e9 / (double)span_ns : 0;
}

/* When the bytes of a row were read. */
static uint64_t read_at(const struct rz_conn_row *r, uint64_t now_ns)
{
	uint64_t parked_ns = r->conn->last_request_ns;

	return r->parked_s >= 0 && parked_ns && parked_ns < now_ns ? parked_ns : now_ns;
}

/* A row that the look before (at `before_ns`, 0: there was none) did not have. */
static void count_new(const struct rz_conn_row *r, uint64_t before_ns, struct rz_top_count *c)
{
	uint64_t from_ns = r->parked_s >= 0 ? r->conn->opened_ns : before_ns;
	uint64_t span_ns = from_ns && from_ns < c->at_ns ? c->at_ns - from_ns : 0;

	c->rx_rate = rate_of(c->rx, 0, span_ns);
	c->tx_rate = rate_of(c->tx, 0, span_ns);
}

static void count_again(const struct rz_conn_row *r, const struct rz_top_count *before,
			struct rz_top_count *c)
{
	if (r->parked_s >= 0 && c->rx == before->rx && c->tx == before->tx) {
		*c = *before; /* the daemon has not read it again */
		return;
	}
	c->rx_rate = rate_of(c->rx, before->rx, c->at_ns - before->at_ns);
	c->tx_rate = rate_of(c->tx, before->tx, c->at_ns - before->at_ns);
}

static struct rz_top_count count_row(const struct rz_conn_row *r, uint64_t now_ns, uint64_t tick_ns,
				     const struct rz_top_counts *before)
{
	struct rz_top_count c = {.cookie = r->conn->cookie,
				 .rx = r->conn->rx_bytes,
				 .tx = r->conn->tx_bytes,
				 .at_ns = read_at(r, now_ns)};
	const struct rz_top_count *b =
		before->n ? bsearch(&c, before->rows, before->n, sizeof(c), by_cookie) : NULL;

	if (b && c.at_ns <= b->at_ns) /* only tx has grown, or it was parked in between */
		c.at_ns = now_ns;
	if (b)
		count_again(r, b, &c);
	else
		count_new(r, before->at_ns, &c);
	if (r->parked_s >= 0 && now_ns - c.at_ns > 2 * tick_ns)
		c.rx_rate = c.tx_rate = 0;
	return c;
}

static struct rz_top_client make_client(const struct rz_conn_row *r, const struct rz_top_count *n)
{
	const struct rz_conn *c = r->conn;
	struct rz_top_client t = {.locality = r->verdict.locality,
				  .conns = 1,
				  .moving = r->under_way,
				  .rx_rate = n->rx_rate,
				  .tx_rate = n->tx_rate,
				  .rx_bytes = c->rx_bytes,
				  .tx_bytes = c->tx_bytes,
				  .cookie = c->cookie,
				  .reason = r->reason,
				  .move = r->move};

	if (r->client && !r->client->is_null)
		rz_str_copy(t.id, sizeof(t.id), r->client->id);
	rz_str_copy(t.client_zone, sizeof(t.client_zone), r->verdict.client_zone ?: "");
	rz_str_copy(t.agent_zone, sizeof(t.agent_zone), r->verdict.agent_zone ?: "");
	return t;
}

static bool is_busier(const struct rz_top_client *a, const struct rz_top_client *b)
{
	double x = a->rx_rate + a->tx_rate, y = b->rx_rate + b->tx_rate;

	return x > y || (x == y && a->rx_bytes + a->tx_bytes > b->rx_bytes + b->tx_bytes);
}

/* Rows that are one client's in a row become one. `busiest` is a copy of the connection that speaks
 * for it. */
static size_t merge_clients(struct rz_top_client *rows, size_t n)
{
	struct rz_top_client busiest = {};
	size_t i, kept = 0;

	qsort(rows, n, sizeof(*rows), by_client);
	for (i = 0; i < n; i++) {
		struct rz_top_client now = rows[i], *sum = kept ? &rows[kept - 1] : NULL;

		if (!sum || by_client(sum, &now)) {
			rows[kept++] = busiest = now;
			continue;
		}
		sum->conns++;
		sum->moving += now.moving;
		sum->rx_rate += now.rx_rate;
		sum->tx_rate += now.tx_rate;
		sum->rx_bytes += now.rx_bytes;
		sum->tx_bytes += now.tx_bytes;
		if (is_busier(&now, &busiest)) {
			busiest = now;
			sum->cookie = now.cookie;
			sum->reason = now.reason;
			sum->move = now.move;
		}
	}
	return kept;
}

static size_t merge_zones(const struct rz_top_client *clients, size_t n, struct rz_top_zones *rows)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		const struct rz_top_client *c = &clients[i];

		rows[i] = (struct rz_top_zones){.locality = c->locality,
						.conns = c->conns,
						.rx_rate = c->rx_rate,
						.tx_rate = c->tx_rate};
		rz_str_copy(rows[i].client_zone, sizeof(rows[i].client_zone), c->client_zone);
		rz_str_copy(rows[i].agent_zone, sizeof(rows[i].agent_zone), c->agent_zone);
	}
	qsort(rows, n, sizeof(*rows), by_zones);
	for (i = 0; i < n; i++) {
		if (!kept || by_zones(&rows[kept - 1], &rows[i])) {
			rows[kept++] = rows[i];
			continue;
		}
		rows[kept - 1].conns += rows[i].conns;
		rows[kept - 1].rx_rate += rows[i].rx_rate;
		rows[kept - 1].tx_rate += rows[i].tx_rate;
	}
	return kept;
}

int rz_top_add_up(const struct rz_conn_row *rows, size_t n, uint64_t now_ns, uint64_t tick_ns,
		  struct rz_top_counts *counts, struct rz_top_frame *ret)
{
	struct rz_top_client *clients = calloc(n + 1, sizeof(*clients));
	struct rz_top_zones *zones = calloc(n + 1, sizeof(*zones));
	struct rz_top_count *now = calloc(n + 1, sizeof(*now));
	size_t i;

	if (!clients || !zones || !now) {
		free(clients);
		free(zones);
		free(now);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		now[i] = count_row(&rows[i], now_ns, tick_ns, counts);
		clients[i] = make_client(&rows[i], &now[i]);
	}
	qsort(now, n, sizeof(*now), by_cookie);
	rz_top_frame_free(ret);
	ret->span_s = counts->at_ns ? (double)(now_ns - counts->at_ns) / 1e9 : 0;
	ret->clients = clients;
	ret->n_clients = merge_clients(clients, n);
	ret->zones = zones;
	ret->n_zones = merge_zones(clients, ret->n_clients, zones);
	rz_top_counts_free(counts);
	*counts = (struct rz_top_counts){now, n, now_ns};
	return 0;
}

static int by_rate(const void *a, const void *b)
{
	const struct rz_top_client *x = a, *y = b;

	return is_busier(x, y) ? -1 : is_busier(y, x) ? 1 : by_client(a, b);
}

static int by_bytes(const void *a, const void *b)
{
	const struct rz_top_client *x = a, *y = b;
	uint64_t m = x->rx_bytes + x->tx_bytes, n = y->rx_bytes + y->tx_bytes;

	return m > n ? -1 : m < n ? 1 : by_client(a, b);
}

static int by_conns(const void *a, const void *b)
{
	const struct rz_top_client *x = a, *y = b;

	return x->conns > y->conns ? -1 : x->conns < y->conns ? 1 : by_client(a, b);
}

void rz_top_sort(struct rz_top_frame *f, enum rz_top_sort by)
{
	int (*const orders[])(const void *, const void *) = {by_rate, by_bytes, by_conns,
							     by_client};

	qsort(f->clients, f->n_clients, sizeof(*f->clients), orders[by]);
}

bool rz_top_tells(enum rz_event_type t)
{
	switch (t) {
	case RZ_EVENT_HOLD:
	case RZ_EVENT_MOVE:
	case RZ_EVENT_LET_GO:
	case RZ_EVENT_REFUSED:
	case RZ_EVENT_OBSERVE:
	case RZ_EVENT_OUTCOME:
	case RZ_EVENT_GAVE_UP:
	case RZ_EVENT_BY_ITSELF:
	case RZ_EVENT_NOT_COME:
	case RZ_EVENT_NOT_AWAITED:
	case RZ_EVENT_FOLLOW_CLOSE:
	case RZ_EVENT_LET_THROUGH:
		return true;
	default:
		return false;
	}
}

void rz_top_add_event(struct rz_top_frame *f, const struct rz_event *e)
{
	if (f->n_events == RZ_TOP_EVENTS) {
		memmove(f->events, f->events + 1, (RZ_TOP_EVENTS - 1) * sizeof(*e));
		f->n_events--;
	}
	f->events[f->n_events++] = *e;
}

bool rz_top_shows(const struct rz_top_client *c, const char *filter, bool cross_only)
{
	if (cross_only && c->locality != RZ_LOCALITY_CROSS)
		return false;
	return !*filter || strstr(c->id, filter) || !fnmatch(filter, c->id, 0);
}

void rz_top_keep_first(struct rz_top_frame *f, size_t n, const char *filter, bool cross_only)
{
	size_t i, kept = 0;

	for (i = 0; n && i < f->n_clients; i++)
		if (kept < n && rz_top_shows(&f->clients[i], filter, cross_only))
			f->clients[kept++] = f->clients[i];
	if (n)
		f->n_clients = kept;
}
