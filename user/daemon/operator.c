// SPDX-License-Identifier: Apache-2.0
/*
 * What an operator wants of the running daemon: a pause (kern/pause.h), and connections moved by
 * hand (map orders).
 *
 * Comes in: the pause's pin, map orders. Goes out: d->paused; moves, by the same way as the
 * policy's own. Called by daemon/wake.c every second, and by the tick.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "kern/batch.h"
#include "kern/bell.h"
#include "kern/named.h"
#include "kern/orders.h"
#include "kern/pause.h"
#include "move/close.h"

#define RESULT_READ_NS (2 * RZ_SECOND_NS) /* `rezone reset` looks some times a second */

static json_t *keys_of_pause(const struct rz_pause *p)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "by", rz_json_printable(p->by), "since",
			 rz_json_time(p->since_ns), "until", rz_json_time(p->until_ns), "why",
			 rz_json_printable(p->why));
}

/* Tells what the operator did to the pause since the last look, or that its time is over. */
static void tell_pause(struct rz_daemon *d, const struct rz_pause *now, bool stands)
{
	bool changed = memcmp(now, &d->pause, sizeof(*now)) != 0;
	char text[RZ_PAUSE_TEXT + 160];

	if (stands && changed) {
		rz_pause_format_event(text, sizeof(text), now);
		rz_daemon_tell_all(d, RZ_EVENT_PAUSE, keys_of_pause(now), "%s", text);
	} else if (!stands && d->paused) {
		if (!now->since_ns)
			snprintf(text, sizeof(text), "its pin was removed");
		else if (changed)
			snprintf(text, sizeof(text), "by %s", now->by);
		else
			snprintf(text, sizeof(text), "its time is over");
		rz_daemon_tell_all(
			d, RZ_EVENT_RESUME,
			json_pack("{s:o}", "by", rz_json_printable(changed ? now->by : NULL)), "%s",
			text);
	}
}

/* A pause that cannot be read now (no descriptor left, no memory) is what it was at the last look.
 */
static void look_at_pause(struct rz_daemon *d)
{
	struct rz_pause now = {};
	int err = rz_pause_read(d->conf.pin_dir, &now);
	bool stands = !err && rz_pause_stands(&now);

	if (err && err != -ENOENT)
		return;
	tell_pause(d, &now, stands);
	d->paused = stands;
	d->pause = now;
	if (d->status.pause_since_ns == now.since_ns && d->status.pause_until_ns == now.until_ns)
		return;
	d->status.pause_since_ns = now.since_ns;
	d->status.pause_until_ns = now.until_ns;
	rz_daemon_write_status(d); /* `rezone pause` waits to see it there */
}

/* A moment before nobody waits for it any more. */
static bool is_late(const struct rz_order *o, uint64_t now_ns)
{
	return now_ns + 2 * RZ_SECOND_NS >= o->asked_ns + RZ_ORDER_NS;
}

/* Is this connection to be read again first, for it was parked? */
static bool is_parked(const struct rz_daemon *d, const struct rz_snapshot *snap,
		      const struct rz_order_row *o)
{
	const struct rz_conn *c = rz_snapshot_conn(snap, o->cookie);
	struct rz_world world = rz_daemon_world(d, snap->now_ns);
	struct rz_endpoint proxied;
	struct rz_judged_conn j;

	if (!c || c->frame.client != o->order.client || c->park == RZ_PARK_NO)
		return false;
	j = rz_judged(snap, c, &proxied);
	return rz_classify_by_hand(&j, &world) == RZ_REASON_PARKED;
}

/* Answers found in map orders are for the command. One that nobody took out goes after a while. */
static void skip_answers(const struct rz_daemon *d, struct rz_order_row *rows, size_t *n)
{
	uint64_t now_ns = rz_now_ns();
	size_t i, kept = 0;

	for (i = 0; i < *n; i++) {
		if (!rows[i].order.error)
			rows[kept++] = rows[i];
		else if (now_ns >= rows[i].order.asked_ns + RZ_ORDER_NS)
			bpf_map_delete_elem(d->maps->orders, &rows[i].cookie);
	}
	*n = kept;
}

/* The orders of map orders. */
static int read_orders(const struct rz_daemon *d, struct rz_order_row **ret, size_t *ret_n)
{
	_cleanup_free_ struct rz_order *values = NULL;
	_cleanup_free_ uint64_t *keys = NULL;
	size_t i;
	int err = rz_batch_read(d->maps->orders, sizeof(*keys), sizeof(*values), 0, (void **)&keys,
				(void **)&values, ret_n);

	if (err || !*ret_n)
		return err ? err : -ENOENT;
	*ret = calloc(*ret_n, sizeof(**ret));
	for (i = 0; *ret && i < *ret_n; i++)
		(*ret)[i] = (struct rz_order_row){keys[i], values[i]};
	if (!*ret)
		return -ENOMEM;
	skip_answers(d, *ret, ret_n);
	return *ret_n ? 0 : -ENOENT;
}

/* Takes out of the map those that can be judged, and keeps of `orders` these alone. Orders nobody
 * waits for any more are dropped. Those of parked connections stay, and these are read again. */
static size_t take_orders(struct rz_daemon *d, const struct rz_snapshot *snap,
			  struct rz_order_row *orders, size_t n)
{
	_cleanup_free_ uint64_t *waiting = malloc((n + 1) * sizeof(*waiting));
	_cleanup_free_ uint64_t *out = malloc((n + 1) * sizeof(*out));
	size_t i, taken = 0, n_waiting = 0, n_out = 0;

	for (i = 0; waiting && out && i < n; i++) {
		const struct rz_order *o = &orders[i].order;

		if (!is_late(o, snap->now_ns) && is_parked(d, snap, &orders[i])) {
			waiting[n_waiting++] = orders[i].cookie;
			continue;
		}
		out[n_out++] = orders[i].cookie;
		if (snap->now_ns < o->asked_ns + RZ_ORDER_NS)
			orders[taken++] = orders[i];
	}
	rz_orders_take(d->maps, out, (uint32_t)n_out);
	rz_daemon_park_end(d, snap, waiting, n_waiting);
	return taken;
}

/* Those that cannot be begun are answered at once. */
static void refuse_others(struct rz_daemon *d, const struct rz_snapshot *snap,
			  const struct rz_order_row *orders, size_t n, const struct rz_tick *t)
{
	bool refused = false;
	size_t i;

	for (i = 0; i < n; i++) {
		struct rz_job j = {
			.c = {.cookie = orders[i].cookie, .client = orders[i].order.client}};

		if (rz_tick_find(t, j.c.cookie))
			continue;
		j.error = is_parked(d, snap, &orders[i]) ? -EAGAIN : -ESTALE;
		if (rz_close_show(d->maps, &j, RZ_PHASE_REFUSED, rz_now_ns()))
			rz_orders_answer(d->maps, j.c.cookie, j.c.client);
		refused = true;
	}
	if (refused)
		rz_bell_ring(d->conf.pin_dir, RZ_BELL_ANSWERS);
}

/* Where orders need more places in map moves than are free, what has ended is shown no longer than
 * the command that ordered it takes to read it. */
static void make_room(const struct rz_daemon *d, const struct rz_snapshot *snap, size_t n)
{
	size_t i;

	if (snap->n_moves + n <= rz_maps_room(d->maps->moves))
		return;
	for (i = 0; i < snap->n_moves; i++) {
		const struct rz_move *m = &snap->moves[i].move;

		if ((m->phase == RZ_PHASE_DONE || m->phase == RZ_PHASE_REFUSED) &&
		    snap->now_ns > m->decided_ns + RESULT_READ_NS)
			bpf_map_delete_elem(d->maps->moves, &snap->moves[i].cookie);
	}
}

/* All orders of one look are most likely one command's. */
static void tell_orders(struct rz_daemon *d, struct rz_order_row *orders, size_t n, size_t can)
{
	char *by = orders[0].order.by;

	by[sizeof(orders[0].order.by) - 1] = '\0';
	rz_daemon_tell_all(d, RZ_EVENT_RESET,
			   json_pack("{s:o, s:I, s:I, s:b}", "by", rz_json_printable(by),
				     "connections", (json_int_t)n, "can_be_moved", (json_int_t)can,
				     "now", orders[0].order.now != 0),
			   "by %s: %zu connections, %zu can be moved%s", by, n, can,
			   orders[0].order.now ? ", at once" : "");
}

static void look_at_orders(struct rz_daemon *d)
{
	_cleanup_free_ struct rz_order_row *orders = NULL;
	struct rz_snapshot *snap = NULL;
	struct rz_tick *t = NULL;
	struct rz_world world;
	size_t n = 0;

	/* what is under way ends first; those who wait do so for longer than that */
	if (d->moves || read_orders(d, &orders, &n) || rz_snapshot_read(d->maps, &snap))
		return;
	rz_named_read(d->maps, snap);
	n = take_orders(d, snap, orders, n);
	world = rz_daemon_world(d, snap->now_ns);
	if (!n || rz_tick_by_hand(snap, &world, orders, n, &t)) {
		rz_snapshot_free(snap);
		return;
	}
	tell_orders(d, orders, n, t->n_moves);
	make_room(d, snap, n);
	refuse_others(d, snap, orders, n, t);
	rz_daemon_moves_begin(d, snap, t);
}

/* `rezone reset` has put orders into the map, all that it has or that there is room for. */
static int on_bell(void *daemon)
{
	struct rz_daemon *d = daemon;

	rz_bell_read(d->bell);
	look_at_orders(d);
	return 0;
}

int rz_daemon_operator_start(struct rz_daemon *d)
{
	d->bell = rz_bell_new(d->conf.pin_dir, RZ_BELL_ORDERS);
	if (d->bell < 0) {
		rz_debug("reset: the daemon looks each second alone: %s", strerror(-d->bell));
		return 0;
	}
	return rz_loop_add(d->loop, d->bell, on_bell, d);
}

void rz_daemon_operator_stop(struct rz_daemon *d)
{
	if (d->bell >= 0)
		close(d->bell);
	d->bell = -1;
}

void rz_daemon_look_at_operator(struct rz_daemon *d)
{
	look_at_pause(d);
	look_at_orders(d);
}
