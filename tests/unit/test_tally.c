// SPDX-License-Identifier: Apache-2.0
/* user/kern/tally.c: which bucket a duration falls into. */
#include "unit.h"
#include "kern/tally.h"

static size_t bucket_of(uint64_t ns)
{
	struct rz_histogram h = {};
	size_t i, found = RZ_SPAN_BUCKETS;

	rz_histogram_add(&h, ns);
	assert_int_equal(h.sum_us, ns / 1000);
	for (i = 0; i < RZ_SPAN_BUCKETS; i++) {
		if (!h.buckets[i])
			continue;
		assert_int_equal(h.buckets[i], 1);
		assert_int_equal(found, RZ_SPAN_BUCKETS); /* in one alone */
		found = i;
	}
	return found;
}

/* A bound belongs to its bucket, as Prometheus' `le` says. */
static void test_bounds(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(bucket_of(0), 0);
	for (i = 0; i < RZ_SPAN_BUCKETS - 1; i++) {
		uint64_t us = rz_span_bounds_us[i];

		assert_true(!i || us > rz_span_bounds_us[i - 1]);
		assert_int_equal(bucket_of(us * 1000), i);
		assert_int_equal(bucket_of((us + 1) * 1000), i + 1);
	}
	assert_int_equal(bucket_of(HOUR_NS), RZ_SPAN_BUCKETS - 1);
}

static void test_adds(void **state)
{
	struct rz_histogram h = {};

	(void)state;
	rz_histogram_add(&h, 2000000);
	rz_histogram_add(&h, 2000000);
	rz_histogram_add(&h, 500000);
	assert_int_equal(h.buckets[0], 1);
	assert_int_equal(h.buckets[1], 2);
	assert_int_equal(h.sum_us, 4500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_adds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
