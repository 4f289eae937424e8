// SPDX-License-Identifier: Apache-2.0
/* user/policy/known.c: readers, which are known by their Fetch and by their group's connection. */
#include "known.h"

/* ---- readers ---- */

/* librdkafka up to 2.3, kafkajs, and Java at an agent with Fetch up to v11. */
static const struct rz_print rdkafka_reads = {.fetches = 2,
					      .fetch_max_wait_ms = 500,
					      .fetch_min_bytes = 1,
					      .fetch_max_bytes = 52428800,
					      .isolation = 1,
					      .versions = {[RZ_PRINT_OF_FETCH] = 12}};

static const struct rz_print kafkajs_reads = {.fetches = 2,
					      .fetch_max_wait_ms = 5000,
					      .fetch_min_bytes = 1,
					      .fetch_max_bytes = 10485760,
					      .isolation = 1,
					      .versions = {[RZ_PRINT_OF_FETCH] = 12}};

/* A reader that is older than rezone; if `group` is not NULL its group's connection, too. */
static struct rz_known reads(struct clients *w, struct rz_print_row rows[2],
			     const struct rz_print *print, const struct rz_print *group)
{
	clients_make(w);
	w->conns[OLD].frame.data_version = 11;
	w->conns[NAMED].frame.software = 0;
	w->conns[NAMED].frame.fetch = 0;
	w->conns[NAMED].frame.coordinator = 1;
	w->snap.n_conns = group ? 2 : 1;
	w->snap.n_prints = w->snap.n_conns;
	rows[0] = (struct rz_print_row){w->conns[OLD].cookie, *print, {}};
	if (group)
		rows[1] = (struct rz_print_row){w->conns[NAMED].cookie, *group, {}};
	w->snap.prints = rows;
	assert_int_equal(rz_snapshot_find_members(&w->snap), 0);
	return known(w, OLD);
}

static void reads_end(struct clients *w)
{
	free(w->snap.members);
}

static bool has(rz_print_names set, const char *name)
{
	return set & rz_print_called(name);
}

/* What it is named, and whose rules are asked of it: also those that it is if one of its settings
 * is not the default. */
static void test_reader(void **state)
{
	struct rz_print aiokafka = rdkafka_reads;
	struct rz_print_row rows[2];
	struct rz_known k;
	struct clients w;

	(void)state;
	k = reads(&w, rows, &rdkafka_reads, NULL);
	assert_is(k, RZ_KNOWN_FINGERPRINT, NULL);
	assert_true(may_be(k, "confluent-kafka-python", NULL));
	assert_true(has(k.may_be, "confluent-kafka-python") && has(k.may_be, "aiokafka"));
	assert_false(has(k.may_be, "kafkajs") || has(k.may_be, "apache-kafka-java"));
	/* it says its name, where it can */
	w.conns[OLD].frame.adopted = 0;
	assert_is(known(&w, OLD), RZ_KNOWN_UNKNOWN, NULL);
	assert_true(known(&w, OLD).may_be == 0);
	reads_end(&w);
	k = reads(&w, rows, &kafkajs_reads, NULL);
	assert_true(may_be(k, "kafkajs", NULL) && k.may_be == k.prints);
	w.conns[OLD].frame.adopted = 0;
	assert_true(may_be(known(&w, OLD), "kafkajs", NULL));
	reads_end(&w);
	/* aiokafka's is sarama's, too, which says its name */

	aiokafka.isolation = 0;
	k = reads(&w, rows, &aiokafka, NULL);
	assert_true(may_be(k, "aiokafka", "sarama"));
	w.conns[OLD].frame.adopted = 0;
	assert_true(may_be(known(&w, OLD), "aiokafka", NULL));
	reads_end(&w);
}

/* The versions of its group's connection: OffsetCommit, Heartbeat. kafkajs with librdkafka's
 * settings is not taken for it where that is seen. */
static void test_group_connection(void **state)
{
	static const struct {
		int commit, beat;
		bool rdkafka, kafkajs;
	} seen[] = {
		{0, 0, true, false},  {7, 3, true, false}, {0, 3, true, false},
		{5, 3, false, true},  {5, 0, false, true}, {3, 1, false, false},
		{5, 1, false, false},
	};
	struct rz_print_row rows[2];
	struct rz_known k;
	struct clients w;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(seen); i++) {
		struct rz_print group = {};

		if (seen[i].commit)
			group.versions[RZ_PRINT_OF_OFFSET_COMMIT] = (__u8)(seen[i].commit + 1);
		if (seen[i].beat)
			group.versions[RZ_PRINT_OF_HEARTBEAT] = (__u8)(seen[i].beat + 1);
		k = reads(&w, rows, &rdkafka_reads, &group);
		assert_int_equal(has(k.prints, "confluent-kafka-python"), seen[i].rdkafka);
		assert_int_equal(has(k.may_be, "confluent-kafka-python"), seen[i].rdkafka);
		assert_int_equal(has(k.may_be, "kafkajs"), seen[i].kafkajs);
		/* it says nothing at an agent that may not have these versions */
		w.conns[OLD].frame.data_version = 4;
		assert_true(has(known(&w, OLD).prints, "confluent-kafka-python"));
		reads_end(&w);
		/* and kafkajs is not ruled out by it */
		k = reads(&w, rows, &kafkajs_reads, &group);
		assert_true(has(k.may_be, "kafkajs"));
		assert_int_equal(has(k.prints, "kafkajs"),
				 !seen[i].commit ? true : seen[i].kafkajs);
		reads_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_group_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
