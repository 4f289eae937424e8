// SPDX-License-Identifier: Apache-2.0
/* user/move/follow.c, catch.c: what becomes of a client that is followed after a move, or whose
 * next connection a move waits for; kern/follow.c: whose connection could be taken for another
 * one's. */
#include "unit.h"

#include "kern/follow.h"
#include "kern/snapshot.h"
#include "move/catch.h"

#define T0 (1000 * SECOND_NS)

static const struct rz_follow_seen HELD = {.there = true};

/* Closed at T0; its next connection is held since a second later. */
static struct rz_follow bound(unsigned connections)
{
	return (struct rz_follow){.since_ns = T0,
				  .idle_ns = RZ_FOLLOW_IDLE_NS,
				  .until_ns = T0 + RZ_FOLLOW_DEAD_NS,
				  .cookie = 7,
				  .connections = connections,
				  .first_ns = T0 + SECOND_NS};
}

static void test_closes(void **state)
{
	struct rz_follow e;
	unsigned n;

	(void)state;
	for (n = 1; n <= RZ_FOLLOW_CLOSES; n++) {
		e = bound(n);
		assert_int_equal(rz_follow_decide(&e, &HELD, e.first_ns + RZ_FOLLOW_WAIT_NS - 1),
				 RZ_FOLLOW_WAIT);
		assert_int_equal(rz_follow_decide(&e, &HELD, e.first_ns + RZ_FOLLOW_WAIT_NS),
				 RZ_FOLLOW_CLOSE);
	}
	/* it writes here whatever is done */
	e = bound(RZ_FOLLOW_CLOSES + 1);
	assert_int_equal(rz_follow_decide(&e, &HELD, e.first_ns + RZ_FOLLOW_WAIT_NS - 1),
			 RZ_FOLLOW_WAIT);
	assert_int_equal(rz_follow_decide(&e, &HELD, e.first_ns + RZ_FOLLOW_WAIT_NS),
			 RZ_FOLLOW_LET_THROUGH);
}

/* Nothing is closed that nobody writes on. */
static void test_nobody_is_held(void **state)
{
	static const struct rz_follow_seen gone = {}, left = {.there = true, .left = true};
	struct rz_follow none = bound(0), e = bound(1);

	(void)state;
	none.cookie = none.first_ns = 0;
	assert_int_equal(rz_follow_decide(&none, &HELD, T0 + RZ_FOLLOW_IDLE_NS - 1),
			 RZ_FOLLOW_WAIT);
	assert_int_equal(rz_follow_decide(&none, &HELD, T0 + RZ_FOLLOW_IDLE_NS), RZ_FOLLOW_END);
	assert_int_equal(rz_follow_decide(&e, &gone, e.first_ns + RZ_FOLLOW_IDLE_NS - 1),
			 RZ_FOLLOW_WAIT);
	assert_int_equal(rz_follow_decide(&e, &gone, e.first_ns + RZ_FOLLOW_IDLE_NS),
			 RZ_FOLLOW_END);
	assert_int_equal(rz_follow_decide(&e, &left, e.first_ns + RZ_FOLLOW_WAIT_NS),
			 RZ_FOLLOW_WAIT);
	assert_int_equal(rz_follow_decide(&e, &left, e.first_ns + RZ_FOLLOW_IDLE_NS),
			 RZ_FOLLOW_END);
}

/* A daemon came late, and has closed what was held for longer than a client may be idle: the client
 * has its time to come back from then on. */
static void test_held_for_long(void **state)
{
	static const struct rz_follow_seen gone = {};
	struct rz_follow e = bound(1);

	(void)state;
	e.closed_ns = e.first_ns + RZ_FOLLOW_IDLE_NS + SECOND_NS;
	assert_int_equal(rz_follow_decide(&e, &HELD, e.closed_ns), RZ_FOLLOW_CLOSE);
	assert_int_equal(rz_follow_decide(&e, &gone, e.closed_ns + RZ_FOLLOW_IDLE_NS - 1),
			 RZ_FOLLOW_WAIT);
	assert_int_equal(rz_follow_decide(&e, &gone, e.closed_ns + RZ_FOLLOW_IDLE_NS),
			 RZ_FOLLOW_END);
	/* its next connection is held since: that counts */
	e.first_ns = e.closed_ns + SECOND_NS;
	assert_int_equal(rz_follow_decide(&e, &gone, e.closed_ns + RZ_FOLLOW_IDLE_NS),
			 RZ_FOLLOW_WAIT);
}

/* A client that writes seldom is followed until it may have written. */
static void test_writes_seldom(void **state)
{
	struct rz_follow e = bound(0);

	(void)state;
	e.cookie = e.first_ns = 0;
	e.idle_ns = RZ_FOLLOW_SELDOM_NS;
	e.until_ns = T0 + RZ_FOLLOW_SELDOM_NS;
	assert_int_equal(rz_follow_decide(&e, &HELD, T0 + RZ_FOLLOW_SELDOM_NS - 1), RZ_FOLLOW_WAIT);
	assert_int_equal(rz_follow_decide(&e, &HELD, T0 + RZ_FOLLOW_SELDOM_NS), RZ_FOLLOW_END);
	assert_true(RZ_FOLLOW_SELDOM_NS < RZ_FOLLOW_MAX_S * SECOND_NS);
}

/* No move has closed anything yet: its client's next connection is closed as soon as BPF holds it.
 */
static void test_catch(void **state)
{
	static const struct rz_follow_seen gone = {}, left = {.there = true, .left = true};
	struct rz_follow none = bound(0), e = bound(1);

	(void)state;
	none.cookie = none.first_ns = 0;
	assert_int_equal(rz_catch_decide(&none, &gone, none.until_ns - 1), RZ_FOLLOW_WAIT);
	assert_int_equal(rz_catch_decide(&none, &gone, none.until_ns), RZ_FOLLOW_END);
	assert_int_equal(rz_catch_decide(&e, &HELD, e.first_ns), RZ_FOLLOW_CLOSE);
	assert_int_equal(rz_catch_decide(&e, &HELD, e.until_ns), RZ_FOLLOW_END);
	assert_int_equal(rz_catch_decide(&e, &gone, e.first_ns), RZ_FOLLOW_END);
	assert_int_equal(rz_catch_decide(&e, &left, e.first_ns), RZ_FOLLOW_END);
}

static void test_catching(void **state)
{
	static struct rz_catching l;
	const struct rz_saved carried = {.rx_bytes = 4711};
	struct rz_caught row = {.c.cookie = 1};
	size_t i;

	(void)state;
	for (i = 0; i < RZ_CATCH_MAX; i++) {
		row.key.client = i + 1;
		row.key.client_addr[0] = (uint8_t)i;
		assert_true(rz_catching_add(&l, &row));
	}
	row.key.client++;
	row.key.client_addr[0]++;
	assert_false(rz_catching_add(&l, &row));
	assert_null(rz_catching_find(&l, &row.key));
	row.key.client = 5;
	row.key.client_addr[0] = 4;
	row.c.cookie = 2;
	assert_true(rz_catching_add(&l, &row)); /* in its own place */
	assert_int_equal(l.n, RZ_CATCH_MAX);
	assert_int_equal(rz_catching_find(&l, &row.key)->c.cookie, 2);
	rz_catching_note(&l, &row.key, &carried);
	assert_int_equal(rz_catching_find(&l, &row.key)->carried.rx_bytes, 4711);
	rz_catching_end(&l, &row.key);
	assert_null(rz_catching_find(&l, &row.key));
	assert_int_equal(l.n, RZ_CATCH_MAX - 1);
	rz_catching_note(&l, &row.key, &carried); /* nothing */
	rz_catching_end(&l, &row.key);		  /* nothing more */
	assert_int_equal(l.n, RZ_CATCH_MAX - 1);
}

/* One address takes half of the places, and no place that another one has use for. */
static void test_catching_fairly(void **state)
{
	static struct rz_catching l;
	struct rz_caught row = {};

	(void)state;
	while (rz_catching_add(&l, &row))
		row.key.client++;
	assert_int_equal(l.n, RZ_CATCH_MAX / 2);
	assert_false(rz_catching_has_room(&l, &row.key));
	row.key.client_addr[0] = 1;
	assert_true(rz_catching_add(&l, &row));
	row.key = (struct rz_follow_key){.client = 3}; /* what is there has its place */
	assert_true(rz_catching_has_room(&l, &row.key));
}

/* BPF lets go of it at the deadline: what it has then may be executed, and is not closed. */
static void test_deadline(void **state)
{
	struct rz_follow e = bound(1);

	(void)state;
	assert_int_equal(rz_follow_decide(&e, &HELD, e.until_ns - 1), RZ_FOLLOW_CLOSE);
	assert_int_equal(rz_follow_decide(&e, &HELD, e.until_ns), RZ_FOLLOW_END);
	/* all closes and waits come before it, and before BPF's own bound */
	assert_true(RZ_FOLLOW_DEAD_NS > 2 * (RZ_FOLLOW_CLOSES + 1) * RZ_FOLLOW_WAIT_NS);
	assert_true(RZ_FOLLOW_DEAD_NS < RZ_FOLLOW_MAX_S * SECOND_NS);
}

static struct rz_conn writer(uint64_t cookie, uint64_t client, uint8_t addr, uint8_t agent)
{
	struct rz_conn c = {.cookie = cookie};

	c.tuple.client_addr[15] = addr;
	c.tuple.agent_addr[15] = agent;
	c.tuple.client_port = (uint16_t)cookie;
	c.frame.client = client;
	c.frame.produce = 1;
	return c;
}

static void test_other_writer(void **state)
{
	struct rz_conn conns[] = {writer(1, 10, 1, 5), writer(2, 10, 2, 5), writer(3, 11, 1, 5),
				  writer(4, 12, 9, 5), writer(5, 12, 9, 5), writer(6, 13, 9, 5),
				  writer(7, 13, 9, 5), writer(8, 14, 9, 5), writer(9, 14, 9, 6)};
	struct rz_snapshot s = {.conns = conns, .n_conns = sizeof(conns) / sizeof(conns[0])};

	(void)state;
	conns[6].frame.produce = 0;
	assert_int_equal(rz_snapshot_find_members(&s), 0);
	/* another address, another client.id */
	assert_false(rz_snapshot_other_writer(&s, &conns[0]));
	assert_false(rz_snapshot_other_writer(&s, &conns[1]));
	assert_false(rz_snapshot_other_writer(&s, &conns[2]));
	/* at another agent: it leaves that one, too, once it knows of home */
	assert_true(rz_snapshot_other_writer(&s, &conns[7]));
	assert_true(rz_snapshot_other_writer(&s, &conns[3]));
	assert_true(rz_snapshot_other_writer(&s, &conns[4]));
	/* a reader beside it */
	assert_false(rz_snapshot_other_writer(&s, &conns[5]));
	assert_true(rz_snapshot_other_writer(&s, &conns[6]));
	free(s.writers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closes),		cmocka_unit_test(test_nobody_is_held),
		cmocka_unit_test(test_held_for_long),	cmocka_unit_test(test_writes_seldom),
		cmocka_unit_test(test_catch),		cmocka_unit_test(test_catching),
		cmocka_unit_test(test_catching_fairly), cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_other_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
