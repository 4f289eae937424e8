// SPDX-License-Identifier: Apache-2.0
/* Who is remembered, and who is forgotten for want of room, see client.h. */
#include "policy/client_inside.h"

#include <stdlib.h>
#include <utlist.h>

struct rz_client_entry *rz_client_find(const struct rz_client_memory *m,
				       const struct rz_client_key *key)
{
	struct rz_client_entry *c;

	HASH_FIND(hh, m->clients, key, sizeof(*key), c);
	return c;
}

struct rz_client_id_entry *rz_client_find_id(const struct rz_client_memory *m, uint64_t id)
{
	struct rz_client_id_entry *i;

	HASH_FIND(hh, m->ids, &id, sizeof(id), i);
	return i;
}

/* The entry of a client.id, with one client more. NULL: no memory. */
static struct rz_client_id_entry *take_id(struct rz_client_memory *m, uint64_t id)
{
	struct rz_client_id_entry *i = rz_client_find_id(m, id);

	if (!i) {
		i = calloc(1, sizeof(*i));
		if (!i)
			return NULL;
		i->id = id;
		HASH_ADD(hh, m->ids, id, sizeof(i->id), i);
		if (!i->hh.tbl) {
			free(i);
			return NULL;
		}
	}
	i->clients++;
	return i;
}

static void give_id(struct rz_client_memory *m, struct rz_client_id_entry *i)
{
	if (--i->clients)
		return;
	HASH_DEL(m->ids, i);
	free(i);
}

void rz_client_forget_move(struct rz_client_memory *m, struct rz_client_entry *c,
			   struct rz_client_open_move *d)
{
	LL_DELETE(c->moves, d);
	free(d);
	m->open--;
}

void rz_client_forget(struct rz_client_memory *m, struct rz_client_entry *c)
{
	while (c->moves)
		rz_client_forget_move(m, c, c->moves);
	HASH_DEL(m->clients, c);
	give_id(m, c->id);
	free(c);
	m->searched = false;
}

bool rz_client_turn_counts(const struct rz_client_memory *m, uint64_t turn_ns)
{
	return turn_ns && m->now_ns < turn_ns + m->limits.per_client_ns;
}

/* Its next move does not depend on what is remembered of it. */
static bool is_disposable(const struct rz_client_memory *m, const struct rz_client_entry *c)
{
	return !c->moves && !c->round.futile && m->now_ns > c->round.until_ns &&
	       m->now_ns >= c->latest_ns + m->leaving_ns && c->behind_tick != m->tick &&
	       !rz_client_turn_counts(m, c->turn_ns);
}

static bool is_older(const struct rz_client_entry *a, const struct rz_client_entry *b)
{
	if (a->seen_ns != b->seen_ns)
		return a->seen_ns < b->seen_ns;
	if (a->key.id != b->key.id)
		return a->key.id < b->key.id;
	return memcmp(a->key.addr, b->key.addr, sizeof(a->key.addr)) < 0;
}

/* Who is forgotten next, or NULL. All are searched once for each that is forgotten, or once a tick:
 * every candidate asks whether there is room. */
static struct rz_client_entry *oldest(struct rz_client_memory *m)
{
	struct rz_client_entry *c, *next;

	if (m->searched)
		return m->oldest;
	m->searched = true;
	m->oldest = NULL;
	HASH_ITER (hh, m->clients, c, next)
		if (is_disposable(m, c) && (!m->oldest || is_older(c, m->oldest)))
			m->oldest = c;
	return m->oldest;
}

bool rz_client_has_room(struct rz_client_memory *m)
{
	return HASH_COUNT(m->clients) < m->limits.clients_max || oldest(m);
}

struct rz_client_entry *rz_client_remember(struct rz_client_memory *m,
					   const struct rz_client_key *key)
{
	struct rz_client_entry *c = rz_client_has_room(m) ? calloc(1, sizeof(*c)) : NULL;

	if (!c)
		return NULL;
	if (HASH_COUNT(m->clients) >= m->limits.clients_max)
		rz_client_forget(m, oldest(m));
	c->key = *key;
	c->id = take_id(m, key->id);
	if (c->id) {
		HASH_ADD(hh, m->clients, key, sizeof(c->key), c);
		if (c->hh.tbl)
			return c;
		give_id(m, c->id);
	}
	free(c);
	return NULL;
}
