// SPDX-License-Identifier: Apache-2.0
/*
 * Parking (bpf/park.bpf.h): a parked connection's requests are not read, wherever in them it was
 * parked, and it is found again by its own client.id alone. Run by `make bpf-test`.
 */
#include "fixture.h"

#define N_REQUESTS 4

/* TCP has all before the segment, as when one comes after the other. */
static void feed_next(uint32_t seq, const uint8_t *p, size_t n)
{
	skel->bss->rz_test_rcv_nxt = seq;
	feed(seq, p, n);
}

static void begin(void)
{
	skel->bss->rz_test_has_tcp = 1;
	skel->bss->rz_test_rcv_nxt = SEQ0;
	forget_clients();
	open_conn();
}

static size_t stream(uint8_t *p, size_t ends[N_REQUESTS])
{
	size_t n = make_request(p, RZ_API_API_VERSIONS, 0, 1, ID, (int)strlen(ID), 0), i;

	ends[0] = n;
	for (i = 1; i < N_REQUESTS; i++) {
		n += make_request(p + n, RZ_API_FETCH, 4, (uint32_t)i + 1, ID, (int)strlen(ID), 30);
		ends[i] = n;
	}
	return n;
}

/* Cut anywhere, parked there, read again anywhere behind it: no byte of it is kept or read
 * meanwhile, and the next request that begins with a segment is found. */
static void every_cut(void **state)
{
	uint8_t r[1024];
	size_t ends[N_REQUESTS], n = stream(r, ends), cut, again;
	struct rz_frame was;
	struct rz_conn c;

	(void)state;
	for (cut = 1; cut + 1 < ends[2]; cut++) {
		again = cut + 1 + cut * 7 % (ends[2] - cut - 1);
		begin();
		feed_next(SEQ0, r, cut);
		mark(RZ_PARK_NO, RZ_PARK_WANTED);
		assert_int_equal(RZ_PARK_WANTED, conn().park);
		was = conn().frame;
		feed_next(SEQ0 + cut, r + cut, 1);
		c = conn();
		assert_int_equal(RZ_PARK_PARKED, c.park);
		assert_int_equal(0, pieces_kept());
		assert_int_equal(was.requests, c.frame.requests);
		assert_int_equal(was.client, c.frame.client);
		assert_int_equal(was.state, c.frame.state);
		was = c.frame;
		if (again > cut + 1)
			feed_next(SEQ0 + cut + 1, r + cut + 1, again - cut - 1);
		c = conn();
		assert_memory_equal(&was, &c.frame, sizeof(was));
		mark(RZ_PARK_PARKED, RZ_PARK_ENDING);
		feed_next(SEQ0 + again, r + again, ends[2] - again);
		c = conn();
		assert_int_equal(RZ_PARK_ENDED, c.park);
		if (was.client)
			assert_int_equal(was.client, c.frame.client);
		feed_next(SEQ0 + ends[2], r + ends[2], n - ends[2]);
		c = conn();
		assert_id(ID);
		assert_int_equal(1, c.frame.synced);
		assert_int_equal(RZ_STATE_DATA, c.frame.state);
		assert_int_equal(SEQ0 + n, c.frame.next_seq);
		assert_true(rz_responses_matter(&c.frame));
		assert_true(c.frame.unseen == RZ_UNSEEN_REQUESTS - 1 || again == ends[1] ||
			    again == ends[0]);
	}
}

/* Not before TCP has what was read: it may throw that away, and then it is read anew. */
static void not_before_tcp_has_it(void **state)
{
	uint8_t r[1024];
	size_t ends[N_REQUESTS];

	(void)state;
	stream(r, ends);
	begin();
	feed(SEQ0, r, ends[0]);
	mark(RZ_PARK_NO, RZ_PARK_WANTED);
	feed(SEQ0 + ends[0], r + ends[0], ends[1] - ends[0]);
	assert_int_equal(RZ_PARK_WANTED, conn().park);
	assert_int_equal(2, conn().frame.requests);
	feed_next(SEQ0 + ends[1], r + ends[1], ends[2] - ends[1]);
	assert_int_equal(RZ_PARK_PARKED, conn().park);
	assert_int_equal(2, conn().frame.requests);
}

/* What was kept of a segment that came early goes. */
static void nothing_is_kept(void **state)
{
	uint8_t r[1024];
	size_t ends[N_REQUESTS];

	(void)state;
	stream(r, ends);
	begin();
	feed_next(SEQ0, r, ends[0]);
	skel->bss->rz_test_rcv_nxt = SEQ0 + ends[0];
	feed(SEQ0 + ends[1], r + ends[1], ends[2] - ends[1]);
	assert_true(kept_early());
	mark(RZ_PARK_NO, RZ_PARK_WANTED);
	feed(SEQ0 + ends[0], r + ends[0], ends[1] - ends[0]);
	assert_int_equal(RZ_PARK_PARKED, conn().park);
	assert_false(kept_early());
}

/* Another client's request is not taken for this one's, and what was learned stays. */
static void same_client_only(void **state)
{
	uint8_t r[1024], other[256];
	size_t ends[N_REQUESTS];
	size_t m = make_request(other, RZ_API_FETCH, 4, 8, "someone else", 12, 30);
	struct rz_conn c;

	(void)state;
	stream(r, ends);
	begin();
	feed_next(SEQ0, r, ends[1]);
	mark(RZ_PARK_NO, RZ_PARK_WANTED);
	feed_next(SEQ0 + ends[1], r + ends[1], 1);
	mark(RZ_PARK_PARKED, RZ_PARK_ENDING);
	feed_next(SEQ0 + 0x90000000u, other, m); /* half of all numbers later */
	c = conn();
	assert_int_equal(RZ_STATE_DESYNCED, c.frame.state);
	assert_int_equal(1, c.frame.fetch);
	assert_int_equal(2, c.frame.requests);
	feed_next(SEQ0 + 0x90000000u + m, r + ends[1], ends[2] - ends[1]);
	assert_int_equal(RZ_STATE_DATA, conn().frame.state);
	assert_int_equal(3, conn().frame.requests);
	assert_id(ID);
}

/* A mark that is another one by now stays as it is. */
static void only_what_was_seen(void **state)
{
	uint8_t r[1024];
	size_t ends[N_REQUESTS];

	(void)state;
	stream(r, ends);
	begin();
	feed_next(SEQ0, r, ends[0]);
	mark(RZ_PARK_PARKED, RZ_PARK_ENDING);
	assert_int_equal(RZ_PARK_NO, conn().park);
	mark(RZ_PARK_NO, RZ_PARK_WANTED);
	feed_next(SEQ0 + ends[0], r + ends[0], 1);
	mark(RZ_PARK_WANTED, RZ_PARK_NO);
	assert_int_equal(RZ_PARK_PARKED, conn().park);
	mark(RZ_PARK_PARKED, RZ_PARK_ENDING);
	mark(RZ_PARK_ENDING, RZ_PARK_PARKED); /* before it spoke: it never was read */
	feed_next(SEQ0 + ends[0] + 1, r + ends[0] + 1, 10);
	assert_int_equal(RZ_PARK_PARKED, conn().park);
	assert_int_equal(1, conn().frame.requests);
}

/* TLS stays TLS. */
static void settled(void **state)
{
	uint8_t hello[64] = {22, 3, 1, 0, 59, 1, 0, 0, 55, 3, 3};

	(void)state;
	begin();
	feed_next(SEQ0, hello, sizeof(hello));
	assert_int_equal(RZ_STATE_TLS, conn().frame.state);
	mark(RZ_PARK_NO, RZ_PARK_WANTED);
	feed_next(SEQ0 + 64, hello, sizeof(hello));
	assert_int_equal(RZ_PARK_PARKED, conn().park);
	mark(RZ_PARK_PARKED, RZ_PARK_ENDING);
	feed_next(SEQ0 + 128, hello, sizeof(hello));
	assert_int_equal(RZ_PARK_ENDED, conn().park);
	assert_int_equal(RZ_STATE_TLS, conn().frame.state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut),	      cmocka_unit_test(not_before_tcp_has_it),
		cmocka_unit_test(nothing_is_kept),    cmocka_unit_test(same_client_only),
		cmocka_unit_test(only_what_was_seen), cmocka_unit_test(settled),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "park, IPv6" : "park, IPv4", tests, setup,
					   teardown);
}
