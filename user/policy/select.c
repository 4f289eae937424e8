// SPDX-License-Identifier: Apache-2.0
/* Which candidates may go now: who is asked, and in which order. See select.h. */
#include "policy/select.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "policy/round.h"
#include "policy/select_inside.h"

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

/* Is nothing remembered of its client, nor of a move at its address? Then there is nothing to meet
 * or to see: most candidates of a zone that has become ready are such ones. */
static bool is_unknown(const struct rz_queue_turn *client)
{
	return client && client->unknown;
}

/* A candidate's client is looked up once a tick. Returns whether any of them is known. */
static bool find_clients(struct rz_select *s, const struct rz_rows *rows)
{
	bool first = false, any = false;
	size_t i;

	for (i = 0; i < rows->n_kinds; i++) {
		const struct rz_candidate *c = &rows->kinds[i].candidate;
		struct rz_queue_turn *client = NULL;

		if (!rows->kinds[i].wanted)
			continue;
		if (!c->witness && !c->same_zone)
			client = rz_queue_client(&s->queue, i, &first);
		if (client && first)
			client->unknown = !rz_select_cares(s, c->client, c->addr);
		any |= !is_unknown(client);
	}
	return any;
}

/* `again`: as rz_client_meet() has it. */
static void meet(struct rz_select *s, const struct rz_rows *rows, bool again)
{
	size_t i;

	for (i = 0; i < rows->n; i++) {
		const struct rz_row *row = &rows->rows[i];
		struct rz_candidate c;
		struct rz_client_conn conn;

		if (!rz_rows_is_wanted(rows, row) || is_unknown(rz_queue_turn_of(&s->queue, i)))
			continue;
		c = rz_rows_candidate(rows, row);
		conn = conn_of(&c);
		rz_client_meet(s->clients, &conn, again);
	}
}

/* How long a connection rests that was let go, doubled for each time before. */
uint64_t rz_select_let_go_rest(const struct rz_select *s, const struct rz_waiting_more *w)
{
	return rz_round_rest(&s->limits, w->let_go);
}

/* Was its next request seen? Whoever says nothing for so long rests. */
static void hear(const struct rz_select *s, struct rz_waiting_more *w, const struct rz_row *row)
{
	uint64_t end_ns = w->listened_ns + s->limits.listen_ns;

	if (row->request_ns < w->listened_ns && s->now_ns < end_ns)
		return;
	if (row->request_ns < w->listened_ns) {
		w->not_before_ns = end_ns + rz_select_let_go_rest(s, w);
		w->let_go++;
	}
	w->listened_ns = 0;
}

/* What is known while its client's move has no outcome is remembered for as long as it waits. */
static void join(struct rz_select *s, size_t at, const struct rz_client_sight *sight)
{
	struct rz_waiting *w = rz_queue_join(&s->queue, at, s->now_ns);
	struct rz_waiting_more *more;

	if (sight->back_ns && (more = rz_queue_more(w))) {
		more->back_ns = sight->back_ns;
		more->returns = sight->returns;
	}
	if (w->more && w->more->listened_ns)
		hear(s, w->more, &s->queue.rows->rows[at]);
}

/* Sees a row; it joins the queue if it waits. */
static void see(struct rz_select *s, size_t at)
{
	struct rz_rows *rows = s->queue.rows;
	struct rz_row *row = &rows->rows[at];
	const struct rz_candidate *kind = &rows->kinds[row->kind].candidate;
	struct rz_client_sight sight = {};

	if (!is_unknown(rz_queue_turn_of(&s->queue, at))) {
		struct rz_candidate c = rz_rows_candidate(rows, row);
		struct rz_client_conn conn = conn_of(&c);

		sight = rz_client_see(s->clients, &conn);
	}
	if (kind->witness)
		return;
	if (kind->same_zone)
		row->reason = RZ_REASON_SAME_ZONE;
	else if (sight.left_behind)
		row->reason = RZ_REASON_LEFT_BEHIND;
	else
		join(s, at, &sight);
}

static void line_up(struct rz_select *s, const struct rz_rows *rows)
{
	size_t i;

	if (find_clients(s, rows)) {
		meet(s, rows, false);
		meet(s, rows, true);
	}
	for (i = 0; i < rows->n; i++)
		if (rz_rows_is_wanted(rows, &rows->rows[i]))
			see(s, i);
	rz_client_settle(s->clients);
}

/* With what was seen of it, now or before. */
struct rz_client_conn rz_select_waiting_conn(const struct rz_candidate *row,
					     const struct rz_waiting_more *w)
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
enum rz_reason rz_select_remembers(struct rz_select *s, const struct rz_candidate *row,
				   const struct rz_client_conn *conn,
				   const struct rz_waiting_more *w)
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
enum rz_reason rz_select_speaks_against(struct rz_select *s, const struct rz_waiter *place)
{
	const struct rz_waiting *w = place->waiting;
	struct rz_client_conn conn;
	enum rz_reason reason;

	if (w && w->observed)
		return RZ_REASON_OBSERVING;
	conn = rz_select_waiting_conn(&place->row, w ? w->more : NULL);
	conn.unknown = is_unknown(place->client);
	reason = rz_select_remembers(s, &place->row, &conn, w ? w->more : NULL);
	if (reason != RZ_REASON_NONE)
		return reason;
	if (rz_breaker_open(&s->breaker, s->now_ns))
		return RZ_REASON_BREAKER;
	if (s->paused)
		return RZ_REASON_PAUSED;
	return rz_client_had_turn(s->clients, &conn) ? RZ_REASON_OVER_BUDGET : RZ_REASON_NONE;
}

static struct rz_waiter place_of(const struct rz_select *s, size_t at)
{
	const struct rz_queue *q = &s->queue;

	return (struct rz_waiter){rz_rows_candidate(q->rows, &q->rows->rows[at]), &q->next[at],
				  rz_queue_turn_of(q, at)};
}

/* Collects those that nothing but a rate can speak against. Whoever rests must not take its
 * address's place in the queue from another candidate there. Returns how many. */
static size_t drop_waiting(struct rz_select *s, uint32_t *left)
{
	struct rz_rows *rows = s->queue.rows;
	size_t i, ready = 0;

	for (i = 0; i < rows->n; i++) {
		struct rz_row *row = &rows->rows[i];
		struct rz_waiter place;

		row->asked = row->ready = 0;
		if (!s->queue.next[i].cookie)
			continue;
		place = place_of(s, i);
		row->reason = (uint8_t)rz_select_speaks_against(s, &place);
		row->ready = row->reason == RZ_REASON_NONE;
		if (row->ready)
			left[ready++] = (uint32_t)i;
	}
	return ready;
}

/* Asks once more what may be another answer since candidates before it were allowed to go, and
 * takes its turn and its tokens if it may. */
static enum rz_reason ask(struct rz_select *s, const struct rz_waiter *place)
{
	bool observe = s->limits.mode == RZ_MODE_OBSERVE;
	const struct rz_candidate *row = &place->row;
	struct rz_client_conn conn = conn_of(row);
	enum rz_reason reason = rz_select_speaks_against(s, place);

	if (reason == RZ_REASON_NONE)
		reason = rz_budget_take(s->budget, &row->target);
	if (reason != RZ_REASON_NONE)
		return reason;
	if (rz_client_go(s->clients, &conn)) {
		rz_budget_give(s->budget, &row->target);
		return RZ_REASON_OVER_BUDGET;
	}
	rz_queue_went(place->client, s->now_ns);
	if (place->client)
		place->client->unknown = false;
	if (place->waiting && observe)
		place->waiting->observed = 1;
	return observe ? RZ_REASON_OBSERVING : RZ_REASON_NONE;
}

static void decide(struct rz_select *s, size_t at)
{
	struct rz_row *row = &s->queue.rows->rows[at];
	struct rz_waiter place = place_of(s, at);

	row->reason = (uint8_t)ask(s, &place);
	row->asked = 1;
}

/* May it go at this tick, whoever is asked before it? Once it may not, it may not at all: nobody
 * gets a token or a turn back. */
static bool could_go(struct rz_select *s, size_t at)
{
	const struct rz_rows *rows = s->queue.rows;
	const struct rz_row *row = &rows->rows[at];
	struct rz_waiter place;

	if (!row->ready || row->asked ||
	    !rz_budget_has(s->budget, &rows->kinds[row->kind].candidate.target))
		return false;
	place = place_of(s, at);
	return rz_select_speaks_against(s, &place) == RZ_REASON_NONE;
}

/* Asks all `n` of `left` in their order for as long as somebody could go. The reasons of the others
 * do not depend on the order any more. */
static void decide_all(struct rz_select *s, uint32_t *left, size_t n)
{
	size_t i, at, could = 0, rows = s->queue.rows->n;
	struct rz_queue_order order;

	rz_queue_order(&s->queue, left, n, &order);
	while (could < rows && !could_go(s, could))
		could++;
	while (could < rows && rz_queue_next(&order, &at)) {
		decide(s, at);
		while (could < rows && !could_go(s, could))
			could++;
	}
	for (i = 0; i < order.n; i++)
		decide(s, order.left[i]);
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

int rz_select_rows(struct rz_select *s, struct rz_rows *rows, const struct rz_moment *m)
{
	_cleanup_free_ uint32_t *left = malloc((rows->n + 1) * sizeof(*left));
	size_t i;

	for (i = 0; i < rows->n; i++)
		if (rz_rows_is_candidate(rows, &rows->rows[i]))
			rows->rows[i].reason = RZ_REASON_OVER_BUDGET;
	if (!left || rz_queue_begin(&s->queue, rows))
		return -ENOMEM;
	if (m->now_ns > s->now_ns)
		s->now_ns = m->now_ns;
	s->paused = m->paused;
	rz_budget_begin(s->budget, s->now_ns, m->share);
	rz_client_begin(s->clients, s->now_ns);
	line_up(s, rows);
	learn(s);
	decide_all(s, left, drop_waiting(s, left));
	rz_queue_end(&s->queue);
	return 0;
}

int rz_select_run(struct rz_select *s, struct rz_candidate *rows, size_t n,
		  const struct rz_moment *m)
{
	struct rz_rows r = {};
	int err = rz_rows_of(rows, n, &r);
	size_t i;

	if (!err)
		err = rz_select_rows(s, &r, m);
	for (i = 0; i < n; i++)
		rows[i].reason = i < r.n ? (enum rz_reason)r.rows[i].reason : RZ_REASON_OVER_BUDGET;
	rz_rows_free(&r);
	return err;
}

bool rz_select_backlog(const struct rz_select *s)
{
	return rz_budget_backlog(s->budget);
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
