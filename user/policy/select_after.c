// SPDX-License-Identifier: Apache-2.0
/*
 * Between two ticks: what became of the moves that were allowed, when a rest is over, and whether a
 * candidate may go late. See select.h.
 */
#include "policy/select_inside.h"

#include "policy/round.h"

#define REST_STEP_NS 1000000000ULL /* a rest's end is told to a second */
/* No rest is over later than that. */
#define LONGEST_REST(limits)                                                           \
	((limits)->cooldown_max_ns + (limits)->give_up_for_ns + (limits)->outcome_ns + \
	 (limits)->home_ready_wait_ns)

/* Times that a client which said nothing doubles its rest. */
#define SILENT_DOUBLES 3

static bool rests_at(struct rz_select *s, const struct rz_candidate *row, uint64_t now_ns)
{
	const struct rz_waiting *found = rz_queue_find(&s->queue, row->cookie);
	const struct rz_waiting_more *w = found ? found->more : NULL;
	struct rz_client_conn conn = rz_select_waiting_conn(row, w);
	enum rz_reason reason;

	s->now_ns = now_ns;
	rz_client_look_from(s->clients, now_ns);
	reason = rz_select_remembers(s, row, &conn, w);
	return reason == RZ_REASON_COOLING_DOWN || reason == RZ_REASON_GAVE_UP ||
	       reason == RZ_REASON_HOME_WAS_READY;
}

uint64_t rz_select_not_before(struct rz_select *s, const struct rz_candidate *row)
{
	uint64_t now = s->now_ns, rests = now, over = now + LONGEST_REST(&s->limits);
	bool known = rests_at(s, row, now) && !rests_at(s, row, over);

	while (known && over - rests > REST_STEP_NS) {
		uint64_t middle = rests + (over - rests) / 2;

		if (rests_at(s, row, middle))
			rests = middle;
		else
			over = middle;
	}
	s->now_ns = now;
	rz_client_look_from(s->clients, now);
	return known ? over : 0;
}

enum rz_reason rz_select_late(struct rz_select *s, const struct rz_candidate *row, uint64_t now_ns)
{
	struct rz_waiter alone = {.row = *row};
	enum rz_reason reason;

	s->now_ns = now_ns;
	rz_client_between(s->clients, now_ns);
	rz_budget_go_on(s->budget, now_ns);
	if (s->limits.mode == RZ_MODE_OBSERVE)
		return RZ_REASON_OBSERVING;
	reason = rz_select_speaks_against(s, &alone);
	return reason == RZ_REASON_NONE ? rz_budget_ask(s->budget, &row->target) : reason;
}

void rz_select_moved_late(struct rz_select *s, const struct rz_candidate *row, uint64_t at_ns)
{
	struct rz_client_conn conn = rz_select_waiting_conn(row, NULL);

	rz_budget_take(s->budget, &row->target);
	rz_client_go(s->clients, &conn); /* without memory it is of no round, as an operator's */
	rz_select_moved(s, row, at_ns);
}

void rz_select_moved(struct rz_select *s, const struct rz_candidate *row, uint64_t at_ns)
{
	const struct rz_waiting *w = rz_queue_find(&s->queue, row->cookie);
	struct rz_client_move move = {.key = rz_client_key(row->client, row->addr),
				      .cookie = row->cookie,
				      .opened_ns = row->opened_ns,
				      .tuple = row->tuple,
				      .from_zone = row->from_zone ? row->from_zone : "",
				      .to_zone = row->to_zone ? row->to_zone : "",
				      .by_hand = row->by_hand,
				      .returns = w && w->more ? w->more->returns : 0,
				      .at_ns = at_ns};

	rz_client_moved(s->clients, &move);
}

static void undo(struct rz_select *s, const struct rz_candidate *row, bool felt)
{
	struct rz_client_key key = rz_client_key(row->client, row->addr);
	struct rz_waiting *w = rz_queue_find(&s->queue, row->cookie);

	rz_budget_give(s->budget, &row->target);
	rz_client_undo(s->clients, &key, felt);
	if (w)
		w->since_ns = s->now_ns + 1; /* behind all that this tick has found */
}

void rz_select_undo(struct rz_select *s, const struct rz_candidate *row)
{
	undo(s, row, false);
}

void rz_select_let_go(struct rz_select *s, const struct rz_candidate *row, bool silent,
		      uint64_t at_ns)
{
	struct rz_waiting *found = rz_queue_find(&s->queue, row->cookie);
	struct rz_waiting_more *w = found ? rz_queue_more(found) : NULL;

	undo(s, row, !silent);
	if (!w)
		return;
	w->not_before_ns = (at_ns > s->now_ns ? at_ns : s->now_ns) + rz_select_let_go_rest(s, w);
	w->let_go += !silent || w->let_go < SILENT_DOUBLES;
}

void rz_select_listen(struct rz_select *s, const struct rz_candidate *row, uint64_t since_ns)
{
	struct rz_client_key key = rz_client_key(row->client, row->addr);
	struct rz_waiting *found = rz_queue_find(&s->queue, row->cookie);
	struct rz_waiting_more *w = found ? rz_queue_more(found) : NULL;

	rz_budget_give(s->budget, &row->target);
	rz_client_undo(s->clients, &key, false);
	if (w)
		w->listened_ns = since_ns;
}

void rz_select_listen_no_more(struct rz_select *s)
{
	rz_queue_forget_listened(&s->queue);
}
