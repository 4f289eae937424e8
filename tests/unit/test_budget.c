// SPDX-License-Identifier: Apache-2.0
/* user/policy/budget.c, through select.c: buckets towards a target. test_limits.c has the others.
 */
#include "select_rows.h"

/* One of a thousand nodes: its share of a target's rate is slow, but it comes; 0.02 a second here.
 */
static void test_slow_target(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	struct rz_select *s;
	unsigned t, moved = 0;

	(void)state;
	l.rates.per_target = 2;
	l.rates.phase = 0.41;
	l.cooldown_ns = 0;
	s = make(&l);
	for (t = 0; t < 500; t++) {
		c.target = (struct rz_target){7, 0.01};
		moved += ask(s, c, T0 + t * SECOND_NS) == RZ_REASON_NONE;
		assert_int_equal(moved, t < 30 ? 0 : 1 + (t - 30) / 50);
	}
	/* nobody asks for a while: it is full, and begins anew, as those of all other nodes do */
	run(s, NULL, 0, T0 + HOUR_NS);
	run(s, NULL, 0, T0 + 2 * HOUR_NS);
	assert_int_equal(ask(s, c, T0 + 2 * HOUR_NS), RZ_REASON_TARGET_BUDGET);
	assert_int_equal(ask(s, c, T0 + 2 * HOUR_NS + 31 * SECOND_NS), RZ_REASON_NONE);
	rz_select_free(s);
}

/* What a slow tick owes to those who wait is made up towards a target too. */
static void test_target_backlog(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate rows[20];
	struct rz_select *s;
	size_t i;

	(void)state;
	l.rates.node = 100;
	l.rates.per_target = 1;
	s = make(&l);
	many(rows, 20);
	for (i = 0; i < 20; i++)
		rows[i].target = (struct rz_target){7, 2};
	run(s, rows, 20, T0);
	assert_int_equal(going(rows, 20), 2);
	run(s, rows + 2, 18, T0 + 4 * SECOND_NS);
	assert_int_equal(going(rows + 2, 18), 8);
	rz_select_free(s);
}

/* ... also while another rate refuses first: neither makes the other one smaller, at any tick, and
 * nobody's reason turns into another one and back. */
static void test_backlog_of_two(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate rows[60];
	struct rz_select *s;
	size_t i, k, gone = 0;

	(void)state;
	l.rates.node = 5;
	l.rates.per_target = 2;
	l.per_client_ns = HOUR_NS;
	s = make(&l);
	many(rows, 60);
	for (i = 0; i < 60; i++)
		rows[i].target = (struct rz_target){7, 1};
	for (i = 0; i < 7; i++) {
		run(s, rows + gone, 60 - gone, T0 + i * 4 * SECOND_NS);
		assert_int_equal(going(rows + gone, 60 - gone), i ? 8 : 2);
		for (k = gone + (i ? 8 : 2); k < 60; k++)
			assert_int_equal(rows[k].reason, RZ_REASON_TARGET_BUDGET);
		gone += i ? 8 : 2;
	}
	rz_select_free(s);
}

/* A bucket gives no more than it got: while another rate refuses at short ticks, nothing is saved
 * up for a target that comes later. */
static void test_backlog_saves_nothing(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate rows[60];
	struct rz_select *s;
	size_t i, t;

	(void)state;
	l.rates.node = 5;
	l.rates.per_target = 100;
	s = make(&l);
	many(rows, 60);
	for (i = 0; i < 60; i++)
		rows[i].target = (struct rz_target){7, 0.01};
	for (t = 0; t < 20; t++)
		run(s, rows, 60, T0 + t * SECOND_NS);
	for (i = 0; i < 60; i++)
		rows[i].target = (struct rz_target){8, 1};
	run(s, rows, 60, T0 + t * SECOND_NS);
	assert_int_equal(going(rows, 60), 5);
	rz_select_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_target),
		cmocka_unit_test(test_target_backlog),
		cmocka_unit_test(test_backlog_of_two),
		cmocka_unit_test(test_backlog_saves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
