// SPDX-License-Identifier: Apache-2.0
/* The queue of candidates, see queue.h. */
#include "policy/queue.h"

#include <stdlib.h>

static const struct rz_client_key *address_key(const struct rz_candidate *row,
					       struct rz_client_key *key)
{
	*key = rz_client_key(0, row->addr);
	return key;
}

static const struct rz_client_key *client_key(const struct rz_candidate *row,
					      struct rz_client_key *key)
{
	*key = rz_client_key(row->client, row->addr);
	return key;
}

static struct rz_queue_turn *find_turn(const struct rz_queue *q, const struct rz_client_key *key)
{
	struct rz_queue_turn *t;

	HASH_FIND(hh, q->turns, key, sizeof(*key), t);
	return t;
}

struct rz_waiting *rz_queue_find(const struct rz_queue *q, uint64_t cookie)
{
	struct rz_waiting *w;

	HASH_FIND(hh, q->waiting, &cookie, sizeof(cookie), w);
	return w;
}

void rz_queue_begin(struct rz_queue *q)
{
	q->tick++;
}

/* The turn of a client or address that has a candidate at this tick. NULL: no memory. */
static struct rz_queue_turn *keep_turn(struct rz_queue *q, const struct rz_client_key *key)
{
	struct rz_queue_turn *t = find_turn(q, key);

	if (!t) {
		t = calloc(1, sizeof(*t));
		if (!t)
			return NULL;
		t->key = *key;
		HASH_ADD(hh, q->turns, key, sizeof(t->key), t);
		if (!t->hh.tbl) {
			free(t);
			return NULL;
		}
	}
	t->tick = q->tick;
	return t;
}

static struct rz_waiting *keep_waiting(struct rz_queue *q, uint64_t cookie, uint64_t now_ns)
{
	struct rz_waiting *w = rz_queue_find(q, cookie);

	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return NULL;
		w->cookie = cookie;
		w->since_ns = now_ns;
		HASH_ADD(hh, q->waiting, cookie, sizeof(cookie), w);
		if (!w->hh.tbl) {
			free(w);
			return NULL;
		}
	}
	w->tick = q->tick;
	return w;
}

struct rz_queue_place rz_queue_join(struct rz_queue *q, struct rz_candidate *row, uint64_t now_ns)
{
	struct rz_waiting *w = keep_waiting(q, row->cookie, now_ns);
	struct rz_queue_place p = {.row = row, .waiting = w, .from_ns = w ? w->since_ns : now_ns};
	struct rz_client_key key;

	p.address = keep_turn(q, address_key(row, &key));
	p.client = keep_turn(q, client_key(row, &key));
	if (p.client && p.client->turn_ns > p.from_ns)
		p.from_ns = p.client->turn_ns;
	return p;
}

static int by_place(const void *a, const void *b)
{
	const struct rz_queue_place *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->from_ns != y->from_ns)
		return x->from_ns < y->from_ns ? -1 : 1;
	return x->row->cookie < y->row->cookie ? -1 : x->row->cookie > y->row->cookie;
}

void rz_queue_sort(struct rz_queue *q, struct rz_queue_place *places, size_t n)
{
	struct rz_queue_turn *t, *next;
	size_t i;

	HASH_ITER (hh, q->turns, t, next)
		t->ranked = 0;
	qsort(places, n, sizeof(*places), by_place);
	for (i = 0; i < n; i++) {
		t = places[i].address;
		if (!t)
			continue;
		places[i].rank = t->ranked++;
		if (t->turn_ns > places[i].from_ns)
			places[i].from_ns = t->turn_ns;
	}
	qsort(places, n, sizeof(*places), by_place);
}

void rz_queue_went(const struct rz_queue_place *place, uint64_t now_ns)
{
	if (place->address)
		place->address->turn_ns = now_ns;
	if (place->client)
		place->client->turn_ns = now_ns;
}

void rz_queue_forget_observed(struct rz_queue *q)
{
	struct rz_waiting *w, *next;

	HASH_ITER (hh, q->waiting, w, next)
		w->observed = false;
}

/* All that had no candidate at tick `but`. */
static void forget(struct rz_queue *q, uint64_t but)
{
	struct rz_waiting *w, *next_waiting;
	struct rz_queue_turn *t, *next_turn;

	HASH_ITER (hh, q->waiting, w, next_waiting) {
		if (w->tick != but) {
			HASH_DEL(q->waiting, w);
			free(w);
		}
	}
	HASH_ITER (hh, q->turns, t, next_turn) {
		if (t->tick != but) {
			HASH_DEL(q->turns, t);
			free(t);
		}
	}
}

void rz_queue_end(struct rz_queue *q)
{
	forget(q, q->tick);
}

void rz_queue_free(struct rz_queue *q)
{
	forget(q, q->tick + 1);
}
