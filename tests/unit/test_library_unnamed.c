// SPDX-License-Identifier: Apache-2.0
/* user/policy/library.c: clients that do not name their library, and what several connections of
 * one kind bear. */
#include "library.h"

/* What kafkajs, kafka-go and others that do not name themselves bear: docs/clients.md. */
static void test_unnamed(void **state)
{
	struct test_world w;
	struct rz_verdict v;

	(void)state;
	test_world_make(&w);
	v = test_classify(&w);
	assert_true(v.move);
	assert_int_equal(v.plan.close, RZ_CLOSE_RESET);
	knows(&w, 2);
	assert_int_equal(test_classify(&w).plan.close, RZ_CLOSE_FIN);
	produces(&w);
	v = test_classify(&w);
	assert_true(v.move);
	assert_int_equal(v.plan.close, RZ_CLOSE_RESET);
	assert_true(v.plan.gap_only);
	w.conn.frame.data_version = 9; /* its name was said before rezone was there */
	assert_int_equal(test_classify(&w).reason, RZ_REASON_LIBRARY);
	w.conn.frame.data_version = 8; /* the same at an agent that has no newer version, */
	w.conn.frame.adopted = 1;
	assert_int_equal(test_classify(&w).reason, RZ_REASON_LIBRARY);
	w.conn.frame.adopted = 0; /* ... or kafka-go's Writer */
	assert_int_equal(test_classify(&w).reason, RZ_REASON_LIBRARY);
	w.conn.frame.data_version = 7;
	w.conn.frame.fetch = 1; /* both on one connection: what a write needs counts */
	v = test_classify(&w);
	assert_int_equal(v.plan.close, RZ_CLOSE_RESET);
	assert_true(v.plan.gap_only);
}

/* Readers that do not miss an idle connection, or may have nobody to ask after their first loss. */
static void test_readers_of_one_kind(void **state)
{
	static const struct {
		const char *name, *version;
		bool produce, busy, twice;
	} cases[] = {
		{"kgo", "v1.22.2", false, true, false},
		{"kgo", "v1.22.2", true, false, false},
		{"librdkafka", "2.12.1", false, false, true},
		{"confluent-kafka-python", "2.16.0-rdkafka-2.16.0", false, false, true},
		{"librdkafka", "2.0.2", true, false, false},
		{"apache-kafka-java", "3.9.1", false, false, false},
		{"not-known", "2.0.2", false, false, false},
	};
	struct test_world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rz_plan plan;

		test_world_make(&w);
		says(&w, cases[i].name, cases[i].version);
		w.conn.frame.produce = cases[i].produce;
		w.conn.frame.fetch = !cases[i].produce;
		plan = test_classify(&w).plan;
		assert_int_equal(plan.busy, cases[i].busy);
		assert_int_equal(plan.in_use, cases[i].busy);
		assert_int_equal(plan.twice, cases[i].twice);
		assert_int_equal(plan.close == RZ_CLOSE_FIN, cases[i].produce && i == 1);
	}
	/* of one that is older than rezone, and no kafka-go's, nobody knows */
	for (i = 9; i < 13; i++) {
		test_world_make(&w);
		w.conn.frame.data_version = (uint8_t)i;
		assert_false(test_classify(&w).plan.busy);
		w.conn.frame.adopted = 1;
		assert_int_equal(test_classify(&w).plan.busy, i != 10);
		assert_false(test_classify(&w).plan.in_use);
		w.prints = rz_print_called("kgo");
		assert_true(test_classify(&w).plan.in_use);
		w.prints = 0;
		says(&w, "apache-kafka-java", "3.9.1");
		assert_false(test_classify(&w).plan.busy);
	}
}

/* A move waits for a client's next connection only if that can be known by what it says. */
static void test_catches(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	says(&w, "kgo", "v1.22.2");
	w.conn.frame.software = 3;
	w.conn.frame.produce = 1;
	w.settings.hold_timeout_ns = SECOND_NS;
	w.with_id = true;
	assert_true(test_classify(&w).plan.catches);
	w.with_id = false;
	assert_false(test_classify(&w).plan.catches);
	w.with_id = true;
	w.conn.frame.software = 0; /* a sibling's name */
	assert_false(test_classify(&w).plan.catches);
	w.conn.frame.software = 3;
	w.other_writer = true;
	assert_false(test_classify(&w).plan.catches);
	w.other_writer = false;
	w.settings.hold_timeout_ns = 0;
	assert_false(test_classify(&w).plan.catches);
	w.settings.hold_timeout_ns = SECOND_NS;
	w.conn.frame.produce = 0;
	assert_false(test_classify(&w).plan.catches);
	w.conn.frame.produce = 1;
	says(&w, "librdkafka", "2.12.1");
	assert_false(test_classify(&w).plan.catches);
}

/* kafka-go's Reader, and nobody else's: several of its connections may go at a time. */
static void test_together(void **state)
{
	struct test_world w;
	unsigned version;
	int others;

	(void)state;
	for (others = 0; others < 2; others++) {
		for (version = 0; version < 13; version++) {
			test_world_make(&w);
			if (others)
				knows(&w, 2);
			w.conn.frame.data_version = (uint8_t)version;
			assert_int_equal(test_classify(&w).plan.together, version == 10);
			says(&w, "librdkafka", "2.3.0");
			assert_false(test_classify(&w).plan.together);
		}
		test_world_make(&w);
		produces(&w);
		w.conn.frame.data_version = 7;
		assert_false(test_classify(&w).plan.together);
	}
}

/* Only libraries that send again by default are held. */
static void test_retries(void **state)
{
	static const struct {
		const char *name, *version;
		enum borne borne;
	} rows[] = {
		{"", "", GAP},
		{"apache-kafka-java", "2.4.0", HOLD},
		{"apache-kafka-java", "4.4.0", HOLD},
		{"apache-kafka-java", "unknown", HOLD},
		{"sarama", "v1.61.1", HOLD},
		{"sarama", "", HOLD},
		{"kafka-python", "2.1.6", GAP},
		{"kafka-python", "2.2.0", HOLD},
		{"kafka-python", "2.10.0", HOLD},
		{"kafka-python", "3.0.0", HOLD},
		{"kafka-python", "", GAP},
		{"kgo", "v1.22.2", GAP},
		{"kgo", "", GAP},
		{"rskafka", "0.6.0", HOLD},
		{"somebody-new", "1.0", ALONE},
		{"aiokafka", "0.14.0", ALONE}, /* which says no name */
		{"kafkajs", "2.2.4", ALONE},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		print_message("%s %s\n", rows[i].name, rows[i].version);
		assert_int_equal(bears(rows[i].name, rows[i].version), rows[i].borne);
	}
}

/* kafkajs: Fetch v11 without a name. One that may know fewer than two agents beside this one is
 * left alone, be it seen to be a group's member or not; of a newer version only a member that may
 * know none is. */
static void test_kafkajs(void **state)
{
	static const struct {
		uint8_t data_version;
		bool grouped, produce;
		uint32_t others;
		bool move;
	} rows[] = {
		{11, true, false, 0, false},  {12, true, false, 0, false},
		{10, true, false, 0, true},   {0, true, false, 0, true},
		{11, false, false, 0, false}, {12, false, false, 0, true},
		{10, false, false, 0, true},  {11, false, false, 1, false},
		{11, true, false, 1, false},  {12, true, false, 1, true},
		{11, false, false, 2, true},  {11, true, true, 0, false},
		{11, true, false, 2, true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		print_message("%zu\n", i);
		assert_int_equal(moved("", "", rows[i].data_version, rows[i].grouped,
				       rows[i].produce, rows[i].others),
				 rows[i].move);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unnamed),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_readers_of_one_kind),
		cmocka_unit_test(test_catches),
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_kafkajs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
