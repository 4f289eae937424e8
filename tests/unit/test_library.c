// SPDX-License-Identifier: Apache-2.0
/* user/policy/library.c, and what the settings make of it in user/policy/classify.c. */
#include "world.h"
#include "policy/library.h"

static void says(struct test_world *w, const char *name, const char *version)
{
	strcpy(w->software.name, name);
	strcpy(w->software.version, version);
}

static void produces(struct test_world *w)
{
	w->conn.frame.produce = 1;
	w->conn.frame.fetch = 0;
}

/* Neither of the client's zone. */
static void knows(struct test_world *w, uint32_t others)
{
	test_agent(w, AGENT_C, "c", true);
	w->rows[AGENT_C].agents = w->rows[AGENT_C].ready = others;
}

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

enum borne { ALONE, GAP, HOLD };

/* What a writer is that says this of itself. */
static enum borne bears(const char *name, const char *version)
{
	struct test_world w;
	struct rz_verdict v;

	test_world_make(&w);
	says(&w, name, version);
	produces(&w);
	v = test_classify(&w);
	if (v.reason == RZ_REASON_LIBRARY)
		return ALONE;
	assert_true(v.move);
	return v.plan.gap_only ? GAP : HOLD;
}

/* Where it knows no agent but this one and home, a close in a gap does not bring it there. */
static void test_needs_a_hold(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	says(&w, "librdkafka", "2.3.0");
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
		{"librdkafka", "2.4.0", ALONE},
		{"librdkafka", "2.12.1", ALONE},
		{"librdkafka", "2.16.0", ALONE},
		{"librdkafka", "2.30.0", ALONE},
		{"librdkafka", "3.0.0", ALONE},
		{"librdkafka", "12.2.0", ALONE},
		{"confluent-kafka-go", "2.3.0", HOLD},
		{"confluent-kafka-go", "2.12.0", ALONE},
		{"confluent-kafka-dotnet", "1.9.2", HOLD},
		{"confluent-kafka-dotnet", "2.5.3", ALONE},
		/* those that say it behind their own */
		{"confluent-kafka-python", "2.16.0-rdkafka-2.16.0", ALONE},
		{"confluent-kafka-python", "2.3.0-rdkafka-2.3.0", HOLD},
		{"confluent-kafka-python", "1.7.0-rdkafka-2.0.2", HOLD},
		{"confluent-kafka-python", "1.7.0-rdkafka-2.12.1", ALONE},
		{"confluent-kafka-python", "2.3.0", ALONE},
		{"confluent-kafka-javascript", "v1.8.0-librdkafka-2.12.0", ALONE},
		{"confluent-kafka-javascript", "v0.1.1-librdkafka-2.3.0", HOLD},
		{"rdkafka-ruby", "0.15.0-librdkafka-2.3.0", HOLD},
		{"karafka", "v2.4.9-librdkafka-v2.3.0", HOLD},
		{"karafka", "v2.5.0-librdkafka-v2.8.0", ALONE},
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
	says(&w, "librdkafka", "2.3.0");
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

/* Bits of the names of the table that are one of these. */
static rz_print_names names(const char *one, const char *other)
{
	rz_print_names set = 0;
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX && rz_print_name(i); i++)
		if (!strcmp(rz_print_name(i)->name, one) ||
		    (other && !strcmp(rz_print_name(i)->name, other)))
			set |= 1ULL << i;
	assert_int_not_equal(set, 0);
	return set;
}

/* ... that are this version of it. */
static rz_print_names version_names(const char *name, const char *version)
{
	rz_print_names set = names(name, NULL);
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++) {
		const struct rz_software *s = rz_print_name(i);

		if (s && strncmp(s->version, version, strlen(version)))
			set &= ~(1ULL << i);
	}
	assert_int_not_equal(set, 0);
	return set;
}

/* Which is another version to the table, and which another library. */
static void test_contradicts(void **state)
{
	static const struct {
		const char *name, *version, *print;
		bool contradicts;
	} rows[] = {
		{"kgo", "v1.15.4", "kgo", false},
		{"kgo", "v1.30.0", "kgo", false},
		{"kgo", "v1.22.2", "apache-kafka-java", true},
		{"librdkafka", "2.12.1", "confluent-kafka-python", false},
		{"librdkafka", "2.4.0", "confluent-kafka-python", false},
		{"sarama", "v1.50.0", "sarama", false},
		{"somebody-new", "1.0", "sarama", true},
	};
	struct rz_software said;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		memset(&said, 0, sizeof(said));
		strcpy(said.name, rows[i].name);
		strcpy(said.version, rows[i].version);
		print_message("%s %s\n", said.name, said.version);
		assert_int_equal(rz_library_contradicts(&said, names(rows[i].print, NULL)),
				 rows[i].contradicts);
		assert_false(rz_library_contradicts(&said, 0));
	}
	/* of several versions whose rules differ it is none that is newer */
	said = (struct rz_software){"librdkafka", "2.3.0"};
	assert_true(rz_library_contradicts(&said, version_names("confluent-kafka-python", "2.12")));
	said = (struct rz_software){"kafka-python", "2.1.6"};
	assert_true(rz_library_contradicts(&said, version_names("kafka-python", "3")));
	said = (struct rz_software){"kafka-python", "2.3.3"};
	assert_false(rz_library_contradicts(&said, version_names("kafka-python", "3")));
}

/* Of several libraries the strictest rule applies; of one that says no name, the rule of such. */
static void test_prints(void **state)
{
	struct rz_frame frame = {.produce = 1, .data_version = 8, .adopted = 1};
	struct rz_library_case c = {.frame = &frame, .others = 2};
	struct rz_library_way w;

	(void)state;
	assert_true(rz_library_way(&c).alone);
	c.prints = names("apache-kafka-java", NULL);
	w = rz_library_way(&c);
	assert_false(w.alone || w.gap_only || w.shared);
	assert_int_equal(w.close, RZ_CLOSE_RESET);
	c.prints = names("sarama", NULL);
	assert_true(rz_library_way(&c).shared);
	c.prints = names("sarama", "apache-kafka-java");
	w = rz_library_way(&c);
	assert_false(w.alone || w.gap_only || w.shared);
	c.prints = names("kafka-go", NULL); /* which is left to itself */
	assert_true(rz_library_way(&c).alone);
	c.prints = names("kafka-go", "apache-kafka-java");
	assert_true(rz_library_way(&c).alone);
	frame.data_version = 7;
	c.prints = names("kafka-python-ng", "apache-kafka-java");
	w = rz_library_way(&c);
	assert_true(!w.alone && w.gap_only);
	assert_int_equal(w.close, RZ_CLOSE_RESET);
	frame.data_version = 8;
	c.prints = names("confluent-kafka-python", "kafka-python");
	assert_true(rz_library_way(&c).alone);
	c.prints = version_names("confluent-kafka-python", "2.12") |
		   version_names("kafka-python", "3");
	assert_true(rz_library_way(&c).alone);
	c.idempotent = true;
	w = rz_library_way(&c);
	assert_true(w.follow && !w.alone && !w.gap_only);
	c.idempotent = false;
	c.prints = names("kgo", "apache-kafka-java"); /* FIN and reset */
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_AUTO);
	/* says no name, but is known to come home only if a request of its is held */
	frame.data_version = 7;
	c.prints = names("kafkajs", NULL);
	assert_true(rz_library_way(&c).needs_hold && !rz_library_way(&c).gap_only);
	c.idempotent = true; /* then it may lose what is taken from it */
	assert_true(!rz_library_way(&c).needs_hold && rz_library_way(&c).gap_only);
	c.prints |= version_names("confluent-kafka-python", "2.3");
	assert_true(!rz_library_way(&c).needs_hold && rz_library_way(&c).gap_only);
	c.idempotent = false;
	c.prints = names("aiokafka", NULL);
	assert_true(!rz_library_way(&c).needs_hold && !rz_library_way(&c).gap_only);
	c.prints = names("kafkajs", "kafka-python");
	assert_true(!rz_library_way(&c).needs_hold && rz_library_way(&c).gap_only);
	frame.data_version = 8;
	/* what a connection said, or its sibling, counts more */
	c.software = &(struct rz_software){"kgo", "v1.22.2"};
	c.prints = names("apache-kafka-java", NULL);
	assert_true(rz_library_way(&c).gap_only);
	c.software = NULL;
}

/* Readers: where one that may be any is moved, its print changes nothing, but for kafkajs's; and
 * where it is not, the strictest rule of those that it may be applies. */
static void test_reader_prints(void **state)
{
	struct rz_frame frame = {.data_version = 11, .adopted = 1};
	struct rz_library_case c = {.frame = &frame};

	(void)state;
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_AUTO);
	c.prints = names("aiokafka", "sarama") | names("confluent-kafka-python", NULL);
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_RESET);
	assert_false(rz_library_way(&c).shared);
	c.prints |= names("apache-kafka-java", NULL);
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_RESET);
	c.grouped = true; /* and knows no other agent */
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_AUTO);
	c.others = 1;
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_RESET);
	c.prints |= names("kafkajs", NULL);
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_AUTO);
	c.others = 2; /* no other node's close may meet it */
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_AUTO);
	c.prints = names("aiokafka", "apache-kafka-java");
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_FIN);
	/* newer than kafkajs's: Java's, or that of one whose group bears it */
	frame.data_version = 12;
	c.others = 0;
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_AUTO);
	c.prints = names("confluent-kafka-python", "kgo");
	assert_int_equal(rz_library_way(&c).close, RZ_CLOSE_RESET);
	/* group membership on the same connection is sarama's */
	frame.coordinator = 1;
	c.prints = names("sarama", NULL);
	for (c.others = 0; c.others < 3; c.others++)
		assert_true(rz_library_way(&c).shared);
	c.prints |= names("kgo", NULL);
	for (c.others = 0; c.others < 3; c.others++)
		assert_false(rz_library_way(&c).shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unnamed),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_needs_a_hold),
		cmocka_unit_test(test_librdkafka),
		cmocka_unit_test(test_followed),
		cmocka_unit_test(test_at_one),
		cmocka_unit_test(test_librdkafka_reader),
		cmocka_unit_test(test_alone),
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
		cmocka_unit_test(test_contradicts),
		cmocka_unit_test(test_prints),
		cmocka_unit_test(test_reader_prints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
