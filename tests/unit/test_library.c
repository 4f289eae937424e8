// SPDX-License-Identifier: Apache-2.0
/* user/policy/library.c, and what the settings make of it in user/policy/classify.c. */
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

/* Is a reader or producer that is like this moved? */
static bool moved(const char *name, const char *version, uint8_t data_version, bool grouped,
		  bool produce, uint32_t others)
{
	struct test_world w;

	test_world_make(&w);
	says(&w, name, version);
	w.conn.frame.data_version = data_version;
	w.grouped = grouped;
	if (produce)
		produces(&w);
	if (others)
		knows(&w, others);
	return test_classify(&w).move;
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

static void test_named(void **state)
{
	static const struct {
		const char *name;
		bool writes;
	} rows[] = {{"librdkafka", true}, {"sarama", true}, {"somebody-new", false}};
	struct test_world w;
	struct rz_verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		test_world_make(&w);
		says(&w, rows[i].name, "2.0");
		v = test_classify(&w);
		assert_true(v.move);
		assert_int_equal(v.plan.close, RZ_CLOSE_RESET);
		produces(&w);
		v = test_classify(&w);
		assert_int_equal(v.move, rows[i].writes);
		assert_int_equal(v.plan.close, RZ_CLOSE_RESET);
	}
}

/* A group member of Java 4 that may know no other agent than this one is left alone. */
static void test_java(void **state)
{
	static const struct {
		const char *version;
		bool grouped, produce;
		uint32_t others;
		bool move;
	} rows[] = {
		{"3.9.1", true, false, 0, true},  {"4.0.0", true, false, 0, false},
		{"4.0.0", false, false, 0, true}, {"4.0.0", true, true, 0, true},
		{"10.1", true, false, 0, false},  {"4.4.0", true, false, 1, true},
		{"4.4.0", true, false, 2, true},  {"", true, false, 0, true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		print_message("%zu\n", i);
		assert_int_equal(moved("apache-kafka-java", rows[i].version, 0, rows[i].grouped,
				       rows[i].produce, rows[i].others),
				 rows[i].move);
	}
}

static void test_franz_go(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	says(&w, "kgo", "v1.22.2");
	assert_int_equal(test_classify(&w).plan.close, RZ_CLOSE_RESET);
	assert_false(test_classify(&w).plan.gap_only);
	produces(&w);
	assert_int_equal(test_classify(&w).plan.close, RZ_CLOSE_FIN);
	assert_true(test_classify(&w).plan.gap_only);
}

/* Its group outlives the loss of the connection that it shares with data. */
static void test_sarama(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	w.conn.frame.coordinator = 1;
	assert_int_equal(test_classify(&w).reason, RZ_REASON_SHARED);
	says(&w, "sarama", "v1.61.1");
	assert_true(test_classify(&w).move);
	w.settings.shared = RZ_SHARED_SKIP;
	assert_int_equal(test_classify(&w).reason, RZ_REASON_SHARED);
}

/* An operator who names a way of closing knows better than the table. */
static void test_close_setting(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	w.settings.close = RZ_CLOSE_RESET;
	assert_int_equal(test_classify(&w).plan.close, RZ_CLOSE_RESET);
	produces(&w);
	w.settings.close = RZ_CLOSE_FIN;
	assert_int_equal(test_classify(&w).plan.close, RZ_CLOSE_FIN);
	test_world_make(&w);
	says(&w, "apache-kafka-java", "4.4.0");
	w.grouped = true;
	assert_false(test_classify(&w).move);
	w.settings.close = RZ_CLOSE_FIN;
	assert_true(test_classify(&w).move);
}

static void test_shared_and_acks0_settings(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	w.conn.frame.coordinator = 1;
	assert_false(test_classify(&w).move);
	w.settings.shared = RZ_SHARED_MOVE;
	assert_true(test_classify(&w).move);
	w.conn.frame.acks0 = 1; /* the kind is still shared */
	assert_int_equal(test_classify(&w).reason, RZ_REASON_ACKS0);
	w.settings.acks0 = RZ_ACKS0_MOVE;
	assert_true(test_classify(&w).move);
	w.conn.frame.transaction = 1;
	assert_int_equal(test_classify(&w).reason, RZ_REASON_TRANSACTIONAL);
}

/* By hand: only what would do harm is refused, by the same settings. */
static void test_by_hand(void **state)
{
	struct test_world w;
	struct rz_judged_conn j = {.conn = &w.conn, .client = &w.client};
	struct rz_world v;

	(void)state;
	test_world_make(&w);
	v = test_world_view(&w);
	w.client.opt_in = 0;
	assert_int_equal(rz_classify_by_hand(&j, &v), RZ_REASON_NONE);
	w.conn.frame.coordinator = 1;
	assert_int_equal(rz_classify_by_hand(&j, &v), RZ_REASON_SHARED);
	w.settings.shared = RZ_SHARED_MOVE;
	assert_int_equal(rz_classify_by_hand(&j, &v), RZ_REASON_NONE);
	w.conn.frame.acks0 = 1;
	assert_int_equal(rz_classify_by_hand(&j, &v), RZ_REASON_ACKS0);
	w.conn.frame.acks0 = 0;
	w.conn.frame.transaction = 1;
	assert_int_equal(rz_classify_by_hand(&j, &v), RZ_REASON_TRANSACTIONAL);
	w.conn.frame.state = RZ_STATE_TLS;
	w.conn.frame.client = 0;
	assert_int_equal(rz_classify_by_hand(&j, &v), RZ_REASON_NOT_IDENTIFIED);
	/* neither close is known to do a library no harm: the operator's setting may say which */
	test_world_make(&w);
	says(&w, "apache-kafka-java", "4.0.0");
	j.software = &w.software;
	j.grouped = true;
	assert_int_not_equal(rz_classify_by_hand(&j, &v), RZ_REASON_NONE);
	w.settings.close = RZ_CLOSE_RESET;
	assert_int_equal(rz_classify_by_hand(&j, &v), RZ_REASON_NONE);
	w.settings.close = RZ_CLOSE_AUTO;
	knows(&w, 2);
	assert_int_equal(rz_classify_by_hand(&j, &v), RZ_REASON_NONE);
}

/* What an idempotent producer writes twice, the agent drops. */
static void test_idempotent(void **state)
{
	struct rz_library_case c = {};
	struct rz_frame frame = {.produce = 1, .data_version = 9};
	struct rz_software kgo = {"kgo", "v1.22.2"}, rdkafka = {"librdkafka", "2.12.1"};

	(void)state;
	c.frame = &frame;
	c.software = &kgo;
	assert_true(rz_library_way(&c).gap_only);
	c.idempotent = true;
	assert_false(rz_library_way(&c).gap_only);
	assert_false(rz_library_way(&c).alone);
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_FIN);
	c.software = &rdkafka;
	for (c.others = 0; c.others < 3; c.others++)
		assert_true(rz_library_way(&c).follow && !rz_library_way(&c).alone);
	c.idempotent = false;
	assert_true(rz_library_way(&c).alone);
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
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_java),
		cmocka_unit_test(test_franz_go),
		cmocka_unit_test(test_sarama),
		cmocka_unit_test(test_close_setting),
		cmocka_unit_test(test_shared_and_acks0_settings),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_idempotent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
