// SPDX-License-Identifier: Apache-2.0
/*
 * Another CPU puts a frame back while a segment of the same connection is worked on: the segment is
 * tried again, and after RZ_TAKE_TRIES tries dropped, for TCP sends it again. Nothing of it is
 * lost, and nothing is counted twice. Which try loses is the test's word (rz_test_races). Run by
 * `make bpf-test`.
 */
#include "fixture.h"

#define TRIES 4 /* RZ_TAKE_TRIES, bpf/take.bpf.h */

static uint8_t first[512], second[512];
static size_t n_first, n_second;

static void begin(void)
{
	n_first = make_request(first, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 30);
	n_second = make_request(second, RZ_API_FETCH, 4, 2, ID, (int)strlen(ID), 30);
	skel->bss->rz_test_slow = 1;
	skel->bss->rz_test_has_tcp = 1;
	skel->bss->rz_test_rcv_nxt = SEQ0;
	skel->bss->rz_test_races = skel->bss->rz_test_races_kept = 0;
	forget_clients();
	open_conn();
}

static void assert_read(uint32_t requests, size_t bytes)
{
	struct rz_frame f = conn().frame;

	assert_int_equal(requests, f.requests);
	assert_int_equal(SEQ0 + bytes, f.next_seq + f.have + f.skip);
	assert_int_equal(0, f.adopted);
	assert_int_equal(1, f.synced);
}

static void tried_again(void **state)
{
	uint64_t races = STAT(races), requests = STAT(requests), identified = STAT(identified);
	uint32_t lost;

	(void)state;
	for (lost = 0; lost < TRIES; lost++) {
		begin();
		skel->bss->rz_test_races = lost;
		feed(SEQ0, first, n_first);
		assert_int_equal(0, skel->bss->rz_test_races);
		assert_read(1, n_first);
		assert_false(kept_early());
		feed(SEQ0 + n_first, second, n_second);
		assert_read(2, n_first + n_second);
		assert_id(ID);
	}
	assert_int_equal(races, STAT(races));
	assert_int_equal(requests + 2 * TRIES, STAT(requests));
	assert_int_equal(identified + TRIES, STAT(identified));
}

/* Out of sync, and the connection's client speaks where the segment begins: found once. */
static void found_again(void **state)
{
	static const uint8_t noise[40] = {0xff, 0xff};
	uint64_t lost_before = STAT(frame_lost), found = STAT(frame_found);
	uint32_t lost;

	(void)state;
	for (lost = 0; lost < TRIES; lost++) {
		begin();
		feed(SEQ0, first, n_first);
		feed(SEQ0 + n_first, noise, sizeof(noise));
		assert_int_equal(0, conn().frame.synced);
		skel->bss->rz_test_races = lost;
		feed(SEQ0 + n_first + sizeof(noise), second, n_second);
		assert_int_equal(0, skel->bss->rz_test_races);
		assert_int_equal(2, conn().frame.requests);
	}
	assert_int_equal(lost_before + TRIES, STAT(frame_lost));
	assert_int_equal(found + TRIES, STAT(frame_found));
}

/* The piece of a header that a try has kept goes with the try: no more is left than without any
 * loss, which is the piece that TCP has not taken yet. */
static void a_piece_of_a_header(void **state)
{
	uint32_t lost;
	size_t cut;

	(void)state;
	for (lost = 0; lost < TRIES; lost++)
		for (cut = 1; cut < 60; cut += 7) {
			begin();
			skel->bss->rz_test_races = lost;
			feed(SEQ0, first, cut);
			assert_int_equal(1, pieces_kept());
			feed(SEQ0 + cut, first + cut, n_first - cut);
			assert_read(1, n_first);
			assert_int_equal(1, pieces_kept());
			assert_id(ID);
		}
}

/* Then it is dropped, and nothing of it is kept. It is read when it comes again. */
static void at_each_try(void **state)
{
	uint64_t races = STAT(races), requests = STAT(requests);

	(void)state;
	begin();
	skel->bss->rz_test_races = TRIES;
	assert_false(feed_passes(SEQ0, first, n_first));
	assert_int_equal(0, skel->bss->rz_test_races);
	assert_int_equal(requests, STAT(requests));
	assert_int_equal(races + 1, STAT(races));
	assert_read(0, 0);
	assert_false(kept_early());
	assert_int_equal(0, pieces_kept());
	feed(SEQ0, first, n_first);
	assert_read(1, n_first);
	feed(SEQ0 + n_first, second, n_second);
	assert_read(2, n_first + n_second);
	assert_id(ID);
	assert_int_equal(races + 1, STAT(races));
}

/* A copy that comes while it is not there yet is damaged. Nothing of the one that was dropped is
 * beside it, so the true one is read as it comes again. */
static void a_damaged_copy_behind_it(void **state)
{
	uint8_t bad[512];

	(void)state;
	begin();
	skel->bss->rz_test_races = TRIES;
	assert_false(feed_passes(SEQ0, first, n_first));
	memcpy(bad, first, n_first);
	bad[3]++; /* its size: another place for the next request */
	feed(SEQ0, bad, n_first);
	feed(SEQ0, first, n_first);
	assert_read(1, n_first);
	assert_false(kept_early());
}

/* A segment that came early and loses each try behind the one in hand has passed already: it stays
 * kept, and is read as soon as something is read again. */
static void a_kept_one_at_each_try(void **state)
{
	uint64_t races = STAT(races);
	uint8_t third[512];
	size_t n_third = make_request(third, RZ_API_FETCH, 4, 3, ID, (int)strlen(ID), 30);

	(void)state;
	begin();
	feed(SEQ0 + n_first, second, n_second);
	assert_true(kept_early());
	skel->bss->rz_test_races_kept = 1000; /* more than are tried at one segment */
	feed(SEQ0, first, n_first);
	assert_true(STAT(races) > races);
	assert_read(1, n_first);
	assert_true(kept_early());
	skel->bss->rz_test_races_kept = 0;
	feed(SEQ0 + n_first + n_second, third, n_third);
	assert_read(3, n_first + n_second + n_third);
	assert_false(kept_early());
}

/* A segment that came early, and is read behind the one in hand, is tried again likewise. */
static void behind_another(void **state)
{
	uint64_t races = STAT(races);
	uint32_t lost;

	(void)state;
	for (lost = 1; lost < TRIES; lost++) {
		begin();
		feed(SEQ0 + n_first, second, n_second);
		assert_true(kept_early());
		skel->bss->rz_test_races = lost;
		feed(SEQ0, first, n_first);
		assert_int_equal(0, skel->bss->rz_test_races);
		assert_read(2, n_first + n_second);
		assert_false(kept_early());
	}
	assert_int_equal(races, STAT(races));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tried_again),
		cmocka_unit_test(found_again),
		cmocka_unit_test(a_piece_of_a_header),
		cmocka_unit_test(at_each_try),
		cmocka_unit_test(a_damaged_copy_behind_it),
		cmocka_unit_test(a_kept_one_at_each_try),
		cmocka_unit_test(behind_another),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "retries, IPv6" : "retries, IPv4", tests, setup,
					   teardown);
}
