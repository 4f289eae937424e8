// SPDX-License-Identifier: Apache-2.0
/*
 * Whom the policy has held for a moment to find out its library (user/policy/print.c, classify.c),
 * and what it does once that is told. The move itself is test_wait.c's.
 */
#include "world.h"
#include "policy/tick.h"

/* A writer that is older than rezone. */
struct writer {
	struct test_world w;
	struct rz_client_row client;
	struct rz_print_row print;
	struct rz_snapshot snap;
};

/* As librdkafka, kafka-python and rskafka fill a batch alike. */
static void make(struct writer *t, int version, bool idempotent)
{
	memset(t, 0, sizeof(*t));
	test_world_make(&t->w);
	t->w.agents[AGENT_C].ready = true; /* another one that its client knows */
	t->w.rows[AGENT_C].ready = 1;
	t->w.settings.hold_timeout_ns = 5 * SECOND_NS;
	t->w.conn.frame.adopted = 1;
	t->w.conn.frame.produce = 1;
	t->w.conn.frame.data_version = (__u8)version;
	t->client = (struct rz_client_row){t->w.conn.frame.client, t->w.client};
	t->print =
		(struct rz_print_row){t->w.conn.cookie,
				      {.produces = 2,
				       .produce_timeout_ms = 30000,
				       .idempotent = idempotent,
				       .producer_epoch = idempotent ? 0 : -1,
				       .base_sequence = idempotent ? 0 : -1,
				       .versions = {[RZ_PRINT_OF_PRODUCE] = (__u8)(version + 1)}},
				      {}};
	t->snap = (struct rz_snapshot){.conns = &t->w.conn,
				       .n_conns = 1,
				       .clients = &t->client,
				       .n_clients = 1,
				       .prints = &t->print,
				       .n_prints = 1,
				       .now_ns = NOW_NS};
}

static struct rz_verdict judge(struct writer *t)
{
	struct rz_world world = test_world_view(&t->w);
	struct rz_endpoint proxied;
	struct rz_judged_conn j = rz_judged(&t->snap, &t->w.conn, &proxied);
	struct rz_verdict v = rz_classify(&j, &world);

	test_rules_agree(&j, &world, v.reason);
	return v;
}

static void told(struct writer *t, int unanswered, int several)
{
	t->print.told.probed = 1;
	t->print.told.unanswered = (__u8)unanswered;
	t->print.print.several = (__u8)several;
}

static bool has(rz_print_names set, const char *name)
{
	return (set & rz_print_called(name)) != 0;
}

/* What a library never does, or not by default, rules it out once it was seen; that it was not seen
 * rules nobody out. */
static void test_overdone(void **state)
{
	static const struct {
		int version, idempotent, several, unanswered;
		bool rdkafka, python, kafkajs, rskafka;
	} rows[] = {
		{7, 0, 0, 0, true, true, false, true},	  {7, 0, 0, 5, true, true, false, true},
		{7, 0, 0, 6, true, false, false, true},	  {7, 0, 1, 0, false, true, false, false},
		{7, 0, 1, 6, false, false, false, false}, {7, 1, 0, 3, true, false, true, false},
		{7, 1, 0, 4, true, false, false, false},  {7, 1, 1, 3, false, false, true, false},
		{8, 0, 0, 7, true, true, false, false},	  {8, 0, 0, 255, true, false, false, false},
		{8, 0, 1, 0, false, true, false, false},  {9, 0, 1, 7, false, true, false, false},
	};
	rz_print_names set;
	struct writer t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		make(&t, rows[i].version, rows[i].idempotent);
		t.print.print.several = (__u8)rows[i].several;
		t.print.told.unanswered = (__u8)rows[i].unanswered;
		set = rz_print_match(&t.print);
		assert_int_equal(has(set, "confluent-kafka-python"), rows[i].rdkafka);
		assert_int_equal(has(set, "kafka-python"), rows[i].python);
		assert_int_equal(has(set, "kafkajs"), rows[i].kafkajs);
		assert_int_equal(has(set, "rskafka"), rows[i].rskafka);
	}
}

/* librdkafka before 2.4, or one that does not send again what is taken from it. */
static void test_may_not_be_held(void **state)
{
	struct writer t;
	struct rz_verdict v;

	(void)state;
	make(&t, 7, false);
	v = judge(&t);
	assert_true(v.move && v.plan.gap_only && v.plan.probe);
	assert_false(v.plan.probe_only);
	assert_int_equal(v.plan.tells_from, 5);
	assert_int_equal(v.known_by, RZ_KNOWN_FINGERPRINT);
	told(&t, 5, 0); /* not enough: once and never again */
	v = judge(&t);
	assert_true(v.move && v.plan.gap_only && !v.plan.probe);
	assert_int_equal(v.known_by, RZ_KNOWN_FINGERPRINT);
	told(&t, 6, 0);
	v = judge(&t);
	assert_true(v.move && !v.plan.gap_only && !v.plan.probe);
	assert_int_equal(v.known_by, RZ_KNOWN_PROBE);
	told(&t, 6, 1); /* nobody of the table does both */
	v = judge(&t);
	assert_true(v.move && v.plan.gap_only && !v.plan.probe);
	told(&t, 3, 1);
	v = judge(&t);
	assert_true(v.move && v.plan.gap_only && !v.plan.probe);
	assert_int_equal(v.known_by, RZ_KNOWN_PROBE);
	/* by what it did without a probe, too; then nothing is left to probe */
	t.print.told.probed = 0;
	v = judge(&t);
	assert_true(v.move && v.plan.gap_only && !v.plan.probe);
	assert_int_equal(v.known_by, RZ_KNOWN_FINGERPRINT);
}

/* librdkafka before 2.4, or kafkajs, whose idempotent producer must not be held. */
static void test_idempotent(void **state)
{
	struct writer t;
	struct rz_verdict v;

	(void)state;
	make(&t, 7, true);
	v = judge(&t);
	assert_true(v.move && v.plan.gap_only && v.plan.probe);
	assert_int_equal(v.plan.tells_from, 3);
	told(&t, 3, 0);
	assert_true(judge(&t).plan.gap_only);
	told(&t, 4, 0);
	v = judge(&t);
	assert_true(v.move && !v.plan.gap_only);
	assert_int_equal(v.known_by, RZ_KNOWN_PROBE);
}

/* kafka-python, or librdkafka from 2.4 on, which is left alone. */
static void test_may_be_left_alone(void **state)
{
	struct writer t;
	struct rz_verdict v;
	int version;

	(void)state;
	for (version = 8; version <= 9; version++) {
		make(&t, version, false);
		v = judge(&t);
		assert_true(v.move && v.plan.probe && v.plan.probe_only);
		told(&t, 0, 0);
		assert_int_equal(judge(&t).reason, RZ_REASON_LIBRARY);
		told(&t, 255, 0);
		v = judge(&t);
		assert_int_equal(v.reason, RZ_REASON_LIBRARY);
		assert_int_equal(v.known_by, RZ_KNOWN_PROBE);
		told(&t, 5, 1);
		v = judge(&t);
		assert_true(v.move && !v.plan.probe && !v.plan.gap_only && !v.plan.follow);
		assert_int_equal(v.known_by, RZ_KNOWN_PROBE);
	}
	make(&t, 10, false); /* kafka-python has no such version */
	assert_int_equal(judge(&t).reason, RZ_REASON_LIBRARY);
}

/* Whoever is only watched, must not be held, or was seen to begin, is not probed; nor is one that
 * can be moved as it is. */
static void test_not_probed(void **state)
{
	struct writer t;
	struct rz_verdict v;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		make(&t, 8, false);
		if (i == 0)
			t.w.settings.mode = RZ_MODE_OBSERVE;
		else if (i == 1)
			t.w.settings.hold_timeout_ns = 0;
		else if (i == 2)
			t.w.conn.frame.adopted = 0;
		else
			t.print.print.batches_differ = 1; /* no library's */
		v = judge(&t);
		assert_false(v.plan.probe || v.plan.probe_only);
		if (i != 2) /* then it is kafka-python 2.3 */
			assert_int_equal(v.reason, RZ_REASON_LIBRARY);
	}
	make(&t, 8, true); /* one of the two must be followed, the other bears it: both are moved */
	v = judge(&t);
	assert_true(v.move && v.plan.follow && !v.plan.probe);
}

/* An order by hand is to close it, not to look at it. */
static void test_by_hand(void **state)
{
	struct rz_order_row order;
	struct rz_world world;
	struct rz_tick *tick;
	struct writer t;

	(void)state;
	make(&t, 8, false);
	world = test_world_view(&t.w);
	order = (struct rz_order_row){.cookie = t.w.conn.cookie,
				      .order.client = t.w.conn.frame.client};
	assert_int_equal(rz_tick_by_hand(&t.snap, &world, &order, 1, &tick), 0);
	assert_int_equal(tick->n_moves, 0);
	rz_tick_free(tick);
	make(&t, 7, false);
	world = test_world_view(&t.w);
	assert_int_equal(rz_tick_by_hand(&t.snap, &world, &order, 1, &tick), 0);
	assert_int_equal(tick->n_moves, 1);
	assert_true(tick->moves[0].plan.gap_only && !tick->moves[0].plan.probe);
	rz_tick_free(tick);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overdone),   cmocka_unit_test(test_may_not_be_held),
		cmocka_unit_test(test_idempotent), cmocka_unit_test(test_may_be_left_alone),
		cmocka_unit_test(test_not_probed), cmocka_unit_test(test_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
