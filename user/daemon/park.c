// SPDX-License-Identifier: Apache-2.0
/*
 * Connections that nobody would move are parked, and read again when one might be.
 *
 * Comes in: a tick's connections and verdicts. Goes out: the marks in map conns (kern/park.h);
 * before the tick, what parked connections have carried; errors of both, in map errors. Called by
 * daemon/tick.c and pass.c.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kern/park.h"
#include "policy/park.h"

/* The look costs a quarter of a microsecond for each socket of these namespaces. */
#define LOOK_EVERY_NS (10 * RZ_SECOND_NS)

struct rz_parked {
	uint32_t *netns; /* where the parked ones are, each once, as of the latest tick */
	size_t n;
	uint64_t looked_ns;
	struct rz_park_order orders[RZ_PARK_ORDERS]; /* not given yet */
	size_t n_orders;
	uint64_t *wanted; /* an operator wants them moved: not parked; sorted */
	size_t n_wanted;
};

int rz_daemon_park_start(struct rz_daemon *d)
{
	d->parked = calloc(1, sizeof(*d->parked));
	if (!d->parked)
		return rz_err(-ENOMEM, "run: out of memory");
	if (!rz_kern_can_park(d->kern))
		rz_info("run: this kernel does not tell what parked connections carry (Linux 5.9 "
			"does): none is parked");
	return 0;
}

void rz_daemon_park_stop(struct rz_daemon *d)
{
	if (d->parked) {
		free(d->parked->netns);
		free(d->parked->wanted);
	}
	free(d->parked);
}

/* Why marks, or the bytes that commands show, stand still. */
static void tally(const struct rz_daemon *d, int err)
{
	if (err)
		rz_tally_error(d->maps, RZ_PLACE_PARK, err);
}

/* At each tick, and not more often than every 10 s; or now. */
void rz_daemon_park_look(struct rz_daemon *d, bool now)
{
	uint64_t every_ns = rz_daemon_check_ns(d), now_ns = rz_now_ns();
	struct rz_parked *p = d->parked;

	if (every_ns > LOOK_EVERY_NS)
		every_ns = LOOK_EVERY_NS;
	if (!p->n || (!now && now_ns < p->looked_ns + every_ns))
		return;
	p->looked_ns = now_ns;
	tally(d, rz_kern_look_at_parked(d->kern, p->netns, p->n));
}

void rz_daemon_park_look_between(struct rz_daemon *d)
{
	/* a walk takes 25 ms for 100,000 sockets, and each move is looked at every 2 ms */
	if (!d->moves && rz_now_ns() >= d->parked->looked_ns + rz_daemon_check_ns(d))
		rz_daemon_park_look(d, true);
}

/* 0 or -ENOMEM: no look goes there. */
static int note_place(struct rz_parked *p, uint32_t netns)
{
	uint32_t *grown;
	size_t i;

	for (i = p->n; i-- > 0;)
		if (p->netns[i] == netns)
			return 0;
	grown = realloc(p->netns, (p->n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	p->netns = grown;
	p->netns[p->n++] = netns;
	return 0;
}

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_wanted(const struct rz_parked *p, uint64_t cookie)
{
	return p->n_wanted && bsearch(&cookie, p->wanted, p->n_wanted, sizeof(cookie), by_cookie);
}

static void give_orders(struct rz_daemon *d)
{
	struct rz_parked *p = d->parked;

	if (p->n_orders)
		tally(d, rz_kern_park(d->kern, p->orders, p->n_orders));
	p->n_orders = 0;
}

/* What becomes of a connection's mark. */
static void change_mark(struct rz_daemon *d, const struct rz_conn *c, bool lasts, uint64_t now_ns)
{
	uint64_t after_ns = rz_kern_can_park(d->kern) ? d->settings.park_after_ns : 0;
	enum rz_park to = rz_park_next(c, lasts, after_ns, now_ns);
	struct rz_parked *p = d->parked;

	if (to != c->park)
		p->orders[p->n_orders++] = (struct rz_park_order){c->cookie, c->park, to, {}};
	if (p->n_orders == RZ_PARK_ORDERS)
		give_orders(d);
	if (to >= RZ_PARK_WANTED)
		tally(d, note_place(p, c->netns));
}

void rz_daemon_park_begin(struct rz_daemon *d)
{
	d->parked->n = 0;
}

/* Nothing is judged while moves are under way, so none of theirs is parked. */
void rz_daemon_park(struct rz_daemon *d, const struct rz_conn *c, bool lasts, uint64_t now_ns)
{
	change_mark(d, c, lasts && !is_wanted(d->parked, c->cookie), now_ns);
}

void rz_daemon_park_finish(struct rz_daemon *d)
{
	give_orders(d);
}

void rz_daemon_park_end(struct rz_daemon *d, const struct rz_snapshot *snap,
			const uint64_t *cookies, size_t n)
{
	struct rz_parked *p = d->parked;
	size_t i;
	uint64_t *wanted = n ? malloc(n * sizeof(*wanted)) : NULL;

	free(p->wanted);
	p->wanted = wanted;
	p->n_wanted = wanted ? n : 0;
	if (!p->n_wanted)
		return;
	memcpy(wanted, cookies, n * sizeof(*wanted));
	qsort(wanted, n, sizeof(*wanted), by_cookie);
	for (i = 0; i < n; i++) {
		const struct rz_conn *c = rz_snapshot_conn(snap, wanted[i]);

		if (c)
			change_mark(d, c, false, snap->now_ns);
	}
	give_orders(d);
}
