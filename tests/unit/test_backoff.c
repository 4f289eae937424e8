// SPDX-License-Identifier: Apache-2.0
/* user/base/backoff.c: how long a child process that ended is waited for. */
#include "unit.h"

#include "base/backoff.h"

static uint64_t wait_s(const struct rz_backoff *b)
{
	return b->wait_ns / SECOND_NS;
}

/* Runs for so long, then ends. Returns when. */
static uint64_t run(struct rz_backoff *b, uint64_t from_ns, uint64_t for_ns)
{
	rz_backoff_began(b, from_ns);
	rz_backoff_ended(b, SECOND_NS, from_ns + for_ns);
	return from_ns + for_ns;
}

static void test_begins_at_once(void **state)
{
	struct rz_backoff b = {};

	(void)state;
	assert_true(rz_backoff_is_over(&b, 0));
}

static void test_doubles(void **state)
{
	static const unsigned expected_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	struct rz_backoff b = {};
	uint64_t now_ns = HOUR_NS;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(expected_s); i++) {
		now_ns = run(&b, now_ns, SECOND_NS / 2);
		assert_int_equal(wait_s(&b), expected_s[i]);
		assert_false(rz_backoff_is_over(&b, now_ns));
		assert_false(rz_backoff_is_over(&b, now_ns + b.wait_ns - 1));
		now_ns += b.wait_ns;
		assert_true(rz_backoff_is_over(&b, now_ns));
	}
}

/* A child that ran for a minute is no child that cannot run. */
static void test_ran_long(void **state)
{
	struct rz_backoff b = {};
	uint64_t now_ns = HOUR_NS;

	(void)state;
	now_ns = run(&b, now_ns, 0);
	now_ns = run(&b, now_ns + b.wait_ns, 0);
	now_ns = run(&b, now_ns + b.wait_ns, MINUTE_NS);
	assert_int_equal(wait_s(&b), 4);
	now_ns = run(&b, now_ns + b.wait_ns, MINUTE_NS + 1);
	assert_int_equal(wait_s(&b), 1);
	run(&b, now_ns + b.wait_ns, 0);
	assert_int_equal(wait_s(&b), 2);
}

/* A start that fails is not begun, and no long run, however long ago the last child began. */
static void test_cannot_start(void **state)
{
	struct rz_backoff b = {};
	uint64_t now_ns = run(&b, HOUR_NS, HOUR_NS);

	(void)state;
	assert_int_equal(wait_s(&b), 1);
	rz_backoff_ended(&b, SECOND_NS, now_ns + HOUR_NS);
	assert_int_equal(wait_s(&b), 2);
	rz_backoff_ended(&b, SECOND_NS, now_ns + 2 * HOUR_NS);
	assert_int_equal(wait_s(&b), 4);
}

/* The longest wait is a multiple of the first one. */
static void test_other_first(void **state)
{
	struct rz_backoff b = {};
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		rz_backoff_began(&b, HOUR_NS);
		rz_backoff_ended(&b, 10, HOUR_NS);
	}
	assert_int_equal(b.wait_ns, 10 * RZ_BACKOFF_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begins_at_once), cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_ran_long),       cmocka_unit_test(test_cannot_start),
		cmocka_unit_test(test_other_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
