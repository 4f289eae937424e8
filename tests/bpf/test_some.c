// SPDX-License-Identifier: Apache-2.0
/*
 * Maps that have room for some connections only (user/kern/load.c): no address fills one, and a
 * parked connection has no print in them. Run by `make bpf-test`.
 */
#include "fixture.h"

#define HALF 2 /* of prints, and of partial */
#define FEW  3 /* connections */

static void make_small(void)
{
	struct rz_config *c = (struct rz_config *)&skel->rodata->rz_config;

	c->prints_half = c->partial_half = HALF;
	c->few = FEW;
}

static int small_setup(void **state)
{
	(void)state;
	return load_skel(make_small);
}

/* A new connection, one of `conns` of its address. */
static void open_one_of(int32_t conns)
{
	struct rz_peer_key key = {{[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 7}};
	struct rz_peer peer = {.conns = conns};
	uint64_t cookie = 1;
	struct rz_conn c;

	skel->bss->rz_test_has_tcp = 1;
	skel->bss->rz_test_rcv_nxt = SEQ0;
	forget_clients();
	open_conn();
	c = conn();
	memcpy(c.tuple.client_addr, key.addr, 16);
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.conns), &cookie, &c, BPF_ANY));
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.peers), &key, &peer, BPF_ANY));
	bpf_map_delete_elem(bpf_map__fd(skel->maps.prints), &cookie);
}

static bool has_print(void)
{
	uint64_t cookie = 1;
	struct rz_print p;

	return !bpf_map_lookup_elem(bpf_map__fd(skel->maps.prints), &cookie, &p);
}

/* The connection's next request, behind what TCP has. Returns where it ends. */
static uint32_t send_request(uint32_t seq, int16_t api)
{
	uint8_t r[128];
	size_t n = make_request(r, api, 4, 1, ID, (int)strlen(ID), 30);

	skel->bss->rz_test_rcv_nxt = seq;
	feed(seq, r, n);
	return seq + (uint32_t)n;
}

static void prints(void **state)
{
	uint64_t full = STAT(prints_full);
	uint32_t seq;

	(void)state;
	skel->bss->rz_prints = HALF - 1;
	open_one_of(FEW + 1);
	send_request(SEQ0, RZ_API_FETCH);
	assert_true(has_print());
	assert_int_equal(HALF, skel->bss->rz_prints);
	assert_int_equal(full, STAT(prints_full));

	open_one_of(FEW + 1);
	seq = send_request(SEQ0, RZ_API_FETCH);
	assert_false(has_print());
	assert_int_equal(HALF, skel->bss->rz_prints);
	assert_int_equal(full + 1, STAT(prints_full));
	assert_int_equal(1, conn().frame.requests);
	skel->bss->rz_prints = HALF - 1; /* one has gone: the next request is noted */
	send_request(seq, RZ_API_FETCH);
	assert_true(has_print());

	skel->bss->rz_prints = HALF;
	open_one_of(FEW);
	send_request(SEQ0, RZ_API_FETCH);
	assert_true(has_print());
	assert_int_equal(HALF + 1, skel->bss->rz_prints);
	assert_int_equal(full + 1, STAT(prints_full));
}

/* A header in two pieces. Returns whether it was read, and in *ret_end where its request ends. */
static bool split(uint32_t *ret_end)
{
	uint8_t r[128];
	size_t n = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 30);

	feed(SEQ0, r, 10);
	skel->bss->rz_test_rcv_nxt = SEQ0 + 10;
	feed(SEQ0 + 10, r + 10, n - 10);
	*ret_end = SEQ0 + (uint32_t)n;
	return conn().frame.requests == 1;
}

static void pieces(void **state)
{
	uint64_t full = STAT(partial_full);
	uint32_t seq;
	int i;

	(void)state;
	skel->bss->rz_partials = HALF - 1;
	open_one_of(FEW + 1);
	assert_true(split(&seq));
	/* the frame before may be gone back to, and needs its piece, until others have come */
	assert_int_equal(1, pieces_kept());
	assert_int_equal(HALF, skel->bss->rz_partials);
	for (i = 0; i < RZ_UNDO_DEPTH; i++)
		seq = send_request(seq, RZ_API_METADATA);
	assert_int_equal(0, pieces_kept());
	assert_int_equal(HALF - 1, skel->bss->rz_partials);

	skel->bss->rz_partials = HALF;
	open_one_of(FEW + 1);
	assert_false(split(&seq));
	assert_int_equal(0, pieces_kept());
	assert_int_equal(HALF, skel->bss->rz_partials);
	assert_true(STAT(partial_full) > full);

	open_one_of(FEW);
	assert_true(split(&seq));
	assert_int_equal(HALF + 1, skel->bss->rz_partials);
}

/* What a probe has told stays: to find it out again, the connection would be held again. */
static void parked_after_a_probe(void **state)
{
	static const struct {
		struct rz_told told;
		bool stays;
	} rows[] = {{{.probed = 1}, true}, {{.unanswered = 9}, true}, {{.agent_has = 12}, false}};
	int told = bpf_map__fd(skel->maps.told);
	uint64_t cookie = 1;
	uint32_t seq;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_one_of(1);
		seq = send_request(SEQ0, RZ_API_FETCH);
		assert_true(has_print());
		bpf_map_update_elem(told, &cookie, &rows[i].told, BPF_ANY);
		mark(RZ_PARK_NO, RZ_PARK_WANTED);
		send_request(seq, RZ_API_FETCH);
		assert_int_equal(RZ_PARK_PARKED, conn().park);
		assert_int_equal(has_print(), rows[i].stays);
	}
	bpf_map_delete_elem(told, &cookie);
}

/* Its requests are read again before it is moved, so they are noted again. */
static void parked(void **state)
{
	uint32_t seq;

	(void)state;
	skel->bss->rz_prints = 0;
	open_one_of(1);
	seq = send_request(SEQ0, RZ_API_FETCH);
	assert_true(has_print());
	mark(RZ_PARK_NO, RZ_PARK_WANTED);
	seq = send_request(seq, RZ_API_FETCH);
	assert_int_equal(RZ_PARK_PARKED, conn().park);
	assert_false(has_print());
	assert_int_equal(0, skel->bss->rz_prints);
	send_request(seq, RZ_API_FETCH);
	assert_false(has_print());
}

/* Of a group's connection that is older than rezone, what it asked for first tells the library of
 * its client's other connections. */
static void parked_group(void **state)
{
	uint32_t seq;

	(void)state;
	skel->bss->rz_prints = 0;
	open_one_of(1);
	open_conn_at(SEQ0, true);
	seq = send_request(SEQ0, RZ_API_JOIN_GROUP);
	seq = send_request(seq, RZ_API_HEARTBEAT);
	assert_int_equal(1, conn().frame.coordinator);
	assert_true(has_print());
	mark(RZ_PARK_NO, RZ_PARK_WANTED);
	send_request(seq, RZ_API_HEARTBEAT);
	assert_int_equal(RZ_PARK_PARKED, conn().park);
	assert_true(has_print());
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints),	cmocka_unit_test(pieces),
		cmocka_unit_test(parked),	cmocka_unit_test(parked_after_a_probe),
		cmocka_unit_test(parked_group),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "some, IPv6" : "some, IPv4", tests, small_setup,
					   teardown);
}
