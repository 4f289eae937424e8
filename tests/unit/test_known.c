// SPDX-License-Identifier: Apache-2.0
/* user/kern/named.c and user/policy/known.c: by whose word a connection's library is known. */
#include "world.h"
#include "kern/named.h"
#include "policy/known.h"
#include "policy/library.h"

enum { OLD, NAMED, OTHER, N_CONNS };
enum { JAVA = 1, KGO };

struct clients {
	struct rz_snapshot snap;
	struct rz_conn conns[N_CONNS];
	struct rz_software_row softwares[2];
};

/* One connection that is older than rezone, and one of the same client that named itself. The third
 * is another client's. */
static void clients_make(struct clients *w)
{
	int i;

	memset(w, 0, sizeof(*w));
	for (i = 0; i < N_CONNS; i++) {
		test_conn(&w->conns[i]);
		w->conns[i].cookie += i;
	}
	w->conns[OLD].frame.adopted = 1;
	w->conns[NAMED].frame.software = JAVA;
	w->conns[OTHER].frame.client++;
	w->softwares[0] = (struct rz_software_row){JAVA, {"apache-kafka-java", "3.9.1"}};
	w->softwares[1] = (struct rz_software_row){KGO, {"kgo", "v1.22.2"}};
	w->snap.conns = w->conns;
	w->snap.n_conns = N_CONNS;
	w->snap.softwares = w->softwares;
	w->snap.n_softwares = 2;
	w->snap.now_ns = NOW_NS;
}

static struct rz_known known(struct clients *w, int conn)
{
	return rz_known_library(&w->snap, &w->conns[conn]);
}

static struct rz_known learn(struct clients *w)
{
	assert_int_equal(rz_named_learn(&w->snap), 0);
	return known(w, OLD);
}

static void assert_is(struct rz_known k, enum rz_known_by by, const char *name)
{
	assert_int_equal(k.by, by);
	if (name)
		assert_string_equal(k.software->name, name);
	else
		assert_null(k.software);
}

static void test_sibling(void **state)
{
	struct clients w;

	(void)state;
	clients_make(&w);
	assert_is(learn(&w), RZ_KNOWN_SIBLING, "apache-kafka-java");
	assert_string_equal(known(&w, OLD).software->version, "3.9.1");
	assert_is(known(&w, NAMED), RZ_KNOWN_SAID, "apache-kafka-java");
	assert_int_equal(w.snap.n_named, 1);
	/* one that was seen to say nothing is of a library that says nothing (but see
	 * test_sibling_of_the_same_form) */
	w.conns[OLD].frame.adopted = 0;
	assert_is(known(&w, OLD), RZ_KNOWN_UNKNOWN, NULL);
	/* what it said itself and was not kept is no sibling's matter */
	w.conns[OLD].frame.adopted = 1;
	w.conns[OLD].frame.software = RZ_SOFTWARE_UNKEPT;
	assert_is(known(&w, OLD), RZ_KNOWN_UNKNOWN, NULL);
	free(w.snap.named);
}

/* Whoever differs in one of the three is another client. */
static void test_another_client(void **state)
{
	struct clients w;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		clients_make(&w);
		w.conns[NAMED].frame.client += i == 0;
		w.conns[NAMED].tuple.client_addr[15] += i == 1;
		w.conns[NAMED].netns += i == 2;
		assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
		assert_int_equal(w.snap.n_named, 1);
		free(w.snap.named);
	}
}

/* A connection that several clients share, or whose client is only a guess, speaks for nobody. */
static void test_not_its_own(void **state)
{
	struct clients w;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		clients_make(&w);
		w.conns[NAMED].frame.several = i == 0;
		w.conns[NAMED].frame.tentative = i == 1;
		w.conns[OLD].frame.several = i == 2;
		w.conns[OLD].frame.tentative = i == 3;
		assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
		free(w.snap.named);
	}
}

static void other_says(struct clients *w, uint32_t software)
{
	w->conns[OTHER].frame.client = CLIENT_HASH;
	w->conns[OTHER].frame.software = software;
}

static void test_conflict(void **state)
{
	struct clients w;

	(void)state;
	clients_make(&w);
	other_says(&w, JAVA);
	assert_is(learn(&w), RZ_KNOWN_SIBLING, "apache-kafka-java");
	other_says(&w, KGO);
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
	/* ... and for as long as the other name is remembered */
	w.snap.conns = &w.conns[NAMED];
	w.snap.n_conns = 1;
	w.snap.now_ns += RZ_NAMED_KEEP_NS - 1;
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
	w.snap.now_ns++;
	assert_is(learn(&w), RZ_KNOWN_SIBLING, "apache-kafka-java");
	free(w.snap.named);
	/* ... which is as long as a connection is there that says neither */
	clients_make(&w);
	other_says(&w, KGO);
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
	w.snap.n_conns = OTHER;
	w.snap.now_ns += RZ_NAMED_KEEP_NS - 1;
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
	w.snap.now_ns += RZ_NAMED_KEEP_NS - 1;
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
	free(w.snap.named);
	/* a name that was not kept may be any */
	clients_make(&w);
	other_says(&w, RZ_SOFTWARE_UNKEPT);
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
	free(w.snap.named);
	/* another version is another name: a client behind one NAT that is being upgraded */
	clients_make(&w);
	w.softwares[1] = (struct rz_software_row){KGO, {"apache-kafka-java", "4.0.0"}};
	other_says(&w, KGO);
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
	free(w.snap.named);
}

/* A name outlives the connection that said it: for as long as its client has others, and then for a
 * while. */
static void test_remembered(void **state)
{
	struct clients w;
	int i;

	(void)state;
	clients_make(&w);
	learn(&w);
	w.snap.n_conns = NAMED; /* the old one alone */
	for (i = 0; i < 3; i++) {
		w.snap.now_ns += RZ_NAMED_KEEP_NS - 1;
		assert_is(learn(&w), RZ_KNOWN_SIBLING, "apache-kafka-java");
	}
	w.snap.n_conns = 0;
	w.snap.now_ns += RZ_NAMED_KEEP_NS - 1;
	assert_is(learn(&w), RZ_KNOWN_SIBLING, "apache-kafka-java");
	w.snap.now_ns++;
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
	assert_int_equal(w.snap.n_named, 0);
	free(w.snap.named);
	/* several clients' connection, or another client's, keeps nothing */
	for (i = 0; i < 2; i++) {
		clients_make(&w);
		learn(&w);
		w.conns[OLD].frame.several = i == 0;
		w.conns[OLD].frame.client += i == 1;
		w.snap.n_conns = NAMED;
		w.snap.now_ns += RZ_NAMED_KEEP_NS - 1;
		learn(&w);
		assert_int_equal(w.snap.n_named, 1);
		w.snap.now_ns++;
		learn(&w);
		assert_int_equal(w.snap.n_named, 0);
		free(w.snap.named);
	}
	/* a remembered name and another one that is said now */
	clients_make(&w);
	learn(&w);
	w.conns[NAMED].frame.software = KGO;
	w.snap.conns = &w.conns[NAMED];
	w.snap.n_conns = 1;
	w.snap.now_ns += SECOND_NS;
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
	w.snap.now_ns = NOW_NS + RZ_NAMED_KEEP_NS;
	assert_is(learn(&w), RZ_KNOWN_SIBLING, "kgo");
	free(w.snap.named);
}

static struct rz_closed closed_of(const struct rz_conn *c)
{
	return (struct rz_closed){.client = c->frame.client,
				  .software = c->frame.software,
				  .tuple = c->tuple,
				  .netns = c->netns};
}

/* The connection that said a name came and went between two ticks. */
static void test_closed(void **state)
{
	struct rz_closed r;
	struct clients w;
	int i;

	(void)state;
	clients_make(&w);
	r = closed_of(&w.conns[NAMED]);
	w.snap.n_conns = NAMED;
	assert_int_equal(rz_named_closed(&w.snap, &r), 0);
	assert_is(learn(&w), RZ_KNOWN_SIBLING, "apache-kafka-java");
	/* another one says otherwise, or something that was not kept */
	for (i = 0; i < 2; i++) {
		free(w.snap.named);
		w.snap.named = NULL;
		w.snap.n_named = 0;
		w.snap.n_said = 1;
		r.software = i ? KGO : RZ_SOFTWARE_UNKEPT;
		assert_int_equal(rz_named_closed(&w.snap, &r), 0);
		assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL);
		assert_int_equal(w.snap.n_named, 1);
	}
	/* what said nothing, or is nobody's, is no row */
	w.snap.n_said = 0;
	r.software = 0;
	assert_int_equal(rz_named_closed(&w.snap, &r), 0);
	r.software = JAVA;
	r.client = 0;
	assert_int_equal(rz_named_closed(&w.snap, &r), 0);
	assert_int_equal(w.snap.n_said, 0);
	free(w.snap.named);
	free(w.snap.said);
}

/* Many addresses, each with its share of names on connections that have closed: those of clients
 * that are here stay. */
static void test_closed_room(void **state)
{
	size_t n = 2 * RZ_NAMED_MAX, i;
	struct rz_closed r;
	struct clients w;

	(void)state;
	clients_make(&w);
	r = closed_of(&w.conns[NAMED]);
	memset(r.tuple.client_addr, 0, sizeof(r.tuple.client_addr)); /* their rows come first */
	for (i = 0; i < n; i++) {
		r.tuple.client_addr[15] = (__u8)(i % 16);
		r.client = i + 1;
		assert_int_equal(rz_named_closed(&w.snap, &r), 0);
	}
	assert_is(learn(&w), RZ_KNOWN_SIBLING, "apache-kafka-java");
	assert_int_equal(w.snap.n_named, RZ_NAMED_MAX);
	w.snap.n_conns = NAMED; /* the name alone is remembered from now on */
	w.snap.now_ns += SECOND_NS;
	assert_is(learn(&w), RZ_KNOWN_SIBLING, "apache-kafka-java");
	free(w.snap.named);
	free(w.snap.said);
}

/* One address with very many names has its share, and the others keep theirs. */
static void test_room(void **state)
{
	size_t n = 3 * RZ_NAMED_MAX, i;
	struct clients w;
	struct rz_conn *conns = calloc(n, sizeof(*conns));

	(void)state;
	clients_make(&w);
	learn(&w);
	assert_non_null(conns);
	for (i = 0; i < n; i++) {
		conns[i] = w.conns[NAMED];
		conns[i].tuple.client_addr[15] = 99;
		conns[i].frame.client = i;
	}
	w.snap.conns = conns;
	w.snap.n_conns = n;
	w.snap.now_ns += MINUTE_NS;
	assert_is(learn(&w), RZ_KNOWN_SIBLING, "apache-kafka-java");
	assert_int_equal(w.snap.n_named, RZ_NAMED_MAX / RZ_PEER_SHARE + 1);
	for (i = 0; i < n; i++)
		conns[i].tuple.client_addr[14] = i / 16;
	assert_is(learn(&w), RZ_KNOWN_UNKNOWN, NULL); /* the oldest goes */
	assert_int_equal(w.snap.n_named, RZ_NAMED_MAX);
	free(w.snap.named);
	free(conns);
}

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
	*row = (struct rz_print_row){w->conns[OLD].cookie, *print};
	w->snap.prints = row;
	w->snap.n_prints = 1;
	return known(w, OLD);
}

static void by_print_end(struct clients *w)
{
	free(w->snap.named);
}

/* Are these all of the names that it may have? */
static bool may_be(struct rz_known k, const char *one, const char *other)
{
	bool found_one = false, found_other = !other;
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++) {
		bool is_one, is_other;

		if (!(k.prints >> i & 1))
			continue;
		is_one = !strcmp(rz_print_name(i)->name, one);
		is_other = other && !strcmp(rz_print_name(i)->name, other);
		if (!is_one && !is_other)
			return false;
		found_one |= is_one;
		found_other |= is_other;
	}
	return found_one && found_other;
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

/* librdkafka has Produce v7 up to 2.3 and v10 in 2.12, kafka-python v7 in 2.0 and v9 in 3: all fill
 * a batch alike. Of v8 one cannot tell, for an agent may have no newer one. */
static void test_versions(void **state)
{
	static const struct {
		int version;
		bool rdkafka_2_3, rdkafka_2_12, python_2, python_3;
	} rows[] = {
		{7, true, false, true, false},
		{8, false, true, false, true},
		{9, false, true, false, true},
		{10, false, true, false, false},
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
		assert_int_equal(may_be_version(k, "confluent-kafka-python", "2.12"),
				 rows[i].rdkafka_2_12);
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
	rows[1] = (struct rz_print_row){w.conns[OTHER].cookie, java_writes};
	rows[1].print.versions[RZ_PRINT_OF_PRODUCE] = 14;
	w.snap.n_prints = 2;
	assert_true(known(&w, OLD).prints == k.prints && k.prints);
	by_print_end(&w);
}

/* kafka-python 3 has the print of librdkafka 2.4 and newer: both are named, and the stricter rule
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
	k = by_print(&w, &row, &java_writes);
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
	rows[0] = (struct rz_print_row){w->conns[OLD].cookie, *print};
	if (group)
		rows[1] = (struct rz_print_row){w->conns[NAMED].cookie, *group};
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
		cmocka_unit_test(test_sibling),
		cmocka_unit_test(test_another_client),
		cmocka_unit_test(test_not_its_own),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_remembered),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_closed_room),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_without_a_name),
		cmocka_unit_test(test_sibling_of_the_same_form),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_fingerprint_idempotent),
		cmocka_unit_test(test_writer_idempotent),
		cmocka_unit_test(test_fingerprint_of_nobody),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_no_neighbour),
		cmocka_unit_test(test_shared_print),
		cmocka_unit_test(test_first_connection_alone),
		cmocka_unit_test(test_contradiction),
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_group_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
