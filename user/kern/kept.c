// SPDX-License-Identifier: Apache-2.0
/* The connections that a pass keeps, see snapshot.h. */
#include "kern/snapshot.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

int rz_snapshot_keep(struct rz_snapshot *s, const struct rz_conn *c, uint32_t mark)
{
	struct rz_conn *conns = s->conns;
	uint32_t *marks = s->marks;

	if (!(s->n_conns & (s->n_conns - 1))) { /* a power of two: full */
		conns = realloc(s->conns, 2 * (s->n_conns + 1) * sizeof(*conns));
		if (conns)
			s->conns = conns;
		marks = realloc(s->marks, 2 * (s->n_conns + 1) * sizeof(*marks));
		if (marks)
			s->marks = marks;
		if (!conns || !marks)
			return -ENOMEM;
	}
	marks[s->n_conns] = mark;
	conns[s->n_conns++] = *c;
	return 0;
}

/* Where a connection stands before it is sorted. */
struct at {
	uint64_t cookie;
	size_t i;
};

static unsigned digit(const struct at *a, unsigned shift)
{
	return a->cookie >> shift & 0xff;
}

/* By one byte of their cookies; equal ones keep their order. */
static void sort_by(const struct at *from, struct at *to, size_t n, unsigned shift)
{
	size_t ends[256] = {}, i, sum = 0, count;

	for (i = 0; i < n; i++)
		ends[digit(&from[i], shift)]++;
	for (i = 0; i < 256; i++) {
		count = ends[i];
		ends[i] = sum;
		sum += count;
	}
	for (i = 0; i < n; i++)
		to[ends[digit(&from[i], shift)]++] = from[i];
}

/* Takes each connection to its place: it is copied once. */
static void put_in_order(struct rz_snapshot *s, struct at *order)
{
	size_t i, to, from;

	for (i = 0; i < s->n_conns; i++) {
		struct rz_conn conn = s->conns[i];
		uint32_t mark = s->marks[i];

		for (to = i; (from = order[to].i) != i; to = from) {
			s->conns[to] = s->conns[from];
			s->marks[to] = s->marks[from];
			order[to].i = to;
		}
		s->conns[to] = conn;
		s->marks[to] = mark;
		order[to].i = to;
	}
}

int rz_snapshot_sort_kept(struct rz_snapshot *s)
{
	_cleanup_free_ struct at *a = malloc((s->n_conns + 1) * sizeof(*a));
	_cleanup_free_ struct at *b = malloc((s->n_conns + 1) * sizeof(*b));
	struct at *order = a, *other = b, *was;
	uint64_t differ = 0;
	unsigned shift;
	size_t i;

	if (!a || !b)
		return -ENOMEM;
	for (i = 0; i < s->n_conns; i++) {
		order[i] = (struct at){s->conns[i].cookie, i};
		differ |= s->conns[i].cookie ^ s->conns[0].cookie;
	}
	for (shift = 0; shift < 64; shift += 8) {
		if (!(differ >> shift & 0xff))
			continue;
		sort_by(order, other, s->n_conns, shift);
		was = order;
		order = other;
		other = was;
	}
	put_in_order(s, order);
	return 0;
}
