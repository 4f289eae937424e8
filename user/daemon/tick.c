// SPDX-License-Identifier: Apache-2.0
/*
 * The tick: from the maps through the policy to the moves. pass.c has its first half.
 *
 * Comes in: a snapshot of the maps, the topology. Goes out: what may go (daemon/moves.c), map
 * moves, log lines. Called by daemon/wake.c at every interval.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "kern/live.h"
#include "kern/named.h"
#include "kern/rooms.h"
#include "kern/told.h"
#include "policy/tick.h"

#define CLIENT_KEEP_NS	     (600 * RZ_SECOND_NS) /* ids without a connection are kept this long */
#define MOVE_SHOWN_NS	     (60 * RZ_SECOND_NS)  /* finished moves stay visible in map moves */
#define FULL_LOG_EVERY_NS    (60 * RZ_SECOND_NS)
#define UNSHOWN_LOG_EVERY_NS (60 * RZ_SECOND_NS)
#define WAIT_PART	     4 /* of map moves, for candidates that wait */

/* Worked out when a rest begins, and again when it should be over. */
static uint64_t not_before_ns(struct rz_daemon *d, const struct rz_candidate *m,
			      const struct rz_move *was, uint64_t now_ns)
{
	if (m->reason != RZ_REASON_COOLING_DOWN && m->reason != RZ_REASON_GAVE_UP &&
	    m->reason != RZ_REASON_HOME_WAS_READY)
		return 0;
	if (was && was->client == m->client && was->reason == m->reason &&
	    was->not_before_ns > now_ns)
		return was->not_before_ns;
	return rz_select_not_before(d->select, m);
}

/* Does map moves say this already, if of an earlier tick? A candidate may wait for hours. */
static bool is_shown(const struct rz_move *was, const struct rz_move *now)
{
	return was && was->phase == RZ_PHASE_WAIT && was->client == now->client &&
	       was->reason == now->reason && was->not_before_ns == now->not_before_ns &&
	       !strcmp(was->to_zone, now->to_zone);
}

/* Map moves took no change: `rezone list` shows what was so before. Each failure counts (`rezone
 * stats`, errors, place moves); the log is told once a minute at most. */
static void not_shown(struct rz_daemon *d, int err)
{
	uint64_t now_ns = rz_now_ns();

	d->unshown++;
	rz_tally_error(d->maps, RZ_PLACE_MOVES, err);
	if (d->unshown_logged_ns && now_ns < d->unshown_logged_ns + UNSHOWN_LOG_EVERY_NS)
		return;
	rz_log_fields(RZ_LOG_WARN,
		      json_pack("{s:s, s:o, s:I}", "map", "moves", "error", rz_json_error(err),
				"failed", (json_int_t)d->unshown),
		      "maps: cannot write to map moves: %s; `rezone list` shows old reasons; %llu "
		      "writes have failed since the last such line; `rezone stats` counts all",
		      err == -E2BIG ? "it is full" : strerror(-err),
		      (unsigned long long)d->unshown);
	d->unshown = 0;
	d->unshown_logged_ns = now_ns;
}

/* The log has once what mode observe would have moved. */
static void tell_observed(struct rz_daemon *d, const struct rz_snapshot *snap,
			  const struct rz_candidate *m)
{
	struct rz_event e = rz_event_of(RZ_EVENT_OBSERVE, snap, m->cookie, m->client, &m->tuple,
					m->from_zone, m->to_zone);

	e.known_by = m->known_by;
	rz_str_copy(e.text, sizeof(e.text), "observed; enforcing would reset it");
	rz_daemon_tell(d, &e);
	d->counters.observed++;
	rz_daemon_tally_moved(d, RZ_MOVED_OBSERVED, m->plan.close, RZ_TRIGGER_POLICY, m->to_zone);
}

/* Map moves says so of an earlier tick, or an earlier daemon; where that has no row for it, the
 * note of this daemon does. */
static bool is_told(const struct rz_move *was, const struct rz_candidate *m,
		    const struct rz_roll_note *note)
{
	if (was && was->client == m->client)
		return was->reason == RZ_REASON_OBSERVING;
	return note && note->observed;
}

/* The row that map moves had of a candidate when it was read; NULL: none. `at`: where the walk over
 * these is, which are sorted by cookie, as the candidates are. */
static const struct rz_move *find_move(const struct rz_snapshot *snap, uint64_t cookie, size_t *at)
{
	const struct rz_move_row *rows = snap->moves;

	while (*at < snap->n_moves && rows[*at].cookie < cookie)
		++*at;
	return *at < snap->n_moves && rows[*at].cookie == cookie ? &rows[*at].move : NULL;
}

/* Tells of a candidate that mode observe would have moved, once. */
static void see_observed(struct rz_daemon *d, const struct rz_snapshot *snap,
			 const struct rz_candidate *m, const struct rz_move *was, uint32_t place)
{
	struct rz_roll_note *note = place == RZ_ROLL_NONE ? NULL : rz_roll_note(d->roll, place);

	if (!is_told(was, m, note))
		tell_observed(d, snap, m);
	if (note)
		note->observed = 1; /* ... until its verdict is another (events.c) */
}

/* A candidate that must wait is shown in map moves with its reason. Returns whether there is room
 * for it. */
static bool show_waiting(struct rz_daemon *d, const struct rz_snapshot *snap,
			 const struct rz_rows *rows, const struct rz_row *row, size_t *at,
			 size_t *room)
{
	const struct rz_move *was = find_move(snap, row->cookie, at);
	struct rz_move v = {.decided_ns = snap->now_ns, .phase = RZ_PHASE_WAIT};
	struct rz_candidate m;

	if (!was && !*room && row->reason != RZ_REASON_OBSERVING)
		return false;
	m = rz_rows_candidate(rows, row);
	if (m.reason == RZ_REASON_OBSERVING)
		see_observed(d, snap, &m, was, row->place);
	if (!was && !*room)
		return false;
	*room -= !was;
	v.client = m.client;
	v.reason = m.reason;
	v.not_before_ns = not_before_ns(d, &m, was, snap->now_ns);
	rz_str_copy(v.to_zone, sizeof(v.to_zone), m.to_zone);
	if (!is_shown(was, &v) && bpf_map_update_elem(d->maps->moves, &m.cookie, &v, BPF_ANY))
		not_shown(d, -errno);
	return true;
}

/* Removes what is no longer a candidate, and finished moves that were shown for long enough. */
static void forget_moves(struct rz_daemon *d, const struct rz_snapshot *snap,
			 const struct rz_rows *rows)
{
	size_t i;

	for (i = 0; i < snap->n_moves; i++) {
		const struct rz_move_row *r = &snap->moves[i];
		bool done = r->move.phase == RZ_PHASE_DONE || r->move.phase == RZ_PHASE_REFUSED;

		if (rz_rows_find(rows, r->cookie))
			continue;
		if (done && snap->now_ns <= r->move.decided_ns + MOVE_SHOWN_NS)
			continue;
		if (bpf_map_delete_elem(d->maps->moves, &r->cookie) && errno != ENOENT)
			not_shown(d, -errno);
	}
}

/* How many more candidates may be shown as waiting. Where map moves has no room for all
 * connections, most of it is kept for moves: what waits would only be shown. */
static size_t room_to_wait(const struct rz_daemon *d, const struct rz_snapshot *snap)
{
	size_t i, room = rz_maps_room(d->maps->moves), waiting = 0;

	if (room >= d->conf.max_connections)
		return SIZE_MAX;
	for (i = 0; i < snap->n_moves; i++)
		waiting += snap->moves[i].move.phase == RZ_PHASE_WAIT;
	return waiting < room / WAIT_PART ? room / WAIT_PART - waiting : 0;
}

static void show_all_waiting(struct rz_daemon *d, const struct rz_snapshot *snap,
			     const struct rz_rows *rows)
{
	size_t i, at = 0, room = room_to_wait(d, snap);
	bool all = true;

	for (i = 0; i < rows->n; i++) {
		const struct rz_row *row = &rows->rows[i];

		if (rz_rows_is_candidate(rows, row) && row->reason != RZ_REASON_NONE)
			all &= show_waiting(d, snap, rows, row, &at, &room);
	}
	if (!all)
		rz_tally_error(d->maps, RZ_PLACE_MOVES, -E2BIG);
}

/* A full map means connections that are not tracked: said once a minute, for as long as it grows.
 */
static void log_full(struct rz_daemon *d, const struct rz_snapshot *snap)
{
	const struct rz_stats *s = &snap->stats;
	uint64_t full = s->conns_full + s->clients_full + s->partial_full + s->proxied_full +
			s->softwares_full + s->traffic_full;

	if (full == d->full_logged_count ||
	    (d->full_logged_ns && snap->now_ns < d->full_logged_ns + FULL_LOG_EVERY_NS))
		return;
	rz_log_fields(
		RZ_LOG_WARN,
		json_pack("{s:I, s:I, s:I}", "conns_full", (json_int_t)s->conns_full,
			  "clients_full", (json_int_t)s->clients_full, "others_full",
			  (json_int_t)(full - s->conns_full - s->clients_full)),
		"maps: no room: %llu segments of untracked connections (--max-connections), %llu "
		"requests of unread client ids (--max-clients), %llu others, so far; `rezone "
		"stats` has more",
		(unsigned long long)s->conns_full, (unsigned long long)s->clients_full,
		(unsigned long long)(full - s->conns_full - s->clients_full));
	d->full_logged_ns = snap->now_ns;
	d->full_logged_count = full;
}

/* Judges all that were kept; what may go is under way afterwards, with the snapshot. Returns
 * whether it is. */
static bool judge(struct rz_daemon *d, struct rz_snapshot *snap, struct rz_rows *rows)
{
	struct rz_world world = rz_daemon_world(d, snap->now_ns);
	struct rz_tick *t = NULL;
	int err = rz_tick_rows(snap, &world, d->select, rz_daemon_is_paused(d), rows, &t);

	if (err) {
		rz_tally_error(d->maps, RZ_PLACE_READ, err);
		rz_err(err, "tick: out of memory: nobody is moved before the next one");
		return false;
	}
	d->backlog = t->backlog;
	rz_daemon_pass_tell(d, snap, rows);
	rz_daemon_tell_outcomes(d, snap);
	rz_daemon_await_tell(d, snap);
	rz_daemon_ask_see(d, snap, rows);
	forget_moves(d, snap, rows);
	show_all_waiting(d, snap, rows);
	rz_daemon_listen_judge(d, rows);
	rz_debug("tick: %zu connections, %zu judged one by one, %zu candidates", snap->n_all,
		 rows->n, t->candidates);
	rz_rows_free(rows);
	rz_daemon_moves_begin(d, snap, t);
	return true;
}

/* What alike connections have together goes into the maps: who is called what, who has how much. */
static void count_shares(struct rz_daemon *d, struct rz_snapshot *snap)
{
	bool swept;

	rz_named_read(d->maps, snap);
	if (snap->n_kept) /* else map prints was not read */
		rz_kern_count_prints(d->kern, snap->n_prints);
	rz_kern_count_partials(d->kern);
	rz_told_sweep(d->maps, snap);
	swept = !rz_clients_sweep_run(d->sweep, d->maps, snap, CLIENT_KEEP_NS, d->conf.max_clients);
	rz_named_write(d->maps, snap);
	if (swept)
		rz_rooms_count(d->maps, snap, rz_clients_sweep_kept(d->sweep));
}

/* Reads all connections, and counts what they have carried until now. The snapshot is the caller's,
 * NULL on failure. `now`: also what parked ones have carried since the latest look at them. `rows`:
 * as rz_daemon_pass() has them. */
static int read_all(struct rz_daemon *d, struct rz_rows *rows, bool now, struct rz_snapshot **ret)
{
	int err;

	rz_daemon_park_look(d, now);
	rz_daemon_ledger_drain(d);
	err = rz_snapshot_begin(d->maps, ret);
	if (!err)
		err = rz_daemon_pass(d, *ret, rows);
	if (!err)
		return 0;
	rz_snapshot_free(*ret);
	*ret = NULL;
	rz_tally_error(d->maps, RZ_PLACE_READ, err);
	return err;
}

void rz_daemon_count_until_now(struct rz_daemon *d)
{
	struct rz_snapshot *snap = NULL;
	uint64_t now_ns = rz_now_ns();

	/* before the first topology nothing has a zone: what an earlier run left uncounted waits */
	if (!d->topo || (d->counted_ns && now_ns < d->counted_ns + RZ_SECOND_NS))
		return;
	d->counted_ns = now_ns;
	if (read_all(d, NULL, true, &snap))
		return;
	/* the records of closed connections are read, and have names that stand nowhere else */
	rz_named_read(d->maps, snap);
	rz_named_write(d->maps, snap);
	rz_snapshot_free(snap);
}

uint64_t rz_daemon_tick(struct rz_daemon *d)
{
	bool may_judge = d->topo && !d->moves, taken = false;
	struct rz_snapshot *snap = NULL;
	struct rz_rows rows = {};

	if (read_all(d, may_judge ? &rows : NULL, false, &snap)) {
		rz_rows_free(&rows);
		return rz_tick_due_ns(d->backlog, d->conf.interval_ns);
	}
	log_full(d, snap);
	count_shares(d, snap);
	d->status.tick_ns = snap->now_ns;
	d->counters.ticks++;
	if (may_judge)
		taken = judge(d, snap, &rows);
	rz_rows_free(&rows);
	rz_daemon_write_status(d);
	if (!taken)
		rz_snapshot_free(snap);
	return rz_tick_due_ns(d->backlog, d->conf.interval_ns);
}
