// SPDX-License-Identifier: Apache-2.0
/*
 * The responses of a watched connection whose place in the stream is hard to tell: begun in the
 * middle, cut anywhere, lost, repeated, deep in flight. Fed by BPF_PROG_TEST_RUN on both ways. Run
 * by `make bpf-test`; needs root and a kernel with BPF.
 */
#include "watched.h"

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begun_in_the_middle),
		cmocka_unit_test(every_split),
		cmocka_unit_test(repetitions_and_losses),
		cmocka_unit_test(a_false_head),
		cmocka_unit_test(a_size_alone),
		cmocka_unit_test(a_tail_alone),
		cmocka_unit_test(deep_in_flight),
		cmocka_unit_test(many_in_one_segment),
		cmocka_unit_test(the_last_one_is_not_whole),
		cmocka_unit_test(wrap_around),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "responses, place lost, IPv6"
					      : "responses, place lost, IPv4",
					   tests, setup, teardown);
}
