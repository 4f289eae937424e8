// SPDX-License-Identifier: Apache-2.0
/* user/policy/library.c: a library that is known by the form of its requests alone. */
#include "library.h"

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
	/* of librdkafka 2.5 and newer nobody can tell 2.8 from 2.10; 2.4 is none of these */
	c.prints = version_names("confluent-kafka-python", "2.12") |
		   version_names("confluent-kafka-python", "2.8");
	assert_true(rz_library_way(&c).alone);
	c.prints = version_names("confluent-kafka-python", "2.4") |
		   version_names("kafka-python", "2.3");
	w = rz_library_way(&c);
	assert_true(!w.alone && !w.gap_only && !w.follow);
	c.prints = version_names("confluent-kafka-python", "2.12") |
		   version_names("kafka-python", "3");
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
		cmocka_unit_test(test_contradicts),
		cmocka_unit_test(test_prints),
		cmocka_unit_test(test_reader_prints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
