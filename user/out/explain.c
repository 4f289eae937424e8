// SPDX-License-Identifier: Apache-2.0
/* When a connection may be moved, and how, see explain.h. Pure. */
#include "out/explain.h"

#include <string.h>

#include "base/str.h"

bool rz_explain_is_of(const struct rz_event *e, const struct rz_conn *c)
{
	if (!e->cookie)
		return false; /* of no connection */
	if (e->cookie == c->cookie || e->move == c->cookie)
		return true;
	return e->client && e->client == c->frame.client &&
	       !memcmp(e->tuple.client_addr, c->tuple.client_addr, sizeof(c->tuple.client_addr));
}

void rz_explain_ask(struct rz_explain *e, const struct rz_judged_conn *c, const struct rz_world *w)
{
	size_t i;

	e->n_rules = rz_classify_rules(c, w, e->rules);
	e->by_hand = rz_classify_by_hand(c, w);
	for (i = 0; i < e->n_rules; i++)
		if (e->row->verdict.locality == RZ_LOCALITY_SAME &&
		    e->rules[i].reason == RZ_REASON_NOT_OPTED_IN)
			e->rules[i].answer = RZ_ANSWER_MOOT;
}

/* In the order in which they are asked (policy/select.c); the mode comes last, for mode observe
 * says what enforcing would do. */
static const enum rz_reason turn[] = {
	RZ_REASON_LEFT_BEHIND,	 RZ_REASON_HOME_WAS_READY, RZ_REASON_LISTENING,
	RZ_REASON_COOLING_DOWN,	 RZ_REASON_GAVE_UP,	   RZ_REASON_MEMORY_FULL,
	RZ_REASON_BREAKER,	 RZ_REASON_PAUSED,	   RZ_REASON_OVER_BUDGET,
	RZ_REASON_TARGET_BUDGET, RZ_REASON_CLUSTER_BUDGET, RZ_REASON_OBSERVING};
_Static_assert(sizeof(turn) / sizeof(turn[0]) == RZ_TURN_MAX, "an answer for each");

/* What the daemon said of it last: the reasons before that let it pass, those behind it were not
 * asked. */
static enum rz_answer last_answer(const struct rz_explain *e, size_t i)
{
	size_t at;

	if (e->row->under_way)
		return RZ_ANSWER_PASSED;
	for (at = 0; at < RZ_TURN_MAX && turn[at] != e->row->reason; at++)
		;
	if (!e->row->verdict.move || at == RZ_TURN_MAX || i > at)
		return RZ_ANSWER_MOOT;
	return i == at ? RZ_ANSWER_FAILED : RZ_ANSWER_PASSED;
}

/* Of the node, so it is known of every connection. */
static void answer_of_node(struct rz_rule_answer *r, bool failed, uint64_t until_ns)
{
	r->answer = failed ? RZ_ANSWER_FAILED : RZ_ANSWER_PASSED;
	r->until_ns = failed ? until_ns : 0;
}

void rz_explain_turn(struct rz_explain *e, const struct rz_snapshot *snap, bool paused,
		     uint64_t pause_until_ns)
{
	uint64_t breaker_ns = snap->status.breaker_until_ns;
	size_t i;

	for (i = 0; i < RZ_TURN_MAX; i++) {
		struct rz_rule_answer *r = &e->turn[i];

		*r = (struct rz_rule_answer){.reason = turn[i], .answer = last_answer(e, i)};
		if (r->reason == RZ_REASON_BREAKER)
			answer_of_node(r, breaker_ns > snap->now_ns, breaker_ns);
		else if (r->reason == RZ_REASON_PAUSED)
			answer_of_node(r, paused, pause_until_ns);
		else if (r->reason == RZ_REASON_OBSERVING)
			answer_of_node(r, snap->settings.mode == RZ_MODE_OBSERVE, 0);
		else if (r->answer == RZ_ANSWER_FAILED)
			r->until_ns = e->not_before_ns;
	}
}

static struct rz_next at(enum rz_reason reason, uint64_t at_ns)
{
	return (struct rz_next){at_ns ? RZ_NEXT_AT : RZ_NEXT_OPEN, at_ns, reason};
}

/* Of one that all rules let pass: what the daemon said of it last. */
static struct rz_next of_candidate(const struct rz_explain *e, const struct rz_snapshot *snap,
				   uint64_t pause_until_ns)
{
	uint64_t tick_ns = snap->status.tick_ns + snap->settings.interval_ns;

	switch (e->row->reason) {
	case RZ_REASON_HOME_WAS_READY:
	case RZ_REASON_LISTENING:
	case RZ_REASON_COOLING_DOWN:
	case RZ_REASON_GAVE_UP:
	case RZ_REASON_LEFT_BEHIND:
	case RZ_REASON_MEMORY_FULL:
		return at(e->row->reason, e->not_before_ns);
	case RZ_REASON_BREAKER:
		return at(RZ_REASON_BREAKER, snap->status.breaker_until_ns);
	case RZ_REASON_PAUSED:
		return at(RZ_REASON_PAUSED, pause_until_ns);
	case RZ_REASON_OBSERVING:
		return (struct rz_next){RZ_NEXT_CHANGE, 0, RZ_REASON_OBSERVING};
	default:
		return (struct rz_next){RZ_NEXT_TICK,
					tick_ns > snap->now_ns ? tick_ns : snap->now_ns,
					e->row->reason};
	}
}

struct rz_next rz_explain_next(const struct rz_explain *e, const struct rz_snapshot *snap,
			       uint64_t pause_until_ns)
{
	struct rz_next last = {RZ_NEXT_TICK, 0, RZ_REASON_NONE};
	size_t i;

	if (e->row->under_way)
		return (struct rz_next){RZ_NEXT_NOW, 0, RZ_REASON_NONE};
	for (i = 0; i < e->n_rules; i++) {
		const struct rz_rule_answer *r = &e->rules[i];

		if (r->answer != RZ_ANSWER_FAILED)
			continue;
		if (!r->until_ns)
			return (struct rz_next){RZ_NEXT_CHANGE, 0, r->reason};
		if (r->until_ns >= last.at_ns)
			last = at(r->reason, r->until_ns);
	}
	return last.at_ns ? last : of_candidate(e, snap, pause_until_ns);
}

static const char *const kinds[] = {"now", "tick", "at", "open", "change"};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == RZ_NEXT_COUNT, "a word for each");

const char *rz_next_name(enum rz_next_kind k)
{
	return k < RZ_NEXT_COUNT ? kinds[k] : "?";
}

static const char *when(const struct rz_explain_view *v, const struct rz_explain *e, char *dst,
			size_t size)
{
	const struct rz_plan *p = &e->row->verdict.plan;
	uint64_t hold_ns = v->snap->settings.hold_timeout_ns;
	char hold[32];

	if (v->at_once)
		return "at once, whatever is in flight (--in-flight ignore)";
	if (!e->row->conn->frame.produce)
		return "at once: it only fetches, and a lost Fetch is harmless";
	if (p->acks0)
		return "in a pause, never after a hold: it has no responses, and what is in flight "
		       "is lost";
	if (p->probe_only)
		return "not yet: it is held for a moment first, which may tell its library from "
		       "one that must be left alone";
	if (p->probe)
		return "once all responses are out, in a pause; if it never pauses, it is held "
		       "for a moment and let go, which may tell its library from one that must "
		       "not be held";
	if (rz_plan_gap_only(p))
		return "once all responses are out, in a pause, never after a hold: its library "
		       "may "
		       "not bear that";
	if (!hold_ns)
		return "once all responses are out, in a pause (--hold-timeout 0: never held)";
	rz_duration_format(hold, sizeof(hold), hold_ns);
	if (p->needs_hold) {
		snprintf(dst, size,
			 "once a request is held back and all responses are out, within %s: "
			 "closed in a pause its library would stay here",
			 hold);
		return dst;
	}
	snprintf(dst, size,
		 "once all responses are out; if it never pauses, after a hold of at most %s",
		 hold);
	return dst;
}

void rz_explain_close(const struct rz_explain_view *v, const struct rz_explain *e, char *dst,
		      size_t size)
{
	const struct rz_plan *p = &e->row->verdict.plan;
	char text[160];

	snprintf(dst, size, "by %s, %s%s",
		 p->close == RZ_CLOSE_FIN ? "a FIN of the agent's own descriptor" : "a reset",
		 when(v, e, text, sizeof(text)), p->follow ? "; then its client is followed" : "");
}
