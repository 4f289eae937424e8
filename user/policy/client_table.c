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

struct rz_client_address *rz_client_find_address(const struct rz_client_memory *m,
						 const uint8_t addr[16])
{
	struct rz_client_address *a;

	HASH_FIND(hh, m->addresses, addr, sizeof(a->addr), a);
	return a;
}

bool rz_client_cares(const struct rz_client_memory *m, const struct rz_client_key *key)
{
	return m->clients && (rz_client_find(m, key) || rz_client_find_address(m, key->addr));
}

void rz_client_list_move(struct rz_client_memory *m, struct rz_client_open_move *d)
{
	const uint8_t *addr = d->client->key.addr;
	struct rz_client_address *a = rz_client_find_address(m, addr);

	if (!a) {
		a = calloc(1, sizeof(*a));
		if (!a)
			return;
		memcpy(a->addr, addr, sizeof(a->addr));
		HASH_ADD(hh, m->addresses, addr, sizeof(a->addr), a);
		if (!a->hh.tbl) {
			free(a);
			return;
		}
	}
	DL_APPEND2(a->moves, d, address_prev, address_next);
}

void rz_client_unlist_move(struct rz_client_memory *m, struct rz_client_open_move *d)
{
	struct rz_client_address *a = rz_client_find_address(m, d->client->key.addr);

	if (!d->address_prev) /* it is in no list */
		return;
	DL_DELETE2(a->moves, d, address_prev, address_next);
	d->address_prev = NULL;
	if (a->moves)
		return;
	HASH_DEL(m->addresses, a);
	free(a);
}

void rz_client_forget_move(struct rz_client_memory *m, struct rz_client_entry *c,
			   struct rz_client_open_move *d)
{
	rz_client_unlist_move(m, d);
	DL_DELETE(c->moves, d);
	free(d);
	m->open--;
}

/* Frees a client that is in no table. */
static void drop(struct rz_client_memory *m, struct rz_client_entry *c)
{
	while (c->moves)
		rz_client_forget_move(m, c, c->moves);
	free(c);
	m->searched = false;
}

void rz_client_forget(struct rz_client_memory *m, struct rz_client_entry *c)
{
	HASH_DEL(m->clients, c);
	drop(m, c);
}

bool rz_client_turn_counts(const struct rz_client_memory *m, uint64_t turn_ns)
{
	return turn_ns && m->now_ns < turn_ns + m->limits.per_client_ns;
}

/* Its next move does not depend on what is remembered of it. */
static bool is_disposable(const struct rz_client_memory *m, const struct rz_client_entry *c)
{
	return !c->moves && !c->several && !c->round.futile && m->now_ns > c->round.until_ns &&
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
	HASH_ADD(hh, m->clients, key, sizeof(c->key), c);
	if (c->hh.tbl)
		return c;
	free(c);
	return NULL;
}

/* Under its own client.id the client rests as before, and its latest turn counts: it may be back
 * there, and what came under another one may have nothing to do with it. */
static void copy_rest(struct rz_client_entry *to, const struct rz_client_entry *from)
{
	to->round = to->before = from->round;
	to->first_ns = from->first_ns;
	to->latest_ns = from->latest_ns;
	to->seen_ns = from->seen_ns;
	to->lost = from->lost;
	to->several = from->several;
	to->gone = from->gone;
	to->seen_tick = from->seen_tick;
	to->turn = from->turn;
	to->turn_ns = from->turn_ns;
}

struct rz_client_entry *rz_client_rename(struct rz_client_memory *m, struct rz_client_entry *c,
					 uint64_t id)
{
	struct rz_client_key was = c->key;
	struct rz_client_entry *under_its_own;

	if (HASH_COUNT(m->clients) >= m->limits.clients_max)
		return NULL;
	HASH_DEL(m->clients, c);
	c->key.id = id;
	HASH_ADD(hh, m->clients, key, sizeof(c->key), c);
	if (!c->hh.tbl) {
		drop(m, c);
		return NULL;
	}
	under_its_own = rz_client_remember(m, &was);
	if (under_its_own)
		copy_rest(under_its_own, c);
	return c;
}
