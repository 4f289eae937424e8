// SPDX-License-Identifier: Apache-2.0
/*
 * Segments that TCP does not take: what was read of them is undone when their bytes come again.
 * The test says what TCP has. Run by `make bpf-test`.
 */
#include "fixture.h"

#define GOOD "app,warpstream_az=us-east-1a"
#define BAD  "app,warpstream_az=us-east-1b"
#define KEPT 8 /* RZ_UNDO_DEPTH of bpf/maps.bpf.h */

/* TCP has all bytes before this one. */
static void tcp_has(uint32_t seq)
{
	skel->bss->rz_test_rcv_nxt = seq;
}

static void open_new(void)
{
	skel->bss->rz_test_has_tcp = 1;
	open_conn();
	tcp_has(SEQ0);
}

static size_t fetch(uint8_t *r, uint32_t correlation_id, const char *id)
{
	return make_request(r, RZ_API_FETCH, 4, correlation_id, id, (int)strlen(id), 30);
}

/* One that is read, and taken. */
static uint32_t taken(uint32_t seq, const uint8_t *r, size_t n)
{
	feed(seq, r, n);
	tcp_has(seq + n);
	return seq + n;
}

static void assert_good(uint32_t requests, uint32_t next_seq)
{
	struct rz_conn c = conn();

	assert_id(GOOD);
	assert_int_equal(RZ_STATE_DATA, c.frame.state);
	assert_int_equal(0, c.frame.several);
	assert_int_equal(0, c.frame.adopted);
	assert_int_equal(requests, c.frame.requests);
	assert_int_equal(next_seq, c.frame.next_seq);
}

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

/* Honest segments wait for their socket, and are sent again meanwhile: nothing is lost by it. */
static void sent_again_in_time(void **state)
{
	uint8_t r[512];
	size_t n = fetch(r, 1, GOOD);
	uint32_t k, again, span;

	(void)state;
	for (k = 1; k <= 4; k++)
		for (again = 0; again < k; again++)
			for (span = 1; span <= k - again; span++) {
				uint8_t many[2048];
				uint32_t i;

				open_new();
				for (i = 0; i < 5; i++)
					memcpy(many + i * n, r, n);
				for (i = 0; i < k; i++)
					feed(SEQ0 + i * n, r, n);
				feed(SEQ0 + again * n, many, span * n);
				assert_good(k, SEQ0 + k * n);
				tcp_has(SEQ0 + k * n);
				feed(SEQ0 + k * n, r, n);
				assert_good(k + 1, SEQ0 + (k + 1) * n);
			}
}

/* More wait than are remembered: the first of them again, damaged or not, and nothing is known. The
 * next one that is whole is found; what was read before it may be unanswered. */
static void too_far_back(void **state)
{
	uint8_t r[512], other[512];
	size_t n = fetch(r, 1, BAD), m = fetch(other, 1, GOOD);
	uint32_t i, wait;
	struct rz_conn c;

	(void)state;
	for (wait = 1; wait <= 20; wait++) {
		open_new();
		for (i = 0; i < wait; i++)
			feed(SEQ0 + i * n, r, n);
		feed(SEQ0, other, m);
		assert_id(GOOD);
		c = conn();
		assert_int_equal(wait > KEPT, c.frame.adopted);
		assert_int_equal(1, c.frame.requests);
		assert_int_equal(wait > KEPT, rz_responses_matter(&c.frame));
	}
}

/* Another connection has written into what is remembered of this one: nothing of it is believed. */
static void not_its_own(void **state)
{
	static const size_t words[] = {0, 8, 16, 20, 24, 80};
	static uint8_t kept[8192]; /* as struct rz_undo_entry: cookie, check, seq, base, frame */
	size_t size = bpf_map__value_size(skel->maps.undo) / KEPT, i, at;
	uint8_t r[512], other[512];
	size_t n = fetch(r, 1, BAD), m = fetch(other, 1, GOOD);
	uint32_t slot = 1;

	(void)state;
	assert_true(KEPT * size <= sizeof(kept));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		open_new();
		feed(SEQ0, r, n);
		assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.undo), &slot, kept));
		for (at = 0; at < KEPT; at++)
			kept[at * size + words[i]] ^= 1;
		bpf_map_update_elem(bpf_map__fd(skel->maps.undo), &slot, kept, BPF_ANY);
		feed(SEQ0, other, m);
		assert_id(GOOD);
		assert_int_equal(1, conn().frame.adopted);
	}
}

/* The same: what must not be moved before must not be moved then, nor is a library known. */
static void too_far_back_to_be_moved(void **state)
{
	uint8_t r[512], p[512];
	size_t n = fetch(r, 1, GOOD), m;
	struct rz_conn c;
	uint32_t at, i;

	(void)state;
	open_new();
	m = make_request(p, RZ_API_PRODUCE, 4, 1, GOOD, (int)strlen(GOOD), 30);
	at = taken(SEQ0, p, m);
	m = make_request(p, RZ_API_ADD_PARTITIONS_TO_TXN, 0, 2, GOOD, (int)strlen(GOOD), 30);
	at = taken(at, p, m);
	for (i = 0; i <= KEPT; i++)
		feed(at + i * n, r, n);
	feed(at, r, n);
	c = conn();
	assert_int_equal(1, c.frame.adopted);
	assert_int_equal(1, c.frame.produce);
	assert_int_equal(1, c.frame.transaction);
	assert_int_equal(0, c.frame.software);
	assert_int_equal(RZ_UNSEEN_REQUESTS - 1, c.frame.unseen);
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

/* What TCP has is true: whatever comes again of it is not looked at. */
static void taken_is_taken(void **state)
{
	uint8_t r[512], bad[512];
	size_t n = fetch(r, 1, GOOD), m = fetch(bad, 1, BAD);

	(void)state;
	open_new();
	taken(SEQ0, r, n);
	feed(SEQ0, bad, m);
	assert_good(1, SEQ0 + n);
}

/* A window probe of one byte, which TCP does not take, and then the rest with it. */
static void window_probes(void **state)
{
	uint8_t r[512];
	size_t n = fetch(r, 1, GOOD);
	int i;

	(void)state;
	open_new();
	for (i = 0; i < 10; i++)
		feed(SEQ0, r, 1);
	feed(SEQ0, r, n);
	assert_good(1, SEQ0 + n);
}

/* A request that was noted from such a segment is waited for no more, and no answer satisfies it.
 */
static void what_a_move_waits_for(void **state)
{
	struct rz_hold h = {.cookie = 1};
	uint8_t r[512], bad[512], answer[64];
	size_t n = fetch(r, 1, GOOD), m, i;
	uint64_t cookie = 1;

	(void)state;
	open_new();
	taken(SEQ0, r, n);
	skel->bss->rz_holding = 1;
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.holds), &cookie, &h, BPF_ANY));
	m = make_request(bad, RZ_API_PRODUCE, 4, 77, GOOD, (int)strlen(GOOD), 30);
	m += make_request(bad + m, RZ_API_PRODUCE, 4, 78, GOOD, (int)strlen(GOOD), 30);
	feed(SEQ0 + n, bad, m);
	assert_int_equal(3, conn().frame.answerable);
	feed_out(SEQ0, answer, make_response(answer, 77, 10)); /* to a request before the watch */
	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.holds), &cookie, &h));
	assert_int_equal(1, h.answers.synced);
	feed(SEQ0 + n, r, n);
	assert_good(2, SEQ0 + 2 * n);
	assert_int_equal(2, conn().frame.answerable);
	assert_int_equal(0, conn().frame.produce);
	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.holds), &cookie, &h));
	assert_int_equal(0, h.answers.synced);
	for (i = 0; i < RZ_EXPECTED_MAX; i++)
		if (h.expected[i].number)
			assert_int_equal(2, h.expected[i].number);
	skel->bss->rz_holding = 0;
	bpf_map_delete_elem(bpf_map__fd(skel->maps.holds), &cookie);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_byte),
		cmocka_unit_test(a_later_one),
		cmocka_unit_test(a_size_that_lies),
		cmocka_unit_test(strangers),
		cmocka_unit_test(in_pieces),
		cmocka_unit_test(early_between_pieces),
		cmocka_unit_test(early_takes_back),
		cmocka_unit_test(sent_again_in_time),
		cmocka_unit_test(a_hole_in_a_body),
		cmocka_unit_test(too_far_back),
		cmocka_unit_test(too_far_back_to_be_moved),
		cmocka_unit_test(not_its_own),
		cmocka_unit_test(taken_is_taken),
		cmocka_unit_test(window_probes),
		cmocka_unit_test(what_a_move_waits_for),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "undo, IPv6" : "undo, IPv4", tests, setup,
					   teardown);
}
