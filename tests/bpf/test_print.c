// SPDX-License-Identifier: Apache-2.0
/*
 * Map prints: what of a connection's requests is noted, and what is not. The readers themselves are
 * tests/unit/test_print.c's. Run by `make bpf-test`; needs root and a kernel with BPF.
 */
#include "fixture.h"
#include "body.h"
#include <rezone/print.h>

static uint32_t next;

static void begin(bool adopted)
{
	uint64_t cookie = 1;

	open_conn();
	if (adopted) {
		struct rz_conn c = conn();

		c.frame.adopted = 1;
		assert_int_equal(0, bpf_map_update_elem(bpf_map__fd(skel->maps.conns), &cookie, &c,
							BPF_ANY));
	}
	bpf_map_delete_elem(bpf_map__fd(skel->maps.prints), &cookie);
	next = SEQ0;
}

static size_t make_with(uint8_t *r, int key, int version, const struct body *b)
{
	size_t n = make_request(r, key, version, 5, ID, strlen(ID), b->n);

	memcpy(r + n - b->n, b->b, b->n);
	return n;
}

static void send_body(int key, int version, const struct body *b)
{
	uint8_t r[1024];
	size_t n = make_with(r, key, version, b);

	feed(next, r, n);
	next += n;
}

static void send_produce(const struct produce *p)
{
	struct body b = make_body(p);

	send_body(RZ_API_PRODUCE, p->version, &b);
}

static void send_fetch(int wait_ms)
{
	struct body b = {};

	put(&b, 4, -1);
	put(&b, 4, wait_ms);
	put(&b, 4, 1);
	put(&b, 4, 1 << 20);
	put(&b, 1, 0);
	put(&b, 8, 0);
	put(&b, 8, 0);
	send_body(RZ_API_FETCH, 11, &b);
}

/* All zero: nothing was noted. */
static struct rz_print print(void)
{
	struct rz_print p = {};
	uint64_t cookie = 1;

	bpf_map_lookup_elem(bpf_map__fd(skel->maps.prints), &cookie, &p);
	return p;
}

static void a_producer(void **state)
{
	struct produce p = plain;
	int v;

	(void)state;
	for (v = 3; v <= 13; v++) {
		p.version = v;
		p.producer = v % 2 ? 4711 : -1;
		begin(false);
		send_produce(&p);
		send_produce(&p);
		assert_int_equal(2, print().produces);
		assert_int_equal(v + 1, print().versions[RZ_PRINT_OF_PRODUCE]);
		assert_int_equal(v % 2, print().idempotent);
		assert_int_equal(30000, print().produce_timeout_ms);
		assert_int_equal(-1, print().leader_epoch);
		assert_int_equal(0, print().batches_differ | print().timeouts_differ |
					    print().several);
		assert_int_equal(2, conn().frame.requests);
		assert_int_equal(next, conn().frame.next_seq);
	}
}

static void what_differs(void **state)
{
	struct produce p = plain;

	(void)state;
	begin(false);
	send_produce(&p);
	p.timeout--;
	send_produce(&p);
	assert_int_equal(1, print().timeouts_differ);
	assert_int_equal(0, print().batches_differ);
	p.producer = 4711; /* a second producer on this connection */
	p.version = 8;
	send_produce(&p);
	assert_int_equal(1, print().batches_differ);
	assert_int_equal(RZ_PRINT_DIFFERS, print().versions[RZ_PRINT_OF_PRODUCE]);
}

/* One Produce with two partitions among others is remembered. */
static void several(void **state)
{
	struct produce p = plain;
	int v;

	(void)state;
	for (v = 7; v <= 13; v += 3) {
		p.version = v;
		p.more_partitions = 0;
		begin(true);
		send_produce(&p);
		assert_int_equal(0, print().several);
		p.more_partitions = 1;
		send_produce(&p);
		p.more_partitions = 0;
		send_produce(&p);
		assert_int_equal(1, print().several);
		assert_int_equal(3, print().produces);
		assert_int_equal(0, print().batches_differ);
	}
}

/* While its responses are followed each Produce is looked at. */
static void each_when_watched(void **state)
{
	struct rz_hold entry = {.cookie = 1};
	int i, fd = bpf_map__fd(skel->maps.holds);

	(void)state;
	begin(false);
	for (i = 0; i < 20; i++)
		send_produce(&plain);
	assert_int_equal(RZ_REQUESTS_FIRST - 1, print().produces);
	assert_int_equal(0, bpf_map_update_elem(fd, &entry.cookie, &entry, BPF_ANY));
	skel->bss->rz_holding = 1;
	for (i = 0; i < 5; i++)
		send_produce(&plain);
	assert_int_equal(RZ_REQUESTS_FIRST + 4, print().produces);
	skel->bss->rz_holding = 0;
	bpf_map_delete_elem(fd, &entry.cookie);
}

/* Only the first requests are looked at, and then one in 64. */
static void not_each(void **state)
{
	int i;

	(void)state;
	begin(false);
	for (i = 0; i < 63; i++)
		send_produce(&plain);
	assert_int_equal(RZ_REQUESTS_FIRST - 1, print().produces);
	send_produce(&plain);
	send_produce(&plain);
	assert_int_equal(RZ_REQUESTS_FIRST, print().produces);
}

/* What no library's name is looked for of: nothing of it but its batches is noted. */
static void readers(void **state)
{
	struct body none = {};

	(void)state;
	begin(false);
	send_fetch(500);
	put(&none, 8, 0);
	send_body(RZ_API_METADATA, 8, &none);
	/* seen from its beginning, without a name: its Fetch alone tells a library that says none
	 */
	assert_int_equal(1, print().fetches);
	assert_int_equal(12, print().versions[RZ_PRINT_OF_FETCH]);
	assert_int_equal(0, print().versions[RZ_PRINT_OF_METADATA]);
	begin(true);
	send_fetch(500);
	send_fetch(500);
	send_body(RZ_API_METADATA, 8, &none);
	assert_int_equal(2, print().fetches);
	assert_int_equal(500, print().fetch_max_wait_ms);
	assert_int_equal(0, print().waits_differ | print().fetches_differ);
	assert_int_equal(12, print().versions[RZ_PRINT_OF_FETCH]);
	assert_int_equal(9, print().versions[RZ_PRINT_OF_METADATA]);
	send_fetch(499);
	assert_int_equal(1, print().waits_differ);
	assert_int_equal(0, print().fetches_differ);
}

/* Of a request in pieces only what lies in one is read, and never what does not belong to it. */
static void in_pieces(void **state)
{
	struct body b = make_body(&plain);
	uint8_t r[1024];
	size_t n = make_with(r, RZ_API_PRODUCE, 7, &b), at, seen = 0;

	(void)state;
	for (at = 1; at < n; at++) {
		begin(false);
		feed(SEQ0, r, at);
		feed(SEQ0 + at, r + at, n - at);
		assert_int_equal(1, conn().frame.requests);
		assert_int_equal(8, print().versions[RZ_PRINT_OF_PRODUCE]);
		if (!print().produces)
			continue;
		seen++;
		assert_int_equal(-1, print().leader_epoch);
		assert_int_equal(-1, print().base_sequence);
		assert_int_equal(0, print().idempotent);
	}
	/* those cut in the header, and those behind the batch's header */
	assert_in_range(seen, RZ_KAFKA_FIXED + strlen(ID), n - RZ_PRINT_BATCH);
}

/* A guess in mid-stream may be a record: the request behind it proves it, and is noted. */
static void not_of_a_guess(void **state)
{
	struct body b = make_body(&plain);
	uint64_t cookie = 1;
	uint8_t r[2048];
	size_t n = make_with(r, RZ_API_PRODUCE, 7, &b);

	(void)state;
	memcpy(r + n, r, n);
	open_conn_at(SEQ0, true);
	bpf_map_delete_elem(bpf_map__fd(skel->maps.prints), &cookie);
	feed(SEQ0, r, n + 8);
	assert_int_equal(1, conn().frame.tentative);
	assert_int_equal(0, print().versions[RZ_PRINT_OF_PRODUCE]);
	feed(SEQ0 + n + 8, r + n + 8, n - 8);
	assert_int_equal(0, conn().frame.tentative);
	assert_int_equal(1, print().produces);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_producer), cmocka_unit_test(what_differs),
		cmocka_unit_test(several),    cmocka_unit_test(each_when_watched),
		cmocka_unit_test(not_each),   cmocka_unit_test(readers),
		cmocka_unit_test(in_pieces),  cmocka_unit_test(not_of_a_guess),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests(tests, setup, teardown);
}
