// SPDX-License-Identifier: Apache-2.0
/* What of each connection is counted, see ledger.h; the rows are in ledger_rows.c. Pure. */
#include "policy/ledger.h"

#include <stddef.h>

struct rz_ledger_more rz_ledger_base(const struct rz_ledger *l, uint64_t cookie)
{
	uint32_t place = rz_roll_find_base(l->roll, cookie);
	struct rz_counted base = {};

	if (place != RZ_ROLL_NONE)
		base = rz_roll_get(l->roll, place);
	return (struct rz_ledger_more){.rx_bytes = base.rx_bytes, .tx_bytes = base.tx_bytes};
}

void rz_ledger_begin(struct rz_ledger *l, uint32_t hour)
{
	struct rz_ledger_client_row *r, *tmp;

	l->n_evicted = 0;
	l->tick++;
	if (l->hour != hour) {
		l->floor = 0;
		HASH_ITER (hh, l->clients, r, tmp) {
			struct rz_ledger_more m =
				rz_ledger_sum_last(&r->value.sum, hour, RZ_LEDGER_HOURS);

			r->recent = m.rx_bytes + m.tx_bytes;
		}
	}
	l->hour = hour;
}

/* Adds to what is counted of a connection. `tls`: it is known to be under TLS. */
static struct rz_ledger_more count(const struct rz_ledger *l, struct rz_counted *c, uint64_t rx,
				   uint64_t tx, bool tls)
{
	struct rz_ledger_more more = {rz_counted_since(rx, c->rx_bytes),
				      rz_counted_since(tx, c->tx_bytes)};
	struct rz_ledger_more base;

	c->rx_bytes += more.rx_bytes;
	c->tx_bytes += more.tx_bytes;
	if (!tls)
		return more;
	more.tls_rx_bytes = more.rx_bytes;
	more.tls_tx_bytes = more.tx_bytes;
	if (c->tls)
		return more;
	base = rz_ledger_base(l, c->cookie);
	more.tls_rx_bytes = (c->rx_bytes - base.rx_bytes) & RZ_COUNTED_SUM_MASK;
	more.tls_tx_bytes = (c->tx_bytes - base.tx_bytes) & RZ_COUNTED_SUM_MASK;
	c->tls = true;
	return more;
}

/* ... of one that has this place. */
static struct rz_ledger_more count_at(struct rz_ledger *l, uint32_t place, uint64_t rx, uint64_t tx,
				      bool tls)
{
	struct rz_counted c = rz_roll_get(l->roll, place);
	struct rz_ledger_more more = count(l, &c, rx, tx, tls);

	rz_roll_put(l->roll, place, &c);
	return more;
}

struct rz_ledger_more rz_ledger_closed(struct rz_ledger *l, const struct rz_closed *c)
{
	uint32_t place = rz_roll_find(l->roll, c->cookie);
	struct rz_counted fresh = {.cookie = c->cookie};
	struct rz_ledger_more more = {};

	if (place != RZ_ROLL_NONE) {
		rz_roll_note(l->roll, place)->closed = 1;
		more = count_at(l, place, c->rx_bytes, c->tx_bytes, c->tls);
	} else if (!c->adopted && !l->unplaced_ns) { /* else nobody knows how much of it is new */
		more = count(l, &fresh, c->rx_bytes, c->tx_bytes, c->tls);
	}
	more.closed = 1;
	return more;
}

/* Of one that is older than rezone, or may be counted already, what it has carried before counts as
 * counted. */
static uint32_t first_seen(struct rz_ledger *l, const struct rz_conn *c)
{
	struct rz_counted n = {.cookie = c->cookie};
	uint32_t place;

	if (!c->frame.adopted && c->opened_ns >= l->unplaced_ns)
		return rz_roll_add(l->roll, &n);
	n.rx_bytes = c->rx_bytes;
	n.tx_bytes = c->tx_bytes;
	place = rz_roll_add(l->roll, &n);
	n.base = true;
	if (place != RZ_ROLL_NONE)
		rz_roll_add(l->roll, &n); /* without it all that it carried counts as seen */
	return place;
}

struct rz_ledger_more rz_ledger_open(struct rz_ledger *l, const struct rz_conn *c,
				     uint32_t *ret_place)
{
	uint32_t place = rz_roll_find(l->roll, c->cookie);
	struct rz_roll_note *note;

	if (place == RZ_ROLL_NONE)
		place = first_seen(l, c);
	*ret_place = place;
	if (place == RZ_ROLL_NONE)
		return (struct rz_ledger_more){};
	note = rz_roll_note(l->roll, place);
	note->tick = l->tick;
	note->missed = 0;
	return count_at(l, place, c->rx_bytes, c->tx_bytes, c->frame.state == RZ_STATE_TLS);
}

static void drop(struct rz_roll *r, uint32_t place)
{
	uint32_t base = rz_roll_find_base(r, rz_roll_get(r, place).cookie);

	if (base != RZ_ROLL_NONE)
		rz_roll_drop(r, base);
	rz_roll_drop(r, place);
}

/* What is not open: closed, or to be waited for once more. */
void rz_ledger_end(struct rz_ledger *l)
{
	uint32_t i;

	for (i = 0; i < l->roll->top; i++) {
		struct rz_roll_note *note = rz_roll_note(l->roll, i);

		if (!note->used || note->base || note->tick == l->tick)
			continue;
		if (!note->closed && !note->missed) {
			note->missed = 1;
			continue;
		}
		l->lost += !note->closed;
		drop(l->roll, i);
	}
	l->unplaced_ns = 0;
}
