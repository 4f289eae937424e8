// SPDX-License-Identifier: Apache-2.0
/*
 * Fairness of user/policy/select.c with queue.c, client.c and breaker.c: what clients at one
 * address do, by accident or on purpose, costs clients at other addresses nothing.
 */
#include "select_rows.h"

/* n clients, each with a client.id of its own, at `addresses` addresses, come back after their
 * move. Returns what a client at another address is told then. */
static enum rz_reason after_returns(size_t n, size_t addresses)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s = make(&l);
	struct rz_candidate rows[64];
	enum rz_reason reason;
	size_t i;

	many(rows, n);
	for (i = 0; i < n; i++)
		rows[i] = at_address(rows[i], (uint32_t)(1 + i % addresses));
	run(s, rows, n, T0);
	for (i = 0; i < n; i++) {
		assert_int_equal(rows[i].reason, RZ_REASON_NONE);
		rz_select_moved(s, &rows[i], T0);
		rows[i].cookie += 100;
		rows[i].opened_ns = T0 + SECOND_NS;
	}
	run(s, rows, n, T0 + 31 * SECOND_NS);
	reason = ask(s, at_address(row(99, 99, 1), 200), T0 + 32 * SECOND_NS);
	rz_select_free(s);
	return reason;
}

/* However many client.ids an address has, it is one vote: ten addresses are needed. */
static void test_one_address_is_one_vote(void **state)
{
	(void)state;
	assert_int_equal(after_returns(12, 1), RZ_REASON_NONE);
	assert_int_equal(after_returns(60, 9), RZ_REASON_NONE);
	assert_int_equal(after_returns(12, 10), RZ_REASON_BREAKER);
}

/* The ticks, a second apart, until the last of `rows` may go; those that may go are gone after. */
static unsigned ticks_until_last(const struct rz_limits *l, struct rz_candidate *rows, size_t n)
{
	struct rz_select *s = make(l);
	unsigned ticks = 0;
	size_t i, left;

	/* all others have waited for longer */
	run(s, rows, n - 1, T0 - SECOND_NS);
	for (;;) {
		for (i = left = 0; i < n - 1; i++)
			if (rows[i].reason != RZ_REASON_NONE)
				rows[left++] = rows[i];
		rows[left] = rows[n - 1];
		n = left + 1;
		run(s, rows, n, T0 + ticks * SECOND_NS);
		if (rows[n - 1].reason == RZ_REASON_NONE)
			break;
		ticks++;
		assert_true(ticks < 3600);
	}
	rz_select_free(s);
	return ticks;
}

/* Sixty connections of a stranger who has copied the owner's client.id. */
static void test_copied_id(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate rows[61];
	size_t i;

	(void)state;
	l.per_client_ns = 24 * SECOND_NS;
	for (i = 0; i < 61; i++)
		rows[i] = at_address(row(i + 1, 7, T0 - HOUR_NS), i < 60 ? 1 : 2);
	assert_int_equal(ticks_until_last(&l, rows, 61), 0);
}

/* A hundred client.ids of one address that have waited for longer, and one client of another. */
static void test_many_ids(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate rows[101];
	size_t i;

	(void)state;
	l.rates.node = 2;
	many(rows, 101);
	for (i = 0; i < 101; i++)
		rows[i] = at_address(rows[i], i < 100 ? 1 : 2);
	assert_int_equal(ticks_until_last(&l, rows, 101), 0);
}

/* The same at ten addresses: each has one turn before it, none has two. */
static void test_addresses_take_turns(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate rows[101];
	size_t i;

	(void)state;
	l.rates.node = 1;
	many(rows, 101);
	for (i = 0; i < 101; i++)
		rows[i] = at_address(rows[i], i < 100 ? (uint32_t)(1 + i % 10) : 200);
	/* one went before it came, and one as it came */
	assert_in_range(ticks_until_last(&l, rows, 101), 9, 11);
}

/* So do clients of one address, and a candidate that rests takes no turn of its address. */
static void test_clients_of_an_address_take_turns(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate rows[4] = {row(1, 7, 1), row(2, 7, 1), row(3, 8, 1),
				       at_address(row(4, 9, 1), 1)};
	const size_t expected[] = {0, 3, 2, 1};
	struct rz_moment m = {.now_ns = T0 - SECOND_NS, .share = 1, .paused = true};
	struct rz_select *s;
	size_t i;

	(void)state;
	l.rates.node = 0.04; /* one a tick */
	s = make(&l);
	rz_select_run(s, rows, 4, &m); /* all wait since then */
	for (i = 0; i < 4; i++) {
		run(s, rows, 4, T0 + i * TICK_NS);
		assert_int_equal(going(rows, 4), 1);
		assert_int_equal(rows[expected[i]].reason, RZ_REASON_NONE);
		assert_true(i == 0 || rows[0].reason == RZ_REASON_COOLING_DOWN);
		rz_select_let_go(s, &rows[expected[i]], false, T0 + HOUR_NS);
	}
	rz_select_free(s);
}

/* Moves in `seconds` of a client with one connection, which it opens anew 0.1 s after each move;
 * with another client.id each time, if it `invents` them. */
static unsigned moves_of(struct rz_select *s, bool invents, unsigned seconds)
{
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	unsigned t, moves = 0;

	for (t = 0; t < seconds; t++) {
		uint64_t now = T0 + t * SECOND_NS;

		if (ask(s, c, now) != RZ_REASON_NONE)
			continue;
		moves++;
		rz_select_moved(s, &c, now);
		c = row(c.cookie + 1, c.client + invents, now + SECOND_NS / 10);
	}
	return moves;
}

/* A client that calls itself otherwise at each connection is no new client each time. */
static void test_invented_ids(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s = make(&l);
	const struct rz_outcome_row *known;
	struct rz_candidate again;
	size_t n;

	(void)state;
	/* 0: whoever comes is moved like any other */
	assert_int_equal(moves_of(s, true, 31), 31);
	rz_select_free(s);
	l.home_ready_wait_ns = 30 * MINUTE_NS;
	s = make(&l);
	assert_int_equal(moves_of(s, true, 31), 1);
	known = rz_select_outcomes(s, &n);
	assert_int_equal(n, 1);
	assert_int_equal(known->outcome, RZ_OUTCOME_RETURNED);
	assert_int_equal(known->client, 7);
	rz_select_free(s);
	s = make(&l);
	/* at 0, 2 and 6 minutes, then it is given up */
	assert_int_equal(moves_of(s, true, 3600), 3);
	again = row(4, 10, T0 + 6 * MINUTE_NS + SECOND_NS / 10);
	assert_int_equal(ask(s, again, T0 + HOUR_NS), RZ_REASON_GAVE_UP);
	assert_int_equal(rz_select_remembered(s), 4); /* it rests under its old client.ids, too */
	rz_select_free(s);
	s = make(&l);
	assert_int_equal(moves_of(s, false, 3600), 3);
	rz_select_free(s);
}

/* Nor has it another turn under the client.id that it had. No world of the model shows this. */
static void test_turn_of_an_invented_id(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	struct rz_select *s;

	(void)state;
	l.home_ready_wait_ns = 30 * MINUTE_NS;
	l.per_client_ns = HOUR_NS;
	l.cooldown_ns = 0;
	s = make(&l);
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_moved(s, &c, T0);
	assert_int_equal(ask(s, row(2, 8, T0 + SECOND_NS / 10), T0 + SECOND_NS),
			 RZ_REASON_OVER_BUDGET);
	assert_int_equal(ask(s, row(3, 7, T0 - HOUR_NS), T0 + 2 * SECOND_NS),
			 RZ_REASON_OVER_BUDGET);
	rz_select_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_address_is_one_vote),
		cmocka_unit_test(test_copied_id),
		cmocka_unit_test(test_many_ids),
		cmocka_unit_test(test_addresses_take_turns),
		cmocka_unit_test(test_clients_of_an_address_take_turns),
		cmocka_unit_test(test_invented_ids),
		cmocka_unit_test(test_turn_of_an_invented_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
