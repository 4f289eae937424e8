// SPDX-License-Identifier: Apache-2.0
/* user/policy/client_table.c: who is remembered and who is forgotten where the memory is full, what
 * is kept of a move. */
#include "select_rows.h"

static struct rz_limits with_room(size_t clients)
{
	struct rz_limits l = defaults;

	l.clients_max = clients;
	l.outcome_ns = 30 * SECOND_NS;
	return l;
}

/* A candidate goes, and is moved at once. */
static void go(struct rz_select *s, uint64_t client, uint64_t now_ns)
{
	struct rz_candidate c = row(client, client, T0 - HOUR_NS);

	assert_int_equal(ask(s, c, now_ns), RZ_REASON_NONE);
	rz_select_moved(s, &c, now_ns);
}

/* A connection that the client opened long after its move, and has sent nothing on. */
static struct rz_candidate idle(uint64_t client, uint64_t opened_ns)
{
	struct rz_candidate c = row(100 + client, client, opened_ns);

	c.data_ns = 0;
	return c;
}

/* Of three the one is forgotten that was no candidate for longest, whoever was moved first. */
static void test_forgets_the_oldest(void **state)
{
	struct rz_limits l = with_room(3);
	struct rz_moment paused = {.now_ns = T0 + 5 * MINUTE_NS, .share = 1, .paused = true};
	struct rz_candidate seen = row(99, 1, T0 - HOUR_NS), rows[3];
	struct rz_select *s = make(&l);
	uint64_t later = T0 + 10 * MINUTE_NS;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		go(s, i + 1, T0 + i * SECOND_NS);
	assert_int_equal(ask(s, row(4, 4, 1), T0 + MINUTE_NS), RZ_REASON_MEMORY_FULL);
	rz_select_run(s, &seen, 1, &paused);
	assert_int_equal(seen.reason, RZ_REASON_PAUSED);
	go(s, 4, later);
	assert_int_equal(rz_select_remembered(s), 3);
	/* of those that are remembered rezone knows that they left it behind */
	for (i = 0; i < 3; i++)
		rows[i] = idle(i + 1, later);
	run(s, rows, 3, later + MINUTE_NS);
	assert_int_equal(rows[0].reason, RZ_REASON_LEFT_BEHIND);
	assert_int_not_equal(rows[1].reason, RZ_REASON_LEFT_BEHIND);
	assert_int_equal(rows[2].reason, RZ_REASON_LEFT_BEHIND);
	rz_select_free(s);
}

/* Is there room for another client while there is one, and `what` is its connection? */
static enum rz_reason room(struct rz_select *s, const struct rz_candidate *what, uint64_t now_ns)
{
	struct rz_candidate rows[2] = {row(2, 2, T0 - HOUR_NS)};

	if (what)
		rows[1] = *what;
	run(s, rows, what ? 2 : 1, now_ns);
	if (rows[0].reason == RZ_REASON_NONE)
		rz_select_undo(s, &rows[0]);
	return rows[0].reason;
}

static void assert_room_from(const struct rz_limits *l, const struct rz_candidate *what,
			     uint64_t from_ns)
{
	struct rz_select *s = make(l);
	uint64_t t;

	go(s, 1, T0);
	for (t = T0 + SECOND_NS; t < from_ns; t += SECOND_NS)
		if (room(s, what && t > what->opened_ns ? what : NULL, t) != RZ_REASON_MEMORY_FULL)
			fail_msg("room after %llu s", (unsigned long long)((t - T0) / SECOND_NS));
	assert_int_equal(room(s, NULL, from_ns), RZ_REASON_NONE);
	rz_select_free(s);
}

/* Who is never forgotten for want of room; `plain` forgets one as soon as its outcome is known. */
static void test_never_forgets(void **state)
{
	struct rz_limits plain = with_room(1), l;
	struct rz_candidate home = row(3, 1, T0 + SECOND_NS), behind = idle(1, T0 + SECOND_NS);

	(void)state;
	plain.cooldown_ns = 0;
	home.same_zone = true;
	l = plain;
	assert_room_from(&l, NULL, T0 + 30 * SECOND_NS);  /* no outcome yet */
	assert_room_from(&l, &home, T0 + 15 * SECOND_NS); /* home, and may still stay elsewhere */
	l.per_client_ns = 40 * SECOND_NS;		  /* its turn counts */
	assert_room_from(&l, &home, T0 + 40 * SECOND_NS);
	l = plain;
	l.cooldown_ns = MINUTE_NS; /* it rests */
	assert_room_from(&l, &home, T0 + 61 * SECOND_NS);
	/* what it left behind is there, for longer than its outcome is open */
	assert_room_from(&plain, &behind, T0 + 10 * MINUTE_NS);
}

/* Nor is a client that moves did not help, until it was not seen for an hour. */
static void test_never_forgets_the_futile(void **state)
{
	struct rz_limits l = with_room(1);
	struct rz_candidate away = row(3, 1, T0 + SECOND_NS);
	struct rz_select *s;

	(void)state;
	l.give_up_after = 0;
	s = make(&l);
	go(s, 1, T0);
	assert_int_equal(room(s, &away, T0 + MINUTE_NS), RZ_REASON_MEMORY_FULL);
	assert_int_equal(room(s, NULL, T0 + HOUR_NS + MINUTE_NS), RZ_REASON_MEMORY_FULL);
	assert_int_equal(room(s, NULL, T0 + HOUR_NS + MINUTE_NS + 1), RZ_REASON_NONE);
	rz_select_free(s);
}

/* A client's turn outlives that its move was called off; it is not that of another address. */
static void test_turn_is_remembered(void **state)
{
	struct rz_limits l = with_room(0);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS), second = row(2, 7, T0 - HOUR_NS);
	struct rz_select *s;

	(void)state;
	l.per_client_ns = 30 * SECOND_NS;
	s = make(&l);
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_undo(s, &c);
	assert_int_equal(rz_select_remembered(s), 1);
	assert_int_equal(ask(s, second, T0 + 29 * SECOND_NS), RZ_REASON_OVER_BUDGET);
	assert_int_equal(ask(s, at_address(second, 1), T0 + 29 * SECOND_NS), RZ_REASON_NONE);
	assert_int_equal(ask(s, second, T0 + 30 * SECOND_NS), RZ_REASON_NONE);
	rz_select_free(s);
}

/* An outcome says which connection was moved from where to where, long after it is gone. */
static void test_outcome_has_the_connection(void **state)
{
	struct rz_limits l = with_room(0);
	struct rz_select *s = make(&l);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	const struct rz_outcome_row *known;
	char from[] = "a", to[] = "b";
	size_t n;

	(void)state;
	c.tuple = (struct rz_tuple){.client_addr = {1}, .agent_addr = {2}, 3, 4};
	c.from_zone = from;
	c.to_zone = to;
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_moved(s, &c, T0);
	from[0] = to[0] = 'x';
	run(s, NULL, 0, T0 + MINUTE_NS);
	known = rz_select_outcomes(s, &n);
	assert_int_equal(n, 1);
	assert_int_equal(known->outcome, RZ_OUTCOME_LEFT);
	assert_memory_equal(&known->tuple, &c.tuple, sizeof(c.tuple));
	assert_string_equal(known->from_zone, "a");
	assert_string_equal(known->to_zone, "b");
	rz_select_free(s);
}

/* While too many moves have no outcome nobody is moved, not even who is remembered. */
static void test_open_moves_are_bounded(void **state)
{
	struct rz_limits l = with_room(0);
	struct rz_select *s = make(&l);
	struct rz_candidate c = {.by_hand = true};
	size_t i;

	(void)state;
	run(s, NULL, 0, T0);
	for (i = 0; i < RZ_CLIENT_MOVES_MAX + 10; i++) {
		c.cookie = i + 1;
		c.client = i % 512;
		rz_select_moved(s, &c, T0);
	}
	assert_int_equal(ask(s, row(1, 5, T0 - HOUR_NS), T0 + 29 * SECOND_NS),
			 RZ_REASON_MEMORY_FULL);
	assert_int_equal(ask(s, row(1, 5000, T0 - HOUR_NS), T0 + 29 * SECOND_NS),
			 RZ_REASON_MEMORY_FULL);
	assert_int_equal(ask(s, row(1, 5000, T0 - HOUR_NS), T0 + 30 * SECOND_NS), RZ_REASON_NONE);
	rz_select_outcomes(s, &i);
	assert_int_equal(i, RZ_CLIENT_MOVES_MAX);
	rz_select_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forgets_the_oldest),
		cmocka_unit_test(test_never_forgets),
		cmocka_unit_test(test_never_forgets_the_futile),
		cmocka_unit_test(test_turn_is_remembered),
		cmocka_unit_test(test_outcome_has_the_connection),
		cmocka_unit_test(test_open_moves_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
