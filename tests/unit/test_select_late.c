// SPDX-License-Identifier: Apache-2.0
/*
 * user/policy/select_after.c: what goes between two ticks, by a client's next connection, and what
 * that does to the moves of the latest tick; at any interval.
 */
#include "select_rows.h"

static struct rz_limits limits_at(uint64_t interval_ns)
{
	struct rz_limits l = defaults;

	l.per_client_ns = interval_ns / 5 * 4; /* conf/limits.c */
	return l;
}

/* A tick's move lasts longer than it takes another client to go late: its rest is a whole one. */
static void test_rest_of_another(void **state)
{
	struct rz_limits l = limits_at(TICK_NS);
	struct rz_select *s = make(&l);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS), late = row(2, 8, T0 + SECOND_NS);
	struct rz_candidate back = row(3, 7, T0 + 31 * SECOND_NS);

	(void)state;
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	assert_int_equal(rz_select_late(s, &late, T0 + 20 * SECOND_NS), RZ_REASON_NONE);
	rz_select_moved_late(s, &late, T0 + 20 * SECOND_NS);
	rz_select_moved(s, &c, T0 + 30 * SECOND_NS);
	/* its round lasts a whole cooldown from its move; it is not found futile before */
	assert_int_equal(ask(s, back, T0 + 80 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	assert_in_range(rz_select_not_before(s, &back), T0 + 90 * SECOND_NS, T0 + 91 * SECOND_NS);
	rz_select_free(s);
}

/* Its client goes late while a move of its is under way: the two are of one round, which begins
 * with the first that happens, whatever becomes of the other. */
static void test_beside_its_own(void **state)
{
	struct rz_limits l = limits_at(SECOND_NS);
	struct rz_select *s = make(&l);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS), late = row(2, 7, T0 - HOUR_NS);
	struct rz_candidate back = row(3, 7, T0 + 21 * SECOND_NS);

	(void)state;
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	assert_int_equal(rz_select_late(s, &late, T0 + 20 * SECOND_NS), RZ_REASON_NONE);
	rz_select_moved_late(s, &late, T0 + 20 * SECOND_NS);
	rz_select_undo(s, &c);
	assert_int_equal(ask(s, back, T0 + 60 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	assert_in_range(rz_select_not_before(s, &back), T0 + 80 * SECOND_NS, T0 + 81 * SECOND_NS);
	rz_select_free(s);
}

/* The close was not possible at this instant: it is tried again in the next, for as long as it may
 * be. Nothing was taken: no token is lost, and nobody rests for it. */
static void test_tried_again(void **state)
{
	struct rz_limits l = limits_at(TICK_NS);
	struct rz_select *s = make(&l);
	struct rz_candidate next = row(2, 7, T0 + SECOND_NS), rows[10];
	uint64_t now = T0 + 2 * SECOND_NS;
	int i;

	(void)state;
	many(rows, 10);
	run(s, NULL, 0, T0);
	for (i = 0; i < 20; i++)
		assert_int_equal(rz_select_late(s, &next, now + i), RZ_REASON_NONE);
	assert_int_equal(rz_select_remembered(s), 0);
	assert_int_equal(run(s, rows, 10, now + 20), 0);
	assert_int_equal(going(rows, 10), 5);
	rz_select_free(s);
}

/* Tokens come by the second, however far the next tick is; and no others. */
static void test_rate_goes_on(void **state)
{
	struct rz_limits l = limits_at(HOUR_NS);
	struct rz_candidate rows[100];
	struct rz_select *s;
	size_t i, gone = 0;

	(void)state;
	l.rates.per_target = 3;
	s = make(&l);
	many(rows, 100);
	run(s, NULL, 0, T0);
	for (i = 0; i < 100; i++) { /* ten a second */
		uint64_t now = T0 + MINUTE_NS + i * SECOND_NS / 10;
		enum rz_reason reason;

		rows[i].target = (struct rz_target){7, 1};
		reason = rz_select_late(s, &rows[i], now);
		if (reason == RZ_REASON_NONE)
			rz_select_moved_late(s, &rows[i], now);
		else
			assert_int_equal(reason, RZ_REASON_TARGET_BUDGET);
		gone += reason == RZ_REASON_NONE;
	}
	assert_in_range(gone, 30, 34);
	rz_select_free(s);
}

/* A question between two ticks takes nothing from those who wait for the next: a slow one still
 * makes up for its time. */
static void test_takes_nothing(void **state)
{
	struct rz_candidate rows[60], late = row(99, 99, T0 + SECOND_NS);
	struct rz_select *s = make(&defaults);
	size_t i;

	(void)state;
	many(rows, 60);
	run(s, rows, 60, T0);
	assert_int_equal(going(rows, 60), 5);
	for (i = 1; i < 8; i++)
		rz_select_late(s, &late, T0 + i * SECOND_NS);
	run(s, rows + 5, 55, T0 + 8 * SECOND_NS);
	assert_int_equal(going(rows + 5, 55), 40);
	rz_select_free(s);
}

/* A candidate on which nothing was heard: its client's next connection goes in its turn, which
 * lasts longer at this interval than anybody is waited for. Once. */
static void test_in_its_turn(void **state)
{
	struct rz_limits l = limits_at(MINUTE_NS);
	struct rz_select *s = make(&l);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS), next = row(2, 7, T0 + 40 * SECOND_NS);

	(void)state;
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_listen(s, &c, T0);
	assert_int_equal(rz_select_late(s, &next, T0 + 40 * SECOND_NS), RZ_REASON_NONE);
	rz_select_moved_late(s, &next, T0 + 40 * SECOND_NS);
	next.cookie = 3; /* at another agent */
	assert_int_equal(rz_select_late(s, &next, T0 + 41 * SECOND_NS), RZ_REASON_OVER_BUDGET);
	assert_int_equal(rz_select_late(s, &next, T0 + 87 * SECOND_NS), RZ_REASON_OVER_BUDGET);
	rz_select_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rest_of_another), cmocka_unit_test(test_beside_its_own),
		cmocka_unit_test(test_tried_again),	cmocka_unit_test(test_rate_goes_on),
		cmocka_unit_test(test_takes_nothing),	cmocka_unit_test(test_in_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
