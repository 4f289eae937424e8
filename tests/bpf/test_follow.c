// SPDX-License-Identifier: Apache-2.0
/*
 * A client that is followed after a move (bpf/follow.bpf.h): what is dropped of the connections
 * that it opens, which one of them is followed, and until when. Fed by BPF_PROG_TEST_RUN. Run by
 * `make bpf-test`; needs root and a kernel with BPF.
 */
#include "fixture.h"
#include "body.h"

#include "base/clock.h"

#define SECOND	1000000000ULL
#define PASSED	1
#define DROPPED 0

/* Two connections of a client; the next byte that each sends. */
static uint32_t next_seq[3];

static void forget_all(int fd, size_t key_size)
{
	uint8_t key[64];

	assert_true(key_size <= sizeof(key));
	while (!bpf_map_get_next_key(fd, NULL, key))
		bpf_map_delete_elem(fd, key);
}

static struct rz_conn conn_of(uint64_t cookie)
{
	struct rz_conn c;

	assert_int_equal(0, bpf_map_lookup_elem_flags(bpf_map__fd(skel->maps.conns), &cookie, &c,
						      BPF_F_LOCK));
	return c;
}

/* A connection from this port, as rz_state makes it. */
static void opened(uint64_t cookie, uint64_t at_ns)
{
	struct rz_conn c = {.cookie = cookie, .netns = 7, .opened_ns = at_ns};

	c.tuple.client_addr[15] = 1;
	c.tuple.agent_addr[15] = 2;
	c.tuple.client_port = (__u16)(40000 + cookie);
	c.tuple.agent_port = 9092;
	c.frame.owner = (__u16)cookie;
	c.frame.next_seq = c.frame.read_end = SEQ0;
	c.frame.synced = 1;
	c.frame.api_key = -1;
	next_seq[cookie] = SEQ0;
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.conns), &cookie, &c, BPF_ANY));
}

/* `skipped` bytes in front of it are still on their way. */
static int send_after(uint64_t cookie, uint32_t skipped, const void *payload, size_t len)
{
	static uint8_t packet[8192];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	skel->bss->rz_test_has_tcp = 1;
	skel->bss->rz_test_rcv_nxt = next_seq[cookie];
	skel->data->rz_test_cookie = cookie;
	opts.data_size_in = make_packet(packet, v6, next_seq[cookie] + skipped, payload, len);
	assert_int_equal(0,
			 bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_segment), &opts));
	return (int)opts.retval;
}

static int send_bytes(uint64_t cookie, const void *payload, size_t len)
{
	int verdict = send_after(cookie, 0, payload, len);

	if (verdict == PASSED)
		next_seq[cookie] += len;
	return verdict;
}

static size_t request_of(const char *id, uint8_t *r, int key)
{
	static uint32_t correlation_id;
	size_t n = make_request(r, key, 3, ++correlation_id, id, strlen(id), 12);

	if (key == RZ_API_PRODUCE)
		memcpy(r + n - 12, "\xff\xff\0\1", 4); /* acks=1 */
	return n;
}

static size_t request(uint8_t *r, int key)
{
	return request_of(ID, r, key);
}

static int ask(uint64_t cookie, int key)
{
	uint8_t r[512];

	return send_bytes(cookie, r, request(r, key));
}

static bool says(struct bpf_program *prog, uint64_t cookie)
{
	uint8_t packet[256];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	skel->data->rz_test_cookie = cookie;
	opts.data_size_in = make_packet(packet, v6, 1, "x", 1);
	assert_int_equal(0, bpf_prog_test_run_opts(bpf_program__fd(prog), &opts));
	return opts.retval == 1;
}

static bool is_on(uint64_t cookie)
{
	return says(skel->progs.test_follow_is_on, cookie);
}

/* The client's key, of a connection that is identified. */
static struct rz_follow_key key_of(uint64_t cookie)
{
	struct rz_conn c = conn_of(cookie);
	struct rz_follow_key key = {.client = c.frame.client, .netns = c.netns};

	memcpy(key.client_addr, c.tuple.client_addr, 16);
	memcpy(key.agent_addr, c.tuple.agent_addr, 16);
	key.agent_port = c.tuple.agent_port;
	return key;
}

static struct rz_follow_key key;

static struct rz_follow entry(void)
{
	struct rz_follow e;

	assert_int_equal(
		0, bpf_map_lookup_elem_flags(bpf_map__fd(skel->maps.follow), &key, &e, BPF_F_LOCK));
	return e;
}

static void follow_until(uint64_t since_ns, uint64_t until_ns)
{
	struct rz_follow e = {.client = key.client,
			      .since_ns = since_ns,
			      .until_ns = until_ns,
			      .moved = 99,
			      .hold_ns = 90 * SECOND};

	skel->bss->rz_following = 1;
	assert_int_equal(0, bpf_map_update_elem(bpf_map__fd(skel->maps.follow), &key, &e, BPF_ANY));
}

/* A move has closed this client's connection a second ago; two new ones, 1 and 2, are open since.
 */
static int moved(void **state)
{
	uint64_t now_ns = rz_now_ns();

	(void)state;
	forget_pieces();
	forget_all(bpf_map__fd(skel->maps.follow), sizeof(struct rz_follow_key));
	forget_all(bpf_map__fd(skel->maps.held), sizeof(uint64_t));
	skel->bss->rz_following = 0;
	opened(1, now_ns - SECOND / 2);
	opened(2, now_ns - SECOND / 2);
	assert_int_equal(PASSED, ask(1, RZ_API_API_VERSIONS));
	assert_int_equal(PASSED, ask(2, RZ_API_API_VERSIONS));
	key = key_of(1);
	follow_until(now_ns - SECOND, now_ns + 60 * SECOND);
	return 0;
}

static int over(void **state)
{
	(void)state;
	skel->bss->rz_following = 0;
	skel->bss->rz_test_has_tcp = 0;
	skel->data->rz_test_cookie = 1;
	return 0;
}

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

/* Another connection with the same three keys is another one's: it passes, and stays its own. */
static void a_second_connection_is_not_followed(void **state)
{
	uint64_t second = 2;
	struct rz_held h;

	(void)state;
	assert_int_equal(DROPPED, ask(1, RZ_API_PRODUCE));
	assert_int_equal(PASSED, ask(2, RZ_API_PRODUCE));
	assert_int_equal(1, entry().cookie);
	assert_false(is_on(2));
	assert_true(is_on(1));
	/* nor does anything remember bytes of its that were not dropped */
	assert_int_not_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.held), &second, &h));
}

/* ... but for one that comes after the first was closed, or after its client has left it. */
static void the_next_connection_is(void **state)
{
	uint64_t first = 1;

	(void)state;
	assert_int_equal(DROPPED, ask(1, RZ_API_PRODUCE));
	bpf_map_delete_elem(bpf_map__fd(skel->maps.conns), &first);
	bpf_map_delete_elem(bpf_map__fd(skel->maps.held), &first);
	assert_int_equal(DROPPED, ask(2, RZ_API_PRODUCE));
	assert_int_equal(2, entry().cookie);
	assert_int_equal(2, entry().connections);
	moved(NULL);
	assert_int_equal(DROPPED, ask(1, RZ_API_PRODUCE));
	assert_true(says(skel->progs.test_held_fin, 1));
	assert_int_equal(DROPPED, ask(2, RZ_API_PRODUCE));
	assert_int_equal(2, entry().cookie);
}

static void the_deadline_is_kept(void **state)
{
	uint64_t now_ns = rz_now_ns();

	(void)state;
	follow_until(now_ns - SECOND, now_ns - 1);
	assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
	/* whatever the deadline says */
	moved(NULL);
	opened(1, now_ns);
	follow_until(now_ns - (RZ_FOLLOW_MAX_S + 1) * SECOND, now_ns + 600 * SECOND);
	assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
	/* one that is held already goes on behind it */
	moved(NULL);
	assert_int_equal(DROPPED, ask(1, RZ_API_PRODUCE));
	follow_until(now_ns - SECOND, now_ns - 1);
	assert_false(is_on(1));
	assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
	assert_int_equal(1, conn_of(1).frame.produce);
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

static void conn_with(void (*change)(struct rz_conn *c))
{
	struct rz_conn c;
	uint64_t cookie = 1;

	moved(NULL);
	c = conn_of(1);
	change(&c);
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.conns), &cookie, &c, BPF_ANY));
}

static void is_older(struct rz_conn *c)
{
	c->opened_ns -= 10 * SECOND;
}

static void is_elsewhere(struct rz_conn *c)
{
	c->tuple.client_addr[15] = 77;
}

static void is_in_another_netns(struct rz_conn *c)
{
	c->netns++;
}

static void has_written(struct rz_conn *c)
{
	c->frame.produce = 1;
}

static void has_done_other_things(struct rz_conn *c)
{
	c->frame.other = 1;
}

static void was_adopted(struct rz_conn *c)
{
	c->frame.adopted = 1;
}

static void is_a_balancer_s(struct rz_conn *c)
{
	c->frame.via = RZ_VIA_PROXY;
}

static void nobody_else_is_followed(void **state)
{
	static void (*const changes[])(struct rz_conn *) = {
		is_older,	is_elsewhere,	       is_in_another_netns,
		has_written,	has_done_other_things, was_adopted,
		is_a_balancer_s};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		conn_with(changes[i]);
		assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
		assert_int_equal(0, entry().cookie);
	}
}

/* A gateway's connection: a hold of the client that is followed would hold the other one's requests
 * too, and the close at its end would hit both. */
static void two_clients_are_not_followed(void **state)
{
	uint8_t r[512];

	(void)state;
	assert_int_equal(PASSED, ask(1, RZ_API_FETCH));
	assert_int_equal(PASSED, send_bytes(1, r, request_of("another", r, RZ_API_METADATA)));
	assert_int_equal(1, conn_of(1).frame.several);
	assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
	assert_int_equal(0, entry().cookie);
	/* it was not for the fetch */
	assert_int_equal(PASSED, ask(2, RZ_API_FETCH));
	assert_int_equal(DROPPED, ask(2, RZ_API_PRODUCE));
	assert_int_equal(2, entry().cookie);
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
		TEST(a_second_connection_is_not_followed),
		TEST(the_next_connection_is),
		TEST(the_deadline_is_kept),
		TEST(without_an_entry_nothing_is_dropped),
		TEST(nobody_else_is_followed),
		TEST(two_clients_are_not_followed),
		TEST(an_idempotent_produce_is_waited_for),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "follow, IPv6" : "follow, IPv4", tests, setup,
					   teardown);
}
