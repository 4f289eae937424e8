// SPDX-License-Identifier: Apache-2.0
/* Which candidates may go now: who is asked, and in which order. See select.h. */
#include "policy/select.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "policy/breaker.h"
#include "policy/queue.h"
#include "policy/round.h"

#define REST_STEP_NS 1000000000ULL /* a rest's end is told to a second */
/* No rest is over later than that. */
#define LONGEST_REST(limits)                                                           \
	((limits)->cooldown_max_ns + (limits)->give_up_for_ns + (limits)->outcome_ns + \
	 (limits)->home_ready_wait_ns)

/* Times that a client which said nothing doubles its rest. */
#define SILENT_DOUBLES 3

struct rz_select {
	struct rz_limits limits;
	struct rz_client_memory *clients;
	struct rz_breaker breaker;
	struct rz_budget *budget;
	struct rz_queue queue;
	uint64_t now_ns; /* of the latest tick; never goes back */
	bool paused;
};

int rz_select_new(const struct rz_limits *limits, struct rz_select **ret)
{
	struct rz_select *s = calloc(1, sizeof(*s));

	if (!s || rz_client_new(limits, &s->clients) || rz_budget_new(&limits->rates, &s->budget)) {
		rz_select_free(s);
		return -ENOMEM;
	}
	s->limits = *limits;
	s->breaker = (struct rz_breaker){.share = limits->breaker_share,
					 .for_ns = limits->breaker_for_ns};
	*ret = s;
	return 0;
}

void rz_select_set_limits(struct rz_select *s, const struct rz_limits *limits)
{
	if (limits->mode != s->limits.mode)
		rz_queue_forget_observed(&s->queue);
	s->limits = *limits;
	s->breaker.share = limits->breaker_share;
	s->breaker.for_ns = limits->breaker_for_ns;
	rz_client_set_limits(s->clients, limits);
	rz_budget_set_rates(s->budget, &limits->rates);
}

void rz_select_free(struct rz_select *s)
{
	if (!s)
		return;
	rz_queue_free(&s->queue);
	rz_client_free(s->clients);
	rz_budget_free(s->budget);
	free(s);
}

static struct rz_client_conn conn_of(const struct rz_candidate *row)
{
	return (struct rz_client_conn){.key = rz_client_key(row->client, row->addr),
				       .cookie = row->cookie,
				       .opened_ns = row->opened_ns,
				       .data_ns = row->data_ns,
				       .home = row->same_zone,
				       .home_was_ready = row->home_was_ready,
				       .reconnected = row->reconnected,
				       .witness = row->witness,
				       .twice = row->plan.twice,
				       .together = row->together};
}

static void meet(struct rz_select *s, const struct rz_candidate *rows, size_t n)
{
	size_t i;

	for (i = 0; i < 2 * n; i++) {
		struct rz_client_conn conn = conn_of(&rows[i % n]);

		rz_client_meet(s->clients, &conn, i >= n);
	}
}

/* How long a connection rests that was let go, doubled for each time before. */
static uint64_t let_go_rest(const struct rz_select *s, const struct rz_waiting *w)
{
	return rz_round_rest(&s->limits, w->let_go);
}

/* Was its next request seen? Whoever says nothing for so long rests. */
static void hear(const struct rz_select *s, struct rz_waiting *w, const struct rz_candidate *row)
{
	uint64_t end_ns = w->listened_ns + s->limits.listen_ns;

	if (row->request_ns < w->listened_ns && s->now_ns < end_ns)
		return;
	if (row->request_ns < w->listened_ns) {
		w->not_before_ns = end_ns + let_go_rest(s, w);
		w->let_go++;
	}
	w->listened_ns = 0;
}

/* What is known while its client's move has no outcome is remembered for as long as it waits. */
static struct rz_queue_place join(struct rz_select *s, struct rz_candidate *row,
				  const struct rz_client_sight *sight)
{
	struct rz_queue_place place = rz_queue_join(&s->queue, row, s->now_ns);

	if (place.waiting && sight->back_ns) {
		place.waiting->back_ns = sight->back_ns;
		place.waiting->returns = sight->returns;
	}
	if (place.waiting && place.waiting->listened_ns)
		hear(s, place.waiting, row);
	return place;
}

/* The rows that are candidates. */
static size_t line_up(struct rz_select *s, struct rz_queue_place *q, struct rz_candidate *rows,
		      size_t n)
{
	size_t i, len = 0;

	meet(s, rows, n);
	for (i = 0; i < n; i++) {
		struct rz_candidate *row = &rows[i];
		struct rz_client_conn conn = conn_of(row);
		struct rz_client_sight sight = rz_client_see(s->clients, &conn);

		if (row->witness)
			continue;
		if (row->same_zone)
			row->reason = RZ_REASON_SAME_ZONE;
		else if (sight.left_behind)
			row->reason = RZ_REASON_LEFT_BEHIND;
		else
			q[len++] = join(s, row, &sight);
	}
	rz_client_settle(s->clients);
	return len;
}

/* With what was seen of it, now or before. */
static struct rz_client_conn waiting_conn(const struct rz_candidate *row,
					  const struct rz_waiting *w)
{
	struct rz_client_conn conn = conn_of(row);

	if (w) {
		conn.back_ns = w->back_ns;
		conn.returns = w->returns;
	}
	return conn;
}

/* Does its library not use it now, and would not miss it? */
static bool is_idle(const struct rz_select *s, const struct rz_candidate *row)
{
	return row->plan.busy && s->now_ns > row->data_ns && s->now_ns - row->data_ns > RZ_BUSY_NS;
}

/* What is remembered of it and its client. */
static enum rz_reason remembers(struct rz_select *s, const struct rz_candidate *row,
				const struct rz_client_conn *conn, const struct rz_waiting *w)
{
	if (rz_client_chose(s->clients, conn))
		return RZ_REASON_HOME_WAS_READY;
	if ((w && w->listened_ns) || is_idle(s, row))
		return RZ_REASON_LISTENING;
	if (w && s->now_ns < w->not_before_ns)
		return RZ_REASON_COOLING_DOWN;
	return rz_client_ask(s->clients, conn);
}

/* Everything but the rates. */
static enum rz_reason speaks_against(struct rz_select *s, const struct rz_queue_place *place)
{
	const struct rz_waiting *w = place->waiting;
	struct rz_client_conn conn = waiting_conn(place->row, w);
	enum rz_reason reason;

	if (w && w->observed)
		return RZ_REASON_OBSERVING;
	reason = remembers(s, place->row, &conn, w);
	if (reason != RZ_REASON_NONE)
		return reason;
	if (rz_breaker_open(&s->breaker, s->now_ns))
		return RZ_REASON_BREAKER;
	if (s->paused)
		return RZ_REASON_PAUSED;
	return rz_client_had_turn(s->clients, &conn) ? RZ_REASON_OVER_BUDGET : RZ_REASON_NONE;
}

/* Keeps the places of those that nothing but a rate can speak against. Whoever rests must not take
 * its address's place in the queue from another candidate there. */
static size_t drop_waiting(struct rz_select *s, struct rz_queue_place *q, size_t len)
{
	size_t i, ready = 0;

	for (i = 0; i < len; i++) {
		q[i].row->reason = speaks_against(s, &q[i]);
		if (q[i].row->reason == RZ_REASON_NONE)
			q[ready++] = q[i];
	}
	return ready;
}

/* Asks once more what may be another answer since candidates before it were allowed to go. */
static enum rz_reason decide(struct rz_select *s, const struct rz_queue_place *place)
{
	bool observe = s->limits.mode == RZ_MODE_OBSERVE;
	const struct rz_candidate *row = place->row;
	struct rz_client_conn conn = conn_of(row);
	enum rz_reason reason = speaks_against(s, place);

	if (reason == RZ_REASON_NONE)
		reason = rz_budget_take(s->budget, &row->target);
	if (reason != RZ_REASON_NONE)
		return reason;
	if (rz_client_go(s->clients, &conn)) {
		rz_budget_give(s->budget, &row->target);
		return RZ_REASON_OVER_BUDGET;
	}
	rz_queue_went(place, s->now_ns);
	if (place->waiting && observe)
		place->waiting->observed = true;
	return observe ? RZ_REASON_OBSERVING : RZ_REASON_NONE;
}

static void learn(struct rz_select *s)
{
	const struct rz_outcome_row *known;
	size_t i, n;

	known = rz_client_outcomes(s->clients, &n);
	for (i = 0; i < n; i++)
		rz_breaker_note(&s->breaker, &known[i], s->now_ns);
}

bool rz_select_cares(const struct rz_select *s, uint64_t client, const uint8_t addr[16])
{
	struct rz_client_key key = rz_client_key(client, addr);

	return rz_client_cares(s->clients, &key);
}

int rz_select_run(struct rz_select *s, struct rz_candidate *rows, size_t n,
		  const struct rz_moment *m)
{
	_cleanup_free_ struct rz_queue_place *q = malloc((n + 1) * sizeof(*q));
	size_t i, len;

	for (i = 0; i < n; i++)
		rows[i].reason = RZ_REASON_OVER_BUDGET;
	if (!q)
		return -ENOMEM;
	rz_queue_begin(&s->queue);
	if (m->now_ns > s->now_ns)
		s->now_ns = m->now_ns;
	s->paused = m->paused;
	rz_budget_begin(s->budget, s->now_ns, m->share);
	rz_client_begin(s->clients, s->now_ns);
	len = line_up(s, q, rows, n);
	learn(s);
	len = drop_waiting(s, q, len);
	rz_queue_sort(&s->queue, q, len);
	for (i = 0; i < len; i++)
		q[i].row->reason = decide(s, &q[i]);
	rz_queue_end(&s->queue);
	return 0;
}

static bool rests_at(struct rz_select *s, const struct rz_candidate *row, uint64_t now_ns)
{
	const struct rz_waiting *w = rz_queue_find(&s->queue, row->cookie);
	struct rz_client_conn conn = waiting_conn(row, w);
	enum rz_reason reason;

	s->now_ns = now_ns;
	rz_client_look_from(s->clients, now_ns);
	reason = remembers(s, row, &conn, w);
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

enum rz_reason rz_select_late(struct rz_select *s, struct rz_candidate *row, uint64_t now_ns)
{
	struct rz_queue_place alone = {.row = row};

	s->now_ns = now_ns;
	rz_client_look_from(s->clients, now_ns);
	return decide(s, &alone);
}

bool rz_select_backlog(const struct rz_select *s)
{
	return rz_budget_backlog(s->budget);
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
				      .returns = w ? w->returns : 0,
				      .at_ns = at_ns};

	rz_client_moved(s->clients, &move);
}

void rz_select_undo(struct rz_select *s, const struct rz_candidate *row)
{
	struct rz_client_key key = rz_client_key(row->client, row->addr);
	struct rz_waiting *w = rz_queue_find(&s->queue, row->cookie);

	rz_budget_give(s->budget, &row->target);
	rz_client_undo(s->clients, &key);
	if (w)
		w->since_ns = s->now_ns + 1; /* behind all that this tick has found */
}

void rz_select_let_go(struct rz_select *s, const struct rz_candidate *row, bool silent,
		      uint64_t at_ns)
{
	struct rz_waiting *w = rz_queue_find(&s->queue, row->cookie);

	rz_select_undo(s, row);
	if (!w)
		return;
	w->not_before_ns = (at_ns > s->now_ns ? at_ns : s->now_ns) + let_go_rest(s, w);
	w->let_go += !silent || w->let_go < SILENT_DOUBLES;
}

void rz_select_listen(struct rz_select *s, const struct rz_candidate *row, uint64_t since_ns)
{
	struct rz_client_key key = rz_client_key(row->client, row->addr);
	struct rz_waiting *w = rz_queue_find(&s->queue, row->cookie);

	rz_budget_give(s->budget, &row->target);
	rz_client_undo(s->clients, &key);
	if (w)
		w->listened_ns = since_ns;
}

void rz_select_listen_no_more(struct rz_select *s)
{
	struct rz_waiting *w, *next;

	HASH_ITER (hh, s->queue.waiting, w, next)
		w->listened_ns = 0;
}

const struct rz_outcome_row *rz_select_outcomes(const struct rz_select *s, size_t *ret_n)
{
	return rz_client_outcomes(s->clients, ret_n);
}

uint64_t rz_select_breaker_until(const struct rz_select *s, unsigned *opened)
{
	*opened = s->breaker.opened;
	return s->breaker.open ? s->breaker.open_until_ns : 0;
}

size_t rz_select_remembered(const struct rz_select *s)
{
	return rz_client_count(s->clients);
}
