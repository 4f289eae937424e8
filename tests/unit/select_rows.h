/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates and a tick, for the tests of policy/select.c and policy/client.c. */
#ifndef TESTS_UNIT_SELECT_ROWS_H
#define TESTS_UNIT_SELECT_ROWS_H

#include "unit.h"
#include "policy/select.h"

#define T0	(100 * HOUR_NS)
#define TICK_NS (30 * SECOND_NS)

static const struct rz_limits defaults = {
	.rates = {.node = 5},
	.cooldown_ns = MINUTE_NS,
	.cooldown_max_ns = HOUR_NS,
	.give_up_after = 3,
	.give_up_for_ns = 24 * HOUR_NS,
};

static inline struct rz_select *make(const struct rz_limits *limits)
{
	struct rz_select *s = NULL;

	assert_int_equal(rz_select_new(limits, &s), 0);
	return s;
}

/* Its client never rests: whenever it is looked at, a request has just come. */
static inline struct rz_candidate row(uint64_t cookie, uint64_t client, uint64_t opened_ns)
{
	return (struct rz_candidate){
		.cookie = cookie, .client = client, .opened_ns = opened_ns, .data_ns = UINT64_MAX};
}

static inline int run(struct rz_select *s, struct rz_candidate *rows, size_t n, uint64_t now_ns)
{
	struct rz_moment m = {.now_ns = now_ns, .share = 1};

	return rz_select_run(s, rows, n, &m);
}

/* One tick with one candidate. */
static inline enum rz_reason ask(struct rz_select *s, struct rz_candidate c, uint64_t now_ns)
{
	assert_int_equal(run(s, &c, 1, now_ns), 0);
	return c.reason;
}

static inline size_t going(const struct rz_candidate *rows, size_t n)
{
	size_t i, go = 0;

	for (i = 0; i < n; i++)
		go += rows[i].reason == RZ_REASON_NONE;
	return go;
}

/* The same at another address than 0. */
static inline struct rz_candidate at_address(struct rz_candidate c, uint32_t address)
{
	memcpy(&c.addr[12], &address, sizeof(address));
	return c;
}

/* n candidates of as many clients, each at an address of its own. */
static inline void many(struct rz_candidate *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		rows[i] = at_address(row(i + 1, i + 1, T0 - HOUR_NS), (uint32_t)i + 1);
}

/* Outcomes are judged after 30 s, and three of ten open the breaker. */
static inline struct rz_limits with_outcomes(void)
{
	struct rz_limits l = defaults;

	l.rates.node = 1000;
	l.outcome_ns = 30 * SECOND_NS;
	l.breaker_share = 0.3;
	l.breaker_for_ns = 30 * MINUTE_NS;
	return l;
}

#endif
