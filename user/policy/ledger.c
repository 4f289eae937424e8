// SPDX-License-Identifier: Apache-2.0
/* What of each connection is counted, see ledger.h; the rows are in ledger_rows.c. Pure. */
#include "policy/ledger.h"

#include <stddef.h>

const struct rz_counted *rz_ledger_counted(const struct rz_ledger *l, uint64_t cookie)
{
	uint32_t place = rz_roll_find(l->roll, cookie);

	return place == RZ_ROLL_NONE ? NULL : rz_roll_counted(l->roll, place);
}

static uint64_t above(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
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
	uint32_t place = rz_roll_find(l->roll, c->cookie);
	bool known = place != RZ_ROLL_NONE;
	struct rz_counted fresh = {.cookie = c->cookie};
	struct rz_ledger_more more = {};

	if (known)
		rz_roll_note(l->roll, place)->closed = 1;
	if (known || !c->adopted) /* else nobody knows how much of it is new */
		more = count(known ? rz_roll_counted(l->roll, place) : &fresh, c->rx_bytes,
			     c->tx_bytes, c->tls);
	more.closed = 1;
	return more;
}

/* Of one that is older than rezone, what it has carried before counts as counted. */
static uint32_t first_seen(struct rz_ledger *l, const struct rz_conn *c)
{
	struct rz_counted n = {.cookie = c->cookie};

	if (c->frame.adopted)
		n = (struct rz_counted){c->cookie,   c->rx_bytes, c->tx_bytes, c->rx_bytes,
					c->tx_bytes, 0,		  {}};
	return rz_roll_add(l->roll, &n);
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
	return count(rz_roll_counted(l->roll, place), c->rx_bytes, c->tx_bytes,
		     c->frame.state == RZ_STATE_TLS);
}

/* What is not open: closed, or to be waited for once more. */
void rz_ledger_end(struct rz_ledger *l)
{
	uint32_t i;

	for (i = 0; i < l->roll->top; i++) {
		struct rz_roll_note *note = rz_roll_note(l->roll, i);

		if (!note->used || note->tick == l->tick)
			continue;
		if (!note->closed && !note->missed) {
			note->missed = 1;
			continue;
		}
		l->lost += !note->closed;
		rz_roll_drop(l->roll, i);
	}
}
