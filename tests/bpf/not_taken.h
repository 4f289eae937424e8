/* SPDX-License-Identifier: Apache-2.0 */
/* Segments that TCP does not take. The test says what TCP has. */
#ifndef TESTS_BPF_NOT_TAKEN_H
#define TESTS_BPF_NOT_TAKEN_H

#include "fixture.h"

#define GOOD "app,warpstream_az=us-east-1a"
#define BAD  "app,warpstream_az=us-east-1b"
#define KEPT 8 /* RZ_UNDO_DEPTH of bpf/maps.bpf.h */

/* TCP has all bytes before this one. */
static inline void tcp_has(uint32_t seq)
{
	skel->bss->rz_test_rcv_nxt = seq;
}

static inline void open_new(void)
{
	skel->bss->rz_test_has_tcp = 1;
	open_conn();
	tcp_has(SEQ0);
}

static inline size_t fetch(uint8_t *r, uint32_t correlation_id, const char *id)
{
	return make_request(r, RZ_API_FETCH, 4, correlation_id, id, (int)strlen(id), 30);
}

/* One that is read, and taken. */
static inline uint32_t taken(uint32_t seq, const uint8_t *r, size_t n)
{
	feed(seq, r, n);
	tcp_has(seq + n);
	return seq + n;
}

static inline void assert_good(uint32_t requests, uint32_t next_seq)
{
	struct rz_conn c = conn();

	assert_id(GOOD);
	assert_int_equal(RZ_STATE_DATA, c.frame.state);
	assert_int_equal(0, c.frame.several);
	assert_int_equal(0, c.frame.adopted);
	assert_int_equal(requests, c.frame.requests);
	assert_int_equal(next_seq, c.frame.next_seq);
}

#endif
