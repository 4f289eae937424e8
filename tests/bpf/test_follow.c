// SPDX-License-Identifier: Apache-2.0
/*
 * A client that is followed after a move (bpf/follow.bpf.h): what is dropped of the connections
 * that it opens. Run by `make bpf-test`.
 */
#include "followed.h"

static void what_asks_passes(void **state)
{
	(void)state;
	assert_int_equal(PASSED, ask(1, RZ_API_METADATA));
	assert_int_equal(PASSED, ask(1, RZ_API_SASL_HANDSHAKE));
	assert_int_equal(PASSED, ask(1, RZ_API_FIND_COORDINATOR));
	assert_int_equal(0, entry().cookie);
	assert_false(is_on(1));
}

static void a_produce_is_dropped(void **state)
{
	struct rz_conn before, after;

	(void)state;
	assert_int_equal(PASSED, ask(1, RZ_API_METADATA));
	before = conn_of(1);
	assert_int_equal(DROPPED, ask(1, RZ_API_PRODUCE));
	after = conn_of(1);
	assert_memory_equal(&before.frame, &after.frame, sizeof(before.frame));
	assert_int_equal(0, pieces_kept());
	assert_int_equal(1, entry().cookie);
	assert_int_equal(1, entry().connections);
	assert_true(entry().first_ns != 0);
	assert_true(is_on(1));
	assert_true(says(skel->progs.test_held_followed, 1));
	/* its TCP sends it again */
	assert_int_equal(DROPPED, ask(1, RZ_API_PRODUCE));
	assert_int_equal(1, entry().connections);
}

/* The segment that has a Metadata request and the beginning of a Produce goes whole, so nothing of
 * it is read. */
static void a_segment_is_dropped_whole(void **state)
{
	uint8_t r[1024];
	size_t n = request(r, RZ_API_METADATA);
	uint32_t requests = conn_of(1).frame.requests;

	(void)state;
	n += request(r + n, RZ_API_PRODUCE);
	assert_int_equal(DROPPED, send_bytes(1, r, n));
	assert_int_equal(requests, conn_of(1).frame.requests);
}

/* Nobody would send again what is not answered; a transaction is left alone. The connection is its
 * client's as before: what follows on it passes, too. */
static void what_may_not_be_dropped_passes(void **state)
{
	static const struct {
		int version;
		size_t n;
		const char body[12];
	} produces[] = {
		{2, 2, "\0\0"},						       /* acks=0 */
		{3, 4, "\xff\xff\0\0"}, {9, 4, "\0\0\0\0"}, {3, 4, "\0\1t\0"}, /* its id begins */
		{9, 4, "\0\2t\xff"},	{9, 4, "\1\0\0\1"}, /* a form that is not known */
	};
	uint8_t r[512];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(produces) / sizeof(produces[0]); i++) {
		moved(NULL);
		n = make_request(r, RZ_API_PRODUCE, produces[i].version, 4711, ID, strlen(ID), 12);
		memcpy(r + n - 12, produces[i].body, produces[i].n);
		assert_int_equal(PASSED, send_bytes(1, r, n));
		assert_int_equal(0, entry().cookie);
		assert_int_equal(1, conn_of(1).frame.produce);
		assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
		assert_int_equal(0, entry().cookie);
	}
	moved(NULL);
	n = make_request(r, RZ_API_PRODUCE, 2, 4711, ID, strlen(ID), 12);
	memcpy(r + n - 12, "\0\1\0\0", 4);
	assert_int_equal(DROPPED, send_bytes(1, r, n));
	/* its acks are in another segment */
	moved(NULL);
	n = make_request(r, RZ_API_PRODUCE, 3, 4711, ID, strlen(ID), 12);
	memcpy(r + n - 12, "\xff\xff\0\0", 4);
	assert_int_equal(DROPPED, send_bytes(1, r, n - 9));
}

/* Its first bytes may have passed: it is no Produce yet. The agent never gets the rest. */
static void a_produce_in_pieces(void **state)
{
	uint8_t r[512];
	size_t n = request(r, RZ_API_PRODUCE), cut;

	(void)state;
	for (cut = 1; cut < 14; cut++) {
		moved(NULL);
		assert_int_equal(PASSED, send_bytes(1, r, cut));
		assert_int_equal(DROPPED, send_bytes(1, r + cut, n - cut));
		assert_int_equal(0, conn_of(1).frame.produce);
		assert_true(is_on(1));
	}
}

/* What came early may have a Produce, and cannot be read yet. */
static void what_comes_early_is_dropped(void **state)
{
	uint8_t r[512];
	size_t n = request(r, RZ_API_PRODUCE);

	(void)state;
	assert_int_equal(DROPPED, send_after(1, 50, r, n));
	assert_int_equal(0, entry().cookie);
}

static void without_an_entry_nothing_is_dropped(void **state)
{
	(void)state;
	bpf_map_delete_elem(bpf_map__fd(skel->maps.follow), &key);
	assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
	/* it is followed no more: the entry went while it was held */
	moved(NULL);
	assert_int_equal(DROPPED, ask(1, RZ_API_PRODUCE));
	bpf_map_delete_elem(bpf_map__fd(skel->maps.follow), &key);
	assert_false(is_on(1));
	assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
}

/* Waits for this library's next connection: no move has closed anything yet. */
static void caught(uint32_t software)
{
	struct rz_follow e = {.client = key.client,
			      .since_ns = rz_now_ns() - SECOND,
			      .until_ns = rz_now_ns() + 60 * SECOND,
			      .hold_ns = 5 * SECOND,
			      .software = software};
	uint64_t cookie = 1;
	struct rz_conn c = conn_of(1);

	c.frame.software = 3;
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.conns), &cookie, &c, BPF_ANY));
	assert_int_equal(0, bpf_map_update_elem(bpf_map__fd(skel->maps.follow), &key, &e, BPF_ANY));
}

static int produce_with(uint64_t cookie, int version, int64_t producer)
{
	struct produce p = plain;
	uint8_t r[1024];
	struct body b;
	size_t n;

	p.version = version;
	p.producer = producer;
	b = make_body(&p);
	n = make_request(r, RZ_API_PRODUCE, version, 4711, ID, strlen(ID), b.n);
	memcpy(r + n - b.n, b.b, b.n);
	return send_bytes(cookie, r, n);
}

/* By the name that it has said, and by its batch. */
static void an_idempotent_produce_is_waited_for(void **state)
{
	uint64_t began_ns;
	int v;

	(void)state;
	for (v = 7; v <= 13; v += 3) {
		moved(NULL);
		caught(3);
		assert_int_equal(PASSED, ask(1, RZ_API_METADATA));
		began_ns = rz_now_ns();
		assert_int_equal(DROPPED, produce_with(1, v, 4711));
		assert_int_equal(1, entry().cookie);
		assert_true(is_on(1));
		assert_true(says(skel->progs.test_held_followed, 1));
		assert_true(entry().until_ns >= began_ns + 5 * SECOND &&
			    entry().until_ns <= rz_now_ns() + 5 * SECOND);
		moved(NULL);
		caught(3);
		assert_int_equal(PASSED, produce_with(1, v, -1));
		assert_int_equal(0, entry().cookie);
		moved(NULL);
		caught(4);
		assert_int_equal(PASSED, produce_with(1, v, 4711));
		assert_int_equal(0, entry().cookie);
	}
	/* what is not read says nothing: the end of the batch's header is in another segment */
	moved(NULL);
	caught(3);
	assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
	assert_int_equal(0, entry().cookie);
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, moved, over)
	const struct CMUnitTest tests[] = {
		TEST(what_asks_passes),
		TEST(a_produce_is_dropped),
		TEST(a_segment_is_dropped_whole),
		TEST(what_may_not_be_dropped_passes),
		TEST(a_produce_in_pieces),
		TEST(what_comes_early_is_dropped),
		TEST(without_an_entry_nothing_is_dropped),
		TEST(an_idempotent_produce_is_waited_for),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "follow, IPv6" : "follow, IPv4", tests, setup,
					   teardown);
}
