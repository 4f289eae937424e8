// SPDX-License-Identifier: Apache-2.0
/* What of each connection is counted, see ledger.h; the rows are in ledger_rows.c. Pure. */
#include "policy/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct rz_ledger_conn *)a)->counted.cookie;
	uint64_t y = ((const struct rz_ledger_conn *)b)->counted.cookie;

	return x < y ? -1 : x > y;
}

static struct rz_ledger_conn *find(const struct rz_ledger *l, uint64_t cookie)
{
	struct rz_ledger_conn key = {.counted.cookie = cookie};

	return l->n_conns ? bsearch(&key, l->conns, l->n_conns, sizeof(key), by_cookie) : NULL;
}

const struct rz_counted *rz_ledger_counted(const struct rz_ledger *l, uint64_t cookie)
{
	const struct rz_ledger_conn *c = find(l, cookie);

	return c ? &c->counted : NULL;
}

static uint64_t above(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* ---- places ---- */

static void keep(struct rz_ledger *l, struct rz_ledger_conn *c)
{
	if (c->place == RZ_LEDGER_NO_PLACE && l->n_free)
		c->place = l->free_places[--l->n_free];
	if (c->place != RZ_LEDGER_NO_PLACE)
		l->places[c->place] = c->counted;
}

static void drop(struct rz_ledger *l, const struct rz_ledger_conn *c)
{
	if (c->place == RZ_LEDGER_NO_PLACE)
		return;
	l->places[c->place].cookie = 0;
	l->free_places[l->n_free++] = c->place;
}

int rz_ledger_read_places(struct rz_ledger *l, size_t n)
{
	size_t i;

	l->free_places = malloc((n + 1) * sizeof(*l->free_places));
	for (i = 0; i < n; i++)
		l->n_conns += l->places[i].cookie != 0;
	l->conns = calloc(l->n_conns + 1, sizeof(*l->conns));
	if (!l->free_places || !l->conns)
		return -ENOMEM;
	l->n_conns = 0;
	for (i = n; i-- > 0;) {
		if (l->places[i].cookie)
			l->conns[l->n_conns++] = (struct rz_ledger_conn){.counted = l->places[i],
									 .place = (uint32_t)i};
		else
			l->free_places[l->n_free++] = (uint32_t)i;
	}
	qsort(l->conns, l->n_conns, sizeof(*l->conns), by_cookie);
	return 0;
}

/* ---- a tick ---- */

int rz_ledger_begin(struct rz_ledger *l, uint32_t hour, size_t n_open)
{
	struct rz_ledger_conn *next = malloc((l->n_conns + n_open + 1) * sizeof(*next));
	struct rz_ledger_client_row *r, *tmp;

	if (!next)
		return -ENOMEM;
	free(l->next);
	l->next = next;
	l->n_next = l->n_evicted = l->at = 0;
	if (l->hour != hour) {
		l->floor = 0;
		HASH_ITER (hh, l->clients, r, tmp) {
			struct rz_ledger_more m =
				rz_ledger_sum_last(&r->value.sum, hour, RZ_LEDGER_HOURS);

			r->recent = m.rx_bytes + m.tx_bytes;
		}
	}
	l->hour = hour;
	return 0;
}

/* Adds to what is counted of a connection. `tls`: it is known to be under TLS. */
static struct rz_ledger_more count(struct rz_counted *c, uint64_t rx, uint64_t tx, bool tls)
{
	struct rz_ledger_more more = {above(rx, c->rx_bytes), above(tx, c->tx_bytes)};

	c->rx_bytes += more.rx_bytes;
	c->tx_bytes += more.tx_bytes;
	if (!tls)
		return more;
	more.tls_rx_bytes = c->tls ? more.rx_bytes : c->rx_bytes - c->base_rx_bytes;
	more.tls_tx_bytes = c->tls ? more.tx_bytes : c->tx_bytes - c->base_tx_bytes;
	c->tls = 1;
	return more;
}

struct rz_ledger_more rz_ledger_closed(struct rz_ledger *l, const struct rz_closed *c)
{
	struct rz_ledger_conn *known = find(l, c->cookie);
	struct rz_counted fresh = {.cookie = c->cookie};
	struct rz_ledger_more more = {};

	if (known)
		known->closed = true;
	if (known || !c->adopted) /* else nobody knows how much of it is new */
		more = count(known ? &known->counted : &fresh, c->rx_bytes, c->tx_bytes, c->tls);
	more.closed = 1;
	return more;
}

/* What is not open: closed, or to be waited for once more. */
static void pass_by(struct rz_ledger *l, const struct rz_ledger_conn *c)
{
	if (!c->closed && !c->missed) {
		l->next[l->n_next] = *c;
		l->next[l->n_next++].missed = true;
		return;
	}
	l->lost += !c->closed;
	drop(l, c);
}

/* Of one that is older than rezone, what it has carried before counts as counted. */
static struct rz_ledger_conn first_seen(const struct rz_conn *c)
{
	struct rz_ledger_conn n = {.counted.cookie = c->cookie, .place = RZ_LEDGER_NO_PLACE};

	if (c->frame.adopted)
		n.counted = (struct rz_counted){c->cookie,   c->rx_bytes, c->tx_bytes, c->rx_bytes,
						c->tx_bytes, 0,		  {}};
	return n;
}

struct rz_ledger_more rz_ledger_open(struct rz_ledger *l, const struct rz_conn *c)
{
	struct rz_ledger_conn *now;
	struct rz_ledger_more more;
	bool known;

	while (l->at < l->n_conns && l->conns[l->at].counted.cookie < c->cookie)
		pass_by(l, &l->conns[l->at++]);
	if (l->n_next && l->next[l->n_next - 1].counted.cookie == c->cookie)
		return (struct rz_ledger_more){}; /* a map that changes may show an entry twice */
	now = &l->next[l->n_next++];
	known = l->at < l->n_conns && l->conns[l->at].counted.cookie == c->cookie;
	*now = known ? l->conns[l->at++] : first_seen(c);
	now->missed = false;
	more = count(&now->counted, c->rx_bytes, c->tx_bytes, c->frame.state == RZ_STATE_TLS);
	if (!known || more.rx_bytes || more.tx_bytes || more.tls_rx_bytes || more.tls_tx_bytes)
		keep(l, now);
	return more;
}

void rz_ledger_end(struct rz_ledger *l)
{
	while (l->at < l->n_conns)
		pass_by(l, &l->conns[l->at++]);
	free(l->conns);
	l->conns = l->next;
	l->n_conns = l->n_next;
	l->next = NULL;
	l->n_next = l->at = 0;
}
