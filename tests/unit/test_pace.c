// SPDX-License-Identifier: Apache-2.0
/* user/policy/pace.c, and what select.c makes of it: clients with a connection for each partition.
 */
#include "select_rows.h"
#include "policy/pace.h"

#define MANY 120

static struct rz_limits with_share(double share)
{
	struct rz_limits l = defaults;

	l.rates.node = 1000;
	l.client_share = share;
	l.per_client_ns = TICK_NS / 5 * 4;
	return l;
}

static void reader(struct rz_candidate *rows, size_t n, uint64_t client)
{
	size_t i;

	for (i = 0; i < n; i++) {
		rows[i] = row(client * 1000 + i, client, T0 - HOUR_NS);
		rows[i].plan.together = true;
	}
}

static void tick(struct rz_select *s, struct rz_candidate *rows, size_t n, uint64_t now_ns)
{
	assert_int_equal(rz_pace_count(rows, n), 0);
	assert_int_equal(run(s, rows, n, now_ns), 0);
}

/* What went is home: it is not seen here again. Returns how many are left. */
static size_t let_them_go(struct rz_select *s, struct rz_candidate *rows, size_t n, uint64_t at_ns)
{
	size_t i, left = 0;

	for (i = 0; i < n; i++) {
		if (rows[i].reason == RZ_REASON_NONE)
			rz_select_moved(s, &rows[i], at_ns);
		else
			rows[left++] = rows[i];
	}
	return left;
}

/* Counted by client.id and address; those at home, witnesses and other libraries' do not count. */
static void test_count(void **state)
{
	struct rz_candidate rows[8];

	(void)state;
	reader(rows, 8, 7);
	rows[1].client = 8;
	rows[2].addr[15] = 1;
	rows[3].same_zone = true;
	rows[4].witness = true;
	rows[5].plan.together = false;
	assert_int_equal(rz_pace_count(rows, 8), 0);
	assert_int_equal(rows[0].together, 3); /* 0, 6, 7 */
	assert_int_equal(rows[6].together, 3);
	assert_int_equal(rows[7].together, 3);
	assert_int_equal(rows[1].together, 1);
	assert_int_equal(rows[2].together, 1);
	assert_int_equal(rows[3].together, 0);
	assert_int_equal(rows[4].together, 0);
	assert_int_equal(rows[5].together, 0);
	assert_int_equal(rz_pace_count(rows, 0), 0);
}

/* A quarter of those that it had, each time, until all are home: also the last ones. */
static void test_a_quarter(void **state)
{
	struct rz_limits l = with_share(0.25);
	struct rz_select *s = make(&l);
	struct rz_candidate rows[MANY];
	size_t left = MANY, ticks;

	(void)state;
	reader(rows, MANY, 7);
	for (ticks = 0; left; ticks++) {
		tick(s, rows, left, T0 + ticks * TICK_NS);
		assert_int_equal(going(rows, left), MANY / 4);
		left = let_them_go(s, rows, left, T0 + ticks * TICK_NS + SECOND_NS);
	}
	assert_int_equal(ticks, 4);
	rz_select_free(s);
}

static void test_at_least_one(void **state)
{
	static const struct {
		double share;
		size_t n, go;
	} cases[] = {{0, 120, 1}, {0.25, 1, 1}, {0.25, 7, 1}, {0.25, 8, 2}, {0.5, 3, 1}};
	struct rz_candidate rows[MANY];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rz_limits l = with_share(cases[i].share);
		struct rz_select *s = make(&l);

		reader(rows, cases[i].n, 7);
		tick(s, rows, cases[i].n, T0);
		assert_int_equal(going(rows, cases[i].n), cases[i].go);
		rz_select_free(s);
	}
}

/* Other libraries: one at a time, whatever the share is. */
static void test_others_one_by_one(void **state)
{
	struct rz_limits l = with_share(0.5);
	struct rz_select *s = make(&l);
	struct rz_candidate rows[MANY];
	size_t i;

	(void)state;
	reader(rows, MANY, 7);
	for (i = 0; i < MANY; i++)
		rows[i].plan.together = false;
	tick(s, rows, MANY, T0);
	assert_int_equal(going(rows, MANY), 1);
	rz_select_free(s);
}

/* Ticks that come early, because somebody waits for a rate, do not make the pace faster. */
static void test_one_turn_an_interval(void **state)
{
	struct rz_limits l = with_share(0.25);
	struct rz_candidate rows[MANY];
	struct rz_select *s;
	size_t left = MANY, went = 0, i;

	(void)state;
	l.rates.node = 7; /* a second */
	s = make(&l);
	reader(rows, MANY, 7);
	for (i = 0; i < 24; i++) { /* per_client_ns */
		tick(s, rows, left, T0 + i * SECOND_NS);
		went += going(rows, left);
		assert_true(went <= (i + 1) * 7);
		left = let_them_go(s, rows, left, T0 + i * SECOND_NS);
	}
	assert_int_equal(went, MANY / 4);
	tick(s, rows, left, T0 + 24 * SECOND_NS);
	assert_true(going(rows, left) > 0);
	rz_select_free(s);
}

/* After a futile round there is one move, as for every client. */
static void test_futile(void **state)
{
	struct rz_limits l = with_share(0.5);
	struct rz_select *s = make(&l);
	struct rz_candidate rows[8];
	size_t i;

	(void)state;
	reader(rows, 8, 7);
	tick(s, rows, 8, T0);
	assert_int_equal(going(rows, 8), 4);
	for (i = 0; i < 8; i++) {
		if (rows[i].reason != RZ_REASON_NONE)
			continue;
		rz_select_moved(s, &rows[i], T0 + 1);
		rows[i].cookie += 100; /* it came back */
		rows[i].opened_ns = T0 + 2;
	}
	tick(s, rows, 8, T0 + 61 * SECOND_NS);
	assert_int_equal(going(rows, 8), 0);
	tick(s, rows, 8, T0 + 121 * SECOND_NS);
	assert_int_equal(going(rows, 8), 1);
	rz_select_free(s);
}

/* Those that did not happen leave the round to those that did; if none did there is no round, and
 * what the client opens anew is no sign of a futile one. */
static void test_undo(void **state)
{
	struct rz_limits l = with_share(0.5);
	struct rz_candidate rows[4], again;
	size_t i, happen;

	(void)state;
	for (happen = 0; happen < 2; happen++) {
		struct rz_select *s = make(&l);

		reader(rows, 4, 7);
		tick(s, rows, 4, T0);
		assert_int_equal(going(rows, 4), 2);
		for (i = 0; i < 4; i++)
			if (rows[i].reason == RZ_REASON_NONE && i == 0 && happen)
				rz_select_moved(s, &rows[i], T0 + SECOND_NS);
			else if (rows[i].reason == RZ_REASON_NONE)
				rz_select_undo(s, &rows[i]);
		again = rows[0];
		again.cookie = 99;
		again.opened_ns = T0 + 2 * SECOND_NS;
		tick(s, &again, 1, T0 + TICK_NS);
		assert_int_equal(again.reason, happen ? RZ_REASON_COOLING_DOWN : RZ_REASON_NONE);
		rz_select_free(s);
	}
}

/* All came home, and the application is a smaller one when it is away again: its own share counts,
 * not that of what it was. */
static void test_gone_is_forgotten(void **state)
{
	struct rz_limits l = with_share(0.5);
	struct rz_select *s = make(&l);
	struct rz_candidate rows[MANY];
	size_t left = MANY;

	(void)state;
	reader(rows, MANY, 7);
	tick(s, rows, MANY, T0);
	left = let_them_go(s, rows, left, T0);
	tick(s, rows, left, T0 + TICK_NS);
	assert_int_equal(let_them_go(s, rows, left, T0 + TICK_NS), 0);
	tick(s, NULL, 0, T0 + 2 * TICK_NS);
	reader(rows, 8, 7);
	tick(s, rows, 8, T0 + 5 * MINUTE_NS);
	assert_int_equal(going(rows, 8), 4);
	rz_select_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_a_quarter),
		cmocka_unit_test(test_at_least_one),
		cmocka_unit_test(test_others_one_by_one),
		cmocka_unit_test(test_one_turn_an_interval),
		cmocka_unit_test(test_futile),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_gone_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
