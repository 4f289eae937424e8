// SPDX-License-Identifier: Apache-2.0
/* user/policy/known.c: writers, which are known by the form of their requests. */
#include "known.h"
#include "policy/library.h"

/* ---- fingerprints ---- */

/* As Java fills it where it is not idempotent, at an agent with Produce up to v8. */
static const struct rz_print java_writes = {.produces = 2,
					    .produce_timeout_ms = 30000,
					    .leader_epoch = -1,
					    .producer_epoch = -1,
					    .base_sequence = -1,
					    .versions = {[RZ_PRINT_OF_PRODUCE] = 9}};

static struct rz_known by_print(struct clients *w, struct rz_print_row *row,
				const struct rz_print *print)
{
	clients_make(w);
	w->snap.n_conns = NAMED; /* the old one alone */
	w->conns[OLD].frame.produce = 1;
	w->conns[OLD].frame.data_version = 8;
	*row = (struct rz_print_row){w->conns[OLD].cookie, *print, {}};
	w->snap.prints = row;
	w->snap.n_prints = 1;
	return known(w, OLD);
}

static void by_print_end(struct clients *w)
{
	free(w->snap.named);
}

/* Seen to begin without a name: a library that says one is none of these. */
static void test_without_a_name(void **state)
{
	static const struct rz_print kafkajs_writes = {.produces = 2,
						       .produce_timeout_ms = 30000,
						       .versions = {[RZ_PRINT_OF_PRODUCE] = 8}};
	struct rz_print_row row;
	struct rz_known k;
	struct clients w;

	(void)state;
	by_print(&w, &row, &java_writes);
	w.conns[OLD].frame.adopted = 0;
	assert_is(known(&w, OLD), RZ_KNOWN_UNKNOWN, NULL);
	by_print_end(&w);
	k = by_print(&w, &row, &kafkajs_writes);
	assert_true(may_be(k, "kafkajs", NULL));
	w.conns[OLD].frame.adopted = 0;
	k = known(&w, OLD);
	assert_is(k, RZ_KNOWN_FINGERPRINT, NULL);
	assert_true(may_be(k, "kafkajs", NULL));
	by_print_end(&w);
}

/* kafka-python before 2.1, -ng and rskafka fill a batch as these do, but are never idempotent. */
static void test_writer_idempotent(void **state)
{
	static const struct rz_print old = {.produces = 2,
					    .produce_timeout_ms = 30000,
					    .idempotent = 1,
					    .versions = {[RZ_PRINT_OF_PRODUCE] = 8}};
	struct rz_print_row row;
	struct clients w;

	(void)state;
	assert_true(may_be(by_print(&w, &row, &old), "confluent-kafka-python", "kafkajs"));
	by_print_end(&w);
}

/* A writer that was seen to begin without a name, though another connection of its client said one:
 * its requests decide whether it is that one's. */
static void test_sibling_of_the_same_form(void **state)
{
	static const struct rz_print sarama_writes = {.produces = 2,
						      .produce_timeout_ms = 10000,
						      .producer_epoch = -1,
						      .versions = {[RZ_PRINT_OF_PRODUCE] = 10}};
	struct rz_print few = java_writes;
	struct rz_print_row row;
	struct clients w;

	(void)state;
	by_print(&w, &row, &java_writes);
	w.conns[OLD].frame.adopted = 0;
	w.snap.n_conns = N_CONNS;
	assert_is(learn(&w), RZ_KNOWN_SIBLING, "apache-kafka-java");
	w.conns[OLD].frame.produce = 0; /* what tells readers apart is settings */
	assert_is(known(&w, OLD), RZ_KNOWN_UNKNOWN, NULL);
	w.conns[OLD].frame.produce = 1;
	w.snap.n_prints = 0; /* nothing is known of its form */
	assert_is(known(&w, OLD), RZ_KNOWN_UNKNOWN, NULL);
	by_print_end(&w);
	few.produces = RZ_PRINT_LEAST - 1;
	by_print(&w, &row, &few);
	w.conns[OLD].frame.adopted = 0;
	w.snap.n_conns = N_CONNS;
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
	by_print_end(&w);
	by_print(&w, &row, &sarama_writes); /* another library's */
	w.conns[OLD].frame.adopted = 0;
	w.snap.n_conns = N_CONNS;
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
	by_print_end(&w);
}

static void test_fingerprint(void **state)
{
	struct rz_print p = java_writes;
	struct rz_print_row row;
	struct rz_known k;
	struct clients w;

	(void)state;
	k = by_print(&w, &row, &p);
	assert_is(k, RZ_KNOWN_FINGERPRINT, NULL);
	assert_true(may_be(k, "apache-kafka-java", NULL));
	assert_false(k.idempotent);
	/* one that was seen to say no name is none of those that say theirs */
	w.conns[OLD].frame.adopted = 0;
	assert_is(known(&w, OLD), RZ_KNOWN_UNKNOWN, NULL);
	by_print_end(&w);
	p.leader_epoch = 0; /* two that are not to be told apart here */
	k = by_print(&w, &row, &p);
	assert_true(may_be(k, "confluent-kafka-python", "kafka-python"));
	by_print_end(&w);
	p.base_sequence = 0;
	p.produce_timeout_ms = 10000;
	k = by_print(&w, &row, &p);
	assert_true(may_be(k, "sarama", NULL));
	by_print_end(&w);
}

/* With another library's timeout it has the other's name only if it sends a version that the other
 * would send. aiokafka 0.14 has Produce v7 at most, and franz-go sends v8 or newer to each agent.
 */
static void test_timeout_of_another(void **state)
{
	struct rz_print p = java_writes;
	struct rz_print_row row;
	struct clients w;

	(void)state;
	p.leader_epoch = -1;
	p.base_sequence = 0;
	p.versions[RZ_PRINT_OF_PRODUCE] = 7 + 1;
	p.produce_timeout_ms = 40000;
	assert_true(may_be(by_print(&w, &row, &p), "aiokafka", NULL));
	by_print_end(&w);
	p.produce_timeout_ms = 10000;
	assert_is(by_print(&w, &row, &p), RZ_KNOWN_UNKNOWN, NULL);
	by_print_end(&w);
	p.versions[RZ_PRINT_OF_PRODUCE] = 8 + 1;
	assert_true(may_be(by_print(&w, &row, &p), "kgo", NULL));
	by_print_end(&w);
}

/* An idempotent producer is known to be one, whatever its library. */
static void test_fingerprint_idempotent(void **state)
{
	struct rz_print p = java_writes;
	struct rz_print_row row;
	struct rz_known k;
	struct clients w;

	(void)state;
	p.idempotent = 1;
	p.producer_epoch = p.base_sequence = 0;
	k = by_print(&w, &row, &p);
	assert_true(may_be(k, "apache-kafka-java", NULL));
	assert_true(k.idempotent);
	w.conns[OLD].frame.software = KGO;
	w.snap.n_conns = N_CONNS;
	assert_true(known(&w, OLD).idempotent);
	by_print_end(&w);
	p.produce_timeout_ms++;
	k = by_print(&w, &row, &p);
	assert_is(k, RZ_KNOWN_UNKNOWN, NULL);
	assert_true(k.idempotent);
	by_print_end(&w);
	p.batches_differ = 1; /* a second producer is not */
	assert_false(by_print(&w, &row, &p).idempotent);
	by_print_end(&w);
	p.batches_differ = 0;
	p.produces = RZ_PRINT_LEAST - 1;
	assert_false(by_print(&w, &row, &p).idempotent);
	by_print_end(&w);
}

/* Whatever is not as it is by default, or not always the same, makes it unknown. */
static void test_fingerprint_of_nobody(void **state)
{
	struct rz_print p[8];
	struct rz_print_row row;
	struct clients w;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(p); i++)
		p[i] = java_writes;
	p[0].produce_timeout_ms = 29999;
	p[1].leader_epoch = 1;
	p[2].base_sequence = 1;
	p[3].produces = RZ_PRINT_LEAST - 1;
	p[4].batches_differ = 1;
	p[5].timeouts_differ = 1;
	p[6].versions[RZ_PRINT_OF_PRODUCE] = RZ_PRINT_DIFFERS;
	p[7].old_batch = 1;
	for (i = 0; i < COUNT(p); i++) {
		assert_is(by_print(&w, &row, &p[i]), RZ_KNOWN_UNKNOWN, NULL);
		by_print_end(&w);
	}
	p[0] = java_writes;
	p[0].versions[RZ_PRINT_OF_PRODUCE] = 100; /* no library of the table has it */
	assert_is(by_print(&w, &row, &p[0]), RZ_KNOWN_UNKNOWN, NULL);
	by_print_end(&w);
}

/* May it be the library of this name, in a version that begins so? */
static bool may_be_version(struct rz_known k, const char *name, const char *version)
{
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++)
		if (k.prints >> i & 1 && !strcmp(rz_print_name(i)->name, name) &&
		    !strncmp(rz_print_name(i)->version, version, strlen(version)))
			return true;
	return false;
}

/* librdkafka has Produce v7 up to 2.3, v8 in 2.4 and v10 from 2.5 on, kafka-python v7 in 2.0 and v9
 * in 3: all fill a batch alike. Of v8 one cannot tell, for an agent may have no newer one. */
static void test_versions(void **state)
{
	static const struct {
		int version;
		bool rdkafka_2_3, rdkafka_2_4, rdkafka_2_8, python_2, python_3;
	} rows[] = {
		{7, true, false, false, true, false},
		{8, false, true, true, false, true},
		{9, false, false, true, false, true},
		{10, false, false, true, false, false},
	};
	struct rz_print p = java_writes;
	struct rz_print_row row;
	struct rz_known k;
	struct clients w;
	size_t i;

	(void)state;
	p.leader_epoch = 0;
	for (i = 0; i < COUNT(rows); i++) {
		p.versions[RZ_PRINT_OF_PRODUCE] = (__u8)(rows[i].version + 1);
		k = by_print(&w, &row, &p);
		assert_int_equal(may_be_version(k, "confluent-kafka-python", "2.3"),
				 rows[i].rdkafka_2_3);
		assert_int_equal(may_be_version(k, "confluent-kafka-python", "2.4"),
				 rows[i].rdkafka_2_4);
		assert_int_equal(may_be_version(k, "confluent-kafka-python", "2.8"),
				 rows[i].rdkafka_2_8);
		assert_int_equal(may_be_version(k, "confluent-kafka-python", "2.12"),
				 rows[i].rdkafka_2_8); /* which nothing tells from it */
		assert_int_equal(may_be_version(k, "kafka-python", "2.0"), rows[i].python_2);
		assert_int_equal(may_be_version(k, "kafka-python", "3"), rows[i].python_3);
		by_print_end(&w);
	}
}

/* What another client sends to the same agent changes nothing: it may send what the agent does not
 * have. */
static void test_no_neighbour(void **state)
{
	struct rz_print p = java_writes;
	struct rz_print_row rows[2];
	struct rz_known k;
	struct clients w;

	(void)state;
	p.leader_epoch = 0;
	k = by_print(&w, rows, &p);
	w.snap.n_conns = N_CONNS;
	rows[1] = (struct rz_print_row){w.conns[OTHER].cookie, java_writes, {}};
	rows[1].print.versions[RZ_PRINT_OF_PRODUCE] = 14;
	w.snap.n_prints = 2;
	assert_true(known(&w, OLD).prints == k.prints && k.prints);
	by_print_end(&w);
}

/* kafka-python 3 has the print of librdkafka 2.5 and newer: both are named, and the stricter rule
 * applies. */
static void test_shared_print(void **state)
{
	static const struct rz_software python = {"kafka-python", "3.0.0"};
	struct rz_frame frame = {.produce = 1, .adopted = 1};
	struct rz_library_case c = {.frame = &frame};
	struct rz_print p = java_writes;
	struct rz_print_row row;
	struct rz_known k;
	struct clients w;
	int version;

	(void)state;
	p.leader_epoch = 0;
	for (version = 8; version <= 9; version++) {
		p.versions[RZ_PRINT_OF_PRODUCE] = (__u8)(version + 1);
		frame.data_version = version;
		k = by_print(&w, &row, &p);
		assert_true(may_be(k, "confluent-kafka-python", "kafka-python"));
		c.prints = k.prints;
		c.others = 1;
		assert_true(rz_library_way(&c).alone);
		c.others = 0;
		assert_true(rz_library_way(&c).follow);
		c.software = &python; /* which says its name */
		assert_false(rz_library_way(&c).follow || rz_library_way(&c).alone);
		c.software = NULL;
		by_print_end(&w);
	}
}

/* kafka-python 2.3 says its name on a client's first connection alone. Its later ones have the
 * print of librdkafka 2.4 and newer, which says its name on each. */
static void test_first_connection_alone(void **state)
{
	struct rz_frame frame = {.produce = 1};
	struct rz_library_case c = {.frame = &frame, .others = 2};
	struct rz_print p = java_writes;
	struct rz_library_way way;
	struct rz_print_row row;
	struct rz_known k;
	struct clients w;
	int version;

	(void)state;
	p.leader_epoch = 0;
	for (version = 7; version <= 9; version++) {
		p.versions[RZ_PRINT_OF_PRODUCE] = (__u8)(version + 1);
		by_print(&w, &row, &p);
		w.conns[OLD].frame.data_version = (__u8)version;
		w.conns[OLD].frame.adopted = 0;
		k = known(&w, OLD);
		if (version != 8) { /* others say none, too; or it has no such version */
			assert_is(k, RZ_KNOWN_UNKNOWN, NULL);
		} else {
			assert_is(k, RZ_KNOWN_FINGERPRINT, NULL);
			assert_true(may_be(k, "kafka-python", NULL));
			assert_false(may_be_version(k, "kafka-python", "3"));
			frame.data_version = 8;
			c.prints = k.prints;
			way = rz_library_way(&c);
			assert_int_equal(way.close, RZ_CLOSE_RESET);
			assert_false(way.alone || way.gap_only || way.follow);
		}
		by_print_end(&w);
	}
	/* another library's batches */
	by_print(&w, &row, &java_writes);
	w.conns[OLD].frame.adopted = 0;
	assert_is(known(&w, OLD), RZ_KNOWN_UNKNOWN, NULL);
	by_print_end(&w);
}

/* A sibling's name that its requests contradict: pods of two versions, or two programs, behind one
 * NAT. */
static void test_contradiction(void **state)
{
	static const struct {
		const char *name, *version;
		enum rz_known_by by;
	} rows[] = {
		{"apache-kafka-java", "3.9.1", RZ_KNOWN_SIBLING},
		{"apache-kafka-java", "4.9.0", RZ_KNOWN_SIBLING}, /* newer than the table */
		{"apache-kafka-java", "2.4.0", RZ_KNOWN_SIBLING}, /* older: its rule is the same */
		{"librdkafka", "2.3.0", RZ_KNOWN_UNKNOWN},
		{"somebody", "1.0", RZ_KNOWN_UNKNOWN},
	};
	struct rz_print_row row;
	struct clients w;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		by_print(&w, &row, &java_writes);
		w.snap.n_conns = N_CONNS;
		strcpy(w.softwares[0].software.name, rows[i].name);
		strcpy(w.softwares[0].software.version, rows[i].version);
		assert_int_equal(rz_named_learn(&w.snap), 0);
		assert_int_equal(known(&w, OLD).by, rows[i].by);
		by_print_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_name),
		cmocka_unit_test(test_sibling_of_the_same_form),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_timeout_of_another),
		cmocka_unit_test(test_fingerprint_idempotent),
		cmocka_unit_test(test_writer_idempotent),
		cmocka_unit_test(test_fingerprint_of_nobody),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_no_neighbour),
		cmocka_unit_test(test_shared_print),
		cmocka_unit_test(test_first_connection_alone),
		cmocka_unit_test(test_contradiction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
