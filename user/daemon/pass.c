// SPDX-License-Identifier: Apache-2.0
/*
 * One pass over all connections, as the first half of a tick: each is looked at once, while it is
 * in the buffer that the map is read into.
 *
 * Comes in: a snapshot that has all but the connections. Goes out: bytes in the ledger, verdicts of
 * those that are judged by what alike connections share (policy/tick.h, rz_tick_early), and what
 * follows from a verdict: its event, its mark, whether it came home by itself. Of all others a row
 * is kept (policy/rows.h): their siblings must have been seen before they are judged. Called by
 * daemon/tick.c.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "kern/live.h"
#include "kern/named.h"
#include "kern/rooms.h"

/* Beside each row of the snapshot's alike ones. */
struct alike {
	struct rz_ledger_more more;
	struct rz_tick_early early; /* if it is judged */
	bool judged, stranger;
	bool wanted;   /* the memory of clients asks for them */
	bool awaited;  /* their client is waited for */
	uint32_t like; /* rz_rows_add()'s */
};

struct pass {
	struct rz_daemon *d;
	struct rz_snapshot *snap;
	struct rz_world world;
	struct alike *rows;
	size_t n, room;
	struct rz_rows *kept; /* NULL: nobody is judged */
	uint32_t strangers;
};

/* A row for the first connection of a kind. 0 or -ENOMEM. */
static int new_row(struct pass *p)
{
	const struct rz_alike *a = &p->snap->alike.rows[p->n];
	size_t i, room = p->room ? 2 * p->room : 256;
	struct alike *rows;

	if (p->n == p->room) {
		rows = realloc(p->rows, room * sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		p->rows = rows;
		p->room = room;
	}
	p->rows[p->n++] = (struct alike){};
	if (!p->d->topo)
		return 0;
	if (rz_daemon_place_see(p->d, p->snap, a))
		for (i = 0; i < p->n; i++)
			p->rows[i].judged = false;
	p->rows[p->n - 1].stranger = rz_rooms_is_stranger(p->d->topo, a);
	return 0;
}

static void judge_row(struct pass *p, size_t i)
{
	struct rz_conn c = rz_alike_conn(&p->snap->alike.rows[i]);
	struct rz_judged_conn j = {&c, rz_snapshot_client(p->snap, c.frame.client)};
	struct alike *r = &p->rows[i];

	r->early = rz_tick_early(&j, &p->world);
	r->wanted = rz_select_cares(p->d->select, c.frame.client, c.tuple.client_addr);
	r->awaited = rz_await_has(p->d->await, c.frame.client, c.tuple.client_addr);
	r->judged = true;
}

/* One that is like no other: its client's address, or that it is held, is its own. */
static struct rz_tick_early judge_alone(const struct pass *p, const struct rz_conn *c)
{
	struct rz_endpoint proxied;
	struct rz_judged_conn j = {.conn = c,
				   .client = rz_snapshot_client(p->snap, c->frame.client),
				   .left = rz_snapshot_left(p->snap, c),
				   .followed = rz_snapshot_followed(p->snap, c)};

	if (!rz_snapshot_proxied(p->snap, c, &proxied))
		j.client_addr = proxied.addr;
	return rz_tick_early(&j, &p->world);
}

/* All that follows from a verdict, wherever it was found. */
static void tell(struct rz_daemon *d, const struct rz_snapshot *snap, const struct rz_conn *c,
		 uint32_t place, const struct rz_tick_verdict *v)
{
	if (place != RZ_ROLL_NONE)
		rz_daemon_tell_verdict(d, snap, c, rz_roll_note(d->roll, place), v);
	rz_daemon_park(d, c, v->lasts, snap->now_ns);
}

/* Keeps a row of it. */
static int keep(struct pass *p, const struct rz_conn *c, size_t i, uint32_t place)
{
	rz_named_note(&p->snap->alike.rows[i], c);
	p->snap->n_kept++;
	return rz_rows_add(p->kept, c, place, &p->rows[i].like);
}

static int judge(struct pass *p, const struct rz_conn *c, size_t i, uint32_t place)
{
	struct rz_tick_early alone, *e = &p->rows[i].early;
	struct alike *r = &p->rows[i];

	if (!r->judged)
		judge_row(p, i);
	if (c->frame.via == RZ_VIA_PROXY || rz_snapshot_is_held(p->snap, c)) {
		alone = judge_alone(p, c);
		e = &alone;
	}
	if (!e->decided || r->wanted)
		return keep(p, c, i, place);
	if (r->awaited)
		rz_daemon_await_see(p->d, c, &e->verdict);
	tell(p->d, p->snap, c, place, &e->verdict);
	return 0;
}

/* A claim that was left behind keeps all segments of its connection out. */
static void free_claim(struct pass *p, const struct rz_conn *c)
{
	if (!rz_stale_see(&p->d->stale, c, p->snap->now_ns))
		return;
	rz_warn("maps: connection %llu: a claim on its entry was not given back for %llu s; its "
		"entry is made anew",
		(unsigned long long)c->cookie, RZ_STALE_NS / RZ_SECOND_NS);
	rz_kern_forget_stranger(p->d->kern, c);
}

static int on_conn(void *arg, const struct rz_conn *c, size_t i)
{
	struct pass *p = arg;
	struct rz_ledger_more more;
	uint32_t place;
	int err = i == p->n ? new_row(p) : 0;

	if (err)
		return err;
	if (c->claim)
		free_claim(p, c);
	if (p->rows[i].stranger)
		rz_rooms_take_stranger(p->d->kern, c, &p->strangers);
	more = rz_daemon_ledger_open(p->d, p->snap, c, &place);
	rz_ledger_more_add(&p->rows[i].more, &more);
	return p->kept ? judge(p, c, i, place) : 0;
}

int rz_daemon_pass(struct rz_daemon *d, struct rz_snapshot *snap, struct rz_rows *rows)
{
	struct pass p = {
		.d = d, .snap = snap, .world = rz_daemon_world(d, snap->now_ns), .kept = rows};
	size_t i;
	int err;

	if (d->topo)
		rz_daemon_place(d, snap);
	rz_daemon_ledger_begin(d, snap);
	if (rows) {
		rz_daemon_park_begin(d);
		rz_await_begin(d->await, snap->now_ns);
	}
	err = rz_snapshot_pass(d->maps, snap, on_conn, &p);
	for (i = 0; i < p.n; i++)
		rz_daemon_ledger_add(d, snap, i, p.rows[i].more);
	rz_daemon_ledger_end(d, !err);
	rz_daemon_park_finish(d);
	if (d->topo && !err)
		rz_kern_count_strangers(d->kern, p.strangers);
	free(p.rows);
	if (rows)
		rz_rows_sort(rows);
	return err;
}

void rz_daemon_pass_tell(struct rz_daemon *d, const struct rz_snapshot *snap,
			 const struct rz_rows *rows)
{
	size_t i;

	for (i = 0; i < rows->n; i++) {
		struct rz_conn c = rz_rows_conn(rows, &rows->rows[i]);
		struct rz_tick_verdict v = rz_rows_verdict(rows, &rows->rows[i]);

		rz_daemon_await_see(d, &c, &v);
		tell(d, snap, &c, rows->rows[i].place, &v);
	}
	rz_daemon_park_finish(d);
}
