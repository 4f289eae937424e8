// SPDX-License-Identifier: Apache-2.0
/* A claim that was left behind is found; one that somebody has at this moment is not
 * (kern/stale.c). */
#include "unit.h"

#include "kern/stale.h"

#define S 1000000000ULL

static const struct rz_conn conn = {.cookie = 7,
				    .claim = 0x8007,
				    .last_request_ns = 5,
				    .frame = {.generation = 3, .requests = 9}};

static void test_left(void **state)
{
	struct rz_stale s = {};

	(void)state;
	assert_false(rz_stale_see(&s, &conn, 100 * S));
	assert_false(rz_stale_see(&s, &conn, 105 * S));
	assert_false(rz_stale_see(&s, &conn, 109 * S));
	assert_true(rz_stale_see(&s, &conn, 110 * S));
}

/* Ticks far apart. */
static void test_seldom(void **state)
{
	struct rz_stale s = {};

	(void)state;
	assert_false(rz_stale_see(&s, &conn, 100 * S));
	assert_false(rz_stale_see(&s, &conn, 200 * S));
	assert_true(rz_stale_see(&s, &conn, 201 * S));
}

/* Each of these says that the claim was given back meanwhile. */
static void test_changed(void **state)
{
	struct rz_conn other[4] = {conn, conn, conn, conn};
	size_t i;

	(void)state;
	other[0].claim++;
	other[1].frame.generation++;
	other[2].frame.requests++;
	other[3].last_request_ns++;
	for (i = 0; i < 4; i++) {
		struct rz_stale s = {};

		assert_false(rz_stale_see(&s, &conn, 100 * S));
		assert_false(rz_stale_see(&s, &conn, 105 * S));
		assert_false(rz_stale_see(&s, &other[i], 115 * S));
		assert_false(rz_stale_see(&s, &other[i], 120 * S));
		assert_true(rz_stale_see(&s, &other[i], 125 * S));
	}
}

/* Of more connections than there are rows the latest are watched. */
static void test_many(void **state)
{
	struct rz_conn c = conn;
	struct rz_stale s = {};
	uint64_t i, at;

	(void)state;
	for (i = 0; i < RZ_STALE_ROWS * 2; i++) {
		c.cookie = 100 + i;
		assert_false(rz_stale_see(&s, &c, (100 + i) * S));
	}
	for (at = 0; at < 2; at++)
		for (i = RZ_STALE_ROWS; i < RZ_STALE_ROWS * 2; i++) {
			c.cookie = 100 + i;
			assert_int_equal(at, rz_stale_see(&s, &c, (200 + 20 * at) * S));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_seldom),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
