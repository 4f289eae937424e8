// SPDX-License-Identifier: Apache-2.0
/* user/policy/select.c: when the rest of a client is over, for `rezone explain`. What is told is
 * what the policy then does: a client that nothing new is seen of may go then, and not before. */
#include "select_rows.h"

/* Asked as of a time, without anything that a tick would learn. */
static enum rz_reason ask_copy(const struct rz_limits *l, uint64_t let_go_ns, uint64_t now_ns)
{
	struct rz_select *s = make(l);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	enum rz_reason reason;

	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_let_go(s, &c, false, let_go_ns);
	assert_int_equal(ask(s, c, let_go_ns), RZ_REASON_COOLING_DOWN);
	reason = ask(s, c, now_ns);
	rz_select_free(s);
	return reason;
}

/* A move for which no moment was found. */
static void test_let_go(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	uint64_t over_ns;

	(void)state;
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_let_go(s, &c, false, T0 + 10 * SECOND_NS);
	assert_int_equal(ask(s, c, T0 + 20 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	over_ns = rz_select_not_before(s, &c);
	assert_true(over_ns >= T0 + 70 * SECOND_NS && over_ns <= T0 + 71 * SECOND_NS);
	assert_int_equal(ask_copy(&defaults, T0 + 10 * SECOND_NS, over_ns), RZ_REASON_NONE);
	assert_int_equal(ask_copy(&defaults, T0 + 10 * SECOND_NS, over_ns - 2 * SECOND_NS),
			 RZ_REASON_COOLING_DOWN);
	rz_select_free(s);
}

/* A client that came back; and one that rezone gave up. To be asked changes nothing. */
static void test_rounds(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	struct rz_select *s;
	uint64_t over_ns;

	(void)state;
	l.give_up_after = 1;
	s = make(&l);
	assert_int_equal(rz_select_not_before(s, &c), 0);
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_moved(s, &c, T0);
	c = row(2, 7, T0 + SECOND_NS);
	assert_int_equal(ask(s, c, T0 + TICK_NS), RZ_REASON_COOLING_DOWN);
	over_ns = rz_select_not_before(s, &c);
	assert_true(over_ns >= T0 + MINUTE_NS && over_ns <= T0 + MINUTE_NS + SECOND_NS);
	assert_int_equal(ask(s, c, T0 + MINUTE_NS - SECOND_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, c, T0 + 2 * MINUTE_NS), RZ_REASON_GAVE_UP);
	over_ns = rz_select_not_before(s, &c);
	assert_true(over_ns >= T0 + 2 * MINUTE_NS + l.give_up_for_ns &&
		    over_ns <= T0 + 2 * MINUTE_NS + l.give_up_for_ns + SECOND_NS);
	assert_int_equal(ask(s, c, T0 + 3 * MINUTE_NS), RZ_REASON_GAVE_UP);
	rz_select_free(s);
}

/* One that its client opened although home was ready. */
static void test_home_was_ready(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate c = row(1, 7, T0);
	struct rz_select *s;
	uint64_t over_ns;

	(void)state;
	l.home_ready_wait_ns = 30 * MINUTE_NS;
	c.home_was_ready = true;
	s = make(&l);
	assert_int_equal(ask(s, c, T0 + MINUTE_NS), RZ_REASON_HOME_WAS_READY);
	over_ns = rz_select_not_before(s, &c);
	assert_true(over_ns >= T0 + 30 * MINUTE_NS && over_ns <= T0 + 30 * MINUTE_NS + SECOND_NS);
	assert_int_equal(ask(s, c, over_ns), RZ_REASON_NONE);
	rz_select_free(s);
}

/* ... but only came back to, having been here before: not where it was moved since. */
static void test_reconnected(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate c = row(1, 7, T0), again = row(2, 7, T0 + MINUTE_NS);
	struct rz_select *s;

	(void)state;
	l.home_ready_wait_ns = 30 * MINUTE_NS;
	c.home_was_ready = c.reconnected = again.home_was_ready = again.reconnected = true;
	s = make(&l);
	assert_int_equal(ask(s, c, T0 + SECOND_NS), RZ_REASON_NONE);
	rz_select_moved(s, &c, T0 + 2 * SECOND_NS);
	assert_int_equal(ask(s, again, T0 + 10 * MINUTE_NS), RZ_REASON_HOME_WAS_READY);
	rz_select_free(s);
}

/* Whom a rate or a pause keeps does not rest. */
static void test_no_rest(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	struct rz_moment paused = {.now_ns = T0, .share = 1, .paused = true};

	(void)state;
	assert_int_equal(rz_select_run(s, &c, 1, &paused), 0);
	assert_int_equal(c.reason, RZ_REASON_PAUSED);
	assert_int_equal(rz_select_not_before(s, &c), 0);
	rz_select_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_let_go),	       cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_home_was_ready), cmocka_unit_test(test_reconnected),
		cmocka_unit_test(test_no_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
