// SPDX-License-Identifier: Apache-2.0
/*
 * The moves of one tick, from the policy's "go" to their result.
 *
 * Comes in: a tick and its snapshot. Goes out: resets (move/hold.c), log lines, and to the policy
 * those that did not happen. Begun by daemon/tick.c, then called by its own timer until all are
 * over; they last as long as a gap and a hold may, and the next tick judges nothing before. When
 * the topology changes meanwhile they are judged anew.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "move/hold.h"

#define STEP_NS (2 * 1000000ULL)

struct rz_moves {
	struct rz_snapshot *snap;
	struct rz_tick *tick;
	struct rz_holds *holds;
	bool by_hand; /* an operator's orders, whatever the topology */
	struct zones {
		char from[RZ_ZONE_SIZE], to[RZ_ZONE_SIZE];
	} * zones; /* of each row of holds: the topology may be another by the end */
};

static void free_moves(struct rz_moves *m)
{
	rz_holds_free(m->holds);
	rz_tick_free(m->tick);
	rz_snapshot_free(m->snap);
	free(m->zones);
	free(m);
}

void rz_daemon_moves_stop(struct rz_daemon *d)
{
	if (d->moves)
		free_moves(d->moves);
	d->moves = NULL;
}

/* Rows for all that may go; `zones` beside them. */
static struct rz_holding *make_rows(const struct rz_tick *t, struct zones *zones, size_t *ret_n)
{
	struct rz_holding *rows = calloc(t->n_moves + 1, sizeof(*rows));
	size_t i, n = 0;

	for (i = 0; rows && i < t->n_moves; i++) {
		const struct rz_tick_move *m = &t->moves[i];
		struct rz_reset *r = &rows[n].reset;

		if (m->reason != RZ_REASON_NONE)
			continue;
		*r = (struct rz_reset){.cookie = m->cookie,
				       .client = m->client,
				       .netns = m->netns,
				       .tuple = m->tuple,
				       .fin = m->close == RZ_CLOSE_FIN,
				       .shared = m->shared,
				       .gap_only = m->gap_only && !m->acks0,
				       .acks0 = m->acks0};
		rows[n].now = m->now;
		rz_str_copy(r->to_zone, sizeof(r->to_zone), m->to_zone);
		rz_str_copy(zones[n].from, sizeof(zones[n].from), m->from_zone);
		rz_str_copy(zones[n].to, sizeof(zones[n].to), m->to_zone);
		n++;
	}
	*ret_n = n;
	return rows;
}

void rz_daemon_moves_begin(struct rz_daemon *d, struct rz_snapshot *snap, struct rz_tick *t)
{
	const struct rz_conf *c = &d->conf;
	struct rz_hold_limits limits = {.gap_ns = c->gap_timeout_ns,
					.hold_ns = c->hold_timeout_ns,
					.settle_ns = c->settle_ns,
					.at_once = c->holds,
					.wait = c->in_flight == RZ_IN_FLIGHT_WAIT};
	struct rz_moves *m = calloc(1, sizeof(*m));
	struct rz_holding *rows = NULL;
	size_t n = 0;

	if (!m) {
		rz_tick_free(t);
		rz_snapshot_free(snap);
		return;
	}
	m->snap = snap;
	m->tick = t;
	m->by_hand = t->n_moves && t->moves[0].by_hand;
	m->zones = calloc(t->n_moves + 1, sizeof(*m->zones));
	if (m->zones)
		rows = make_rows(t, m->zones, &n);
	if (!n || rz_holds_new(d->kern, &limits, rows, n, &m->holds)) {
		free(rows);
		free_moves(m);
		return;
	}
	d->moves = m;
	rz_daemon_moves_step(d);
}

static const char *result_word(int error)
{
	switch (error) {
	case -ENOENT:
		return "not reset: it was already gone";
	case -ESTALE:
		return "not reset: it had changed its client or state";
	case -EPROTO:
		return "not reset: Multipath TCP";
	case -ENOTCONN:
		return "not reset: no agent holds it (closed, or not accepted yet)";
	case -ECANCELED:
		return "called off: the topology changed, or nobody is moved now";
	case -ESRCH:
		return "not ended: the process that holds it is not to be found (hostPID)";
	case -EPERM:
	case -EACCES:
		return "not ended: the agent's descriptor cannot be had (CAP_SYS_PTRACE)";
	case -ENOBUFS:
		return "not reset: its answers cannot be watched";
	default:
		return strerror(-error);
	}
}

/* Not one that was in a gap, and of which nothing was kept away until its end. */
static bool was_held(const struct rz_holding *r)
{
	return r->held_ns && !(r->bridge && r->held == r->reset.held_before);
}

static void say(const struct rz_holding *r, char *dst, size_t size)
{
	double waited_ms = (double)(r->ended_ns - r->begun_ns) / 1e6;
	double held_ms = (double)(r->ended_ns - r->held_ns) / 1e6;
	const char *ended = r->reset.fin ? "closed" : "reset";

	if (!r->reset.error && was_held(r))
		snprintf(dst, size, "%s after a hold of %.0f ms, %u segments held back", ended,
			 held_ms, r->held);
	else if (!r->reset.error && r->reset.gap)
		snprintf(dst, size, "%s in a gap, after %.0f ms", ended, waited_ms);
	else if (!r->reset.error)
		snprintf(dst, size, "%s", ended);
	else if (r->reset.error == -ETIMEDOUT && r->silent)
		snprintf(dst, size,
			 "let go: nothing was asked for %.0f ms, so that nobody can tell whether "
			 "all is answered",
			 waited_ms);
	else if (r->reset.error == -ETIMEDOUT && r->reset.gap_only)
		snprintf(dst, size, "let go: no gap in %.0f ms, and its library must not be held",
			 waited_ms);
	else if (r->reset.error == -ETIMEDOUT)
		snprintf(dst, size,
			 "let go: requests were unanswered for %.0f ms, %u segments held back",
			 waited_ms, r->held);
	else
		snprintf(dst, size, "%s", result_word(r->reset.error));
}

/* An agent's descriptor that cannot be had now will not be had at the next tick either. */
static bool is_out_of_reach(int error)
{
	return error == -ESRCH || error == -EPERM || error == -EACCES;
}

static enum rz_undo why_not(const struct rz_holding *r)
{
	if (r->reset.error == -ECANCELED && r->held)
		return RZ_UNDO_LET_GO;
	if (r->reset.error == -ETIMEDOUT)
		return r->silent ? RZ_UNDO_SILENT : RZ_UNDO_LET_GO;
	return is_out_of_reach(r->reset.error) ? RZ_UNDO_LET_GO : RZ_UNDO_REFUSED;
}

/* What became of one goes to the policy: what did not happen, too. */
static void report(struct rz_daemon *d, const struct rz_holding *r, const struct zones *zones)
{
	const struct rz_tick_move *m = rz_tick_find(d->moves->tick, r->reset.cookie);
	struct rz_settings *s = &d->settings;
	bool let_go = r->reset.error == -ETIMEDOUT;

	if (r->reset.error && m->by_hand) {
		return; /* not the policy's, and the operator has been told */
	} else if (r->reset.error) {
		s->let_go += let_go;
		s->refused += !let_go;
		s->outcomes[RZ_OUTCOME_GONE] += r->reset.error == -ENOENT;
		rz_tick_undo(d->select, m, why_not(r), r->ended_ns);
		return;
	}
	s->moved++;
	rz_tick_moved(d->select, m, r->ended_ns);
	rz_daemon_note_moved(d, r->reset.cookie, &r->reset.tuple, zones->from, zones->to,
			     r->ended_ns);
}

static uint32_t ms_between(uint64_t from_ns, uint64_t to_ns)
{
	return from_ns && to_ns > from_ns ? (uint32_t)((to_ns - from_ns) / 1000000) : 0;
}

static struct rz_event event_of(const struct rz_daemon *d, const struct rz_holding *r,
				const struct zones *zones, enum rz_event_type type)
{
	return rz_event_of(type, d->moves->snap, r->reset.cookie, r->reset.client, &r->reset.tuple,
			   zones->from, zones->to);
}

static void tell_end(struct rz_daemon *d, const struct rz_holding *r, const struct zones *zones)
{
	struct rz_event e = event_of(d, r, zones,
				     !r->reset.error		    ? RZ_EVENT_MOVE
				     : r->reset.error == -ETIMEDOUT ? RZ_EVENT_LET_GO
								    : RZ_EVENT_REFUSED);

	e.by_hand = rz_tick_find(d->moves->tick, r->reset.cookie)->by_hand;
	e.error = r->reset.error;
	e.waited_ms = ms_between(r->begun_ns, r->ended_ns);
	e.held_ms = was_held(r) ? ms_between(r->held_ns, r->ended_ns) : 0;
	e.held_segments = r->held;
	if (r->reset.error == -ENOENT)
		e.outcome = RZ_OUTCOME_GONE;
	say(r, e.text, sizeof(e.text));
	rz_daemon_tell(d, &e);
}

/* What there is to tell of a move under way: that it holds, and how it ended. */
static void tell(struct rz_daemon *d)
{
	struct rz_moves *m = d->moves;
	size_t i;

	for (i = 0; i < m->holds->n; i++) {
		struct rz_holding *r = &m->holds->rows[i];

		if (r->held_ns && !r->bridge && !r->told_hold) {
			struct rz_event e = event_of(d, r, &m->zones[i], RZ_EVENT_HOLD);

			r->told_hold = true;
			rz_daemon_tell(d, &e);
		}
		if (r->told || (r->phase != RZ_PHASE_DONE && r->phase != RZ_PHASE_REFUSED))
			continue;
		r->told = true;
		tell_end(d, r, &m->zones[i]);
		report(d, r, &m->zones[i]);
	}
}

/* What was judged before holds no more. */
static void call_off(struct rz_moves *m)
{
	size_t i;

	for (i = 0; i < m->holds->n; i++)
		rz_holds_cancel(m->holds, i, rz_now_ns());
}

/* It would be moved by the topology that is now, and in the same way: how may depend on how many
 * agents a client may know. */
static bool is_still_right(const struct rz_tick_move *m, struct rz_verdict now)
{
	return now.move && m->close == now.close && m->gap_only == now.gap_only;
}

void rz_daemon_moves_judge_again(struct rz_daemon *d)
{
	struct rz_world world = {d->topo,     d->zones,	 &d->settings,
				 rz_now_ns(), d->blocks, d->exclude};
	struct rz_moves *m = d->moves;
	size_t i;

	if (!m || m->by_hand)
		return;
	for (i = 0; i < m->holds->n; i++) {
		const struct rz_conn *c = rz_snapshot_conn(m->snap, m->holds->rows[i].reset.cookie);
		struct rz_endpoint proxied;
		struct rz_judged_conn j;

		if (!c)
			continue;
		j = rz_judged(m->snap, c, &proxied);
		if (!is_still_right(rz_tick_find(m->tick, c->cookie), rz_classify(&j, &world)))
			rz_holds_cancel(m->holds, i, world.now_ns);
	}
}

bool rz_daemon_moves_has(const struct rz_daemon *d, uint64_t cookie)
{
	return d->moves && rz_holds_has(d->moves->holds, cookie);
}

int rz_daemon_moves_step(void *daemon)
{
	struct rz_daemon *d = daemon;
	bool more;

	if (!d->moves)
		return 0;
	if ((d->settings.frozen || d->paused) && !d->moves->by_hand)
		call_off(d->moves);
	more = rz_holds_step(d->moves->holds, rz_now_ns());
	tell(d);
	if (more)
		return rz_loop_arm(d->moves_timer, STEP_NS);
	rz_daemon_moves_stop(d);
	return 0;
}
