// SPDX-License-Identifier: Apache-2.0
/*
 * Which connection came back from which move, see client.h: a connection that was opened soon after
 * a move of its client, at most one for each move.
 *
 * Comes in: the connections of a tick, all of them twice. Goes out: open moves that know which
 * connection came back from them; clients under the client.id by which they came back.
 */
#include "policy/client_inside.h"

#include <utlist.h>

/* A client that loses a connection opens another one within seconds, and most at once. It is taken
 * for one with another client.id only if it did, for others begin at its address at any time. */
#define BACK_NS	    RZ_LEAVING_NS
#define STRANGER_NS (5 * 1000000000ULL)

static bool may_be_back(const struct rz_client_open_move *d, const struct rz_client_conn *conn,
			uint64_t within_ns)
{
	uint64_t moved_ns = d->open.row.moved_ns;

	return !d->back && conn->opened_ns > moved_ns && conn->opened_ns <= moved_ns + within_ns;
}

/* The latest move is the likeliest. */
static bool is_likelier(const struct rz_client_open_move *d, const struct rz_client_open_move *than)
{
	const struct rz_outcome_row *a = &d->open.row, *b = than ? &than->open.row : NULL;

	if (!b || a->moved_ns != b->moved_ns)
		return !b || a->moved_ns > b->moved_ns;
	return a->cookie < b->cookie;
}

struct rz_client_open_move *rz_client_back(const struct rz_client_entry *c, uint64_t cookie)
{
	struct rz_client_open_move *d;

	DL_FOREACH(c->moves, d)
	if (d->back == cookie)
		break;
	return d;
}

static void claim(struct rz_client_memory *m, struct rz_client_entry *c,
		  const struct rz_client_conn *conn)
{
	struct rz_client_open_move *d, *best = NULL;

	if (rz_client_back(c, conn->cookie))
		return;
	DL_FOREACH(c->moves, d)
	if (may_be_back(d, conn, BACK_NS) && is_likelier(d, best))
		best = d;
	if (!best)
		return;
	best->back = conn->cookie;
	rz_client_unlist_move(m, best);
}

/* A client that calls itself otherwise at each connection would be a new one each time, and be
 * moved for ever: so a client.id that is not remembered is the one of the client at its address
 * that was moved just before, and of which nothing was seen since under its own. Not a client.id
 * that was here before its zone was ready, and so before the move: many clients may have one
 * address (SNAT), and one that reconnects after each pause would be taken for another one that was
 * moved. */
static struct rz_client_entry *recognise(struct rz_client_memory *m,
					 const struct rz_client_conn *conn)
{
	struct rz_client_address *a = rz_client_find_address(m, conn->key.addr);
	struct rz_client_open_move *d, *best = NULL;

	if (!a || !m->limits.home_ready_wait_ns || conn->reconnected)
		return NULL;
	DL_FOREACH2(a->moves, d, address_next)
	if (d->client->met_tick != m->tick && may_be_back(d, conn, STRANGER_NS) &&
	    is_likelier(d, best))
		best = d;
	return best ? rz_client_rename(m, best->client, conn->key.id) : NULL;
}

void rz_client_meet(struct rz_client_memory *m, const struct rz_client_conn *conn, bool strangers)
{
	struct rz_client_entry *c = rz_client_find(m, &conn->key);

	if (conn->witness)
		return;
	if (!c && strangers && !conn->home)
		c = recognise(m, conn);
	if (!c)
		return;
	c->met_tick = m->tick;
	if (!conn->home)
		claim(m, c, conn);
}
