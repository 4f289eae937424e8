// SPDX-License-Identifier: Apache-2.0
/*
 * Segments that TCP does not take, and the limits of undoing them: what is remembered, what is not
 * taken back, what a move waits for. Run by `make bpf-test`.
 */
#include "not_taken.h"

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
		cmocka_unit_test(sent_again_in_time),	    cmocka_unit_test(too_far_back),
		cmocka_unit_test(too_far_back_to_be_moved), cmocka_unit_test(not_its_own),
		cmocka_unit_test(taken_is_taken),	    cmocka_unit_test(window_probes),
		cmocka_unit_test(what_a_move_waits_for),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "undo, its limits, IPv6" : "undo, its limits, IPv4",
					   tests, setup, teardown);
}
