// SPDX-License-Identifier: Apache-2.0
/*
 * May a connection be moved now, as far as what is remembered of its client goes: see client.h.
 *
 * Comes in: a candidate; the memory, which client.c keeps. Goes out: NONE, or the reason to wait.
 */
#include "policy/client_inside.h"

/* Whether the client stays on what it opened since its latest round began, or after its latest
 * move, cannot be known yet. */
static bool is_too_early(const struct rz_client_memory *m, const struct rz_client_entry *c,
			 const struct rz_client_conn *conn)
{
	uint64_t rest = rz_round_rest(&m->limits, 0);

	return c->latest_ns &&
	       (conn->opened_ns > c->round.began_ns || conn->opened_ns > c->latest_ns) &&
	       m->now_ns < c->latest_ns + (rest < m->leaving_ns ? rest : m->leaving_ns);
}

bool rz_client_chose(const struct rz_client_memory *m, const struct rz_client_conn *conn)
{
	const struct rz_client_entry *c = rz_client_find_of(m, conn);

	if (!conn->home_was_ready || m->now_ns >= conn->opened_ns + m->limits.home_ready_wait_ns)
		return false;
	if (!c || !c->first_ns)
		return !conn->reconnected;
	return conn->opened_ns <= c->first_ns || conn->opened_ns > c->latest_ns + RZ_LEAVING_NS;
}

bool rz_client_given_up(const struct rz_client_memory *m, unsigned returns)
{
	return m->limits.give_up_after && returns >= m->limits.give_up_after;
}

/* What the client opened since it was first moved: a late move of a round may have brought it back.
 * While it is idle the round is not found futile, so the next one may begin before it has rested.
 */
static bool is_back_too_soon(const struct rz_client_memory *m, const struct rz_client_entry *c,
			     const struct rz_client_conn *conn)
{
	return c->first_ns && conn->opened_ns > c->first_ns &&
	       m->now_ns < conn->opened_ns + rz_round_rest(&m->limits, 0);
}

/* Of several clients, each connection by itself. One that is not known to have come back may have:
 * two that were opened after a move look alike, and who took longer is not recognised. */
static enum rz_reason ask_one(const struct rz_client_memory *m, const struct rz_client_entry *c,
			      const struct rz_client_conn *conn)
{
	const struct rz_limits *l = &m->limits;
	bool given_up = rz_client_given_up(m, conn->returns);
	uint64_t rest = given_up ? l->give_up_for_ns : rz_round_rest(l, conn->returns);

	if (conn->back_ns && m->now_ns < conn->back_ns + rest)
		return given_up ? RZ_REASON_GAVE_UP : RZ_REASON_COOLING_DOWN;
	if (is_back_too_soon(m, c, conn))
		return RZ_REASON_COOLING_DOWN;
	return m->open < RZ_CLIENT_MOVES_MAX ? RZ_REASON_NONE : RZ_REASON_MEMORY_FULL;
}

/* It came back from its round's first move, stays, and comes home by another one. */
static bool goes_twice(const struct rz_client_entry *c, const struct rz_client_conn *conn)
{
	return conn->twice && conn->returns == 1 && c->round.open && !c->round.futile;
}

enum rz_reason rz_client_ask(struct rz_client_memory *m, const struct rz_client_conn *conn)
{
	struct rz_client_entry *c = rz_client_find_of(m, conn);
	bool early;

	if (!c)
		return rz_client_has_room(m) && m->open < RZ_CLIENT_MOVES_MAX
			       ? RZ_REASON_NONE
			       : RZ_REASON_MEMORY_FULL;
	if (c->several)
		return ask_one(m, c, conn);
	early = is_too_early(m, c, conn);
	if (m->now_ns < c->round.until_ns || early) {
		if (rz_round_given_up(&m->limits, &c->round))
			return RZ_REASON_GAVE_UP;
		/* a round is on: a connection that was there when it began may follow */
		if (early || !c->round.open || c->round.futile ||
		    ((conn->opened_ns > c->round.began_ns || is_back_too_soon(m, c, conn)) &&
		     !goes_twice(c, conn)))
			return RZ_REASON_COOLING_DOWN;
	}
	return m->open < RZ_CLIENT_MOVES_MAX ? RZ_REASON_NONE : RZ_REASON_MEMORY_FULL;
}
