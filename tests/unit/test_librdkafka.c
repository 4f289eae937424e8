// SPDX-License-Identifier: Apache-2.0
/* user/policy/library.c: librdkafka, which has the most rules of its own. */
#include "library.h"

/* Where it knows no agent but this one and home, a close in a gap does not bring it there. */
static void test_needs_a_hold(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	says(&w, "librdkafka", "2.8.0");
	produces(&w);
	assert_true(test_classify(&w).plan.needs_hold);
	knows(&w, 1);
	assert_false(test_classify(&w).plan.needs_hold);
}

/* How each binding says librdkafka's version, and what cannot be read. Seen in their sources. */
static void test_librdkafka(void **state)
{
	static const struct {
		const char *name, *version;
		enum borne borne;
	} rows[] = {
		/* the C library, and those that say its version alone */
		{"librdkafka", "1.8.2", ALONE},
		{"librdkafka", "1.9.0", HOLD},
		{"librdkafka", "1.10.0", HOLD},
		{"librdkafka", "2.0.2", HOLD},
		{"librdkafka", "2.3.0", HOLD},
		{"librdkafka", "2.3.0-41-g1a2b3c", HOLD},
		{"librdkafka", "v2.3.0", HOLD},
		{"librdkafka", "2.4.0", HOLD},
		{"librdkafka", "2.8.0", HOLD},
		{"librdkafka", "2.9.0", ALONE}, /* a candidate, with what 2.10 does */
		{"librdkafka", "2.10.0", ALONE},
		{"librdkafka", "2.12.1", ALONE},
		{"librdkafka", "2.16.0", ALONE},
		{"librdkafka", "2.30.0", ALONE},
		{"librdkafka", "3.0.0", ALONE},
		{"librdkafka", "12.2.0", ALONE},
		{"confluent-kafka-go", "2.3.0", HOLD},
		{"confluent-kafka-go", "2.12.0", ALONE},
		{"confluent-kafka-dotnet", "1.9.2", HOLD},
		{"confluent-kafka-dotnet", "2.5.3", HOLD},
		/* those that say it behind their own */
		{"confluent-kafka-python", "2.16.0-rdkafka-2.16.0", ALONE},
		{"confluent-kafka-python", "2.3.0-rdkafka-2.3.0", HOLD},
		{"confluent-kafka-python", "2.9.0-rdkafka-2.8.0", HOLD},
		{"confluent-kafka-python", "1.7.0-rdkafka-2.0.2", HOLD},
		{"confluent-kafka-python", "1.7.0-rdkafka-2.12.1", ALONE},
		{"confluent-kafka-python", "2.3.0", ALONE},
		{"confluent-kafka-javascript", "v1.8.0-librdkafka-2.12.0", ALONE},
		{"confluent-kafka-javascript", "v0.1.1-librdkafka-2.3.0", HOLD},
		{"rdkafka-ruby", "0.15.0-librdkafka-2.3.0", HOLD},
		{"karafka", "v2.4.9-librdkafka-v2.3.0", HOLD},
		{"karafka", "v2.5.0-librdkafka-v2.8.0", HOLD},
		/* cut off by BPF: its whole is "v2.5.0-rdkafka-ruby-v0.19.5-librdkafka-v2.3.0" */
		{"karafka", "v2.5.0-rdkafka-ruby-v0.19.5-lib", ALONE},
		/* the longest that is whole, and one that may be 2.16's beginning */
		{"confluent-kafka-javascript", "v1.8.0-alpha-12-librdkafka-2.1", HOLD},
		{"confluent-kafka-javascript", "v1.8.0-alpha-123-librdkafka-2.1", ALONE},
		/* whatever calls itself something else, and says no version of librdkafka's */
		{"ClickHouse", "2.3.0", ALONE},
		{"zig-kafka", "2.3.0", ALONE},
		/* nobody can read this */
		{"librdkafka", "", ALONE},
		{"librdkafka", "2", ALONE},
		{"librdkafka", "v", ALONE},
		{"librdkafka", "..", ALONE},
		{"librdkafka", "unknown", ALONE},
		{"librdkafka", "-2.3", ALONE},
		{"librdkafka", "99999999999999999999.3", ALONE},
		{"librdkafka", "2.99999999999999999999", ALONE},
		{"confluent-kafka-python", "2.16", ALONE},
		{"confluent-kafka-python", "-rdkafka-", ALONE},
		{"confluent-kafka-python", "2.3.0-rdkafka-", ALONE},
		{"confluent-kafka-python", "-rdkafka-2.3.0-rdkafka-", ALONE},
		{"*librdkafka", "2.3.0", ALONE},
		{"librdkafkA", "2.3.0", ALONE},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		print_message("%s %s\n", rows[i].name, rows[i].version);
		assert_int_equal(bears(rows[i].name, rows[i].version), rows[i].borne);
	}
}

/* A writer that may write twice is moved only where its client can be followed after the close. */
static void test_followed(void **state)
{
	struct test_world w;
	struct rz_verdict v;

	(void)state;
	test_world_make(&w);
	says(&w, "librdkafka", "2.16.0");
	produces(&w);
	w.settings.hold_timeout_ns = 1;
	v = test_classify(&w);
	assert_true(v.move);
	assert_true(v.plan.follow);
	assert_false(v.plan.gap_only);
	w.other_writer = true; /* pods behind one address: whose connection the next one is, nobody
				  can tell */
	assert_int_equal(test_classify(&w).reason, RZ_REASON_LIBRARY);
	w.other_writer = false;
	w.settings.local_proxy = RZ_LOCAL_PROXY_MOVE;
	w.conn.frame.via = RZ_VIA_LOCAL;
	assert_int_equal(test_classify(&w).reason, RZ_REASON_LIBRARY);
	w.conn.frame.via = RZ_VIA_NETWORK;
	w.settings.acks0 = RZ_ACKS0_MOVE;
	w.conn.frame.acks0 = 1;
	assert_int_equal(test_classify(&w).reason, RZ_REASON_LIBRARY);
	w.conn.frame.acks0 = 0;
	assert_true(test_classify(&w).move);
	w.settings.hold_timeout_ns = 0;
	assert_int_equal(test_classify(&w).reason, RZ_REASON_LIBRARY);
	w.settings.hold_timeout_ns = 1;
	assert_true(test_classify(&w).move);
	test_agent(&w, AGENT_C, "c", true); /* it may write there, too, and leave it */
	w.rows[AGENT_C].agents = w.rows[AGENT_C].ready = 1;
	assert_int_equal(test_classify(&w).reason, RZ_REASON_LIBRARY);
	/* older ones write once by themselves */
	says(&w, "librdkafka", "2.8.0");
	assert_true(test_classify(&w).move);
	assert_false(test_classify(&w).plan.follow);
}

/* ... or where it has nothing in flight at another agent than the one that it is followed at. */
static void test_at_one(void **state)
{
	static const struct {
		enum rz_give_leaders told;
		enum rz_leaders said;
		bool truncated, move;
	} rows[] = {
		{RZ_GIVE_LEADERS_MANY, RZ_LEADERS_UNSAID, false, false},
		{RZ_GIVE_LEADERS_MANY, RZ_LEADERS_ONE, false, true},
		{RZ_GIVE_LEADERS_MANY, RZ_LEADERS_MANY, false, false},
		{RZ_GIVE_LEADERS_ONE, RZ_LEADERS_UNSAID, false, true},
		{RZ_GIVE_LEADERS_ONE, RZ_LEADERS_ONE, false, true},
		{RZ_GIVE_LEADERS_ONE, RZ_LEADERS_MANY, false, false},
		/* what says so may have been cut off */
		{RZ_GIVE_LEADERS_ONE, RZ_LEADERS_UNSAID, true, false},
		{RZ_GIVE_LEADERS_ONE, RZ_LEADERS_ONE, true, true},
	};
	struct test_world w;
	size_t i;

	(void)state;
	test_world_make(&w);
	says(&w, "librdkafka", "2.16.0");
	produces(&w);
	knows(&w, 2);
	for (i = 0; i < COUNT(rows); i++) {
		print_message("%zu\n", i);
		w.settings.hold_timeout_ns = 1;
		w.settings.leaders = rows[i].told;
		w.client.leaders = rows[i].said;
		w.client.truncated = rows[i].truncated;
		assert_int_equal(test_classify(&w).move, rows[i].move);
		assert_int_equal(test_classify(&w).plan.follow, rows[i].move);
		w.settings.hold_timeout_ns = 0; /* and is left alone if it cannot be followed */
		assert_false(test_classify(&w).move);
	}
}

/* Its readers are as they were. */
static void test_librdkafka_reader(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	says(&w, "librdkafka", "2.16.0");
	assert_true(test_classify(&w).move);
	assert_false(test_classify(&w).plan.gap_only);
	w.grouped = true;
	assert_true(test_classify(&w).move);
}

/* It may come home by itself first; no --close makes it one that is moved. */
static void test_alone(void **state)
{
	struct test_world w;
	struct rz_judged_conn j = {.conn = &w.conn, .client = &w.client, .software = &w.software};
	struct rz_world v;
	enum rz_close close;

	(void)state;
	test_world_make(&w);
	v = test_world_view(&w);
	says(&w, "librdkafka", "2.16.0");
	produces(&w);
	for (close = RZ_CLOSE_AUTO; close < RZ_CLOSE_COUNT; close++) {
		w.settings.close = close;
		assert_int_equal(test_classify(&w).reason, RZ_REASON_LIBRARY);
		assert_int_equal(rz_classify_by_hand(&j, &v), RZ_REASON_LIBRARY);
	}
	assert_int_equal(test_classify(&w).expected_ns, w.conn.opened_ns); /* no --grace */
	w.settings.grace_ns = HOUR_NS;
	assert_int_equal(test_classify(&w).reason, RZ_REASON_MAY_COME);
	assert_int_equal(test_classify(&w).expected_ns, w.conn.opened_ns + HOUR_NS);
	w.conn.opened_ns -= 20 * SECOND_NS;
	w.rows[AGENT_B].ready_since_ns = w.conn.opened_ns + SECOND_NS;
	assert_int_equal(test_classify(&w).expected_ns, w.conn.opened_ns + SECOND_NS + HOUR_NS);
	says(&w, "librdkafka", "2.0.2"); /* is not left to its library */
	assert_int_equal(test_classify(&w).expected_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needs_a_hold),	  cmocka_unit_test(test_librdkafka),
		cmocka_unit_test(test_followed),	  cmocka_unit_test(test_at_one),
		cmocka_unit_test(test_librdkafka_reader), cmocka_unit_test(test_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
