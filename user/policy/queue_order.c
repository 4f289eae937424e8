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

static struct rz_queue_turn *address_of(const struct rz_queue *q, uint32_t row)
{
	const struct rz_queue_turn *client = rz_queue_turn_of(q, row);

	return client ? client->address : NULL;
}

/* From when a row counts among those of its address. */
static uint64_t since_ns(const struct rz_queue *q, uint32_t row)
{
	const struct rz_queue_turn *client = rz_queue_turn_of(q, row);
	uint64_t since = q->next[row].since_ns;

	return client && client->was_ns > since ? client->was_ns : since;
}

/* Among addresses it counts from the address's latest turn, too. */
static uint64_t from_ns(const struct rz_queue *q, uint32_t row)
{
	const struct rz_queue_turn *a = address_of(q, row);
	uint64_t since = since_ns(q, row);

	return a && a->was_ns > since ? a->was_ns : since;
}

/* Equal ones go by cookie. */
static int compare(const struct rz_queue *q, uint32_t x, uint32_t y, uint64_t x_ns, uint64_t y_ns)
{
	const struct rz_row *a = &q->rows->rows[x], *b = &q->rows->rows[y];

	if (x_ns != y_ns)
		return x_ns < y_ns ? -1 : 1;
	return a->cookie < b->cookie ? -1 : a->cookie > b->cookie;
}

/* Of rows of one address. */
static int by_since(const void *a, const void *b, void *queue)
{
	const struct rz_queue *q = queue;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return compare(q, x, y, since_ns(q, x), since_ns(q, y));
}

/* Of rows of all addresses. */
static int by_place(const void *a, const void *b, void *queue)
{
	const struct rz_queue *q = queue;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint32_t x_rank = q->rows->rows[x].rank, y_rank = q->rows->rows[y].rank;

	if (x_rank != y_rank)
		return x_rank < y_rank ? -1 : 1;
	return compare(q, x, y, from_ns(q, x), from_ns(q, y));
}

void rz_queue_order(struct rz_queue *q, uint32_t *left, size_t n, struct rz_queue_order *ret)
{
	*ret = (struct rz_queue_order){.queue = q, .left = left, .n = n};
}

/* ---- a heap of rows of one rank ---- */

static bool is_before(const struct rz_queue *q, uint32_t x, uint32_t y)
{
	return compare(q, x, y, from_ns(q, x), from_ns(q, y)) < 0;
}

static void sink(const struct rz_queue *q, uint32_t *heap, size_t n, size_t i)
{
	uint32_t row = heap[i];
	size_t child;

	for (; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && is_before(q, heap[child + 1], heap[child]))
			child++;
		if (!is_before(q, heap[child], row))
			break;
		heap[i] = heap[child];
	}
	heap[i] = row;
}

static void make_heap(const struct rz_queue *q, uint32_t *heap, size_t n)
{
	size_t i = n / 2;

	while (i-- > 0)
		sink(q, heap, n, i);
}

/* ---- rounds ---- */

/* Each address knows its first one. */
static void find_heads(struct rz_queue_order *o)
{
	struct rz_queue *q = o->queue;
	size_t i;

	q->round++;
	for (i = 0; i < o->n; i++) {
		struct rz_queue_turn *a = address_of(q, o->left[i]);

		if (a && (a->round != q->round || by_since(&o->left[i], &a->best, q) < 0))
			a->best = o->left[i];
		if (a)
			a->round = q->round;
	}
}

/* Without memory for its address it is its own. */
static bool is_head(const struct rz_queue *q, uint32_t row)
{
	const struct rz_queue_turn *a = address_of(q, row);

	return !a || a->best == row;
}

static void begin_round(struct rz_queue_order *o)
{
	size_t i;

	find_heads(o);
	for (i = 0; i < o->n; i++) {
		uint32_t row = o->left[i];

		if (!is_head(o->queue, row))
			continue;
		o->left[i] = o->left[o->heads];
		o->left[o->heads++] = row;
	}
	make_heap(o->queue, o->left, o->heads);
	o->rounds++;
}

/* All that are left at once: they get their ranks, and are a sorted array, which is a heap. */
static void sort_left(struct rz_queue_order *o)
{
	struct rz_queue *q = o->queue;
	struct rz_row *rows = q->rows->rows;
	size_t i;

	q->round++;
	qsort_r(o->left, o->n, sizeof(*o->left), by_since, q);
	for (i = 0; i < o->n; i++) {
		struct rz_queue_turn *a = address_of(q, o->left[i]);

		rows[o->left[i]].rank = a && a->round == q->round ? rows[a->best].rank + 1 : 0;
		if (!a)
			continue;
		a->round = q->round;
		a->best = o->left[i];
	}
	qsort_r(o->left, o->n, sizeof(*o->left), by_place, q);
	o->sorted = true;
	o->heads = o->n;
}

bool rz_queue_next(struct rz_queue_order *o, size_t *ret_row)
{
	if (!o->n)
		return false;
	if (!o->heads && o->rounds < ROUNDS_MAX)
		begin_round(o);
	else if (!o->heads)
		sort_left(o);
	*ret_row = o->left[0];
	if (o->sorted) {
		o->heads--;
		o->n--;
		o->left++;
		return true;
	}
	/* the last of this round takes its place, and the last of all that one's */
	o->left[0] = o->left[--o->heads];
	o->left[o->heads] = o->left[--o->n];
	sink(o->queue, o->left, o->heads, 0);
	return true;
}
