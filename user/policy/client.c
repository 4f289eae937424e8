// SPDX-License-Identifier: Apache-2.0
/* The one memory of clients, see client.h: what is learned of them; client_ask.c: what follows. */
#include "policy/client.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/str.h"
#include "policy/client_inside.h"

int rz_client_new(const struct rz_limits *limits, struct rz_client_memory **ret)
{
	struct rz_client_memory *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->limits = *limits;
	if (!m->limits.clients_max)
		m->limits.clients_max = RZ_CLIENT_MAX;
	m->leaving_ns = rz_leaving_ns(limits->outcome_ns);
	*ret = m;
	return 0;
}

void rz_client_free(struct rz_client_memory *m)
{
	struct rz_client_entry *c, *next;

	if (!m)
		return;
	HASH_ITER (hh, m->clients, c, next)
		rz_client_forget(m, c);
	free(m->known);
	free(m);
}

void rz_client_begin(struct rz_client_memory *m, uint64_t now_ns)
{
	m->tick++;
	m->now_ns = now_ns;
	m->searched = m->between = false;
	free(m->known);
	m->known = NULL;
	m->n_known = 0;
}

void rz_client_look_from(struct rz_client_memory *m, uint64_t now_ns)
{
	m->now_ns = now_ns;
	m->searched = false;
}

void rz_client_between(struct rz_client_memory *m, uint64_t now_ns)
{
	rz_client_look_from(m, now_ns);
	m->between = true;
}

/* Rounds, or moves that may have left something behind. */
static bool has_past(const struct rz_client_entry *c)
{
	return c->round.moved_ns || c->first_ns;
}

static bool is_left_behind(const struct rz_client_memory *m, const struct rz_client_entry *c,
			   const struct rz_client_conn *conn, uint64_t from_ns)
{
	return c->first_ns && !conn->home && conn->opened_ns > c->first_ns &&
	       m->now_ns >= from_ns && conn->data_ns < from_ns;
}

static void see_move(const struct rz_client_memory *m, const struct rz_client_entry *c,
		     struct rz_client_open_move *d, const struct rz_client_conn *conn,
		     uint64_t from_ns)
{
	enum rz_evidence e = conn->home			? RZ_EVIDENCE_HOME
			     : conn->data_ns >= from_ns ? RZ_EVIDENCE_AWAY
							: RZ_EVIDENCE_IDLE;
	struct rz_open_move *open = &d->open;

	if (conn->opened_ns <= open->row.moved_ns || (conn->witness && !open->row.by_hand))
		return;
	if (c->several && !conn->home && d->back != conn->cookie && !open->row.by_hand)
		return;
	open->evidence[e] = conn->cookie;
	open->early |= !conn->home && m->now_ns < from_ns;
}

static void see_candidate(struct rz_client_memory *m, struct rz_client_entry *c)
{
	if (c->seen_tick + 1 < m->tick)
		c->gone = 0; /* all that it had came home, or it is another */
	c->seen_tick = m->tick;
	c->seen_ns = m->now_ns;
}

/* What the connection says of its client's round, and of how many clients it is. */
static void see_round(struct rz_client_memory *m, struct rz_client_entry *c,
		      const struct rz_client_conn *conn, uint64_t from_ns)
{
	bool stays = !conn->home && conn->data_ns >= from_ns;

	if (!conn->home)
		see_candidate(m, c);
	if (c->count_tick != m->tick)
		c->count = 0;
	c->count_tick = m->tick;
	c->count += stays && c->first_ns && conn->opened_ns > c->first_ns;
	if (conn->opened_ns <= c->round.began_ns)
		return;
	if (conn->home)
		c->home_tick = m->tick;
	else if (stays)
		c->away_tick = m->tick;
}

/* While only watching, connections do not come back, so nothing can be told from new ones. */
struct rz_client_sight rz_client_see(struct rz_client_memory *m, const struct rz_client_conn *conn)
{
	struct rz_client_entry *c = rz_client_find(m, &conn->key);
	struct rz_client_sight sight = {};
	struct rz_client_open_move *d;
	uint64_t from_ns;

	if (!c)
		return sight;
	from_ns = rz_stays_from(conn->opened_ns, c->latest_ns, m->leaving_ns);
	DL_FOREACH(c->moves, d)
	see_move(m, c, d, conn, from_ns);
	if (conn->witness || !has_past(c))
		return sight;
	sight.left_behind = is_left_behind(m, c, conn, from_ns);
	d = rz_client_back(c, conn->cookie);
	if (d) {
		sight.back_ns = d->open.row.moved_ns;
		sight.returns = d->returns + 1;
	}
	if (sight.left_behind)
		c->behind_tick = m->tick;
	else if (m->limits.mode != RZ_MODE_OBSERVE)
		see_round(m, c, conn, from_ns);
	return sight;
}

static void settle_moves(struct rz_client_memory *m, struct rz_client_entry *c)
{
	struct rz_client_open_move *d, *next;

	DL_FOREACH_SAFE(c->moves, d, next)
	{
		/* without memory nothing is told of it */
		if (rz_outcome_settle(&d->open, m->limits.outcome_ns, m->now_ns) && m->known)
			m->known[m->n_known++] = d->open.row;
		if (d->open.row.outcome != RZ_OUTCOME_NONE)
			rz_client_forget_move(m, c, d);
	}
}

/* Nothing to wait for, and not seen for so long that a new move is a new story. */
static bool is_over(const struct rz_client_memory *m, const struct rz_client_entry *c)
{
	return !has_past(c) || (m->now_ns > c->round.until_ns &&
				m->now_ns > c->seen_ns + m->limits.cooldown_max_ns);
}

/* What this tick shows of the client. False: nothing of it matters any more. */
static bool settle_client(struct rz_client_memory *m, struct rz_client_entry *c)
{
	bool behind = c->behind_tick == m->tick;

	settle_moves(m, c);
	if (!is_over(m, c)) {
		c->several |= c->count_tick == m->tick && c->count > c->lost;
		if (!c->several)
			rz_round_judge(&m->limits, &c->round, c->away_tick == m->tick,
				       c->home_tick == m->tick, m->now_ns);
		if (rz_round_given_up(&m->limits, &c->round) && m->now_ns >= c->round.until_ns)
			c->round.futile = 0; /* left alone for long enough: it may try again */
		return true;
	}
	c->round = (struct rz_round){};
	c->gone = 0;
	if (!behind) {
		c->first_ns = 0;
		c->lost = 0;
		c->several = false;
	}
	return behind || c->moves || rz_client_turn_counts(m, c->turn_ns);
}

static int by_time(const void *a, const void *b)
{
	const struct rz_outcome_row *x = a, *y = b;

	if (x->moved_ns != y->moved_ns)
		return x->moved_ns < y->moved_ns ? -1 : 1;
	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

void rz_client_settle(struct rz_client_memory *m)
{
	struct rz_client_entry *c, *next;

	m->known = m->open ? calloc(m->open, sizeof(*m->known)) : NULL;
	HASH_ITER (hh, m->clients, c, next)
		if (!settle_client(m, c))
			rz_client_forget(m, c);
	if (m->n_known)
		qsort(m->known, m->n_known, sizeof(*m->known), by_time);
}

/* Between two ticks a turn of which the client felt nothing is had no more: what is asked for then
 * is the same move, by the client's next connection. */
static bool is_turn(const struct rz_client_memory *m, const struct rz_client_entry *c)
{
	if (m->between && !c->going && !c->felt)
		return false;
	return (c->turn_tick == m->tick && !m->between) || rz_client_turn_counts(m, c->turn_ns);
}

bool rz_client_had_turn(const struct rz_client_memory *m, const struct rz_client_conn *conn)
{
	const struct rz_client_entry *c = rz_client_find_of(m, conn);

	return c && is_turn(m, c) &&
	       c->turn >= rz_round_turn(&m->limits, &c->round, conn->together, c->gone);
}

/* Several moves of one tick are of one round, and undone together: also one between two ticks,
 * while others are under way. */
static void take_turn(struct rz_client_memory *m, struct rz_client_entry *c)
{
	if (!is_turn(m, c)) {
		c->turn_ns = m->now_ns;
		c->turn = 0;
		c->felt = false;
	}
	c->turn_tick = m->tick;
	c->turn++;
	if (c->go_tick != m->tick || !c->going) {
		c->before = c->round;
		c->go_ns = m->now_ns;
		c->going = 0;
		c->went = c->first = false;
	}
	c->go_tick = m->tick;
	c->going++;
}

int rz_client_go(struct rz_client_memory *m, const struct rz_client_conn *conn)
{
	struct rz_client_entry *c = rz_client_find(m, &conn->key);

	if (!c)
		c = rz_client_remember(m, &conn->key);
	if (!c)
		return -ENOMEM;
	take_turn(m, c);
	c->seen_ns = m->now_ns;
	c->seen_tick = m->tick;
	c->first |= rz_round_go(&m->limits, &c->round, m->now_ns);
	m->searched = false;
	return 0;
}

static void remember_move(struct rz_client_memory *m, struct rz_client_entry *c,
			  const struct rz_client_move *move)
{
	struct rz_client_open_move *d =
		m->open < RZ_CLIENT_MOVES_MAX ? calloc(1, sizeof(*d)) : NULL;

	if (!d)
		return;
	d->open.row = (struct rz_outcome_row){.cookie = move->cookie,
					      .client = move->key.id,
					      .tuple = move->tuple,
					      .by_hand = move->by_hand,
					      .moved_ns = move->at_ns};
	memcpy(d->open.row.addr, move->key.addr, sizeof(d->open.row.addr));
	rz_str_copy(d->open.row.from_zone, sizeof(d->open.row.from_zone), move->from_zone);
	rz_str_copy(d->open.row.to_zone, sizeof(d->open.row.to_zone), move->to_zone);
	d->client = c;
	/* left alone for long enough, it tried again from the start */
	d->returns = rz_client_given_up(m, move->returns) ? 0 : move->returns;
	DL_APPEND(c->moves, d);
	rz_client_list_move(m, d);
	m->open++;
}

/* One that the policy allowed. */
static void count_move(struct rz_client_entry *c, uint64_t at_ns)
{
	rz_round_moved(&c->round, c->first && !c->went, c->go_ns, at_ns);
	c->went = c->felt = true;
	c->going--;
	c->gone++;
}

void rz_client_moved(struct rz_client_memory *m, const struct rz_client_move *move)
{
	struct rz_client_entry *c = rz_client_find(m, &move->key);

	/* an operator's: no round, but the client may leave a connection behind */
	if (!c)
		c = rz_client_remember(m, &move->key);
	if (!c)
		return;
	if (c->seen_ns < move->at_ns)
		c->seen_ns = move->at_ns;
	if (!c->first_ns)
		c->first_ns = move->at_ns;
	if (c->latest_ns < move->at_ns)
		c->latest_ns = move->at_ns;
	c->lost += move->opened_ns <= c->first_ns;
	if (!move->by_hand && c->going)
		count_move(c, move->at_ns);
	remember_move(m, c, move);
	m->searched = false;
}

void rz_client_undo(struct rz_client_memory *m, const struct rz_client_key *key, bool felt)
{
	struct rz_client_entry *c = rz_client_find(m, key);

	if (!c || !c->going)
		return;
	c->going--;
	c->felt |= felt;
	if (c->going || c->went)
		return; /* others of this tick make its round */
	c->round = c->before;
	if (!has_past(c) && !c->moves && !rz_client_turn_counts(m, c->turn_ns))
		rz_client_forget(m, c);
}

const struct rz_outcome_row *rz_client_outcomes(const struct rz_client_memory *m, size_t *ret_n)
{
	*ret_n = m->n_known;
	return m->known;
}

void rz_client_set_limits(struct rz_client_memory *m, const struct rz_limits *limits)
{
	size_t clients_max = m->limits.clients_max;

	m->limits = *limits;
	m->limits.clients_max = clients_max;
	m->leaving_ns = rz_leaving_ns(limits->outcome_ns);
}

size_t rz_client_count(const struct rz_client_memory *m)
{
	return HASH_COUNT(m->clients);
}
