// SPDX-License-Identifier: Apache-2.0
/* user/policy/library.c, and what the settings make of it in user/policy/classify.c: clients that
 * say which library they are. */
#include "library.h"

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
	assert_true(test_classify(&w).plan.gap_only && test_classify(&w).plan.drains);
	/* an operator's reset may meet what it has not read yet */
	w.settings.close = RZ_CLOSE_RESET;
	assert_true(test_classify(&w).plan.gap_only && !test_classify(&w).plan.drains);
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

/* Asked together with the verdict it says the same, and the verdict is the same. */
static enum rz_reason by_hand(const struct rz_judged_conn *j, const struct rz_world *v)
{
	enum rz_reason reason = rz_classify_by_hand(j, v);
	struct rz_verdict alone = rz_classify(j, v), ordered = {};

	assert_int_equal(rz_classify_order(j, v, &ordered), reason);
	if (reason == RZ_REASON_NONE) {
		assert_int_equal(ordered.reason, alone.reason);
		assert_int_equal(ordered.lasts, alone.lasts);
		assert_string_equal(ordered.client_zone, alone.client_zone);
		assert_true(rz_plan_equal(&ordered.plan, &alone.plan));
	}
	return reason;
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
	assert_int_equal(by_hand(&j, &v), RZ_REASON_NONE);
	w.conn.frame.coordinator = 1;
	assert_int_equal(by_hand(&j, &v), RZ_REASON_SHARED);
	w.settings.shared = RZ_SHARED_MOVE;
	assert_int_equal(by_hand(&j, &v), RZ_REASON_NONE);
	w.conn.frame.acks0 = 1;
	assert_int_equal(by_hand(&j, &v), RZ_REASON_ACKS0);
	w.conn.frame.acks0 = 0;
	w.conn.frame.transaction = 1;
	assert_int_equal(by_hand(&j, &v), RZ_REASON_TRANSACTIONAL);
	w.conn.frame.state = RZ_STATE_TLS;
	w.conn.frame.client = 0;
	assert_int_equal(by_hand(&j, &v), RZ_REASON_NOT_IDENTIFIED);
	/* neither close is known to do a library no harm: the operator's setting may say which */
	test_world_make(&w);
	says(&w, "apache-kafka-java", "4.0.0");
	j.software = &w.software;
	j.grouped = true;
	assert_int_not_equal(by_hand(&j, &v), RZ_REASON_NONE);
	w.settings.close = RZ_CLOSE_RESET;
	assert_int_equal(by_hand(&j, &v), RZ_REASON_NONE);
	w.settings.close = RZ_CLOSE_AUTO;
	knows(&w, 2);
	assert_int_equal(by_hand(&j, &v), RZ_REASON_NONE);
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
