// SPDX-License-Identifier: Apache-2.0
/*
 * The moves of one tick, from the policy's "go" to their result.
 *
 * Comes in: a tick and its snapshot. Goes out: jobs (move/jobs.h), events of what became of them,
 * and word to the policy. Begun by daemon/tick.c, then called by its own timer until all are
 * over; they last as long as a gap and a hold may, and the next tick judges nothing before. When
 * the topology changes meanwhile they are judged anew.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/log.h"
#include "base/str.h"
#include "kern/bell.h"
#include "kern/orders.h"
#include "kern/watch.h"
#include "move/jobs.h"
#include "policy/reason.h"

#define STEP_NS (2 * 1000000ULL)

struct rz_moves {
	struct rz_snapshot *snap;
	struct rz_jobs jobs;
	bool by_hand; /* an operator's orders, whatever the topology */
};

static void free_moves(struct rz_moves *m)
{
	rz_jobs_end(&m->jobs);
	rz_snapshot_free(m->snap);
	free(m);
}

void rz_daemon_moves_stop(struct rz_daemon *d)
{
	if (d->moves)
		free_moves(d->moves);
	d->moves = NULL;
}

static void make_job(struct rz_job *j, const struct rz_candidate *c)
{
	j->c = *c;
	j->c.from_zone = j->c.to_zone = NULL; /* the topology may be another by the end */
	rz_str_copy(j->from_zone, sizeof(j->from_zone), c->from_zone);
	rz_str_copy(j->to_zone, sizeof(j->to_zone), c->to_zone);
}

/* Jobs for all that may go. 0 or -ENOMEM. */
static int make_jobs(struct rz_jobs *jobs, const struct rz_tick *t)
{
	size_t i;

	jobs->rows = calloc(t->n_moves + 1, sizeof(*jobs->rows));
	if (!jobs->rows)
		return -ENOMEM;
	for (i = 0; i < t->n_moves; i++)
		if (t->moves[i].reason == RZ_REASON_NONE)
			make_job(&jobs->rows[jobs->n++], &t->moves[i]);
	return 0;
}

/* A tick's snapshot has no connections. Of those that go the entries are read now: what they carry
 * is asked for when the topology changes, and when they have moved. A connection that has closed
 * meanwhile has none. 0 or -ENOMEM. */
static int read_conns(const struct rz_daemon *d, struct rz_moves *m)
{
	struct rz_snapshot *s = m->snap;
	size_t i;

	if (m->by_hand)
		return 0;
	s->conns = calloc(m->jobs.n + 1, sizeof(*s->conns));
	if (!s->conns)
		return -ENOMEM;
	for (i = 0; i < m->jobs.n; i++) { /* by cookie, as the jobs are */
		uint64_t cookie = m->jobs.rows[i].c.cookie;
		struct rz_conn *c = &s->conns[s->n_conns];

		/* an element that is used again while it is read has another connection's value */
		if (!bpf_map_lookup_elem_flags(d->maps->conns, &cookie, c, BPF_F_LOCK) &&
		    c->cookie == cookie)
			s->n_conns++;
	}
	return 0;
}

static struct rz_jobs jobs_by_settings(struct rz_daemon *d)
{
	const struct rz_conf *c = &d->conf;

	return (struct rz_jobs){.limits = {.gap_ns = c->gap_timeout_ns,
					   .hold_ns = c->hold_timeout_ns,
					   .settle_ns = c->settle_ns,
					   .at_once = c->in_flight != RZ_IN_FLIGHT_WAIT},
				.together = c->holds,
				.listen_ns = c->listen_for_ns,
				.listening = &d->listening,
				.catching = &d->catching,
				.kern = d->kern,
				.checks = d->counters.checks};
}

/* The moves of a tick, not yet begun; takes `snap`. 0 or -ENOMEM. */
static int make_moves(struct rz_daemon *d, struct rz_snapshot *snap, const struct rz_tick *t,
		      struct rz_moves **ret)
{
	struct rz_moves *m = calloc(1, sizeof(*m));

	if (!m) {
		rz_snapshot_free(snap);
		return -ENOMEM;
	}
	m->snap = snap;
	m->by_hand = t->n_moves && t->moves[0].by_hand;
	m->jobs = jobs_by_settings(d);
	if (make_jobs(&m->jobs, t) || read_conns(d, m)) {
		free_moves(m);
		return -ENOMEM;
	}
	*ret = m;
	return 0;
}

void rz_daemon_moves_begin(struct rz_daemon *d, struct rz_snapshot *snap, struct rz_tick *t)
{
	struct rz_moves *m = NULL;
	int err = make_moves(d, snap, t, &m);

	if (err) {
		rz_err(err, "moves: no memory for those of this tick; none begins, and a later "
			    "tick allows them again");
		rz_tick_give_back(d->select, t);
	}
	rz_tick_free(t);
	if (err)
		return;
	if (!m->jobs.n) {
		free_moves(m);
		return;
	}
	rz_jobs_begin(&m->jobs);
	d->moves = m;
	rz_daemon_moves_step(d);
}

/* An agent's descriptor that cannot be had now will not be had at the next tick either. */
static bool is_out_of_reach(int error)
{
	return error == -ESRCH || error == -EPERM || error == -EACCES;
}

static enum rz_undone why_not(const struct rz_job *j)
{
	if ((j->error == -ECANCELED || j->error == -EOWNERDEAD) && j->seen.held)
		return RZ_UNDO_LET_GO;
	if (j->check == RZ_CHECK_PROBED && j->noted) /* it may go at once by what that told */
		return RZ_UNDO_REFUSED;
	if (j->error == -ETIMEDOUT)
		return j->listened		     ? RZ_UNDO_LISTENED
		       : j->check == RZ_CHECK_SILENT ? RZ_UNDO_SILENT
						     : RZ_UNDO_LET_GO;
	return is_out_of_reach(j->error) ? RZ_UNDO_LET_GO : RZ_UNDO_REFUSED;
}

/* The operator's command reads in map moves what became of an order. Where that had no room, the
 * order itself is the answer. */
static void answer(struct rz_daemon *d, const struct rz_job *j)
{
	struct rz_move m;

	if (bpf_map_lookup_elem(d->maps->moves, &j->c.cookie, &m))
		rz_orders_answer(d->maps, j->c.cookie, j->c.client);
}

/* What became of one goes to the policy: what did not happen, too. */
static void report(struct rz_daemon *d, const struct rz_job *j)
{
	struct rz_counters *n = &d->counters;
	bool given_up = j->error == -ETIMEDOUT;
	struct rz_candidate moved;

	if (j->error && j->c.by_hand) {
		answer(d, j); /* not the policy's */
		return;
	} else if (j->error) {
		n->let_go += given_up;
		n->refused += !given_up;
		n->outcomes[RZ_OUTCOME_GONE] += j->error == -ENOENT;
		rz_daemon_catch_begin(d, d->moves->snap, j);
		rz_tick_undo(d->select, &j->c, why_not(j),
			     j->listened ? j->wait.begun_ns : j->ended_ns);
		return;
	}
	n->moved++;
	rz_daemon_ledger_moved(d, d->moves->snap, j->c.cookie, j->c.by_hand);
	moved = j->c;
	moved.from_zone = j->from_zone; /* j->c has none: they live in a topology */
	moved.to_zone = j->to_zone;
	rz_select_moved(d->select, &moved, j->ended_ns);
}

static uint32_t ms_between(uint64_t from_ns, uint64_t to_ns)
{
	return from_ns && to_ns > from_ns ? (uint32_t)((to_ns - from_ns) / 1000000) : 0;
}

static struct rz_event event_of(const struct rz_daemon *d, const struct rz_job *j,
				enum rz_event_type type)
{
	struct rz_event e = rz_event_of(type, d->moves->snap, j->c.cookie, j->c.client, &j->c.tuple,
					j->from_zone, j->to_zone);

	e.known_by = j->c.known_by;
	return e;
}

static void tell_end(struct rz_daemon *d, const struct rz_job *j)
{
	struct rz_event e = event_of(d, j,
				     !j->error		      ? RZ_EVENT_MOVE
				     : j->error == -ETIMEDOUT ? RZ_EVENT_LET_GO
							      : RZ_EVENT_REFUSED);

	e.by_hand = j->c.by_hand;
	e.error = j->error;
	e.check = j->error ? j->check : RZ_CHECK_PASSED;
	e.waited_ms = ms_between(j->wait.begun_ns, j->ended_ns);
	e.held_ms = rz_job_was_held(j) ? ms_between(j->wait.held_ns, j->ended_ns) : 0;
	e.held_segments = j->seen.held;
	if (j->error == -ENOENT)
		e.outcome = RZ_OUTCOME_GONE;
	rz_daemon_moves_say(j, e.text, sizeof(e.text));
	rz_daemon_tell(d, &e);
}

/* A close that failed, and not by the word of its last check. */
static bool has_failed(const struct rz_job *j)
{
	return j->error && j->error != -ETIMEDOUT && j->error != -ECANCELED &&
	       j->error != -ENOENT && j->error != -rz_check_errno(j->check);
}

static void tally(struct rz_daemon *d, const struct rz_job *j)
{
	enum rz_moved_result result = !j->error		       ? RZ_MOVED_MOVED
				      : j->error == -ETIMEDOUT ? RZ_MOVED_LET_GO
							       : RZ_MOVED_REFUSED;

	rz_daemon_tally_moved(d, result, j->c.plan.close,
			      j->c.by_hand ? RZ_TRIGGER_OPERATOR : RZ_TRIGGER_POLICY, j->to_zone);
	if (!j->error)
		rz_daemon_tally_span(d, RZ_SPAN_WAIT, j->wait.begun_ns, j->ended_ns);
	if (rz_job_was_held(j))
		rz_daemon_tally_span(d, RZ_SPAN_HOLD, j->wait.held_ns, j->ended_ns);
	if (has_failed(j))
		rz_tally_error(d->maps, RZ_PLACE_CLOSE, j->error);
}

/* How many have ended since. */
static size_t count_untold(const struct rz_jobs *jobs)
{
	size_t i, n = 0;

	for (i = 0; i < jobs->n; i++)
		n += !jobs->rows[i].told && rz_job_is_over(&jobs->rows[i]);
	return n;
}

/* An operator's command waits for these. What it waits for stands in map moves before the rest is
 * told; but where that had no room, in map orders after it. */
static bool ring(struct rz_daemon *d)
{
	if (!d->moves->by_hand || !count_untold(&d->moves->jobs))
		return false;
	rz_bell_ring(d->conf.pin_dir, RZ_BELL_ANSWERS);
	return true;
}

/* What there is to tell of a move under way: that it holds, and how it ended. */
static void tell(struct rz_daemon *d)
{
	struct rz_jobs *jobs = &d->moves->jobs;
	bool many = count_untold(jobs) > 1;
	size_t i;

	if (many)
		rz_daemon_tell_many(d);
	for (i = 0; i < jobs->n; i++) {
		struct rz_job *j = &jobs->rows[i];

		if (j->wait.held_ns && !j->wait.bridge && !j->told_hold) {
			struct rz_event e = event_of(d, j, RZ_EVENT_HOLD);

			j->told_hold = true;
			rz_daemon_tell(d, &e);
		}
		if (j->told || !rz_job_is_over(j))
			continue;
		j->told = true;
		tell_end(d, j);
		tally(d, j);
		report(d, j);
		/* at once; where none is followed after all, that ends BPF's looking for them, too
		 */
		if (j->c.plan.follow || j->caught)
			rz_loop_arm(d->follow_timer, 1);
	}
	if (many)
		rz_daemon_told_many(d);
}

/* The policy's decisions do not hold any more. */
static void cancel_all(struct rz_moves *m)
{
	size_t i;

	for (i = 0; i < m->jobs.n; i++)
		rz_jobs_cancel(&m->jobs, &m->jobs.rows[i], rz_now_ns());
}

/* Would the topology that is now move this connection, and by the same plan? How may depend on how
 * many agents its client may know. */
static bool is_still_right(const struct rz_daemon *d, const struct rz_job *j,
			   const struct rz_world *world)
{
	const struct rz_conn *c = rz_snapshot_conn(d->moves->snap, j->c.cookie);
	struct rz_endpoint proxied;
	struct rz_judged_conn judged;
	struct rz_verdict now;

	if (!c)
		return true;
	judged = rz_judged(d->moves->snap, c, &proxied);
	now = rz_classify(&judged, world);
	return now.move && rz_plan_equal(&j->c.plan, &now.plan);
}

void rz_daemon_moves_judge_again(struct rz_daemon *d)
{
	struct rz_world world = rz_daemon_world(d, rz_now_ns());
	struct rz_moves *m = d->moves;
	size_t i;

	if (!m || m->by_hand)
		return;
	for (i = 0; i < m->jobs.n; i++)
		if (!is_still_right(d, &m->jobs.rows[i], &world))
			rz_jobs_cancel(&m->jobs, &m->jobs.rows[i], world.now_ns);
}

bool rz_daemon_moves_has(const struct rz_daemon *d, uint64_t cookie)
{
	return d->moves && rz_jobs_has(&d->moves->jobs, cookie);
}

int rz_daemon_moves_step(void *daemon)
{
	struct rz_daemon *d = daemon;
	bool more, rung;

	if (!d->moves)
		return 0;
	if ((d->status.frozen || rz_daemon_is_paused(d) || d->conf.mode == RZ_MODE_OBSERVE) &&
	    !d->moves->by_hand)
		cancel_all(d->moves);
	more = rz_jobs_step(&d->moves->jobs, rz_now_ns());
	d->status.wide = rz_kern_watch_wide(d->kern);
	rung = ring(d);
	tell(d);
	if (rung)
		rz_bell_ring(d->conf.pin_dir, RZ_BELL_ANSWERS);
	if (more)
		return rz_loop_arm(d->moves_timer, STEP_NS);
	rz_daemon_moves_stop(d);
	return 0;
}
