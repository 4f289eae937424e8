// SPDX-License-Identifier: Apache-2.0
/* The queue of candidates: who is in it, see queue.h; queue_order.c has the order. */
#include "policy/queue.h"

#include <errno.h>
#include <stdlib.h>

/* ---- turns ---- */

/* The turn of a client or address that has a candidate at this tick. NULL: no memory. */
static struct rz_queue_turn *keep_turn(struct rz_queue *q, const struct rz_client_key *key,
				       bool *first)
{
	struct rz_queue_turn *t;

	HASH_FIND(hh, q->turns, key, sizeof(*key), t);
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
	*first = t->tick != q->tick;
	t->tick = q->tick;
	t->was_ns = *first ? t->turn_ns : t->was_ns;
	return t;
}

struct rz_queue_turn *rz_queue_client(struct rz_queue *q, size_t kind, bool *first)
{
	const struct rz_candidate *c = &q->rows->kinds[kind].candidate;
	struct rz_client_key key = rz_client_key(c->client, c->addr);
	struct rz_queue_turn *t = keep_turn(q, &key, first);
	bool any;

	if (t && *first) {
		key.id = 0;
		t->address = keep_turn(q, &key, &any);
	}
	q->clients[kind] = t;
	return t;
}

void rz_queue_went(struct rz_queue_turn *client, uint64_t now_ns)
{
	if (!client)
		return;
	client->turn_ns = now_ns;
	if (client->address)
		client->address->turn_ns = now_ns;
}

static void forget_turns(struct rz_queue *q, uint64_t but)
{
	struct rz_queue_turn *t, *next;

	HASH_ITER (hh, q->turns, t, next) {
		if (t->tick != but) {
			HASH_DEL(q->turns, t);
			free(t);
		}
	}
}

/* ---- who waits ---- */

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct rz_waiting *)a)->cookie;
	uint64_t y = ((const struct rz_waiting *)b)->cookie;

	return x < y ? -1 : x > y;
}

struct rz_waiting *rz_queue_find(const struct rz_queue *q, uint64_t cookie)
{
	struct rz_waiting key = {.cookie = cookie};

	return q->n_waiting ? bsearch(&key, q->waiting, q->n_waiting, sizeof(key), by_cookie)
			    : NULL;
}

struct rz_waiting_more *rz_queue_more(struct rz_waiting *w)
{
	if (!w->more)
		w->more = calloc(1, sizeof(*w->more));
	return w->more;
}

int rz_queue_begin(struct rz_queue *q, struct rz_rows *rows)
{
	struct rz_waiting *next = calloc(rows->n + 1, sizeof(*next));
	struct rz_queue_turn **clients = calloc(rows->n_kinds + 1, sizeof(struct rz_queue_turn *));

	if (!next || !clients) {
		free(next);
		free(clients);
		return -ENOMEM;
	}
	q->rows = rows;
	q->next = next;
	q->clients = clients;
	q->at = 0;
	q->tick++;
	return 0;
}

/* What was remembered of it. Candidates join in the order of their cookies, as they did at the tick
 * before, so it is the next one, or one of the next; of any other order, wherever it is. */
static struct rz_waiting *find_again(struct rz_queue *q, uint64_t cookie)
{
	struct rz_waiting *w = q->waiting;

	if (q->at && w[q->at - 1].cookie >= cookie)
		return rz_queue_find(q, cookie);
	while (q->at < q->n_waiting && w[q->at].cookie < cookie)
		q->at++;
	return q->at < q->n_waiting && w[q->at].cookie == cookie ? &w[q->at++] : NULL;
}

struct rz_waiting *rz_queue_join(struct rz_queue *q, size_t row, uint64_t now_ns)
{
	struct rz_waiting *was, *w = &q->next[row];
	uint64_t cookie = q->rows->rows[row].cookie;

	was = find_again(q, cookie);
	*w = was ? *was : (struct rz_waiting){.cookie = cookie, .since_ns = now_ns};
	if (was)
		was->more = NULL;
	return w;
}

void rz_queue_forget_observed(struct rz_queue *q)
{
	size_t i;

	for (i = 0; i < q->n_waiting; i++)
		q->waiting[i].observed = 0;
}

void rz_queue_forget_listened(struct rz_queue *q)
{
	size_t i;

	for (i = 0; i < q->n_waiting; i++)
		if (q->waiting[i].more)
			q->waiting[i].more->listened_ns = 0;
}

static void forget_waiting(struct rz_queue *q)
{
	size_t i;

	for (i = 0; i < q->n_waiting; i++)
		free(q->waiting[i].more);
	free(q->waiting);
	q->waiting = NULL;
	q->n_waiting = 0;
}

static bool is_sorted(const struct rz_waiting *w, size_t n)
{
	size_t i = 1;

	while (i < n && w[i - 1].cookie < w[i].cookie)
		i++;
	return i >= n;
}

/* Those that joined, without the gaps between them. A connection of which the map was read
 * twice joined twice: its memory went with the first. */
static size_t close_gaps(struct rz_waiting *w, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++)
		if (kept && w[i].cookie == w[kept - 1].cookie)
			free(w[i].more);
		else if (w[i].cookie)
			w[kept++] = w[i];
	return kept;
}

static void give_back(struct rz_queue *q)
{
	struct rz_waiting *less = realloc(q->waiting, (q->n_waiting + 1) * sizeof(*q->waiting));

	q->waiting = less ? less : q->waiting;
}

void rz_queue_end(struct rz_queue *q)
{
	forget_turns(q, q->tick);
	forget_waiting(q);
	q->waiting = q->next;
	q->n_waiting = close_gaps(q->next, q->rows->n);
	give_back(q);
	free(q->clients);
	q->next = NULL;
	q->clients = NULL;
	q->rows = NULL;
	if (!is_sorted(q->waiting, q->n_waiting))
		qsort(q->waiting, q->n_waiting, sizeof(*q->waiting), by_cookie);
}

void rz_queue_free(struct rz_queue *q)
{
	forget_turns(q, q->tick + 1);
	forget_waiting(q);
}
