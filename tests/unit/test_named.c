// SPDX-License-Identifier: Apache-2.0
/* user/kern/named.c: what connections of one client tell of one another's library. */
#include "known.h"

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

/* Since when a client is here, and when it last asked for metadata: on any of its connections, and
 * as long as it is remembered. */
static void test_here(void **state)
{
	const struct rz_named *n;
	struct clients w;

	(void)state;
	clients_make(&w);
	learn(&w);
	n = rz_named_of(&w.snap, &w.conns[OLD]);
	assert_int_equal(n->since_ns, NOW_NS);
	assert_int_equal(n->asked_ns, 0);
	assert_int_equal(n->oldest_ns, 1); /* one is older than rezone */
	w.conns[OLD].frame.adopted = 0;
	w.conns[OLD].opened_ns -= HOUR_NS;
	learn(&w);
	n = rz_named_of(&w.snap, &w.conns[OLD]);
	assert_int_equal(n->oldest_ns, w.conns[OLD].opened_ns);
	w.conns[OLD].frame.fetch = 0; /* a group's, say */
	learn(&w);
	n = rz_named_of(&w.snap, &w.conns[OLD]);
	assert_int_equal(n->oldest_ns, w.conns[NAMED].opened_ns);
	w.conns[OLD].frame.fetch = 1;
	w.conns[OLD].opened_ns += HOUR_NS;
	assert_null(rz_named_of(&w.snap, &w.conns[OTHER]));
	w.conns[OLD].metadata_cs = 1;
	w.snap.now_ns += RZ_NAMED_KEEP_NS - 1;
	learn(&w);
	n = rz_named_of(&w.snap, &w.conns[OLD]);
	assert_int_equal(n->since_ns, NOW_NS);
	assert_int_equal(n->asked_ns, w.conns[OLD].opened_ns);
	w.conns[NAMED].metadata_cs = 1 + 10 * SECOND_NS / RZ_CS_NS;
	learn(&w);
	n = rz_named_of(&w.snap, &w.conns[OLD]);
	assert_int_equal(n->asked_ns, w.conns[NAMED].opened_ns + 10 * SECOND_NS);
	/* all of its connections end, and it is back before it is forgotten */
	w.snap.n_conns = 0;
	w.snap.now_ns += RZ_NAMED_KEEP_NS - 1;
	learn(&w);
	assert_int_equal(rz_named_of(&w.snap, &w.conns[OLD])->oldest_ns, 0);
	w.conns[OLD].metadata_cs = w.conns[NAMED].metadata_cs = 0;
	w.snap.n_conns = N_CONNS;
	learn(&w);
	n = rz_named_of(&w.snap, &w.conns[OLD]);
	assert_int_equal(n->since_ns, NOW_NS);
	assert_int_equal(n->asked_ns, w.conns[NAMED].opened_ns + 10 * SECOND_NS);
	/* ... or after that */
	w.snap.n_conns = 0;
	w.snap.now_ns += RZ_NAMED_KEEP_NS;
	learn(&w);
	w.snap.n_conns = N_CONNS;
	learn(&w);
	n = rz_named_of(&w.snap, &w.conns[OLD]);
	assert_int_equal(n->since_ns, w.snap.now_ns);
	assert_int_equal(n->asked_ns, 0);
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

/* What has not changed is not written again. */
static void test_written(void **state)
{
	const struct rz_named was = {.software = {"kgo", "v1.22.2"},
				     .seen_ns = NOW_NS,
				     .differ_ns = NOW_NS - HOUR_NS,
				     .since_ns = NOW_NS - HOUR_NS,
				     .asked_ns = NOW_NS - HOUR_NS,
				     .oldest_ns = NOW_NS - HOUR_NS};
	struct rz_named now = was;

	(void)state;
	assert_true(rz_named_is_written(&was, &now));
	now.seen_ns += MINUTE_NS - 1;
	now.differ_ns += MINUTE_NS - 1;
	now.oldest_ns = 0; /* of open connections alone: it is told anew at each tick */
	assert_true(rz_named_is_written(&was, &now));
	now.seen_ns++;
	assert_false(rz_named_is_written(&was, &now));
	now.seen_ns--;
	now.differ_ns++;
	assert_false(rz_named_is_written(&was, &now));
	now = was;
	now.asked_ns++;
	assert_false(rz_named_is_written(&was, &now));
	now = was;
	now.since_ns--;
	assert_false(rz_named_is_written(&was, &now));
	now = was;
	strcpy(now.software.version, "v1.22.3");
	assert_false(rz_named_is_written(&was, &now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sibling),	    cmocka_unit_test(test_another_client),
		cmocka_unit_test(test_not_its_own), cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_remembered),  cmocka_unit_test(test_closed),
		cmocka_unit_test(test_closed_room), cmocka_unit_test(test_room),
		cmocka_unit_test(test_here),	    cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
