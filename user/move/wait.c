// SPDX-License-Identifier: Apache-2.0
/* Waiting for the moment in which a close harms nobody, see wait.h. */
#include "move/wait.h"

/* A client that is not seen to run gets so many times the settling time: it may not have read. */
#define SILENT_TIMES  4
/* ... but one that drains what it gets before it sees the end (policy/library.h) no more than this:
 * an ACK that its TCP delays, for 40 ms, has come by then. */
#define DRAINED_NS    (50 * 1000000ULL)
/* That is a pause of its own, and not the beginning of a stop, behind which many requests come at
 * once, if so many of its requests came so far apart. */
#define CALM_REQUESTS 3
#define CALM_NS	      (100 * 1000000ULL)
/* A segment is between the segment program and TCP for so long at most: softirqs take turns of two
 * ticks (net.core.netdev_budget_usecs). */
#define ON_ITS_WAY_NS (10 * 1000000ULL)
/* A last check, when it is due, has been made so much later. */
#define A_CHECK_NS    (100 * 1000000ULL)
/* A probe's hold, at least. A client's TCP sends again what was dropped 0.2, 0.6, 1.4, 3.0 and 6.2
 * s after it was sent first (RFC 6298, Linux's least timeout): the fourth time it passes. */
#define PROBE_NS      (2000 * 1000000ULL)
/* So many requests more than must be surpassed are to come in one burst: a pace is not even. */
#define PROBE_MORE    2
/* For so long its pace is looked at before that. */
#define PROBE_PACE_NS (2000 * 1000000ULL)
/* Then so long is looked on, once all of that has come; and so long at most. */
#define PROBE_LOOK_NS (1000 * 1000000ULL)
#define PROBE_END_NS  (4500 * 1000000ULL)

/* One call's arguments. */
struct step {
	const struct rz_plan *plan;
	const struct rz_move_evidence *e;
	const struct rz_wait_limits *l;
	uint64_t now_ns;
};

struct rz_wait rz_wait_begin(uint64_t now_ns)
{
	return (struct rz_wait){
		.phase = RZ_PHASE_GAP, .check = RZ_CHECK_SETTLING, .begun_ns = now_ns};
}

/* What is held of a producer that gets no responses would be lost. */
static bool may_hold(const struct step *s)
{
	return s->l->hold_ns && !s->plan->acks0;
}

/* Closed in a gap its client would stay here. (An operator may want no holds.) */
static bool needs_hold(const struct step *s)
{
	return s->plan->needs_hold && may_hold(s);
}

/* Has a request been held that its client will miss? */
static bool is_missed(const struct rz_wait *w, const struct step *s)
{
	return w->phase == RZ_PHASE_HOLD && s->e->held != w->held_before;
}

/* Of a library that does not miss a connection which it does not use: is it in use? */
static bool is_used(const struct rz_wait *w, const struct step *s)
{
	return !s->plan->in_use || !s->e->tracked || s->e->request_ns >= w->begun_ns;
}

/* Are the last check and the close two steps, so that new requests must be kept away in between? */
static bool two_steps(const struct step *s)
{
	return may_hold(s) && (s->plan->close == RZ_CLOSE_FIN || !s->l->one_step);
}

bool rz_wait_gap_is_over(const struct rz_wait *w, const struct rz_plan *plan,
			 const struct rz_move_evidence *e)
{
	return w->phase == RZ_PHASE_HOLD && rz_plan_gap_only(plan) &&
	       (!e->watched || e->held != w->held_before);
}

/* Notes how far apart its requests come. */
static void note_pace(struct rz_wait *w, const struct step *s)
{
	uint32_t n = s->e->whole.must - w->latest;

	if (!s->e->followed || (w->latest_ns && !n))
		return;
	w->calm = w->latest_ns && n == 1 && s->now_ns >= w->latest_ns + CALM_NS ? w->calm + 1 : 0;
	w->latest = s->e->whole.must;
	w->latest_ns = s->now_ns;
}

/* How long all responses must be out. If several requests of a library that drains fail at once it
 * may write one twice, so a short time is for those alone that have one in flight at a time. */
static uint64_t settling_ns(const struct rz_wait *w, const struct step *s)
{
	uint64_t ns = s->l->settle_ns * (s->e->fresh != w->fresh ? 1 : SILENT_TIMES);

	return s->plan->drains && may_hold(s) && w->calm >= CALM_REQUESTS && s->e->deepest <= 1 &&
			       ns > DRAINED_NS
		       ? DRAINED_NS
		       : ns;
}

/*
 * PASSED: all responses are out, for settle_ns, in which the client's application can read them:
 * some libraries throw away what they have read if the next read meets the reset, and would send
 * the request again.
 */
static enum rz_check settled(struct rz_wait *w, const struct step *s)
{
	struct rz_responses_seen r;

	/* the last check says what there is to say */
	if (!s->e->tracked || !s->e->matters)
		return RZ_CHECK_PASSED;
	/* what came of a request in part is lost to a library that does not send it again */
	r = rz_evidence_responses(s->e, w->phase == RZ_PHASE_HOLD && s->l->one_step &&
						!rz_plan_gap_only(s->plan));
	if (!s->e->watched)
		r.out = RZ_CHECK_NOT_WATCHED;
	/* what was dropped in an instant that was no gap after all is still to come */
	else if (r.out == RZ_CHECK_PASSED && rz_plan_gap_only(s->plan) && !s->e->repeated)
		r.out = RZ_CHECK_NOT_REPEATED;
	if (r.out != RZ_CHECK_PASSED) {
		w->quiet_ns = 0;
		return r.out;
	}
	if (!w->quiet_ns || w->settled != r.must) {
		w->quiet_ns = s->now_ns;
		w->settled = r.must;
		w->fresh = s->e->fresh;
	}
	/* New bytes that were dropped since then: the client's host sends. Its TCP may have had
	 * them since before the response, so they do not prove that the client has read that. */
	return s->now_ns >= w->quiet_ns + settling_ns(w, s) ? RZ_CHECK_PASSED : RZ_CHECK_SETTLING;
}

/* PASSED: the last check is worth its walk over the sockets. */
static enum rz_check worth_a_check(struct rz_wait *w, const struct step *s)
{
	if (s->plan->probe_only)
		return s->e->followed ? RZ_CHECK_PROBED : RZ_CHECK_NOT_FOLLOWED;
	if (s->now_ns < w->again_ns)
		return w->check;
	if (!rz_wait_needs_gap(s->plan, s->l))
		return RZ_CHECK_PASSED;
	if (rz_wait_gap_is_over(w, s->plan, s->e))
		return RZ_CHECK_HELD;
	if ((needs_hold(s) && !is_missed(w, s)) || !is_used(w, s))
		return RZ_CHECK_SILENT;
	if (w->phase == RZ_PHASE_HOLD && two_steps(s)) {
		/* what had passed the segment program before it began has reached TCP by then */
		if (s->now_ns < w->held_ns + ON_ITS_WAY_NS)
			return RZ_CHECK_SETTLING;
		/* BPF drops nothing any more: new requests may come between check and close */
		if (s->now_ns >= w->deadline_ns)
			return RZ_CHECK_HOLD_ENDS;
	}
	return settled(w, s);
}

static void begin_hold(struct rz_wait *w, const struct step *s, bool in_gap, uint64_t for_ns)
{
	w->phase = RZ_PHASE_HOLD;
	w->held_ns = s->now_ns;
	w->deadline_ns = s->now_ns + for_ns;
	w->held_before = s->e->held;
	w->bridge = in_gap;
}

/* It is no gap any more: what was dropped, the client's TCP sends again, 200 ms later. So not for
 * each pause of a client whose requests come just then. */
static void end_hold(struct rz_wait *w)
{
	w->phase = RZ_PHASE_GAP;
	w->calm = 0;
	w->held_ns = w->deadline_ns = w->quiet_ns = 0;
}

/* Until when a gap is waited for once responses are followed. A pause that began in time may
 * settle. */
static uint64_t gap_ends(const struct rz_wait *w, const struct step *s)
{
	uint64_t end_ns = w->followed_ns + s->l->gap_ns;
	uint64_t settled_ns = w->quiet_ns + s->l->settle_ns * SILENT_TIMES + A_CHECK_NS;

	return w->quiet_ns && w->quiet_ns < end_ns && settled_ns > end_ns ? settled_ns : end_ns;
}

static bool time_is_over(const struct rz_wait *w, const struct step *s)
{
	if (w->phase == RZ_PHASE_HOLD)
		return s->now_ns >= w->deadline_ns;
	return s->now_ns >= w->begun_ns + s->l->gap_ns + s->l->hold_ns &&
	       (!w->followed_ns || s->now_ns >= gap_ends(w, s));
}

/* Before responses are followed, a hold would keep away the very request by whose response they are
 * found. One that only bridges is not begun again and again for ever. */
static bool hold_is_due(const struct rz_wait *w, const struct step *s, bool in_gap)
{
	if (!may_hold(s) || s->plan->probe_only)
		return false;
	if (two_steps(s) && in_gap && !time_is_over(w, s))
		return true;
	return s->e->followed && !s->plan->gap_only &&
	       (s->plan->needs_hold || s->now_ns >= gap_ends(w, s));
}

/* Its gap was waited for in vain, or it must not be closed in one either. */
static bool probe_is_due(const struct rz_wait *w, const struct step *s)
{
	if (!s->plan->probe || !may_hold(s) || !rz_wait_needs_gap(s->plan, s->l) || !s->e->followed)
		return false;
	return s->plan->probe_only ? s->now_ns >= w->followed_ns + PROBE_PACE_NS
				   : time_is_over(w, s);
}

/* A client that sends few requests a second is held for longer, so that enough of them come at
 * once. One that is so slow that twice the longest hold were too short is not held for that. */
static uint64_t probe_for(const struct rz_wait *w, const struct step *s)
{
	uint32_t n = s->e->whole.must - w->followed_at;
	uint64_t for_ns = 0;

	if (n)
		for_ns = (s->now_ns - w->followed_ns) / n * (s->plan->tells_from + PROBE_MORE);
	if (for_ns < PROBE_NS || for_ns > 2 * s->l->hold_ns)
		for_ns = PROBE_NS;
	return for_ns < s->l->hold_ns ? for_ns : s->l->hold_ns;
}

/* Its library is told by how many requests were unanswered at once. */
static bool is_told(const struct step *s)
{
	return s->plan->probe && s->e->deepest > s->plan->tells_from;
}

/* Nothing is closed any more: from the hold to looking on, and to the end. */
static struct rz_decision probe_goes_on(struct rz_wait *w, const struct step *s)
{
	if (is_told(s))
		return (struct rz_decision){RZ_ACT_GIVE_UP, RZ_CHECK_PROBED};
	if (w->phase == RZ_PHASE_HOLD && s->now_ns >= w->deadline_ns)
		end_hold(w);
	if (w->phase == RZ_PHASE_GAP && s->e->repeated && !w->quiet_ns)
		w->quiet_ns = s->now_ns;
	if (s->now_ns >= w->probe_end_ns ||
	    (w->quiet_ns && s->now_ns >= w->quiet_ns + PROBE_LOOK_NS))
		return (struct rz_decision){RZ_ACT_GIVE_UP, RZ_CHECK_PROBED};
	return (struct rz_decision){RZ_ACT_WAIT, RZ_CHECK_PROBED};
}

/* The client has sent nothing since the move began, so nobody can tell whether all is answered. */
static bool is_silent(const struct rz_wait *w, const struct rz_move_evidence *e)
{
	return e->tracked && e->watched && !e->request_seen && e->request_ns < w->begun_ns;
}

/* No check now: from the gap to the hold, back, or from either to giving up. `in_gap`: it would be
 * made, were it one step with the close. */
static struct rz_decision go_on(struct rz_wait *w, const struct step *s, bool in_gap)
{
	if (w->phase == RZ_PHASE_GAP && s->e->followed && !w->followed_ns) {
		w->followed_ns = s->now_ns;
		w->followed_at = s->e->whole.must;
	}
	if (w->phase == RZ_PHASE_GAP && hold_is_due(w, s, in_gap)) {
		begin_hold(w, s, in_gap, s->l->hold_ns);
		return (struct rz_decision){.act = RZ_ACT_HOLD};
	}
	if (w->phase == RZ_PHASE_GAP && probe_is_due(w, s)) {
		begin_hold(w, s, false, probe_for(w, s));
		w->probed_ns = s->now_ns;
		w->probe_end_ns = w->deadline_ns + PROBE_END_NS;
		w->quiet_ns = 0;
		return (struct rz_decision){.act = RZ_ACT_HOLD};
	}
	if (time_is_over(w, s))
		return (struct rz_decision){RZ_ACT_GIVE_UP,
					    is_silent(w, s->e) ? RZ_CHECK_SILENT : w->check};
	if (rz_wait_gap_is_over(w, s->plan, s->e))
		end_hold(w);
	return (struct rz_decision){RZ_ACT_WAIT, w->check};
}

struct rz_decision rz_wait_decide(struct rz_wait *w, const struct rz_plan *plan,
				  const struct rz_move_evidence *e, const struct rz_wait_limits *l,
				  uint64_t now_ns)
{
	const struct step s = {plan, e, l, now_ns};
	bool needs_gap = rz_wait_needs_gap(plan, l);
	enum rz_check check;

	if (w->probed_ns || is_told(&s))
		return probe_goes_on(w, &s);
	note_pace(w, &s);
	check = worth_a_check(w, &s);
	if (check == RZ_CHECK_PASSED && (!needs_gap || w->phase == RZ_PHASE_HOLD || !two_steps(&s)))
		return (struct rz_decision){.act = RZ_ACT_TRY};
	if (check != RZ_CHECK_PASSED)
		w->check = check;
	return go_on(w, &s, check == RZ_CHECK_PASSED);
}

struct rz_decision rz_wait_refused(struct rz_wait *w, const struct rz_plan *plan,
				   const struct rz_move_evidence *e, const struct rz_wait_limits *l,
				   enum rz_check check, uint64_t now_ns)
{
	const struct step s = {plan, e, l, now_ns};

	/* only new segments would show what those bytes are, and the hold drops them */
	if (w->phase == RZ_PHASE_HOLD && !w->bridge && check == RZ_CHECK_UNSEEN)
		return (struct rz_decision){RZ_ACT_GIVE_UP, check};
	/* no walk every few ms, and no hold that only was to bridge */
	w->check = check;
	w->again_ns = now_ns + l->settle_ns;
	if (w->phase == RZ_PHASE_HOLD && w->bridge)
		end_hold(w);
	return go_on(w, &s, false);
}
