// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The product's framing stage behind a test entry: BPF_PROG_TEST_RUN gives a packet without a real
 * TCP socket, so the connection is the one with cookie 1, which the test makes.
 *
 * Comes in: an IP packet. Goes out: map conns, as in the product. Used by tests/bpf/test_frame.c.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "maps.bpf.h"

/* The test's own TCP; without it, everything in front of a segment is there. */
__u32 rz_test_rcv_nxt = 0;
__u32 rz_test_has_tcp = 0;
__u32 rz_test_rcv_wnd = 65536;

#define RZ_TEST_RCV_NXT
static __always_inline int rz_segment_rcv_nxt(struct bpf_sock *sk, __u32 *ret)
{
	*ret = rz_test_rcv_nxt;
	return rz_test_has_tcp ? 0 : -1;
}

static __always_inline bool rz_segment_fits(struct bpf_sock *sk, const struct rz_seg *seg)
{
	return !rz_test_has_tcp || ((__s32)(seg->seq - rz_test_rcv_nxt - rz_test_rcv_wnd) <= 0 &&
				    (__s32)(seg->seq + seg->len - rz_test_rcv_nxt) > 0);
}

/* So many times more another CPU puts back what it has read, just before this one wants to; the
 * same, while this one works on a segment that was kept. */
__u32 rz_test_races = 0;
__u32 rz_test_races_kept = 0;

static __noinline void test_be_faster(void)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);
	__u64 cookie = 1;
	struct rz_conn *c = bpf_map_lookup_elem(&conns, &cookie);

	if (!c || !s)
		return;
	if (rz_test_races)
		rz_test_races--;
	else if (rz_test_races_kept && s->from_early)
		rz_test_races_kept--;
	else
		return;
	bpf_spin_lock(&c->lock);
	c->frame.generation++;
	bpf_spin_unlock(&c->lock);
}

static __always_inline void rz_segment_bytes(struct __sk_buff *skb, __u64 *rx, __u64 *tx)
{
	if (rz_test_races || rz_test_races_kept)
		test_be_faster();
	*rx = *tx = 0;
}

#include "take.bpf.h"

/* The fast path's claim is had for so many turns more, as if an interrupt came: other CPUs meet it.
 * rz_fast_count() has its barrier where all is changed but the frame's first word. Only
 * there: a CPU that meets the claim does not take so long for its tries. */
__u32 rz_test_claim_turns = 0;

static __always_inline void test_barrier(void)
{
	__u32 i;

	for (i = 0; i < 4096; i++) {
		if (i >= rz_test_claim_turns)
			break;
		asm volatile("" : "+r"(i) : : "memory");
	}
	asm volatile("" : : : "memory");
}
#undef barrier
#define barrier() test_barrier()
#include "fast.bpf.h"
#undef barrier
#define barrier() asm volatile("" : : : "memory")

#include "opening.bpf.h"
#include "park.bpf.h"
#include <rezone/responses.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Without the fast path; segments that it took. */
__u32 rz_test_slow = 0;
__u32 rz_test_fast = 0;
__u32 rz_test_has_fast = 0; /* this kernel has it */

/* The cookie of the segment's connection, if its mark does not say so. */
__u64 rz_test_cookie = 1;

/* 0: it is dropped, for its client is followed. */
SEC("cgroup_skb/ingress")
int test_segment(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u64 cookie = skb->mark ? skb->mark : rz_test_cookie;
	struct rz_conn *c;
	struct rz_seg seg;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	c = bpf_map_lookup_elem(&conns, &cookie);
	if (!sk || !c || rz_segment_parse(skb, &seg) != 1)
		return 0;
	if (c->park >= RZ_PARK_WANTED && rz_park_skips(sk, c, cookie))
		return 1;
	if (rz_frame_is_left_alone(c, &seg) || rz_frame_inside(c, &seg))
		return 1;
	rz_test_has_fast = rz_fast_can();
	if (!rz_test_slow && rz_fast_segment(skb, cookie, c, &seg)) {
		__sync_fetch_and_add(&rz_test_fast, 1); /* two CPUs may be here */
		return 1;
	}
	return !rz_take_segment(skb, sk, cookie, c, &seg);
}

/* What user space wants of the marks of connections. */
SEC("cgroup_skb/ingress")
int test_park(struct __sk_buff *skb)
{
	rz_park_obey();
	return 1;
}

/* The same, but another CPU is faster: the work on the segment is not put back. */
SEC("cgroup_skb/ingress")
int test_race_lost(struct __sk_buff *skb)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);
	struct bpf_sock *sk = skb->sk;
	__u64 cookie = 1;
	struct rz_conn *c = bpf_map_lookup_elem(&conns, &cookie);
	__u32 worked;

	if (!sk || !s || !c)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk || rz_segment_parse(skb, &s->seg) != 1)
		return 0;
	s->cookie = cookie;
	s->watched = rz_hold_of(cookie) != NULL;
	s->older = 0;
	s->was = s->f = c->frame;
	s->misses = c->misses;
	worked = rz_take_work(skb, sk, s, c);
	asm volatile("" : "+r"(worked)); /* clang 19 returns what a global function did, as it is */
	return worked & 1;
}

/* What the agent sends. */
SEC("cgroup_skb/egress")
int test_response(struct __sk_buff *skb)
{
	struct rz_hold *h = rz_hold_of(1);
	struct rz_seg seg;

	if (!h || rz_segment_parse(skb, &seg) != 1)
		return 0;
	rz_response_segment(skb, h, 1, &seg);
	return 1;
}

/*
 * The same, with the entry of cookie 1 gone between its look-up and its use, and its memory given
 * to cookie 2. Returns 2 if the kernel gave it other memory.
 */
SEC("cgroup_skb/egress")
int test_response_recycled(struct __sk_buff *skb)
{
	static __u64 fresh[sizeof(struct rz_hold) / 8]; /* begins with the cookie */
	struct rz_hold *h = rz_hold_of(1);
	__u64 gone = 1, next = 2;
	struct rz_seg seg;

	if (!h || rz_segment_parse(skb, &seg) != 1)
		return 0;
	fresh[0] = next;
	bpf_map_delete_elem(&holds, &gone);
	bpf_map_update_elem(&holds, &next, fresh, BPF_ANY);
	rz_response_segment(skb, h, gone, &seg);
	return h->cookie == next ? 1 : 2;
}

/* The same, with what was noted forgotten while the answer is worked on. */
SEC("cgroup_skb/egress")
int test_response_forgotten(struct __sk_buff *skb)
{
	struct rz_hold *h = rz_hold_of(1);
	struct rz_responses a;

	if (!h)
		return 0;
	rz_response_load(h, &a);
	rz_response_forget(1);
	rz_response_commit(h, 1, &a);
	return 1;
}

/* Connection 1 closes. */
SEC("cgroup_skb/ingress")
int test_early_forget(struct __sk_buff *skb)
{
	rz_early_forget(1);
	return 1;
}

/* Another task of this CPU takes the scratch, for a segment of this connection, or (0) gives it
 * back. */
__u64 rz_test_theirs = 0;

SEC("cgroup_skb/ingress")
int test_scratch(struct __sk_buff *skb)
{
	struct rz_scratch *s;

	if (!rz_test_theirs) {
		rz_scratch_give();
		return 1;
	}
	s = rz_scratch_take();
	if (s)
		s->cookie = rz_test_theirs;
	return s != NULL;
}

/* A packet of a listener. */
SEC("cgroup_skb/ingress")
int test_opening(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u32 drops;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	drops = rz_opening_segment(skb);
	asm volatile("" : "+r"(drops)); /* clang 19 returns what a global function did, as it is */
	return !drops;
}

/* A connection gets its entry; 1 if there was room. */
__u64 rz_test_conn[sizeof(struct rz_conn) / 8] = {};

SEC("cgroup_skb/ingress")
int test_put(struct __sk_buff *skb)
{
	struct rz_conn c;

	__builtin_memcpy(&c, rz_test_conn, sizeof(c));
	return !rz_conn_put(&c);
}

/* 1 if the hold of cookie 1 lasts, at `rz_test_now`. */
__u64 rz_test_now = 0;

SEC("cgroup_skb/ingress")
int test_hold_lasts(struct __sk_buff *skb)
{
	__u64 cookie = 1;
	struct rz_hold *h = rz_hold_of(cookie);
	struct rz_move *m = bpf_map_lookup_elem(&moves, &cookie);

	return h && m && rz_hold_lasts(h, m, cookie, rz_test_now);
}

/* 1 if a hold lets this segment of cookie 1 pass: TCP, which has everything up to
 * `rz_test_rcv_nxt`, did not take what was read of it. */
SEC("cgroup_skb/ingress")
int test_hold_was_read(struct __sk_buff *skb)
{
	struct rz_seg seg;

	return rz_segment_parse(skb, &seg) == 1 && rz_hold_was_read(1, &seg, rz_test_rcv_nxt);
}

/* 1 if what comes behind a dropped Produce is dropped, too. */
SEC("cgroup_skb/ingress")
int test_follow_is_on(struct __sk_buff *skb)
{
	return rz_follow_is_on(rz_test_cookie);
}

/* 1 if a look at it finds the connection kept from TCP, which has everything up to
 * `rz_test_rcv_nxt`, for its client's sake. */
SEC("cgroup_skb/ingress")
int test_held_followed(struct __sk_buff *skb)
{
	return rz_held_followed(rz_test_cookie, rz_test_rcv_nxt);
}

/* Its client's FIN came behind what was dropped. 1: the client has left. */
SEC("cgroup_skb/ingress")
int test_held_fin(struct __sk_buff *skb)
{
	struct rz_held *e = rz_held_of(rz_test_cookie);

	return e && rz_held_note(e, rz_test_cookie, e->end, 0, 1);
}

/* 1 if all responses are out that must be, TCP having everything up to `rz_test_rcv_nxt`. */
SEC("cgroup_skb/ingress")
int test_drained(struct __sk_buff *skb)
{
	__u64 cookie = 1;
	struct rz_hold *h = rz_hold_of(cookie);
	struct rz_conn *c = bpf_map_lookup_elem(&conns, &cookie);
	__u32 must;

	if (!h || !c)
		return 0;
	must = rz_responses_must(h, c->frame.answerable,
				 (__s32)(h->must_end - rz_test_rcv_nxt) > 0);
	return rz_responses_out(&c->frame, h, must, 0) == RZ_CHECK_PASSED;
}
