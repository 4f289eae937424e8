/* SPDX-License-Identifier: Apache-2.0 */
/* A small ledger, what is added to it, and its sum between two zones. */
#ifndef TESTS_UNIT_LEDGER_ROWS_H
#define TESTS_UNIT_LEDGER_ROWS_H

#include "policy/ledger.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR 490000U

struct pair {
	const char *client, *agent;
};
static const struct pair ab = {"a", "b"}, ba = {"b", "a"};

#define N_PLACES 4
static struct rz_counted_entry places[N_PLACES / RZ_COUNTED_EACH]; /* map counted */
static struct rz_roll *roll;

static inline struct rz_ledger *ledger(size_t zones, size_t clients)
{
	struct rz_ledger *l = NULL;

	memset(places, 0, sizeof(places));
	rz_roll_free(roll);
	assert_int_equal(rz_roll_new(places, N_PLACES, &roll), 0);
	assert_int_equal(rz_ledger_new(zones, clients, roll, &l), 0);
	return l;
}

static inline void add(struct rz_ledger *l, const struct pair *p, uint64_t client,
		       struct rz_ledger_more more)
{
	struct rz_ledger_entry e = {"default", p->client, p->agent, client, "app", more};

	assert_int_equal(rz_ledger_add(l, &e), 0);
}

static inline struct rz_ledger_sum sum_of(const struct rz_ledger *l, const struct pair *p)
{
	struct rz_ledger_zone_row *r, *next;

	HASH_ITER (hh, l->zones, r, next)
		if (!strcmp(r->key.client_zone, p->client) && !strcmp(r->key.agent_zone, p->agent))
			return r->sum;
	return (struct rz_ledger_sum){};
}

#endif
