// SPDX-License-Identifier: Apache-2.0
/*
 * user/policy/client.c by way of select.c: which connection is a moved client that came back, which
 * is another client at its address, and how long each rests.
 */
#include "select_rows.h"

/* Another client at the address is not taken for the one that was moved: its connection is older,
 * or opened much later, or the one that was moved is still here, or back, or it was here itself. */
static void test_not_taken_for_another(void **state)
{
	static const struct {
		uint64_t opened_ns;
		bool still_here;
		enum rz_reason reason;
	} cases[] = {
		{T0 + SECOND_NS, false, RZ_REASON_COOLING_DOWN},
		{T0 + 5 * SECOND_NS, false, RZ_REASON_COOLING_DOWN},
		{T0 - SECOND_NS, false, RZ_REASON_NONE},
		{T0 + 6 * SECOND_NS, false, RZ_REASON_NONE},
		{T0 + SECOND_NS, true, RZ_REASON_NONE},
		{T0 + SECOND_NS, true, RZ_REASON_NONE},
		{T0 + SECOND_NS, false, RZ_REASON_NONE},
	};
	struct rz_limits l = with_outcomes();
	size_t i;

	(void)state;
	l.home_ready_wait_ns = 30 * MINUTE_NS;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rz_select *s = make(&l);
		struct rz_candidate moved = row(1, 7, T0 - HOUR_NS);
		struct rz_candidate rows[2] = {row(2, 8, cases[i].opened_ns),
					       row(3, 7, T0 - HOUR_NS)};

		assert_int_equal(ask(s, moved, T0), RZ_REASON_NONE);
		rz_select_moved(s, &moved, T0);
		rows[1].same_zone = i == 5; /* it came home */
		/* it was here before that, and its connection took an older one's place */
		rows[0].home_was_ready = rows[0].reconnected = i == 6;
		run(s, rows, cases[i].still_here ? 2 : 1, T0 + 20 * SECOND_NS);
		assert_int_equal(rows[0].reason, cases[i].reason);
		rz_select_free(s);
	}
}

static struct rz_candidate chosen(uint64_t cookie, uint64_t opened_ns)
{
	struct rz_candidate c = row(cookie, 7, opened_ns);

	c.home_was_ready = true;
	return c;
}

/* A client that came although home was ready waits, counted from when it came. */
static void test_home_was_ready(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s;
	uint64_t wait = 30 * MINUTE_NS;

	(void)state;
	s = make(&l); /* 0: nobody does */
	assert_int_equal(ask(s, chosen(1, T0), T0), RZ_REASON_NONE);
	rz_select_free(s);
	l.home_ready_wait_ns = wait;
	s = make(&l);
	assert_int_equal(ask(s, chosen(1, T0), T0 + wait - 1), RZ_REASON_HOME_WAS_READY);
	assert_int_equal(ask(s, chosen(1, T0), T0 + wait), RZ_REASON_NONE);
	rz_select_free(s);
}

/* But not what a client opens between its first move and soon after its latest. */
static void test_follow_up(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_candidate first = row(1, 7, T0 - HOUR_NS), second = row(2, 7, T0 - HOUR_NS);
	struct rz_select *s;

	(void)state;
	l.home_ready_wait_ns = 30 * MINUTE_NS;
	l.give_up_after = 0;
	s = make(&l);
	assert_int_equal(ask(s, first, T0), RZ_REASON_NONE);
	rz_select_moved(s, &first, T0);
	assert_int_equal(ask(s, second, T0 + 30 * SECOND_NS), RZ_REASON_NONE);
	rz_select_moved(s, &second, T0 + 30 * SECOND_NS);
	assert_int_equal(ask(s, chosen(3, T0), T0 + 50 * SECOND_NS), RZ_REASON_HOME_WAS_READY);
	assert_int_equal(ask(s, chosen(4, T0 + 1), T0 + 50 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, chosen(5, T0 + 45 * SECOND_NS), T0 + 50 * SECOND_NS),
			 RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, chosen(6, T0 + 46 * SECOND_NS), T0 + 50 * SECOND_NS),
			 RZ_REASON_HOME_WAS_READY);
	/* after its rest another move is tried */
	assert_int_equal(ask(s, chosen(5, T0 + 45 * SECOND_NS), T0 + 3 * MINUTE_NS),
			 RZ_REASON_NONE);
	rz_select_free(s);
}

#define PODS 12

/* Pods behind one address with one client.id: one comes back 0.1 s after each move; the others come
 * each `every_s`, and are home after their move. Returns how many of them are after `seconds`. */
static unsigned behind_snat(const struct rz_limits *l, unsigned every_s, unsigned seconds,
			    unsigned *slowest_s, unsigned *stubborn_moves)
{
	struct rz_select *s = make(l);
	struct rz_candidate conns[1 + PODS] = {row(1, 7, T0 - HOUR_NS)}, rows[1 + PODS];
	unsigned t, i, n, came = 0, home = 0;

	for (*slowest_s = *stubborn_moves = t = 0; t < seconds; t++) {
		uint64_t now = T0 + t * SECOND_NS;

		if (came < PODS && t % every_s == 0) {
			came++;
			conns[came] = row(1000 * came, 7, now - SECOND_NS / 2);
		}
		for (i = n = 0; i <= came; i++)
			if (conns[i].cookie)
				rows[n++] = conns[i];
		run(s, rows, n, now);
		for (i = 0; i < n; i++) {
			unsigned pod = (unsigned)(rows[i].cookie / 1000);
			unsigned waited = t - (pod - 1) * every_s;

			if (rows[i].reason != RZ_REASON_NONE)
				continue;
			rz_select_moved(s, &rows[i], now);
			if (pod) {
				conns[pod].cookie = 0;
				home++;
				*slowest_s = waited > *slowest_s ? waited : *slowest_s;
			} else {
				++*stubborn_moves;
				conns[0] = row(rows[i].cookie + 1, 7, now + SECOND_NS / 10);
			}
		}
	}
	rz_select_free(s);
	return home;
}

/* They do not wait long for the one that does not go, and it is given up all the same. */
static void test_behind_snat(void **state)
{
	struct rz_limits l = with_outcomes();
	unsigned moves, slowest;

	(void)state;
	l.per_client_ns = 24 * SECOND_NS;
	/* one alone is found out when the next one comes */
	assert_int_equal(behind_snat(&l, 300, 3660, &slowest, &moves), PODS);
	assert_in_range(slowest, 0, 300);
	assert_int_equal(moves, 3);
	assert_int_equal(behind_snat(&l, 10, 600, &slowest, &moves), PODS);
	assert_in_range(slowest, 0, 240);
	assert_in_range(moves, 1, 3);
	/* at a quick pace one that came just after a move may be taken for the one that came back
	 */
	l.per_client_ns = 0;
	l.cooldown_ns = 3 * SECOND_NS;
	l.outcome_ns = 2 * SECOND_NS;
	assert_in_range(behind_snat(&l, 3, 41, &slowest, &moves), PODS - 2, PODS);
	assert_in_range(moves, 1, 3);
}

/* Two were opened after a move: one of them came back from it, and nobody can tell which. The one
 * that is taken for it rests twice as long, the other one for as long as a first move lets rest. */
static void test_who_may_have_come_back(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_candidate first = row(1, 7, T0 - HOUR_NS), rows[3];
	struct rz_select *s = make(&l);

	(void)state;
	assert_int_equal(ask(s, first, T0), RZ_REASON_NONE);
	rz_select_moved(s, &first, T0);
	rows[0] = row(2, 7, T0 + SECOND_NS);
	rows[1] = row(3, 7, T0 + 2 * SECOND_NS);
	rows[2] = row(4, 7, T0 - HOUR_NS); /* older than the move: it did not */
	run(s, rows, 3, T0 + 62 * SECOND_NS - 1);
	assert_int_equal(rows[0].reason, RZ_REASON_COOLING_DOWN);
	assert_int_equal(rows[1].reason, RZ_REASON_COOLING_DOWN);
	assert_int_equal(rows[2].reason, RZ_REASON_NONE);
	run(s, rows, 2, T0 + 62 * SECOND_NS);
	assert_int_equal(rows[0].reason, RZ_REASON_COOLING_DOWN);
	assert_int_equal(rows[1].reason, RZ_REASON_NONE);
	run(s, rows, 1, T0 + 2 * MINUTE_NS);
	assert_int_equal(rows[0].reason, RZ_REASON_NONE);
	rz_select_free(s);
}

/* One whose library may have nobody to ask after its first loss goes once more, as soon as it is
 * known that it stays; not a third time, nor in a later round, nor if it came otherwise. */
static void test_twice(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_candidate c = row(1, 7, 1), back = row(2, 7, T0 + SECOND_NS), again, late;
	struct rz_select *s = make(&l);

	(void)state;
	c.plan.twice = back.plan.twice = true;
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_moved(s, &c, T0);
	assert_int_equal(ask(s, back, T0 + 14 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	late = back; /* nobody knows what brought it */
	late.cookie = 4;
	late.opened_ns = T0 + 16 * SECOND_NS;
	assert_int_equal(ask(s, late, T0 + 17 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, back, T0 + 18 * SECOND_NS), RZ_REASON_NONE);
	rz_select_moved(s, &back, T0 + 18 * SECOND_NS);
	again = back;
	again.cookie = 3;
	again.opened_ns = T0 + 19 * SECOND_NS;
	assert_int_equal(ask(s, again, T0 + 40 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, again, T0 + MINUTE_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, again, T0 + 2 * MINUTE_NS + 17 * SECOND_NS),
			 RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, again, T0 + 2 * MINUTE_NS + 18 * SECOND_NS), RZ_REASON_NONE);
	rz_select_moved(s, &again, T0 + 2 * MINUTE_NS + 18 * SECOND_NS);
	c = again;
	c.cookie = 5;
	c.opened_ns = T0 + 2 * MINUTE_NS + 19 * SECOND_NS;
	assert_int_equal(ask(s, c, T0 + 2 * MINUTE_NS + 40 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	rz_select_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_taken_for_another),
		cmocka_unit_test(test_home_was_ready),
		cmocka_unit_test(test_follow_up),
		cmocka_unit_test(test_behind_snat),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_who_may_have_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
