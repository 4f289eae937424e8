// SPDX-License-Identifier: Apache-2.0
/* user/policy/await.c: clients that are left to their library, told once each. */
#include "unit.h"
#include "policy/await.h"

#define T0	(100 * HOUR_NS)
#define TICK_NS (30 * SECOND_NS)
#define GRACE	(6 * MINUTE_NS)

/* A connection that works, of client 7, that is waited for until GRACE after T0. */
static struct rz_await_conn away(uint64_t cookie, uint64_t now_ns)
{
	return (struct rz_await_conn){.key = {.id = 7},
				      .cookie = cookie,
				      .from_zone = "a",
				      .to_zone = "b",
				      .data_ns = now_ns,
				      .expected_ns = T0 + GRACE};
}

static struct rz_await_conn at_home(uint64_t now_ns)
{
	struct rz_await_conn c = away(99, now_ns);

	c.home = true;
	c.expected_ns = 0;
	return c;
}

static struct rz_await *make(void)
{
	struct rz_await *a = NULL;

	assert_int_equal(rz_await_new(&a), 0);
	return a;
}

/* A tick with these; what it tells. */
static size_t tick(struct rz_await *a, const struct rz_await_conn *conns, size_t n, uint64_t now_ns,
		   const struct rz_await_row **ret)
{
	size_t i, told;

	rz_await_begin(a, now_ns);
	for (i = 0; i < n; i++)
		rz_await_see(a, &conns[i]);
	*ret = rz_await_settle(a, &told);
	return told;
}

static void test_left(void **state)
{
	struct rz_await *a = make();
	const struct rz_await_row *told;
	struct rz_await_conn c = away(1, T0);

	(void)state;
	assert_int_equal(tick(a, &c, 1, T0, &told), 0);
	assert_int_equal(rz_await_count(a), 1);
	assert_int_equal(tick(a, NULL, 0, T0 + RZ_AWAIT_GONE_NS - 1, &told), 0);
	assert_int_equal(tick(a, NULL, 0, T0 + RZ_AWAIT_GONE_NS, &told), 1);
	assert_int_equal(told->outcome, RZ_OUTCOME_LEFT);
	assert_int_equal(told->client, 7);
	assert_int_equal(told->cookie, 1);
	assert_string_equal(told->from_zone, "a");
	assert_string_equal(told->to_zone, "b");
	assert_int_equal(told->since_ns, T0);
	assert_int_equal(told->until_ns, T0 + GRACE);
	assert_int_equal(tick(a, NULL, 0, T0 + 2 * TICK_NS, &told), 0);
	assert_int_equal(rz_await_count(a), 0);
	rz_await_free(a);
}

/* At home on this node, also while an idle connection is left; not while one still works here. */
static void test_home(void **state)
{
	struct rz_await *a = make();
	const struct rz_await_row *told;
	struct rz_await_conn both[2] = {away(1, T0), at_home(T0)};
	uint64_t t;

	(void)state;
	assert_int_equal(tick(a, both, 2, T0, &told), 0);
	for (t = T0; t < T0 + RZ_AWAIT_WORKS_NS; t += TICK_NS)
		assert_int_equal(tick(a, both, 2, t, &told), 0);
	assert_int_equal(tick(a, both, 2, t, &told), 1);
	assert_int_equal(told->outcome, RZ_OUTCOME_HOME);
	assert_int_equal(tick(a, both + 1, 1, t + TICK_NS, &told), 0);
	rz_await_free(a);
}

/* Between two connections it has not left; one that then comes home is told as home. */
static void test_between(void **state)
{
	struct rz_await *a = make();
	const struct rz_await_row *told;
	struct rz_await_conn c = away(1, T0), home = at_home(T0);

	(void)state;
	assert_int_equal(tick(a, &c, 1, T0, &told), 0);
	assert_int_equal(tick(a, NULL, 0, T0 + SECOND_NS, &told), 0);
	c = away(2, T0 + 2 * SECOND_NS);
	assert_int_equal(tick(a, &c, 1, T0 + 2 * SECOND_NS, &told), 0);
	assert_int_equal(tick(a, NULL, 0, T0 + RZ_AWAIT_GONE_NS, &told), 0);
	assert_int_equal(tick(a, &home, 1, T0 + RZ_AWAIT_GONE_NS + SECOND_NS, &told), 1);
	assert_int_equal(told->outcome, RZ_OUTCOME_HOME);
	rz_await_free(a);
}

/* Who was never waited for, or is at home from the start, is nobody's matter here. */
static void test_not_awaited(void **state)
{
	struct rz_await *a = make();
	const struct rz_await_row *told;
	struct rz_await_conn c = away(1, T0), home = at_home(T0);

	(void)state;
	c.expected_ns = 0;
	assert_int_equal(tick(a, &c, 1, T0, &told), 0);
	assert_int_equal(tick(a, &home, 1, T0, &told), 0);
	c = away(1, 0); /* no Produce or Fetch yet */
	assert_int_equal(tick(a, &c, 1, T0, &told), 0);
	assert_int_equal(rz_await_count(a), 0);
	rz_await_free(a);
}

/* It did not come: once, whatever connections it opens; when it goes after all, that too. */
static void test_not_come(void **state)
{
	struct rz_await *a = make();
	const struct rz_await_row *told;
	struct rz_await_conn c;
	uint64_t t, cookie = 1;
	size_t n = 0;

	(void)state;
	for (t = T0; t < T0 + 10 * GRACE; t += TICK_NS) {
		size_t now;

		c = away(cookie++, t);
		c.expected_ns = t + GRACE; /* of a connection that was opened just now */
		now = tick(a, &c, 1, t, &told);
		if (now) {
			assert_int_equal(told->outcome, RZ_OUTCOME_NONE);
			assert_int_equal(t, T0 + GRACE);
		}
		n += now;
	}
	assert_int_equal(n, 1);
	assert_int_equal(tick(a, NULL, 0, t + RZ_AWAIT_GONE_NS, &told), 1);
	assert_int_equal(told->outcome, RZ_OUTCOME_LEFT);
	rz_await_free(a);
}

/* Home is gone while it is waited for: told once, with the reason; told anew when it is waited for
 * again. */
static void test_home_gone(void **state)
{
	struct rz_await *a = make();
	const struct rz_await_row *told;
	struct rz_await_conn c;
	uint64_t t = T0;
	int round;

	(void)state;
	for (round = 0; round < 2; round++) {
		c = away(1, t);
		c.expected_ns = t + GRACE;
		assert_int_equal(tick(a, &c, 1, t, &told), 0);
		t += TICK_NS;
		c = away(1, t);
		c.expected_ns = 0;
		c.reason = RZ_REASON_NO_AGENT_THERE;
		assert_int_equal(tick(a, &c, 1, t, &told), 1);
		assert_true(told->cancelled);
		assert_int_equal(told->outcome, RZ_OUTCOME_NONE);
		assert_int_equal(told->reason, RZ_REASON_NO_AGENT_THERE);
		assert_int_equal(told->cookie, 1);
		assert_int_equal(tick(a, &c, 1, t + TICK_NS, &told), 0);
		t += 2 * TICK_NS;
	}
	rz_await_free(a);
}

/* Not while one of two connections is waited for, nor of a client that was told not to have come.
 */
static void test_not_cancelled(void **state)
{
	struct rz_await *a = make();
	const struct rz_await_row *told;
	struct rz_await_conn two[] = {away(1, T0), away(2, T0)};

	(void)state;
	two[1].expected_ns = 0;
	assert_int_equal(tick(a, two, 2, T0, &told), 0);
	assert_int_equal(tick(a, two, 2, T0 + TICK_NS, &told), 0);
	two[0].data_ns = T0 + GRACE;
	assert_int_equal(tick(a, two, 1, T0 + GRACE, &told), 1);
	assert_false(told->cancelled);
	two[0].expected_ns = 0;
	assert_int_equal(tick(a, two, 1, T0 + GRACE + TICK_NS, &told), 0);
	rz_await_free(a);
}

/* An idle connection proves nothing until its time is over. */
static void test_idle(void **state)
{
	struct rz_await *a = make();
	const struct rz_await_row *told;
	struct rz_await_conn c = away(1, T0);
	uint64_t t;

	(void)state;
	for (t = T0; t < T0 + GRACE; t += TICK_NS)
		assert_int_equal(tick(a, &c, 1, t, &told), 0);
	assert_int_equal(tick(a, &c, 1, t, &told), 1);
	assert_int_equal(told->outcome, RZ_OUTCOME_LEFT);
	rz_await_free(a);
}

/* Its zone is gone: that it is waited for no more is told, and not what becomes of it meanwhile. It
 * is back: waited for anew. */
static void test_zone_goes(void **state)
{
	struct rz_await *a = make();
	const struct rz_await_row *told;
	struct rz_await_conn c = away(1, T0);
	uint64_t back = T0 + 2 * GRACE;

	(void)state;
	tick(a, &c, 1, T0, &told);
	c.data_ns = T0 + TICK_NS;
	c.expected_ns = 0;
	assert_int_equal(tick(a, &c, 1, T0 + TICK_NS, &told), 1);
	assert_true(told->cancelled);
	c.data_ns = back - 1;
	assert_int_equal(tick(a, &c, 1, back - 1, &told), 0);
	c.data_ns = back;
	c.expected_ns = back + GRACE;
	assert_int_equal(tick(a, &c, 1, back, &told), 0);
	c.data_ns = back + GRACE;
	assert_int_equal(tick(a, &c, 1, back + GRACE, &told), 1);
	assert_int_equal(told->outcome, RZ_OUTCOME_NONE);
	assert_false(told->cancelled);
	assert_int_equal(told->since_ns, back);
	/* it goes while nobody waits */
	c.expected_ns = 0;
	assert_int_equal(tick(a, &c, 1, back + GRACE, &told), 0);
	assert_int_equal(tick(a, NULL, 0, back + GRACE, &told), 0);
	assert_int_equal(rz_await_count(a), 0);
	rz_await_free(a);
}

/* A freeze that ends does not tell anew of who is overdue. */
static void test_freeze(void **state)
{
	struct rz_await *a = make();
	const struct rz_await_row *told;
	struct rz_await_conn c = away(1, T0 + GRACE);

	(void)state;
	assert_int_equal(tick(a, &c, 1, T0 + GRACE, &told), 1);
	c.expected_ns = 0;
	assert_int_equal(tick(a, &c, 1, T0 + GRACE + 1, &told), 0);
	c.expected_ns = T0 + GRACE;
	assert_int_equal(tick(a, &c, 1, T0 + GRACE + 2, &told), 0);
	rz_await_free(a);
}

/* Of several connections the earliest time counts; clients are told apart by id and address. */
static void test_several(void **state)
{
	struct rz_await *a = make();
	const struct rz_await_row *told;
	struct rz_await_conn c[4] = {away(1, T0), away(2, T0), away(3, T0), away(4, T0)};
	size_t i;

	(void)state;
	c[0].expected_ns = T0 + GRACE + TICK_NS;
	c[2].key.id = 8;
	c[3].key.addr[15] = 1;
	tick(a, c, 4, T0, &told);
	assert_int_equal(rz_await_count(a), 3);
	for (i = 0; i < 4; i++)
		c[i].data_ns = T0 + GRACE;
	assert_int_equal(tick(a, c, 4, T0 + GRACE, &told), 3);
	rz_await_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_left),	      cmocka_unit_test(test_home),
		cmocka_unit_test(test_between),	      cmocka_unit_test(test_not_awaited),
		cmocka_unit_test(test_not_come),      cmocka_unit_test(test_home_gone),
		cmocka_unit_test(test_not_cancelled), cmocka_unit_test(test_idle),
		cmocka_unit_test(test_zone_goes),     cmocka_unit_test(test_freeze),
		cmocka_unit_test(test_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
