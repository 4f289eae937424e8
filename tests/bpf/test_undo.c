// SPDX-License-Identifier: Apache-2.0
/*
 * Segments that TCP does not take because they are damaged, or come early: what was read of them is
 * undone when their bytes come again. Run by `make bpf-test`.
 */
#include "not_taken.h"

/* Any byte of a connection's first segment is damaged, then it comes as it was sent. */
static void any_byte(void **state)
{
	uint8_t r[512], bad[512];
	size_t n = fetch(r, 1, GOOD), i;
	int bit;

	(void)state;
	for (i = 0; i < n; i++)
		for (bit = 0; bit < 8; bit += 3) {
			open_new();
			memcpy(bad, r, n);
			bad[i] ^= 1 << bit;
			feed(SEQ0, bad, n);
			feed(SEQ0, r, n);
			assert_good(1, SEQ0 + n);
		}
}

/* The same of a later one, and of another client's id in it. */
static void a_later_one(void **state)
{
	uint8_t r[512], bad[512];
	size_t n = fetch(r, 1, GOOD), m = fetch(bad, 2, BAD), i;
	uint32_t at;

	(void)state;
	open_new();
	at = taken(SEQ0, r, n);
	feed(at, bad, m);
	assert_int_equal(1, conn().frame.several);
	feed(at, r, n);
	assert_good(2, at + n);
	for (i = 0; i < n; i++) {
		memcpy(bad, r, n);
		bad[i] ^= 0x41;
		at += n;
		tcp_has(at);
		feed(at, bad, n);
		feed(at, r, n);
		assert_good(3 + (uint32_t)i, at + n);
	}
}

/* A size that lies reaches over the segments behind it, which are of no use then. */
static void a_size_that_lies(void **state)
{
	uint8_t r[512], bad[512];
	size_t n = fetch(r, 1, GOOD);
	uint32_t at;

	(void)state;
	open_new();
	at = taken(SEQ0, r, n);
	memcpy(bad, r, n);
	bad[0] = 0x3f;
	feed(at, bad, n);
	assert_int_equal(at + 4 + 0x3f000000 + n - 4, conn().frame.next_seq);
	at = taken(at, r, n);
	assert_good(2, at);
	taken(at, r, n);
	assert_good(3, at + n);
}

/* What speaks is not decided by bytes that TCP threw away. */
static void strangers(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {{"GET / HTTP/1.1\r\n\r\n", 18},
		    {"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03zzzzzzzzzzzzz", 24},
		    {"PROXY TCP4 10.1.1.1 10.1.1.2 51544 9092\r\n", 41}};
	uint8_t r[512];
	size_t n = fetch(r, 1, GOOD), i;
	uint64_t cookie = 1;
	struct rz_proxied p;

	(void)state;
	for (i = 0; i < 3; i++) {
		open_new();
		feed(SEQ0, rows[i].bytes, rows[i].n);
		assert_true(conn().frame.state != RZ_STATE_NEW || conn().frame.via == RZ_VIA_PROXY);
		feed(SEQ0, r, n);
		assert_good(1, SEQ0 + n);
		assert_int_not_equal(RZ_VIA_PROXY, conn().frame.via);
		assert_int_not_equal(
			0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.proxied), &cookie, &p));
	}
	open_new(); /* taken, it stays so, whatever comes again */
	taken(SEQ0, (const uint8_t *)rows[0].bytes, rows[0].n);
	feed(SEQ0, r, n);
	assert_int_equal(RZ_STATE_NOT_KAFKA, conn().frame.state);
}

/* A header in two pieces, and either of them is damaged. */
static void in_pieces(void **state)
{
	uint8_t r[512], bad[512];
	size_t n = fetch(r, 1, GOOD), cut;

	(void)state;
	for (cut = 1; cut < n; cut++) {
		memset(bad, 0x21, sizeof(bad));
		open_new();
		feed(SEQ0, bad, cut);
		taken(SEQ0, r, cut);
		feed(SEQ0 + cut, bad, n - cut);
		feed(SEQ0 + cut, r + cut, n - cut);
		assert_good(1, SEQ0 + n);
	}
}

/* A header in two pieces, and between them comes what is behind it, again and again: that waits,
 * and the first piece is still there. */
static void early_between_pieces(void **state)
{
	uint8_t r[512], bad[512];
	size_t n = fetch(r, 1, GOOD), m = fetch(bad, 1, BAD), cut, early, i;

	(void)state;
	for (cut = 1; cut < RZ_KAFKA_FIXED + strlen(GOOD); cut++)
		for (early = 1; early <= 2 * KEPT; early += 5) {
			open_new();
			feed(SEQ0, bad, m); /* TCP throws it away */
			taken(SEQ0, r, cut);
			for (i = 0; i < early; i++)
				feed(SEQ0 + n, r, n);
			feed(SEQ0 + cut, r + cut, n - cut);
			assert_good(2, SEQ0 + 2 * n);
		}
}

/* The same, and what comes early takes back a second piece that was damaged. */
static void early_takes_back(void **state)
{
	uint8_t r[512], bad[512];
	size_t n = fetch(r, 1, GOOD), cut;

	(void)state;
	memset(bad, 0x21, sizeof(bad));
	for (cut = 1; cut < RZ_KAFKA_FIXED; cut++) {
		open_new();
		taken(SEQ0, r, cut);
		feed(SEQ0 + cut, bad, n - cut);
		feed(SEQ0 + cut + 1, r + cut + 1, n - cut - 1);
		assert_int_equal(cut, conn().frame.have);
		feed(SEQ0 + cut, r + cut, n - cut);
		assert_good(1, SEQ0 + n);
	}
}

/* A segment in the middle of a body is lost, and headers behind it are read: what fills the hole
 * takes nothing back. Nor if it brings the headers behind it again, unless they are others. */
static void a_hole_in_a_body(void **state)
{
	uint8_t r[512], big[4096];
	size_t n = fetch(r, 2, GOOD), m;
	uint32_t at, i;

	(void)state;
	open_new();
	m = make_request(big, RZ_API_PRODUCE, 4, 1, GOOD, (int)strlen(GOOD), 1500);
	taken(SEQ0, big, 700);
	feed(SEQ0 + 1000, big + 1000, m - 1000);
	at = SEQ0 + m;
	for (i = 0; i < 4; i++, at += n)
		feed(at, r, n);
	assert_good(5, at);
	feed(SEQ0 + 700, big + 700, 300);
	assert_good(5, at);
	memcpy(big + m, r, n);
	feed(SEQ0 + 700, big + 700, m + n - 700);
	assert_good(5, at);
	tcp_has(at);
	taken(at, r, n);
	assert_good(6, at + n);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_byte),	    cmocka_unit_test(a_later_one),
		cmocka_unit_test(a_size_that_lies), cmocka_unit_test(strangers),
		cmocka_unit_test(in_pieces),	    cmocka_unit_test(early_between_pieces),
		cmocka_unit_test(early_takes_back), cmocka_unit_test(a_hole_in_a_body),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "undo, IPv6" : "undo, IPv4", tests, setup,
					   teardown);
}
