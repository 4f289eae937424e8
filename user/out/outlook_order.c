// SPDX-License-Identifier: Apache-2.0
/* The tables of `rezone plan` in another order, see outlook.h. Pure. */
#include "out/outlook.h"

#include <stdlib.h>
#include <string.h>

#include "policy/reason.h"

const char *const rz_outlook_sort_words[] = {"bytes",  "rx",	    "tx",	   "connections",
					     "time",   "client-id", "client-zone", "agent-zone",
					     "reason", NULL};
_Static_assert(sizeof(rz_outlook_sort_words) / sizeof(char *) == RZ_OUTLOOK_SORT_COUNT + 1,
	       "a word for each order");

/* What is sorted by as a text; NULL: it is a number. */
static const char *text_of(const struct rz_outlook_row *r, enum rz_outlook_sort by)
{
	switch (by) {
	case RZ_OUTLOOK_SORT_CLIENT_ID:
		return r->client && !r->client->is_null ? r->client->id : "";
	case RZ_OUTLOOK_SORT_CLIENT_ZONE:
		return r->client_zone;
	case RZ_OUTLOOK_SORT_AGENT_ZONE:
		return r->agent_zone;
	case RZ_OUTLOOK_SORT_REASON:
		return rz_reason_name(r->reason);
	default:
		return NULL;
	}
}

static uint64_t number_of(const struct rz_outlook_row *r, enum rz_outlook_sort by)
{
	switch (by) {
	case RZ_OUTLOOK_SORT_RX:
		return r->sum.rx_bytes;
	case RZ_OUTLOOK_SORT_TX:
		return r->sum.tx_bytes;
	case RZ_OUTLOOK_SORT_CONNECTIONS:
		return r->sum.conns;
	case RZ_OUTLOOK_SORT_TIME: /* the earliest is the greatest */
		return UINT64_MAX - (r->expected_ns ?: r->first_ns);
	default:
		return r->sum.rx_bytes + r->sum.tx_bytes;
	}
}

/* Rows and their order before: those that are equal stay in it. */
struct place {
	struct rz_outlook_row row;
	size_t was;
};

static int compare(const void *a, const void *b, void *order)
{
	enum rz_outlook_sort by = *(const enum rz_outlook_sort *)order;
	const struct place *x = a, *y = b;
	const char *text = text_of(&x->row, by);
	uint64_t p, q;
	int d = text ? strcmp(text, text_of(&y->row, by)) : 0;

	if (!text) {
		p = number_of(&x->row, by);
		q = number_of(&y->row, by);
		d = p > q ? -1 : p < q;
	}
	return d ? d : x->was < y->was ? -1 : x->was > y->was;
}

/* Without memory they stay as they are. */
static void sort(struct rz_outlook_rows *r, enum rz_outlook_sort by)
{
	struct place *all = calloc(r->n + 1, sizeof(*all));
	size_t i;

	for (i = 0; all && i < r->n; i++)
		all[i] = (struct place){r->rows[i], i};
	if (all)
		qsort_r(all, r->n, sizeof(*all), compare, &by);
	for (i = 0; all && i < r->n; i++)
		r->rows[i] = all[i].row;
	free(all);
}

void rz_outlook_sort(struct rz_outlook *o, enum rz_outlook_sort by)
{
	sort(&o->moves, by);
	sort(&o->stays, by);
	sort(&o->reasons, by);
	sort(&o->awaited, by);
}
