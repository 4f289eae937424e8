// SPDX-License-Identifier: Apache-2.0
/* user/policy/client.c and round.c, through select.c: rounds, cooldown, giving up, coming home. */
#include "select_rows.h"

/* A client with a connection a partition comes home one a tick, without a cooldown in between. */
static void test_round_takes_older_ones(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate rows[4];
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		rows[i] = row(i + 1, 7, T0 - HOUR_NS);
	for (i = 0; i < 4; i++) {
		run(s, rows + i, 4 - i, T0 + i * TICK_NS);
		assert_int_equal(rows[i].reason, RZ_REASON_NONE);
		assert_int_equal(going(rows + i, 4 - i), 1);
	}
	rz_select_free(s);
}

/* Away again by a new connection: 1 m, then twice that after each futile round, then a day. */
static void test_cooldown_doubles_then_gives_up(void **state)
{
	struct rz_select *s = make(&defaults);
	uint64_t t = T0, moved = T0, until, cookie = 1;
	unsigned futile;

	(void)state;
	assert_int_equal(ask(s, row(cookie++, 7, T0 - HOUR_NS), t), RZ_REASON_NONE);
	for (futile = 1; futile < 3; futile++) {
		/* it is back a second later, and stays */
		until = moved + (MINUTE_NS << futile);
		for (t = moved + SECOND_NS; t < until; t += SECOND_NS)
			assert_int_equal(ask(s, row(cookie, 7, moved + SECOND_NS), t),
					 RZ_REASON_COOLING_DOWN);
		moved = until;
		assert_int_equal(ask(s, row(cookie++, 7, moved - MINUTE_NS), moved),
				 RZ_REASON_NONE);
	}
	/* the third: while its round lasts nobody knows yet, then it is given up */
	for (t = moved + SECOND_NS; t < moved + (MINUTE_NS << 2); t += SECOND_NS)
		assert_int_equal(ask(s, row(cookie, 7, moved + SECOND_NS), t),
				 RZ_REASON_COOLING_DOWN);
	until = t + 24 * HOUR_NS;
	for (; t < until; t += MINUTE_NS)
		assert_int_equal(ask(s, row(cookie, 7, moved + SECOND_NS), t), RZ_REASON_GAVE_UP);
	/* a day later it may try again, from the start */
	assert_int_equal(ask(s, row(cookie, 7, moved + SECOND_NS), until), RZ_REASON_NONE);
	assert_int_equal(ask(s, row(cookie + 1, 7, until + 1), until + SECOND_NS),
			 RZ_REASON_COOLING_DOWN);
	rz_select_free(s);
}

/* After a futile round the client's other connections wait too, and one move makes a round. */
static void test_futile_round_stops_all(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate rows[3] = {row(1, 7, 1), row(2, 7, 1), row(3, 7, 1)};

	(void)state;
	assert_int_equal(ask(s, row(4, 7, 1), T0), RZ_REASON_NONE);
	rows[0].opened_ns = T0 + 1; /* it came back */
	run(s, rows, 3, T0 + 61 * SECOND_NS);
	assert_int_equal(going(rows, 3), 0);
	assert_int_equal(rows[2].reason, RZ_REASON_COOLING_DOWN);
	run(s, rows, 3, T0 + 120 * SECOND_NS);
	assert_int_equal(going(rows, 3), 1);
	run(s, rows + 1, 2, T0 + 150 * SECOND_NS);
	assert_int_equal(going(rows + 1, 2), 0);
	assert_int_equal(rows[2].reason, RZ_REASON_COOLING_DOWN);
	rz_select_free(s);
}

/* The doubling ends at cooldown_max, and 0 means never to give up. */
static void test_cooldown_max(void **state)
{
	struct rz_limits l = defaults;
	struct rz_select *s;
	uint64_t moved = T0, t;
	int i;

	(void)state;
	l.give_up_after = 0;
	l.cooldown_max_ns = 5 * MINUTE_NS;
	s = make(&l);
	assert_int_equal(ask(s, row(1, 7, 1), T0), RZ_REASON_NONE);
	for (i = 1; i < 100; i++) {
		uint64_t wait = i == 1 ? 2 : i == 2 ? 4 : 5;

		t = moved + wait * MINUTE_NS;
		if (i < 4) /* a tick when the round is over: it is found futile */
			ask(s, row(i + 1, 7, moved + 1), moved + (MINUTE_NS << (i - 1)));
		assert_int_equal(ask(s, row(i + 1, 7, moved + 1), t - 1), RZ_REASON_COOLING_DOWN);
		assert_int_equal(ask(s, row(i + 1, 7, moved + 1), t), RZ_REASON_NONE);
		moved = t;
	}
	rz_select_free(s);
}

static void test_cooldown_zero(void **state)
{
	struct rz_limits l = defaults;
	struct rz_select *s;
	int i;

	(void)state;
	l.cooldown_ns = 0;
	l.give_up_after = 0;
	s = make(&l);
	for (i = 0; i < 1000; i++)
		assert_int_equal(ask(s, row(i + 1, 7, T0 + i * TICK_NS - 1), T0 + i * TICK_NS),
				 RZ_REASON_NONE);
	rz_select_free(s);
}

/* Clients are told apart by address and by id. */
static void test_who(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate other_id = row(2, 8, T0 + 1), other_addr = row(3, 7, T0 + 1);

	(void)state;
	other_addr.addr[15] = 1;
	assert_int_equal(ask(s, row(1, 7, 1), T0), RZ_REASON_NONE);
	assert_int_equal(ask(s, row(4, 7, T0 + 1), T0 + TICK_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, other_id, T0 + TICK_NS), RZ_REASON_NONE);
	assert_int_equal(ask(s, other_addr, T0 + TICK_NS), RZ_REASON_NONE);
	rz_select_free(s);
}

static void two_futile_rounds(struct rz_select *s)
{
	assert_int_equal(ask(s, row(1, 7, 1), T0), RZ_REASON_NONE);
	ask(s, row(2, 7, T0 + 1), T0 + MINUTE_NS);
	assert_int_equal(ask(s, row(2, 7, T0 + 1), T0 + 2 * MINUTE_NS), RZ_REASON_NONE);
	ask(s, row(3, 7, T0 + 2 * MINUTE_NS + 1), T0 + 4 * MINUTE_NS);
}

/* Seen at home by a connection opened since the move: the row of futile rounds is over. */
static void test_home_ends_the_row(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate home = row(9, 7, T0 + 3 * MINUTE_NS);

	(void)state;
	home.same_zone = true;
	two_futile_rounds(s);
	run(s, &home, 1, T0 + 5 * MINUTE_NS);
	assert_int_equal(home.reason, RZ_REASON_SAME_ZONE);
	/* away again much later: no longer the third time */
	assert_int_equal(ask(s, row(4, 7, T0 + 9 * MINUTE_NS), T0 + 10 * MINUTE_NS),
			 RZ_REASON_NONE);
	ask(s, row(5, 7, T0 + 10 * MINUTE_NS + 1), T0 + 11 * MINUTE_NS);
	assert_int_equal(ask(s, row(5, 7, T0 + 10 * MINUTE_NS + 1), T0 + 12 * MINUTE_NS),
			 RZ_REASON_NONE);
	rz_select_free(s);
}

/* A connection home that is older than the move, or one home and one away: nothing is proved. */
static void test_home_that_proves_nothing(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate rows[2] = {row(9, 7, 1), row(3, 7, T0 + 2 * MINUTE_NS + 1)};
	uint64_t t = T0 + 5 * MINUTE_NS;

	(void)state;
	two_futile_rounds(s);
	rows[0].same_zone = true;
	run(s, rows, 1, t);
	rows[0].opened_ns = t - 1;
	run(s, rows, 2, t + 1);
	assert_int_equal(rows[1].reason, RZ_REASON_COOLING_DOWN);
	/* four times the cooldown after the second move, then the third, and then it is given up */
	t = T0 + 6 * MINUTE_NS;
	assert_int_equal(ask(s, row(3, 7, T0 + 2 * MINUTE_NS + 1), t), RZ_REASON_NONE);
	assert_int_equal(ask(s, row(4, 7, t + 1), t + 4 * MINUTE_NS), RZ_REASON_GAVE_UP);
	rz_select_free(s);
}

static void test_not_seen_ends_the_row(void **state)
{
	struct rz_select *s = make(&defaults);

	(void)state;
	two_futile_rounds(s);
	assert_int_equal(rz_select_remembered(s), 1);
	run(s, NULL, 0, T0 + 4 * MINUTE_NS + HOUR_NS);
	assert_int_equal(rz_select_remembered(s), 1);
	run(s, NULL, 0, T0 + 4 * MINUTE_NS + HOUR_NS + 1);
	assert_int_equal(rz_select_remembered(s), 0);
	rz_select_free(s);
}

/* One that was given up is not forgotten for being away for an hour. */
static void test_given_up_is_remembered(void **state)
{
	struct rz_limits l = defaults;
	struct rz_select *s;

	(void)state;
	l.give_up_after = 1;
	s = make(&l);
	assert_int_equal(ask(s, row(1, 7, 1), T0), RZ_REASON_NONE);
	assert_int_equal(ask(s, row(2, 7, T0 + 1), T0 + MINUTE_NS), RZ_REASON_GAVE_UP);
	run(s, NULL, 0, T0 + 20 * HOUR_NS);
	assert_int_equal(ask(s, row(3, 7, T0 + 19 * HOUR_NS), T0 + 20 * HOUR_NS),
			 RZ_REASON_GAVE_UP);
	rz_select_free(s);
}

/* An undone move in a round leaves the round as it was. */
static void test_undo_keeps_the_past(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate older = row(2, 7, 1);

	(void)state;
	assert_int_equal(ask(s, row(1, 7, 1), T0), RZ_REASON_NONE);
	run(s, &older, 1, T0 + TICK_NS);
	assert_int_equal(older.reason, RZ_REASON_NONE);
	rz_select_undo(s, &older);
	assert_int_equal(rz_select_remembered(s), 1);
	assert_int_equal(ask(s, row(3, 7, T0 + 1), T0 + 2 * MINUTE_NS - 1), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, row(3, 7, T0 + 1), T0 + 2 * MINUTE_NS), RZ_REASON_NONE);
	rz_select_free(s);
}

/* Two ticks at one moment: the second's move follows in the round, and does not begin it later. */
static void test_follower_does_not_begin(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate first = row(1, 7, 1), second = row(2, 7, 1);

	(void)state;
	assert_int_equal(ask(s, first, T0), RZ_REASON_NONE);
	rz_select_moved(s, &first, T0);
	assert_int_equal(ask(s, second, T0), RZ_REASON_NONE);
	rz_select_moved(s, &second, T0 + 5 * SECOND_NS);
	/* opened between the two resets: the first brought it here */
	assert_int_equal(ask(s, row(3, 7, T0 + 3 * SECOND_NS), T0 + 6 * SECOND_NS),
			 RZ_REASON_COOLING_DOWN);
	rz_select_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_takes_older_ones),
		cmocka_unit_test(test_cooldown_doubles_then_gives_up),
		cmocka_unit_test(test_futile_round_stops_all),
		cmocka_unit_test(test_cooldown_max),
		cmocka_unit_test(test_cooldown_zero),
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_home_ends_the_row),
		cmocka_unit_test(test_home_that_proves_nothing),
		cmocka_unit_test(test_not_seen_ends_the_row),
		cmocka_unit_test(test_given_up_is_remembered),
		cmocka_unit_test(test_undo_keeps_the_past),
		cmocka_unit_test(test_follower_does_not_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
