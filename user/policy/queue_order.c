// SPDX-License-Identifier: Apache-2.0
/*
 * The order in which candidates are asked, see queue.h.
 *
 * The full order is that of three keys: how many of its address are before the candidate (its
 * rank), from when it counts, its cookie. In each round all have one rank: of each address the
 * first that is left. So a round takes one walk over those that are left, and a heap of its own. If
 * many rounds have found too few who may go, all that are left are sorted at once: an address with
 * many candidates would take a round for each of them.
 */
#include "policy/queue.h"

#include <stdlib.h>

#define ROUNDS_MAX 16

static bool is_before(const struct rz_queue_place *x, const struct rz_queue_place *y)
{
	if (x->rank != y->rank)
		return x->rank < y->rank;
	if (x->from_ns != y->from_ns)
		return x->from_ns < y->from_ns;
	return x->row->cookie < y->row->cookie;
}

static int by_place(const void *a, const void *b)
{
	const struct rz_queue_place *x = *(struct rz_queue_place *const *)a;
	const struct rz_queue_place *y = *(struct rz_queue_place *const *)b;

	return is_before(x, y) ? -1 : is_before(y, x);
}

static struct rz_queue_turn *address_of(const struct rz_queue_place *p)
{
	return p->client ? p->client->address : NULL;
}

/* Among addresses it counts from the address's latest turn, too. */
static void count_from_address(struct rz_queue_place *p)
{
	const struct rz_queue_turn *a = address_of(p);

	if (a && a->was_ns > p->from_ns)
		p->from_ns = a->was_ns;
}

void rz_queue_order(struct rz_queue *q, struct rz_queue_place *places, size_t n,
		    struct rz_queue_place **left, struct rz_queue_order *ret)
{
	size_t i;

	for (i = 0; i < n; i++)
		left[i] = &places[i];
	*ret = (struct rz_queue_order){.queue = q, .left = left, .n = n};
}

/* ---- a heap ---- */

static void sink(struct rz_queue_place **heap, size_t n, size_t i)
{
	struct rz_queue_place *p = heap[i];
	size_t child;

	for (; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && is_before(heap[child + 1], heap[child]))
			child++;
		if (!is_before(heap[child], p))
			break;
		heap[i] = heap[child];
	}
	heap[i] = p;
}

static void make_heap(struct rz_queue_place **heap, size_t n)
{
	size_t i = n / 2;

	while (i-- > 0)
		sink(heap, n, i);
}

/* ---- rounds ---- */

/* Each address knows its first one. */
static void find_heads(struct rz_queue_order *o)
{
	uint64_t round = ++o->queue->round;
	size_t i;

	for (i = 0; i < o->n; i++) {
		struct rz_queue_turn *a = address_of(o->left[i]);

		if (a && (a->round != round || is_before(o->left[i], a->best)))
			a->best = o->left[i];
		if (a)
			a->round = round;
	}
}

/* Without memory for its address it is its own. */
static bool is_head(const struct rz_queue_place *p)
{
	const struct rz_queue_turn *a = address_of(p);

	return !a || a->best == p;
}

static void begin_round(struct rz_queue_order *o)
{
	size_t i;

	find_heads(o);
	for (i = 0; i < o->n; i++) {
		struct rz_queue_place *p = o->left[i];

		if (!is_head(p))
			continue;
		o->left[i] = o->left[o->heads];
		o->left[o->heads++] = p;
		count_from_address(p);
	}
	make_heap(o->left, o->heads);
	o->rounds++;
}

/* All that are left at once: they get their ranks, and are a sorted array, which is a heap. */
static void sort_left(struct rz_queue_order *o)
{
	uint64_t round = ++o->queue->round;
	size_t i;

	qsort(o->left, o->n, sizeof(*o->left), by_place);
	for (i = 0; i < o->n; i++) {
		struct rz_queue_turn *a = address_of(o->left[i]);

		o->left[i]->rank = a && a->round == round ? a->best->rank + 1 : 0;
		if (!a)
			continue;
		a->round = round;
		a->best = o->left[i];
	}
	for (i = 0; i < o->n; i++)
		count_from_address(o->left[i]);
	qsort(o->left, o->n, sizeof(*o->left), by_place);
	o->sorted = true;
	o->heads = o->n;
}

struct rz_queue_place *rz_queue_next(struct rz_queue_order *o)
{
	struct rz_queue_place *p;

	if (!o->n)
		return NULL;
	if (!o->heads && o->rounds < ROUNDS_MAX)
		begin_round(o);
	else if (!o->heads)
		sort_left(o);
	if (o->sorted) {
		o->heads--;
		o->n--;
		return *o->left++;
	}
	/* the last of this round takes its place, and the last of all that one's */
	p = o->left[0];
	o->left[0] = o->left[--o->heads];
	o->left[o->heads] = o->left[--o->n];
	sink(o->left, o->heads, 0);
	return p;
}
