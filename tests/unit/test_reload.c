// SPDX-License-Identifier: Apache-2.0
/* user/policy/select.c: limits that change while it runs, as a reload of the settings changes them.
 */
#include "select_rows.h"

/* From observing to enforcing: whoever was only told of goes; and back: nobody does. */
static void test_mode(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	struct rz_select *s;

	(void)state;
	l.mode = RZ_MODE_OBSERVE;
	s = make(&l);
	assert_int_equal(ask(s, c, T0), RZ_REASON_OBSERVING);
	l.mode = RZ_MODE_ENFORCE;
	rz_select_set_limits(s, &l);
	assert_int_equal(ask(s, c, T0 + TICK_NS), RZ_REASON_NONE);
	rz_select_undo(s, &c);
	l.mode = RZ_MODE_OBSERVE;
	rz_select_set_limits(s, &l);
	assert_int_equal(ask(s, c, T0 + 2 * TICK_NS), RZ_REASON_OBSERVING);
	rz_select_free(s);
}

/* What is known of a client stays: it rests as long as it did, or as long as the new limits say. */
static void test_memory_stays(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	struct rz_select *s = make(&l);

	(void)state;
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_moved(s, &c, T0);
	c = row(2, 7, T0 + SECOND_NS); /* it came back */
	assert_int_equal(ask(s, c, T0 + TICK_NS), RZ_REASON_COOLING_DOWN);
	l.rates.node = 100;
	rz_select_set_limits(s, &l);
	assert_int_equal(ask(s, c, T0 + TICK_NS + SECOND_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(rz_select_remembered(s), 1);
	rz_select_free(s);
}

/* A rate of 0 is none, as it is of every rate. */
static void test_rate(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate rows[20];
	struct rz_select *s = make(&l);

	(void)state;
	many(rows, 20);
	run(s, rows, 20, T0);
	assert_int_equal(going(rows, 20), 5);
	l.rates.node = 0;
	rz_select_set_limits(s, &l);
	run(s, rows + 5, 15, T0 + SECOND_NS);
	assert_int_equal(going(rows + 5, 15), 15);
	rz_select_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_memory_stays),
		cmocka_unit_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
