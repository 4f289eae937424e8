// SPDX-License-Identifier: Apache-2.0
/* Clients with many connections, see pace.h. */
#include "policy/pace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static int by_client(const void *a, const void *b)
{
	const struct rz_candidate *x = *(struct rz_candidate *const *)a;
	const struct rz_candidate *y = *(struct rz_candidate *const *)b;

	if (x->client != y->client)
		return x->client < y->client ? -1 : 1;
	return memcmp(x->addr, y->addr, sizeof(x->addr));
}

int rz_pace_count(struct rz_candidate *rows, size_t n)
{
	_cleanup_free_ struct rz_candidate **order = malloc((n + 1) * sizeof(*order));
	size_t i, first, end, len = 0;

	if (!order)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		if (rows[i].plan.together && !rows[i].same_zone && !rows[i].witness)
			order[len++] = &rows[i];
	qsort(order, len, sizeof(*order), by_client);
	for (first = 0; first < len; first = end) {
		for (end = first; end < len && !by_client(&order[first], &order[end]); end++)
			;
		for (i = first; i < end; i++)
			order[i]->together = (unsigned)(end - first);
	}
	return 0;
}
