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

static double rate_of(uint64_t now, uint64_t before, double span_s)
{
	return span_s > 0 && now > before ? (double)(now - before) / span_s : 0;
}

static struct rz_top_client make_client(const struct rz_conn_row *r,
					const struct rz_top_counts *before, double span_s)
{
	const struct rz_conn *c = r->conn;
	struct rz_top_count key = {.cookie = c->cookie};
	const struct rz_top_count *b =
		before->n ? bsearch(&key, before->rows, before->n, sizeof(key), by_cookie) : NULL;
	struct rz_top_client t = {.locality = r->verdict.locality,
				  .conns = 1,
				  .moving = r->under_way,
				  .rx_rate = rate_of(c->rx_bytes, b ? b->rx : 0, span_s),
				  .tx_rate = rate_of(c->tx_bytes, b ? b->tx : 0, span_s),
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

static int count(const struct rz_conn_row *rows, size_t n, uint64_t now_ns,
		 struct rz_top_counts *ret)
{
	struct rz_top_count *counts = calloc(n + 1, sizeof(*counts));
	size_t i;

	if (!counts)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		counts[i] = (struct rz_top_count){rows[i].conn->cookie, rows[i].conn->rx_bytes,
						  rows[i].conn->tx_bytes};
	qsort(counts, n, sizeof(*counts), by_cookie);
	rz_top_counts_free(ret);
	*ret = (struct rz_top_counts){counts, n, now_ns};
	return 0;
}

int rz_top_add_up(const struct rz_conn_row *rows, size_t n, uint64_t now_ns,
		  struct rz_top_counts *counts, struct rz_top_frame *ret)
{
	struct rz_top_client *clients = calloc(n + 1, sizeof(*clients));
	struct rz_top_zones *zones = calloc(n + 1, sizeof(*zones));
	double span_s = counts->at_ns ? (double)(now_ns - counts->at_ns) / 1e9 : 0;
	size_t i;

	for (i = 0; clients && i < n; i++)
		clients[i] = make_client(&rows[i], counts, span_s);
	if (!clients || !zones || count(rows, n, now_ns, counts)) {
		free(clients);
		free(zones);
		return -ENOMEM;
	}
	rz_top_frame_free(ret);
	ret->span_s = span_s;
	ret->clients = clients;
	ret->n_clients = merge_clients(clients, n);
	ret->zones = zones;
	ret->n_zones = merge_zones(clients, ret->n_clients, zones);
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
