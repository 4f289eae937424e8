// SPDX-License-Identifier: Apache-2.0
/*
 * user/policy/select.c: rate, burst, one a client, fairness, mode observe, undo, bounded memory.
 * Time is an argument, so a month passes in no time.
 */
#include "select_rows.h"

static void test_empty(void **state)
{
	struct rz_select *s = make(&defaults);

	(void)state;
	assert_int_equal(run(s, NULL, 0, T0), 0);
	rz_select_free(s);
	rz_select_free(NULL);
}

/* The bucket holds a second's worth; what was not used earlier is not saved up, but for what a slow
 * tick owes to those who wait. */
static void test_rate_and_burst(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate rows[20];
	size_t i;

	(void)state;
	many(rows, 20);
	run(s, rows, 20, T0);
	assert_int_equal(going(rows, 20), 5);
	run(s, rows + 5, 15, T0); /* the same moment: nothing was filled in */
	assert_int_equal(going(rows + 5, 15), 0);
	run(s, rows + 5, 15, T0 + SECOND_NS / 5);
	assert_int_equal(going(rows + 5, 15), 1);
	assert_true(rz_select_backlog(s));
	run(s, rows + 6, 14, T0 + 2 * SECOND_NS);
	assert_int_equal(going(rows + 6, 14), 9); /* 1.8 s later */
	run(s, rows + 15, 5, T0 + 3 * SECOND_NS);
	assert_int_equal(going(rows + 15, 5), 5);
	assert_false(rz_select_backlog(s));
	many(rows, 20);
	for (i = 0; i < 20; i++)
		rows[i].client += 100;
	run(s, rows, 20, T0 + HOUR_NS);
	assert_int_equal(going(rows, 20), 5);
	rz_select_free(s);
}

static void test_slow_rate(void **state)
{
	struct rz_limits slow = defaults;
	struct rz_select *s;
	struct rz_candidate rows[3];

	(void)state;
	slow.rates.node = 0.01; /* one in 100 s; the bucket still holds one whole move */
	s = make(&slow);
	many(rows, 3);
	run(s, rows, 3, T0);
	assert_int_equal(going(rows, 3), 1);
	run(s, rows + 1, 2, T0 + 99 * SECOND_NS);
	assert_int_equal(going(rows + 1, 2), 0);
	run(s, rows + 1, 2, T0 + 101 * SECOND_NS);
	assert_int_equal(going(rows + 1, 2), 1);
	rz_select_free(s);
}

static void test_clock_standing_or_back(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate rows[20];

	(void)state;
	many(rows, 20);
	run(s, rows, 20, T0);
	run(s, rows + 5, 15, T0 - HOUR_NS);
	assert_int_equal(going(rows + 5, 15), 0);
	run(s, rows + 5, 15, T0); /* the hour back and forth made no tokens */
	assert_int_equal(going(rows + 5, 15), 0);
	rz_select_free(s);
}

/* One client, ten connections: one a tick. */
static void test_one_a_client(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate rows[10];
	size_t i;

	(void)state;
	for (i = 0; i < 10; i++)
		rows[i] = row(i + 1, 7, T0 - HOUR_NS);
	for (i = 0; i < 10; i++) {
		run(s, rows + i, 10 - i, T0 + i * TICK_NS);
		assert_int_equal(going(rows + i, 10 - i), 1);
		assert_int_equal(rows[i].reason,
				 RZ_REASON_NONE); /* by cookie, all wait equally long */
	}
	rz_select_free(s);
}

/* Those who have waited longest go first, whatever their cookies are. */
static void test_fair(void **state)
{
	struct rz_limits one = defaults;
	struct rz_candidate rows[3];
	struct rz_select *s;

	(void)state;
	one.rates.node = 0.04; /* one in 25 s: one a tick */
	s = make(&one);
	rows[0] = row(100, 1, 1);
	rows[1] = row(90, 2, 1);
	run(s, rows, 2, T0);
	assert_int_equal(rows[1].reason, RZ_REASON_NONE);
	assert_int_equal(rows[0].reason, RZ_REASON_OVER_BUDGET);
	rows[1] = row(80, 3, 1); /* smaller cookies, but they came later */
	rows[2] = row(70, 4, 1);
	run(s, rows, 3, T0 + TICK_NS);
	assert_int_equal(rows[0].reason, RZ_REASON_NONE);
	assert_int_equal(going(rows, 3), 1);
	/* who was no candidate for a tick has to queue up again */
	run(s, rows + 2, 1, T0 + TICK_NS);
	run(s, rows + 1, 2, T0 + 2 * TICK_NS);
	assert_int_equal(rows[2].reason, RZ_REASON_NONE);
	rz_select_free(s);
}

/* Tokens are spent as if moved; a connection that had its turn costs nothing more. */
static void test_observe(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate rows[20];
	struct rz_select *s;
	size_t i, tick, observing;

	(void)state;
	l.mode = RZ_MODE_OBSERVE;
	l.rates.node = 0.2; /* two in the ten seconds that a slow tick may owe */
	s = make(&l);
	many(rows, 20);
	for (tick = 0; tick < 12; tick++) {
		run(s, rows, 20, T0 + tick * TICK_NS);
		assert_int_equal(going(rows, 20), 0);
		for (observing = 0, i = 0; i < 20; i++) {
			observing += rows[i].reason == RZ_REASON_OBSERVING;
			assert_true(rows[i].reason == RZ_REASON_OBSERVING ||
				    rows[i].reason == RZ_REASON_OVER_BUDGET);
		}
		assert_int_equal(observing, tick < 10 ? 1 + 2 * tick : 20);
	}
	rz_select_free(s);
}

/* What did not happen costs nothing and teaches nothing. */
static void test_undo(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate rows[20], again;
	size_t i;

	(void)state;
	many(rows, 20);
	run(s, rows, 20, T0);
	for (i = 0; i < 20; i++)
		if (rows[i].reason == RZ_REASON_NONE)
			rz_select_undo(s, &rows[i]);
	assert_int_equal(rz_select_remembered(s), 0);
	run(s, rows, 20, T0);
	assert_int_equal(going(rows, 20), 5);
	/* and those whose move failed have gone to the end of the queue */
	for (i = 0; i < 5; i++)
		assert_int_equal(rows[i].reason, RZ_REASON_OVER_BUDGET);
	/* tokens beyond the burst are not made */
	for (i = 0; i < 20; i++)
		rz_select_undo(s, &rows[i]);
	run(s, rows, 20, T0);
	assert_int_equal(going(rows, 20), 5);
	again = row(99, 99, 1); /* of a client nobody knows */
	rz_select_undo(s, &again);
	rz_select_free(s);
}

/* A client whose moves always fail holds up nobody. */
static void test_refused_for_good(void **state)
{
	struct rz_limits one = defaults;
	struct rz_candidate rows[4];
	struct rz_select *s;
	size_t i, tick, moved = 0;

	(void)state;
	one.rates.node = 0.04;
	s = make(&one);
	many(rows, 4); /* of which the first two are refused */
	for (tick = 0; tick < 4; tick++) {
		run(s, rows, 4, T0 + tick * TICK_NS);
		for (i = 0; i < 2; i++)
			if (rows[i].reason == RZ_REASON_NONE)
				rz_select_undo(s, &rows[i]);
		moved += going(rows + 2, 2);
	}
	assert_int_equal(moved, 2);
	rz_select_free(s);
}

/* A full memory lets no new client go while all of it rest; then it forgets one for each. */
static void test_bounded(void **state)
{
	struct rz_limits fast = defaults;
	size_t i, n = RZ_CLIENT_MAX + 100;
	struct rz_candidate *rows = calloc(n, sizeof(*rows));
	struct rz_select *s;

	(void)state;
	fast.rates.node = 1e9;
	s = make(&fast);
	many(rows, n);
	run(s, rows, n, T0);
	assert_int_equal(going(rows, n), RZ_CLIENT_MAX);
	assert_int_equal(rz_select_remembered(s), RZ_CLIENT_MAX);
	for (i = RZ_CLIENT_MAX; i < n; i++)
		assert_int_equal(rows[i].reason, RZ_REASON_MEMORY_FULL);
	run(s, rows + RZ_CLIENT_MAX, 100, T0 + MINUTE_NS);
	assert_int_equal(going(rows + RZ_CLIENT_MAX, 100), 0);
	run(s, rows + RZ_CLIENT_MAX, 100, T0 + MINUTE_NS + 1);
	assert_int_equal(going(rows + RZ_CLIENT_MAX, 100), 100);
	assert_int_equal(rz_select_remembered(s), RZ_CLIENT_MAX);
	run(s, NULL, 0, T0 + HOUR_NS + 1);
	assert_int_equal(rz_select_remembered(s), 100);
	rz_select_free(s);
	free(rows);
}

/* A month of noise: never more than the rate allows, never two of one client in a tick. */
static void test_noise(void **state)
{
	struct rz_limits l = defaults;
	struct rz_select *s;
	uint64_t seed = 11, t = T0;
	size_t tick, i, k, gone = 0;

	(void)state;
	l.rates.node = 0.05;
	s = make(&l);
	for (tick = 0; tick < 86400; tick++) {
		struct rz_candidate rows[12];
		size_t n = noise_below(&seed, 13), go;

		t += 27 * SECOND_NS + noise_below(&seed, 6) * SECOND_NS;
		for (i = 0; i < n; i++) {
			rows[i] = row(tick * 100 + i + 1, noise_below(&seed, 30),
				      t - noise_below(&seed, 3600) * SECOND_NS);
			rows[i].addr[0] = noise_below(&seed, 2);
			rows[i].same_zone = !noise_below(&seed, 4);
		}
		run(s, rows, n, t);
		go = going(rows, n);
		gone += go;
		assert_true(gone <= 2 + (double)(t - T0) / SECOND_NS * l.rates.node);
		for (i = 0; i < n; i++)
			for (k = 0; k < i; k++)
				assert_false(rows[i].reason == RZ_REASON_NONE &&
					     rows[k].reason == RZ_REASON_NONE &&
					     rows[i].client == rows[k].client &&
					     rows[i].addr[0] == rows[k].addr[0]);
		for (i = 0; i < n; i++) {
			assert_true(!rows[i].same_zone || rows[i].reason == RZ_REASON_SAME_ZONE);
			if (rows[i].reason == RZ_REASON_NONE && !noise_below(&seed, 5)) {
				rz_select_undo(s, &rows[i]);
				gone--;
			} else if (rows[i].reason == RZ_REASON_NONE) {
				rz_select_moved(s, &rows[i], t + noise_below(&seed, 6) * SECOND_NS);
			}
		}
		assert_true(rz_select_remembered(s) <= 60);
	}
	rz_select_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_rate_and_burst),
		cmocka_unit_test(test_slow_rate),
		cmocka_unit_test(test_clock_standing_or_back),
		cmocka_unit_test(test_one_a_client),
		cmocka_unit_test(test_fair),
		cmocka_unit_test(test_observe),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_refused_for_good),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
