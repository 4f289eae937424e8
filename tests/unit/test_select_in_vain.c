// SPDX-License-Identifier: Apache-2.0
/*
 * user/policy/select.c: a client whose move was given up rests, and how long; one that says nothing
 * is listened to.
 */
#include "select_rows.h"

/* Let go ten times, `late_ns` after the tick: silently but for one; rest[i] is in cooldowns. */
static void let_go_ten_times(const unsigned rest[10], int spoke, uint64_t late_ns)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	uint64_t now = T0, pause;
	int i;

	assert_int_equal(ask(s, c, now), RZ_REASON_NONE);
	for (i = 0; i < 10; i++) {
		pause = defaults.cooldown_ns * rest[i];
		if (pause > defaults.cooldown_max_ns)
			pause = defaults.cooldown_max_ns;
		rz_select_let_go(s, &c, spoke >= 0 && i != spoke, now + late_ns);
		assert_int_equal(ask(s, c, now + 1), RZ_REASON_COOLING_DOWN);
		now += late_ns + pause;
		assert_int_equal(ask(s, c, now - 1), RZ_REASON_COOLING_DOWN);
		assert_int_equal(ask(s, c, now), RZ_REASON_NONE);
	}
	rz_select_free(s);
}

/* A connection for which no moment was found rests for the cooldown, doubled each time. */
static void test_let_go(void **state)
{
	(void)state;
	let_go_ten_times((const unsigned[]){1, 2, 4, 8, 16, 32, 64, 128, 256, 512}, -1, 0);
}

/* One that said nothing meanwhile rests up to eight times as long; it does not undo what was
 * doubled. The rest begins when it was let go. */
static void test_let_go_silent(void **state)
{
	(void)state;
	let_go_ten_times((const unsigned[]){1, 2, 4, 8, 8, 8, 16, 16, 16, 16}, 5, SECOND_NS);
}

/* Of a library that does not miss a connection which it does not use: one goes while it is in use.
 */
static void test_busy(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);

	(void)state;
	c.plan.busy = true;
	c.data_ns = T0 - RZ_BUSY_NS - 1;
	assert_int_equal(ask(s, c, T0), RZ_REASON_LISTENING);
	assert_int_equal(rz_select_not_before(s, &c), 0);
	c.data_ns++;
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_free(s);
}

static struct rz_limits late_limits(void)
{
	struct rz_limits l = defaults;

	l.per_client_ns = TICK_NS / 5 * 4;
	l.home_ready_wait_ns = 30 * MINUTE_NS;
	return l;
}

/* Between two ticks a candidate of an earlier one may go by its client's next connection: once, and
 * as a round of its own. A move that it felt nothing of was no turn. */
static void test_late(void **state)
{
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS), next = row(2, 7, T0 + SECOND_NS);
	struct rz_limits l = late_limits();
	struct rz_select *s = make(&l);

	(void)state;
	next.home_was_ready = next.reconnected = true;
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	assert_int_equal(rz_select_late(s, &next, T0 + SECOND_NS), RZ_REASON_COOLING_DOWN);
	rz_select_listen(s, &c, T0);
	assert_int_equal(rz_select_late(s, &next, T0 + SECOND_NS), RZ_REASON_NONE);
	/* its socket could not be closed yet: the next try is the same move */
	assert_int_equal(rz_select_late(s, &next, T0 + 2 * SECOND_NS), RZ_REASON_NONE);
	rz_select_moved_late(s, &next, T0 + 2 * SECOND_NS);
	/* it is back: it has had its move, and rests as after any other */
	next.opened_ns = T0 + 5 * SECOND_NS;
	next.cookie = 3;
	assert_int_equal(rz_select_late(s, &next, T0 + 5 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, next, T0 + TICK_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(rz_select_late(s, &next, T0 + 40 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	/* and what it opens later it has chosen */
	next.opened_ns = T0 + 60 * SECOND_NS;
	assert_int_equal(rz_select_late(s, &next, T0 + 60 * SECOND_NS), RZ_REASON_HOME_WAS_READY);
	rz_select_free(s);
}

/* A client that was held, or has lost a connection, has had its turn, for its time: no tick comes
 * before moves are over that last longer than an interval. */
static void test_late_rate(void **state)
{
	struct rz_candidate two[] = {row(1, 7, T0 - HOUR_NS), row(2, 7, T0 - HOUR_NS)};
	struct rz_candidate next = row(3, 7, T0 - HOUR_NS);
	struct rz_limits l = late_limits();
	uint64_t over = T0 + l.per_client_ns;
	struct rz_select *s = make(&l);

	(void)state;
	assert_int_equal(ask(s, two[0], T0), RZ_REASON_NONE);
	rz_select_let_go(s, &two[0], false, T0 + 6 * SECOND_NS);
	assert_int_equal(rz_select_late(s, &next, over - 1), RZ_REASON_OVER_BUDGET);
	assert_int_equal(rz_select_late(s, &next, over), RZ_REASON_NONE);
	rz_select_moved_late(s, &next, over);
	/* that one was closed */
	assert_int_equal(rz_select_late(s, &two[1], over + SECOND_NS), RZ_REASON_OVER_BUDGET);
	assert_int_equal(rz_select_late(s, &two[1], over + l.per_client_ns), RZ_REASON_NONE);
	rz_select_free(s);
}

static struct rz_limits listening_limits(void)
{
	struct rz_limits l = defaults;

	l.listen_ns = 3 * MINUTE_NS;
	l.per_client_ns = TICK_NS / 5 * 4;
	return l;
}

/* One on which no request came waits for its next one, which makes it a candidate at once. */
static void test_listens(void **state)
{
	struct rz_limits l = listening_limits();
	struct rz_select *s = make(&l);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);

	(void)state;
	c.request_ns = T0 - MINUTE_NS;
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_listen(s, &c, T0 + SECOND_NS);
	assert_int_equal(ask(s, c, T0 + TICK_NS), RZ_REASON_LISTENING);
	assert_int_equal(rz_select_not_before(s, &c), 0);
	c.request_ns = T0 + SECOND_NS;
	assert_int_equal(ask(s, c, T0 + 2 * TICK_NS), RZ_REASON_NONE);
	rz_select_free(s);
}

/* In vain: it rests, and each time twice as long. */
static void test_listens_in_vain(void **state)
{
	struct rz_limits l = listening_limits();
	struct rz_select *s = make(&l);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	uint64_t now = T0, rest = l.cooldown_ns;
	int i;

	(void)state;
	assert_int_equal(ask(s, c, now), RZ_REASON_NONE);
	for (i = 0; i < 9; i++) {
		rz_select_listen(s, &c, now);
		now += l.listen_ns;
		assert_int_equal(ask(s, c, now - 1), RZ_REASON_LISTENING);
		assert_int_equal(ask(s, c, now), RZ_REASON_COOLING_DOWN);
		assert_true(rz_select_not_before(s, &c) >= now + rest);
		now += rest;
		assert_int_equal(ask(s, c, now - 1), RZ_REASON_COOLING_DOWN);
		assert_int_equal(ask(s, c, now), RZ_REASON_NONE);
		rest = 2 * rest < l.cooldown_max_ns ? 2 * rest : l.cooldown_max_ns;
	}
	/* nobody is listened to any more: a candidate like any other */
	rz_select_listen(s, &c, now);
	rz_select_listen_no_more(s);
	assert_int_equal(ask(s, c, now + TICK_NS), RZ_REASON_NONE);
	rz_select_free(s);
}

/* Two that wait for one token: who is listened to leaves it to the other, and its own turn is not
 * lost: when it is heard it goes before one that came later. */
static void test_listens_beside_others(void **state)
{
	struct rz_limits l = listening_limits();
	struct rz_select *s;
	struct rz_candidate rows[3];
	uint64_t now = T0;

	(void)state;
	l.rates.node = 1.0 / 30;
	s = make(&l);
	many(rows, 3);
	assert_int_equal(run(s, rows, 1, now), 0);
	assert_int_equal(rows[0].reason, RZ_REASON_NONE);
	rz_select_listen(s, &rows[0], now);
	now += SECOND_NS; /* its token was given back */
	assert_int_equal(run(s, rows, 2, now), 0);
	assert_int_equal(rows[0].reason, RZ_REASON_LISTENING);
	assert_int_equal(rows[1].reason, RZ_REASON_NONE);
	rz_select_moved(s, &rows[1], now);
	now += MINUTE_NS;
	rows[1] = rows[2];
	rows[0].request_ns = now;
	assert_int_equal(run(s, rows, 2, now), 0);
	assert_int_equal(rows[0].reason, RZ_REASON_NONE);
	assert_int_equal(rows[1].reason, RZ_REASON_OVER_BUDGET);
	rz_select_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_let_go),
		cmocka_unit_test(test_let_go_silent),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_late_rate),
		cmocka_unit_test(test_listens),
		cmocka_unit_test(test_listens_in_vain),
		cmocka_unit_test(test_listens_beside_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
