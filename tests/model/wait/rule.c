// SPDX-License-Identifier: Apache-2.0
/*
 * The rule, naively, from all that is true and not from what is reported: nothing is closed while
 * it owes a response. Beside it what docs/internals-daemon.md promises of settling and of holds.
 */
#include "world.h"

/* The agent has it, or will have it from its TCP, and executes it. */
static bool is_executed(const struct world *w, const struct request *r)
{
	return r->end <= w->tcp;
}

static bool client_has_response(const struct world *w, const struct request *r)
{
	return r->out_ns && r->out_end <= w->acked;
}

/* Of a producer that gets no responses a request from before the watch is not waited for: its
 * metadata may be all that it ever asks for. */
static bool is_promised(const struct world *w, const struct request *r)
{
	return r->kind == MUST && (r->noted || !w->plan.acks0);
}

/* When the latest response was sent that must be out. */
static uint64_t latest_response(const struct world *w)
{
	uint64_t latest_ns = 0;
	uint32_t i;

	for (i = 0; i < w->n; i++)
		if (is_promised(w, &w->req[i]) && w->req[i].out_ns > latest_ns)
			latest_ns = w->req[i].out_ns;
	return latest_ns;
}

/* A client that drains what it gets, one request at a time and those far apart. A step sees what
 * has come in up to 30 ms. */
static bool may_be_short(const struct world *w)
{
	size_t i;

	if (!w->plan.drains || w->plan.acks0 || !w->l.hold_ns || w->h.deepest > 1)
		return false;
	for (i = 0; i + 1 < COUNT(w->must_ns); i++)
		if (w->must_ns[i] < w->must_ns[i + 1] + 70 * MS_NS)
			return false;
	return true;
}

static const char *too_early(const struct world *w)
{
	uint64_t latest_ns = latest_response(w), need_ns = w->l.settle_ns;

	if (w->fresh_ns < latest_ns)
		need_ns *= 4; /* nobody has seen the client run */
	if (may_be_short(w) && need_ns > 50 * MS_NS)
		need_ns = 50 * MS_NS;
	return latest_ns && w->now_ns < latest_ns + need_ns ? "closed before responses had settled"
							    : NULL;
}

/* No response tells what became of these: the agent must have read all, to the end of a request. */
static const char *lost_without_response(const struct world *w)
{
	uint32_t i;

	if (w->agent != w->tcp)
		return "acks=0: the agent had not read all";
	for (i = 0; i < w->n; i++)
		if (w->req[i].begin < w->tcp && w->req[i].end > w->tcp)
			return "acks=0: a request had come in part";
	return NULL;
}

/* A request was dropped that the agent has not got since. What is left of one whose head has come
 * may be missing, if its client can send it again without harm. */
static bool something_is_dropped(const struct world *w)
{
	const struct request *r;
	uint32_t i;

	for (i = 0; i < w->n; i++) {
		r = &w->req[i];
		if (r->begin < w->dropped_end && r->end > w->tcp &&
		    (r->kind == MUST || r->begin + HEAD > w->tcp))
			return true;
	}
	return false;
}

/* The agent will never have the rest of a request, which its client does not send again. */
static bool something_is_cut(const struct world *w)
{
	uint32_t i;

	for (i = 0; i < w->n; i++)
		if (w->req[i].kind == MUST && w->req[i].begin < w->tcp && w->req[i].end > w->tcp)
			return true;
	return false;
}

const char *broken_by_close(const struct world *w)
{
	bool gap = rz_wait_needs_gap(&w->plan, &w->l);
	uint32_t i;

	if (w->plan.probe_only || w->w.probed_ns)
		return "closed though it was held to be looked at";
	/* of one that is closed at once by SOCK_DESTROY nobody promises even that */
	if (w->other_end && w->other_end <= w->tcp && (gap || w->l.one_step))
		return "closed though it was another client's";
	if (gap && w->plan.in_use && w->c.last_request_ns < w->begun_ns)
		return "closed though its client has not used it, and would not miss it";
	if (!gap || !w->c.frame.produce)
		return NULL;
	for (i = 0; i < w->n; i++)
		if (is_promised(w, &w->req[i]) && is_executed(w, &w->req[i]) &&
		    !client_has_response(w, &w->req[i]))
			return "closed while it owed a response";
	if (w->plan.acks0 && lost_without_response(w))
		return lost_without_response(w);
	if (w->plan.needs_hold && w->l.hold_ns && !w->plan.acks0 && !w->dropped_end)
		return "closed though no request was taken that its client would miss";
	if (w->plan.gap_only && something_is_dropped(w))
		return "closed though a request was dropped that must not be";
	if (rz_plan_gap_only(&w->plan) && something_is_cut(w))
		return "closed in the midst of a request that is not sent again";
	return too_early(w);
}

const char *broken_by_hold(const struct world *w, const struct rz_move_evidence *e)
{
	if (!w->l.hold_ns || w->plan.acks0)
		return "held though it must never be";
	if (w->w.deadline_ns > w->now_ns + w->l.hold_ns)
		return "a hold that lasts too long";
	if (w->w.bridge)
		return w->plan.close == RZ_CLOSE_FIN || !w->l.one_step
			       ? NULL
			       : "held though check and close are one step";
	if (!e->followed)
		return "held before its responses were followed";
	if (w->plan.probe && w->w.probed_ns == w->now_ns)
		return NULL; /* it lasts no longer than any hold, see above */
	if (w->plan.gap_only || w->plan.probe_only)
		return "held though its library must not be";
	if (w->plan.needs_hold)
		return NULL;
	return w->now_ns < w->begun_ns + w->l.gap_ns ? "held before its gap was waited for" : NULL;
}
