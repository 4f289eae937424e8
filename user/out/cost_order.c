// SPDX-License-Identifier: Apache-2.0
/* The tables of `rezone cost` in another order, see cost.h. Pure. */
#include <stdlib.h>
#include <string.h>

#include "out/cost.h"

const char *const rz_cost_sort_words[] = {"cost", "rx", "tx", "same", "unknown", "name", NULL};
_Static_assert(sizeof(rz_cost_sort_words) / sizeof(char *) == RZ_COST_SORT_COUNT + 1,
	       "a word for each order");

struct order {
	const struct rz_cost_report *report;
	enum rz_cost_sort by;
};

static double number_of(const struct rz_cost_row *row, const struct order *o)
{
	const struct rz_cost_bytes *b = &row->bytes;

	switch (o->by) {
	case RZ_COST_SORT_RX:
		return (double)b->rx[RZ_LOCALITY_CROSS];
	case RZ_COST_SORT_TX:
		return (double)b->tx[RZ_LOCALITY_CROSS];
	case RZ_COST_SORT_SAME:
		return (double)rz_cost_bytes_in(b, RZ_LOCALITY_SAME);
	case RZ_COST_SORT_UNKNOWN:
		return (double)rz_cost_bytes_in(b, RZ_LOCALITY_UNKNOWN);
	default: /* a free direction, or no price: then by the bytes */
		return o->report->price.known ? rz_cost_of(o->report, b)
					      : (double)rz_cost_bytes_in(b, RZ_LOCALITY_CROSS);
	}
}

/* A row has one of these names, and else "" or 0. */
static int by_name(const struct rz_cost_row *x, const struct rz_cost_row *y)
{
	int d = strcmp(x->zones.group, y->zones.group);

	d = d ? d : strcmp(x->zones.client_zone, y->zones.client_zone);
	d = d ? d : strcmp(x->zones.agent_zone, y->zones.agent_zone);
	d = d ? d : (int)x->who - (int)y->who;
	d = d ? d : strcmp(x->id, y->id);
	if (d || x->hour == y->hour)
		return d;
	return x->hour < y->hour ? -1 : 1;
}

static int compare(const void *a, const void *b, void *order)
{
	const struct order *o = order;
	double p, q;

	if (o->by == RZ_COST_SORT_NAME)
		return by_name(a, b);
	p = number_of(a, o);
	q = number_of(b, o);
	return p > q ? -1 : p < q ? 1 : by_name(a, b);
}

void rz_cost_order(struct rz_cost_report *r, enum rz_cost_sort by)
{
	struct order o = {r, by};
	size_t i;

	for (i = 0; i < RZ_COST_BY_COUNT; i++)
		if (r->by[i].n)
			qsort_r(r->by[i].rows, r->by[i].n, sizeof(*r->by[i].rows), compare, &o);
}
