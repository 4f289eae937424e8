// SPDX-License-Identifier: Apache-2.0
/* Clients with many connections, see pace.h. */
#include "policy/pace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* A candidate that may go together with others of its client, or a kind of such candidates. */
struct one {
	struct rz_candidate *candidate;
	size_t n; /* connections */
};

static bool goes_together(const struct rz_candidate *c)
{
	return c->plan.together && !c->same_zone && !c->witness;
}

static int by_client(const void *a, const void *b)
{
	const struct rz_candidate *x = ((const struct one *)a)->candidate;
	const struct rz_candidate *y = ((const struct one *)b)->candidate;

	if (x->client != y->client)
		return x->client < y->client ? -1 : 1;
	return memcmp(x->addr, y->addr, sizeof(x->addr));
}

static void count(struct one *order, size_t len)
{
	size_t i, first, end, sum;

	qsort(order, len, sizeof(*order), by_client);
	for (first = 0; first < len; first = end) {
		sum = 0;
		for (end = first; end < len && !by_client(&order[first], &order[end]); end++)
			sum += order[end].n;
		for (i = first; i < end; i++)
			order[i].candidate->together = (unsigned)sum;
	}
}

int rz_pace_count(struct rz_candidate *rows, size_t n)
{
	_cleanup_free_ struct one *order = malloc((n + 1) * sizeof(*order));
	size_t i, len = 0;

	if (!order)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		if (goes_together(&rows[i]))
			order[len++] = (struct one){&rows[i], 1};
	count(order, len);
	return 0;
}

int rz_pace_count_kinds(struct rz_rows *rows)
{
	_cleanup_free_ struct one *order = malloc((rows->n_kinds + 1) * sizeof(*order));
	size_t i, len = 0;

	if (!order)
		return -ENOMEM;
	for (i = 0; i < rows->n_kinds; i++) {
		struct rz_row_kind *k = &rows->kinds[i];

		if (k->wanted && goes_together(&k->candidate))
			order[len++] = (struct one){&k->candidate, k->rows};
	}
	count(order, len);
	return 0;
}
