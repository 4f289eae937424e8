/* SPDX-License-Identifier: Apache-2.0 */
/* A connection whose responses are watched: the client asks, the agent responds, and are all out
 * that must be? Included by test_response.c and test_response_lost.c. */
#ifndef TESTS_BPF_WATCHED_H
#define TESTS_BPF_WATCHED_H

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

#endif
