// SPDX-License-Identifier: Apache-2.0
/*
 * The responses of a watched connection: which request each is for, and whether all that must be
 * out are; and what a hold lets pass, and for how long. Fed by BPF_PROG_TEST_RUN on both ways. Run
 * by `make bpf-test`; needs root and a kernel with BPF.
 */
#include "watched.h"

static void each_response_counts(void **state)
{
	uint32_t i;

	(void)state;
	open_watched();
	for (i = 1; i <= 5; i++)
		ask(RZ_API_PRODUCE, 100 + i);
	assert_false(drained());
	for (i = 1; i <= 5; i++) {
		assert_false(drained());
		respond(100 + i, 20 + i);
		assert_int_equal(i, hold().answers.number);
	}
	assert_true(drained());
	ask(RZ_API_PRODUCE, 106);
	assert_false(drained());
	respond(106, 3);
	assert_true(drained());
}

/* How many were unanswered at once: of one whose place among the responses is not known, none. */
static void how_many_at_once(void **state)
{
	uint32_t i;

	(void)state;
	open_watched();
	for (i = 1; i <= 4; i++)
		ask(RZ_API_PRODUCE, i);
	assert_int_equal(0, hold().deepest);
	for (i = 1; i <= 3; i++)
		respond(i, 20);
	for (i = 5; i <= 7; i++)
		ask(RZ_API_PRODUCE, i);
	assert_int_equal(4, hold().deepest);
	for (i = 4; i <= 7; i++)
		respond(i, 20);
	for (i = 8; i <= 10; i++) {
		ask(RZ_API_FETCH, i);
		respond(i, 20);
	}
	assert_int_equal(4, hold().deepest);
	for (i = 11; i <= 16; i++)
		ask(RZ_API_PRODUCE, i);
	assert_int_equal(6, hold().deepest);
}

/* The response to a Fetch need not be out, also behind others; those before it must. */
static void a_fetch_is_not_waited_for(void **state)
{
	(void)state;
	open_watched();
	ask(RZ_API_PRODUCE, 1);
	ask(RZ_API_FETCH, 2);
	respond(1, 10);
	assert_true(drained());
	ask(RZ_API_OFFSET_COMMIT, 3);
	assert_false(drained());
	respond(2, 3000);
	assert_false(drained());
	respond(3, 0);
	assert_true(drained());
}

/* Requests that slipped in between the watch and its first note are not taken for answered. */
static void a_request_that_was_not_noted(void **state)
{
	(void)state;
	open_watched();
	ask(RZ_API_PRODUCE, 1);
	respond(1, 5);
	assert_true(drained());
	skel->bss->rz_holding = 0;
	ask(RZ_API_PRODUCE, 2);
	skel->bss->rz_holding = 1;
	assert_false(drained());
	ask(RZ_API_FETCH, 3);
	assert_false(drained());
	respond(2, 5); /* believed in the row, though its id was not noted */
	assert_true(drained());
}

/* A proxy puts another client on a connection that is being moved, with an id as long. */
static void another_client(void **state)
{
	uint8_t r[64];

	(void)state;
	open_watched();
	ask(RZ_API_PRODUCE, 1);
	ask(RZ_API_PRODUCE, 2);
	assert_int_equal(0, conn().frame.several);
	feed(in_seq, r, make_request(r, RZ_API_FETCH, 3, 3, "d", 1, 12));
	assert_int_equal(1, conn().frame.several);
}

/* The entry goes, and another connection's gets its memory, while a program has it in hand. */
static void recycled(void **state)
{
	static uint8_t packet[256];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);
	int fd = bpf_map__fd(skel->maps.holds);
	uint64_t next = 2;
	uint8_t a[64];
	struct rz_hold h;

	(void)state;
	open_watched();
	ask(RZ_API_PRODUCE, 1);
	opts.data_size_in = make_packet(packet, v6, out_seq, a, make_response(a, 1, 10));
	assert_int_equal(0, bpf_prog_test_run_opts(
				    bpf_program__fd(skel->progs.test_response_recycled), &opts));
	if (opts.retval == 2)
		skip(); /* this kernel keeps freed memory for a while */
	assert_int_equal(1, opts.retval);
	assert_int_equal(0, bpf_map_lookup_elem(fd, &next, &h));
	assert_int_equal(next, h.cookie);
	assert_int_equal(0, h.answers.next_seq);
	assert_int_equal(0, h.answers.number);
	bpf_map_delete_elem(fd, &next);
}

/* What was noted of requests is forgotten (TCP did not take them) while a response is worked on. */
static void forgotten(void **state)
{
	static uint8_t packet[256];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	(void)state;
	open_watched();
	ask(RZ_API_PRODUCE, 1);
	respond(1, 10);
	assert_true(hold().answers.synced);
	opts.data_size_in = make_packet(packet, v6, out_seq, "x", 1);
	assert_int_equal(0, bpf_prog_test_run_opts(
				    bpf_program__fd(skel->progs.test_response_forgotten), &opts));
	assert_int_equal(1, opts.retval);
	assert_false(hold().answers.synced);
	assert_false(drained());
}

static bool lasts_at(uint64_t now_s)
{
	uint8_t packet[256];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	skel->bss->rz_test_now = now_s * 1000000000ULL;
	opts.data_size_in = make_packet(packet, v6, 1, "x", 1);
	assert_int_equal(
		0, bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_hold_lasts), &opts));
	return opts.retval == 1;
}

static void hold_until(uint64_t deadline_s)
{
	struct rz_move m = {.phase = RZ_PHASE_HOLD, .deadline_ns = deadline_s * 1000000000ULL};
	uint64_t cookie = 1;

	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.moves), &cookie, &m, BPF_ANY));
}

/* A hold ends at its deadline, and in any case a minute after BPF saw its first segment. */
static void a_deadline_that_lies(void **state)
{
	(void)state;
	open_watched();
	hold_until(1000 + 5);
	assert_true(lasts_at(1000));
	assert_true(lasts_at(1004));
	assert_false(lasts_at(1005));
	hold_until(1000 + 3600); /* of a daemon whose clock is an hour ahead */
	assert_true(lasts_at(1010));
	assert_true(lasts_at(1010 + RZ_HOLD_MAX_S - 1));
	assert_false(lasts_at(1010 + RZ_HOLD_MAX_S));
	assert_false(lasts_at(2000));
	hold_until(2000 + 5); /* another one */
	assert_true(lasts_at(2000));
}

static bool was_read(uint32_t seq, size_t len, uint32_t rcv_nxt)
{
	static const uint8_t zeros[256];
	uint8_t packet[512];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	skel->bss->rz_test_rcv_nxt = rcv_nxt;
	opts.data_size_in = make_packet(packet, v6, seq, zeros, len);
	assert_int_equal(
		0, bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_hold_was_read), &opts));
	return opts.retval == 1;
}

/* In a hold what was read passes if TCP did not take it. A TCP that sends again puts new bytes
 * behind old ones into one segment: those are held back. */
static void what_passes_a_hold(void **state)
{
	(void)state;
	open_watched();
	ask(RZ_API_PRODUCE, 1);
	assert_true(was_read(SEQ0, in_seq - SEQ0, SEQ0));
	assert_true(was_read(SEQ0, in_seq - SEQ0 + 50, in_seq - 1));
	assert_false(was_read(SEQ0, in_seq - SEQ0 + 50, in_seq));
	assert_false(was_read(in_seq, 50, in_seq));
	assert_false(was_read(in_seq, 50, SEQ0));
}

/* Another CPU is faster with another segment: what was read in vain is waited for no more, and
 * takes no place from the request that has its number. */
static void a_race_that_is_lost(void **state)
{
	static uint8_t packet[512], r[256];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);
	size_t n = make_request(r, RZ_API_FETCH, 3, 77, "c", 1, 12), i;

	(void)state;
	open_watched();
	ask(RZ_API_PRODUCE, 1);
	respond(1, 10);
	assert_true(drained());
	opts.data_size_in = make_packet(packet, v6, in_seq, r, n);
	assert_int_equal(
		0, bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_race_lost), &opts));
	assert_int_equal(1, opts.retval);
	ask(RZ_API_PRODUCE, 2);
	assert_false(drained());
	for (i = 0; i < RZ_EXPECTED_MAX; i++)
		assert_int_not_equal(77, hold().expected[i].correlation_id);
	respond(2, 10);
	assert_true(drained());
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_response_counts),
		cmocka_unit_test(how_many_at_once),
		cmocka_unit_test(a_fetch_is_not_waited_for),
		cmocka_unit_test(a_request_that_was_not_noted),
		cmocka_unit_test(another_client),
		cmocka_unit_test(recycled),
		cmocka_unit_test(forgotten),
		cmocka_unit_test(a_deadline_that_lies),
		cmocka_unit_test(what_passes_a_hold),
		cmocka_unit_test(a_race_that_is_lost),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "responses, IPv6" : "responses, IPv4", tests, setup,
					   teardown);
}
