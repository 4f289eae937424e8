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
static bool is_unknown(const struct rz_queue_place *place)
{
	return place->client && place->client->unknown;
}

/* A candidate's client is looked up once a tick. Returns whether any of them is known. */
static bool find_clients(struct rz_select *s, struct rz_queue_place *q, struct rz_candidate *rows,
			 size_t n)
{
	bool first = false, any = false;
	size_t i;

	for (i = 0; i < n; i++) {
		struct rz_candidate *row = &rows[i];

		q[i] = (struct rz_queue_place){.row = row};
		if (!row->witness && !row->same_zone)
			q[i].client = rz_queue_client(&s->queue, row, &first);
		if (q[i].client && first)
			q[i].client->unknown = !rz_select_cares(s, row->client, row->addr);
		any |= !is_unknown(&q[i]);
	}
	return any;
}

static void meet(struct rz_select *s, const struct rz_queue_place *q, size_t n)
{
	size_t i;

	for (i = 0; i < 2 * n; i++) {
		struct rz_client_conn conn;

		if (is_unknown(&q[i % n]))
			continue;
		conn = conn_of(q[i % n].row);
		rz_client_meet(s->clients, &conn, i >= n);
	}
}

/* How long a connection rests that was let go, doubled for each time before. */
uint64_t rz_select_let_go_rest(const struct rz_select *s, const struct rz_waiting_more *w)
{
	return rz_round_rest(&s->limits, w->let_go);
}

/* Was its next request seen? Whoever says nothing for so long rests. */
static void hear(const struct rz_select *s, struct rz_waiting_more *w,
		 const struct rz_candidate *row)
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
static struct rz_queue_place join(struct rz_select *s, const struct rz_queue_place *at,
				  const struct rz_client_sight *sight)
{
	struct rz_queue_place place = rz_queue_join(&s->queue, at->row, at->client, s->now_ns);
	struct rz_waiting_more *more;

	if (sight->back_ns && (more = rz_queue_more(place.waiting))) {
		more->back_ns = sight->back_ns;
		more->returns = sight->returns;
	}
	if (place.waiting->more && place.waiting->more->listened_ns)
		hear(s, place.waiting->more, place.row);
	return place;
}

/* The rows that are candidates. */
static size_t line_up(struct rz_select *s, struct rz_queue_place *q, struct rz_candidate *rows,
		      size_t n)
{
	size_t i, len = 0;

	if (find_clients(s, q, rows, n))
		meet(s, q, n);
	for (i = 0; i < n; i++) {
		struct rz_candidate *row = q[i].row;
		struct rz_client_sight sight = {};

		if (!is_unknown(&q[i])) {
			struct rz_client_conn conn = conn_of(row);

			sight = rz_client_see(s->clients, &conn);
		}
		if (row->witness)
			continue;
		if (row->same_zone)
			row->reason = RZ_REASON_SAME_ZONE;
		else if (sight.left_behind)
			row->reason = RZ_REASON_LEFT_BEHIND;
		else
			q[len++] = join(s, &q[i], &sight); /* len <= i: it is the same array */
	}
	rz_client_settle(s->clients);
	return len;
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
static enum rz_reason speaks_against(struct rz_select *s, const struct rz_queue_place *place)
{
	const struct rz_waiting *w = place->waiting;
	struct rz_client_conn conn;
	enum rz_reason reason;

	if (w && w->observed)
		return RZ_REASON_OBSERVING;
	conn = rz_select_waiting_conn(place->row, w ? w->more : NULL);
	conn.unknown = is_unknown(place);
	reason = rz_select_remembers(s, place->row, &conn, w ? w->more : NULL);
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
enum rz_reason rz_select_decide(struct rz_select *s, const struct rz_queue_place *place)
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
	if (place->client)
		place->client->unknown = false;
	if (place->waiting && observe)
		place->waiting->observed = 1;
	return observe ? RZ_REASON_OBSERVING : RZ_REASON_NONE;
}

/* May it go at this tick, whoever is asked before it? Once it may not, it may not at all: nobody
 * gets a token or a turn back. */
static bool could_go(struct rz_select *s, const struct rz_queue_place *place)
{
	return !place->asked && rz_budget_has(s->budget, &place->row->target) &&
	       speaks_against(s, place) == RZ_REASON_NONE;
}

/* Asks all in their order for as long as somebody could go. The reasons of the others do not depend
 * on the order any more. `left`: room for `len`. */
static void decide_all(struct rz_select *s, struct rz_queue_place *q, size_t len,
		       struct rz_queue_place **left)
{
	struct rz_queue_order order;
	struct rz_queue_place *place;
	size_t i, could = 0;

	rz_queue_order(&s->queue, q, len, left, &order);
	while (could < len && (place = rz_queue_next(&order))) {
		place->row->reason = rz_select_decide(s, place);
		place->asked = true;
		while (could < len && !could_go(s, &q[could]))
			could++;
	}
	for (i = 0; i < order.n; i++)
		order.left[i]->row->reason = rz_select_decide(s, order.left[i]);
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
	_cleanup_free_ struct rz_queue_place **left =
		malloc((n + 1) * sizeof(struct rz_queue_place *));
	size_t i, len;

	for (i = 0; i < n; i++)
		rows[i].reason = RZ_REASON_OVER_BUDGET;
	if (!q || !left || rz_queue_begin(&s->queue, n))
		return -ENOMEM;
	if (m->now_ns > s->now_ns)
		s->now_ns = m->now_ns;
	s->paused = m->paused;
	rz_budget_begin(s->budget, s->now_ns, m->share);
	rz_client_begin(s->clients, s->now_ns);
	len = line_up(s, q, rows, n);
	learn(s);
	len = drop_waiting(s, q, len);
	decide_all(s, q, len, left);
	rz_queue_end(&s->queue);
	return 0;
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
