// SPDX-License-Identifier: Apache-2.0
/*
 * The responses of a watched connection: which request each is for, and whether all that must be
 * out are. Fed by BPF_PROG_TEST_RUN on both ways. Run by `make bpf-test`; needs root and
 * a kernel with BPF.
 */
#include "fixture.h"

#define OUT0 7000000u /* sequence number of the agent's first byte here */

static uint32_t in_seq, out_seq;

static void watch(void)
{
	struct rz_hold h = {.cookie = 1};
	uint64_t cookie = 1;

	skel->bss->rz_holding = 1;
	bpf_map_delete_elem(bpf_map__fd(skel->maps.holds), &cookie);
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.holds), &cookie, &h, BPF_ANY));
	out_seq = OUT0;
}

static void open_watched(void)
{
	open_conn();
	in_seq = SEQ0;
	watch();
}

static struct rz_hold hold(void)
{
	struct rz_hold h;
	uint64_t cookie = 1;

	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.holds), &cookie, &h));
	return h;
}

/* One request of the client's; Produce with acks=1 and others with a body of zeros. */
static void ask(int key, uint32_t correlation_id)
{
	uint8_t r[256];
	size_t n = make_request(r, key, 3, correlation_id, "c", 1, 12);

	if (key == RZ_API_PRODUCE)
		memcpy(r + n - 12, "\xff\xff\0\1", 4);
	feed(in_seq, r, n);
	in_seq += n;
}

static void respond(uint32_t correlation_id, size_t body)
{
	static uint8_t a[8192];
	size_t n = make_response(a, correlation_id, body);

	feed_out(out_seq, a, n);
	out_seq += n;
}

static bool drained_at(uint32_t rcv_nxt)
{
	uint8_t packet[256];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	skel->bss->rz_test_rcv_nxt = rcv_nxt;
	opts.data_size_in = make_packet(packet, v6, 1, "x", 1);
	assert_int_equal(0,
			 bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_drained), &opts));
	return opts.retval == 1;
}

static bool drained(void)
{
	return drained_at(in_seq);
}

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

/* Responses to requests from before the watch must be out too, whatever they were. */
static void begun_in_the_middle(void **state)
{
	uint32_t i;

	(void)state;
	open_watched();
	for (i = 1; i <= 3; i++)
		ask(RZ_API_PRODUCE, i);
	watch();
	assert_false(drained()); /* three are open, nobody knows */
	ask(RZ_API_FETCH, 4);
	respond(1, 5); /* unknown here: from before */
	respond(2, 5);
	assert_false(hold().answers.synced);
	assert_false(drained());
	respond(3, 5);
	assert_false(drained());
	respond(4, 5);
	assert_true(drained());
	assert_int_equal(4, hold().answers.number);
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

/* Two responses cut at every byte, into two segments and into single bytes. */
static void every_split(void **state)
{
	uint8_t a[512];
	size_t n, at;

	(void)state;
	for (at = 0; at < 60; at++) {
		open_watched();
		ask(RZ_API_PRODUCE, 0); /* zero is an id like any other */
		ask(RZ_API_PRODUCE, 77);
		ask(RZ_API_PRODUCE, 78);
		respond(0, 4);
		n = make_response(a, 77, 20);
		n += make_response(a + n, 78, 24);
		assert_int_equal(60, n);
		if (at) {
			feed_out(out_seq, a, at);
			assert_false(at < 28 + 8 && drained());
			feed_out(out_seq + at, a + at, n - at);
		} else {
			for (size_t i = 0; i < n; i++)
				feed_out(out_seq + i, a + i, 1);
		}
		assert_int_equal(3, hold().answers.number);
		assert_int_equal(1, hold().answers.whole);
		assert_true(drained());
	}
}

static void repetitions_and_losses(void **state)
{
	uint8_t a[64];
	uint32_t i;
	size_t n;

	(void)state;
	open_watched();
	for (i = 1; i <= 6; i++)
		ask(RZ_API_PRODUCE, i);
	n = make_response(a, 1, 10);
	feed_out(out_seq, a, n);
	feed_out(out_seq, a, n); /* TCP sends it again */
	out_seq += n;
	assert_int_equal(1, hold().answers.number);
	respond(2, 10);
	out_seq += 18; /* the third was not seen */
	respond(4, 10);
	assert_int_equal(4, hold().answers.number);
	assert_false(drained());
	respond(5, 10);
	respond(6, 10);
	assert_true(drained());
}

/* Bytes inside a response that look like the head of an expected one: only tentative, and no proof.
 */
static void a_false_head(void **state)
{
	uint8_t a[300];

	(void)state;
	open_watched();
	ask(RZ_API_FETCH, 5);
	ask(RZ_API_PRODUCE, 6);
	memset(a, 0, sizeof(a));
	put32(a, 100); /* a piece of the fetched records, in mid-response */
	put32(a + 4, 6);
	feed_out(out_seq, a, sizeof(a));
	assert_false(drained());
	out_seq += sizeof(a);
	respond(6, 10);
	assert_true(drained());
}

/* An agent that writes each response's size alone is followed too. */
static void a_size_alone(void **state)
{
	uint8_t a[64];
	uint32_t i;
	size_t n;

	(void)state;
	open_watched();
	for (i = 1; i <= 3; i++) {
		ask(RZ_API_PRODUCE, i);
		n = make_response(a, i, 10);
		feed_out(out_seq, a, 4);
		assert_false(drained());
		feed_out(out_seq + 4, a + 4, n - 4);
		out_seq += n;
		assert_true(drained());
		out_seq += i == 1; /* and lost once */
	}
}

/* An agent that writes each response's last bytes alone: out of the row they look like the begin of
 * a head, but what follows them is one. */
static void a_tail_alone(void **state)
{
	uint32_t i, tail;
	uint8_t a[64];
	size_t n;

	(void)state;
	for (tail = 1; tail < 12; tail++) {
		open_watched();
		for (i = 1; i <= 4; i++)
			ask(RZ_API_PRODUCE, i);
		watch();
		feed_out(out_seq - tail, "\1\2\3\4\5\6\7\10\11\12\13\14", tail);
		for (i = 5; i <= 7; i++) {
			ask(RZ_API_PRODUCE, i);
			n = make_response(a, i, 20);
			feed_out(out_seq, a, n - tail);
			assert_int_equal(i, hold().answers.number);
			assert_int_equal(i == 5, hold().answers.tentative);
			assert_int_equal(0, hold().answers.whole);
			feed_out(out_seq + n - tail, a + n - tail, tail);
			assert_int_equal(1, hold().answers.whole);
			feed_out(out_seq, a, n - tail); /* TCP sends it again */
			assert_int_equal(1, hold().answers.whole);
			out_seq += n;
		}
		assert_true(drained());
	}
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

/* Thousands in flight, more than are remembered: a client that counts its ids up is followed
 * nevertheless; a number that happens to be one of them is no proof. */
static void deep_in_flight(void **state)
{
	uint8_t a[100] = {};
	uint32_t i;

	(void)state;
	open_watched();
	for (i = 1; i <= 2000; i++)
		ask(RZ_API_PRODUCE, 500 + i);
	put32(a, 8);
	put32(a + 4, 600);
	feed_out(out_seq, a, sizeof(a)); /* what follows is not the response to 601 */
	out_seq += sizeof(a);
	assert_false(hold().answers.synced && !hold().answers.tentative);
	respond(700, 10);
	assert_int_equal(1, hold().answers.tentative);
	for (i = 701; i <= 2499; i++)
		respond(i, 10);
	assert_int_equal(0, hold().answers.tentative);
	assert_int_equal(1999, hold().answers.number);
	assert_false(drained());
	respond(2500, 10);
	assert_true(drained());
}

static void many_in_one_segment(void **state)
{
	static uint8_t a[8192];
	size_t n = 0;
	uint32_t i;

	(void)state;
	open_watched();
	for (i = 0; i < 600; i++) /* more than the ring remembers */
		ask(RZ_API_PRODUCE, i);
	respond(400, 4); /* the first that is seen of them */
	assert_true(hold().answers.synced);
	for (i = 401; i < 600; i++)
		n += make_response(a + n, i, 8);
	feed_out(out_seq, a, n);
	assert_int_equal(600, hold().answers.number);
	assert_true(drained());
}

/* A Produce that TCP has only in part will not be executed: the one before it counts. */
static void the_last_one_is_not_whole(void **state)
{
	(void)state;
	open_watched();
	ask(RZ_API_PRODUCE, 1);
	ask(RZ_API_PRODUCE, 2);
	respond(1, 4);
	assert_false(drained());
	assert_true(drained_at(in_seq - 1));
	respond(2, 4);
	assert_true(drained());
}

static void wrap_around(void **state)
{
	uint32_t back;

	(void)state;
	for (back = 1; back < 40; back += 3) {
		open_watched();
		out_seq = 0u - back;
		ask(RZ_API_PRODUCE, 1);
		ask(RZ_API_PRODUCE, 2);
		respond(1, 9);
		respond(2, 9);
		assert_true(drained());
	}
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
		cmocka_unit_test(a_fetch_is_not_waited_for),
		cmocka_unit_test(begun_in_the_middle),
		cmocka_unit_test(a_request_that_was_not_noted),
		cmocka_unit_test(every_split),
		cmocka_unit_test(repetitions_and_losses),
		cmocka_unit_test(a_false_head),
		cmocka_unit_test(a_size_alone),
		cmocka_unit_test(a_tail_alone),
		cmocka_unit_test(another_client),
		cmocka_unit_test(recycled),
		cmocka_unit_test(forgotten),
		cmocka_unit_test(a_deadline_that_lies),
		cmocka_unit_test(what_passes_a_hold),
		cmocka_unit_test(deep_in_flight),
		cmocka_unit_test(many_in_one_segment),
		cmocka_unit_test(the_last_one_is_not_whole),
		cmocka_unit_test(wrap_around),
		cmocka_unit_test(a_race_that_is_lost),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "responses, IPv6" : "responses, IPv4", tests, setup,
					   teardown);
}
