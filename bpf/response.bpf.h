/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Following responses: which requests of a connection that is to be moved are still unanswered.
 *
 * Comes in: requests that read.bpf.h has read, and the agent's segments on their way out.
 * Goes out: struct rz_hold of the connection's entry in `holds`, all but what hold.bpf.h counts;
 * include/rezone/responses.h says what follows from it. Called by read.bpf.h, take.bpf.h
 * and the response program. Nothing here happens to a connection without an entry.
 *
 * Responses are read only while a move waits: a program on the way out costs every packet of the
 * node about 120 ns by being there (docs/evidence/performance.md). So it is attached for the time
 * of a move, and finds its place in the stream of responses by the correlation ids of requests that
 * came since. TCP sends under the socket lock, so no two CPUs are here at once for one connection;
 * but the program may be interrupted, so it works on no memory that is shared.
 */
#ifndef REZONE_BPF_RESPONSE_H
#define REZONE_BPF_RESPONSE_H

#include "hold.bpf.h"
#include <rezone/kafka.h>

#define RZ_RESPONSE_HEAD	 8 /* size i32, correlation_id i32 */
#define RZ_RESPONSES_PER_SEGMENT 1024
#define RZ_RESPONSES_PER_TURN	 32 /* looked through once by the verifier, and so are the turns */
#define RZ_RESPONSES_PER_LOOK	 16 /* likewise; RZ_EXPECTED_MAX is a multiple of it */

/* A request that expects a response was read, the `number`th. Kept aside: the work on this
 * segment may be done again, or be lost to another CPU's. */
static __always_inline void rz_response_remember(struct rz_scratch *s, __u32 number,
						 const struct rz_request *r)
{
	struct rz_noted *n = &s->noted[s->n_noted % RZ_REQUESTS_PER_SEGMENT];

	n->number = number;
	n->correlation_id = r->correlation_id;
	n->begin = s->f.next_seq;
	n->end = s->f.next_seq + 4 + r->size;
	n->api_key = r->api_key;
	n->found = s->found;
	s->n_noted++;
}

/* It is one: the frame with it was put back. Under the lock. */
static __always_inline void rz_response_note(struct rz_hold *h, const struct rz_noted *n)
{
	struct rz_expected *e = &h->expected[n->number % RZ_EXPECTED_MAX];

	e->correlation_id = n->correlation_id;
	e->number = n->number;
	if (h->last + 1 != n->number) { /* others were not seen here: they must have a response */
		h->must_before = n->number - 2;
		h->must_end = n->begin;
		h->must = n->number - 1;
	}
	if (n->found) {
		/* requests may have been passed over: this response must be out, for theirs are
		 * out then */
		h->must_before = h->must = n->number;
		h->must_end = n->end;
	} else if (!rz_api_repeatable(n->api_key)) {
		h->must_before = h->must;
		h->must_end = n->end;
		h->must = n->number;
	}
	h->last = n->number;
	/* a response is seen here before its client has it, so no client has more in flight */
	if (rz_responses_followed(h) && (__s32)(n->number - h->answers.number - h->deepest) > 0)
		h->deepest = n->number - h->answers.number;
}

/* The same of scratch->noted[i], if the connection has an entry, and if that still is its own: user
 * space removes entries and makes new ones, and the kernel gives a new one the memory of the last
 * that went. A global function, so that it is verified once. */
__noinline int rz_response_expect(__u32 i)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);
	struct rz_hold *h = s ? rz_hold_of(s->cookie) : NULL;

	if (!h)
		return 0;
	bpf_spin_lock(&h->lock);
	if (h->cookie == s->cookie)
		rz_response_note(h, &s->noted[i % RZ_REQUESTS_PER_SEGMENT]);
	bpf_spin_unlock(&h->lock);
	return 0;
}

/* Some of scratch->noted, from the `first` on. */
__noinline int rz_response_expect_turn(__u32 first, __u32 n)
{
	__u32 i;

	for (i = 0; i < RZ_RESPONSES_PER_TURN && first + i < n; i++)
		rz_response_expect(first + i);
	return 0;
}

/* All `n` requests of the segment, now that the frame with them was put back. A global function, as
 * above. */
__noinline int rz_response_expect_all(__u32 n)
{
	__u32 i;

	for (i = 0; i < RZ_REQUESTS_PER_SEGMENT && i < n; i += RZ_RESPONSES_PER_TURN)
		rz_response_expect_turn(i, n);
	return 0;
}

/* Requests that were noted are none: TCP did not take the segment. All before those that are noted
 * next must have a response, as if the watch began here, and the row of responses may rest on such
 * a request. A global function, as above. */
__noinline int rz_response_forget(__u64 cookie)
{
	struct rz_hold *h = rz_hold_of(cookie);
	int i;

	if (!h)
		return 0;
	bpf_spin_lock(&h->lock);
	if (h->cookie == cookie) {
		h->last = h->deepest = 0;
		for (i = 0; i < RZ_EXPECTED_MAX; i++)
			h->expected[i].number = 0;
		h->answers = (struct rz_responses){.round = h->answers.round + 1};
	}
	bpf_spin_unlock(&h->lock);
	return 0;
}

/* Notes that a segment of this connection was not looked at. */
static __always_inline void rz_response_note_early(bool watched, __u64 cookie)
{
	struct rz_hold *h = watched ? rz_hold_of(cookie) : NULL;

	if (!h)
		return;
	bpf_spin_lock(&h->lock);
	if (h->cookie == cookie)
		h->early = 1;
	bpf_spin_unlock(&h->lock);
}

static __always_inline void rz_response_lose(struct rz_responses *a)
{
	if (a->synced)
		RZ_COUNT(answers_lost);
	a->synced = 0;
	a->tentative = 0;
	a->have = 0;
}

/* Brings a->head to its length as far as this segment has it. True: it is whole. */
static __always_inline bool rz_response_fill(struct __sk_buff *skb, struct rz_responses *a,
					     const struct rz_seg *seg)
{
	__u32 at = a->next_seq + a->have - seg->seq, i;
	__u64 head;
	__u8 byte;

	if (!a->have && at < seg->len && seg->len - at >= RZ_RESPONSE_HEAD) {
		if (bpf_skb_load_bytes(skb, seg->off + at, &head, RZ_RESPONSE_HEAD))
			return false;
		a->head = bpf_be64_to_cpu(head);
		a->have = RZ_RESPONSE_HEAD;
		return true;
	}
	for (i = 0; i < RZ_RESPONSE_HEAD; i++) {
		if (a->have >= RZ_RESPONSE_HEAD || at >= seg->len)
			break;
		if (bpf_skb_load_bytes(skb, seg->off + at, &byte, 1))
			break;
		a->head = a->head << 8 | byte;
		a->have++;
		at++;
	}
	return a->have >= RZ_RESPONSE_HEAD;
}

/* 1 if `n` is not 0, else 0; without a branch, each of which doubles the ways of a loop. */
static __always_inline __u64 rz_response_is_some(__u32 n)
{
	return ((__u64)n + 0xffffffff) >> 32;
}

/* Of some expected responses, from the `first` on: the sum of the numbers of those with this
 * correlation id, and in the upper half how many these are. A global function, as above. */
__noinline __u64 rz_response_look(__u64 cookie, __u32 correlation_id, __u32 first)
{
	struct rz_hold *h = bpf_map_lookup_elem(&holds, &cookie);
	const struct rz_expected *e;
	__u64 hit, found = 0;
	__u32 i;

	if (!h)
		return 0;
	for (i = 0; i < RZ_RESPONSES_PER_LOOK; i++) {
		e = &h->expected[(first + i) % RZ_EXPECTED_MAX];
		hit = rz_response_is_some(e->number) &
		      ~rz_response_is_some(e->correlation_id ^ correlation_id);
		found += hit * ((1ULL << 32) + e->number);
	}
	return found;
}

/* The number of the expected response with this correlation id, 0 if there is none, or more than
 * one. A global function, as above. */
__noinline __u32 rz_response_number(__u64 cookie, __u32 correlation_id)
{
	__u64 found = 0;
	__u32 i;

	for (i = 0; i < RZ_EXPECTED_MAX; i += RZ_RESPONSES_PER_LOOK)
		found += rz_response_look(cookie, correlation_id, i);
	return found >> 32 == 1 ? (__u32)found : 0;
}

/*
 * The same for a response to a request from before the ring: more may be in flight than it
 * remembers. A client that counts its ids up by one for each request is as good as remembered. 0:
 * it does not, or the id is none of that row.
 */
static __always_inline __u32 rz_response_before_ring(const struct rz_hold *h, __u32 correlation_id)
{
	const struct rz_expected *latest = &h->expected[h->last % RZ_EXPECTED_MAX];
	const struct rz_expected *oldest = &h->expected[(h->last + 1) % RZ_EXPECTED_MAX];
	__u32 back = latest->correlation_id - correlation_id;

	if (latest->number != h->last || oldest->number != h->last - (RZ_EXPECTED_MAX - 1) ||
	    latest->correlation_id - oldest->correlation_id != RZ_EXPECTED_MAX - 1 ||
	    back < RZ_EXPECTED_MAX || back >= h->last)
		return 0;
	return h->last - back;
}

/* The head of the response behind the latest: is it the next one in the row? One that fell out of
 * the ring is believed, for the place is right; if the place itself is a guess, the id must count
 * up. */
static __always_inline bool rz_response_in_row(const struct rz_hold *h,
					       const struct rz_responses *a, __u32 correlation_id)
{
	__u32 number = a->number + 1;
	const struct rz_expected *e = &h->expected[number % RZ_EXPECTED_MAX];

	if ((__s32)(h->last - number) < 0)
		return false;
	if (e->number == number)
		return e->correlation_id == correlation_id;
	return !a->tentative || correlation_id == a->correlation_id + 1;
}

/*
 * Out of the row, and no head that is expected. If it began with the segment before, that was the
 * tail of a response, and one may begin with this segment (at `seq`) all the same: returns true, to
 * look there.
 */
static __always_inline bool rz_response_not_here(struct rz_responses *a, __u32 seq)
{
	if ((__s32)(a->next_seq - seq) >= 0)
		return false;
	a->next_seq = seq;
	return true;
}

/*
 * One response's head, or as much of it as this segment has. Returns true if the next one may begin
 * in the segment too. Out of the row, a response that is expected puts it into the row again; as in
 * rz_sync_find() it is believed at once if it ends with the segment, else when the next one is
 * where it says.
 */
static __always_inline bool rz_response_read(struct __sk_buff *skb, const struct rz_hold *h,
					     struct rz_responses *a, const struct rz_seg *seg)
{
	__u32 correlation_id, number;
	__s32 size;

	if (!rz_response_fill(skb, a, seg))
		return false;
	size = (__s32)(a->head >> 32);
	correlation_id = (__u32)a->head;
	a->have = 0;
	if (size < 4 || size > RZ_KAFKA_SIZE_MAX ||
	    (a->synced && !rz_response_in_row(h, a, correlation_id))) {
		rz_response_lose(a);
		return rz_response_not_here(a, seg->seq);
	}
	if (a->synced) {
		number = a->number + 1;
		a->tentative = 0;
	} else {
		number = rz_response_number(h->cookie, correlation_id);
		a->tentative = !number || a->next_seq + 4 + (__u32)size != seg->seq + seg->len;
		if (!number)
			number = rz_response_before_ring(h, correlation_id);
		if (!number) {
			a->tentative = 0;
			return rz_response_not_here(a, seg->seq);
		}
		a->synced = 1;
	}
	a->number = number;
	a->correlation_id = correlation_id;
	a->next_seq += 4 + (__u32)size;
	a->whole = (__s32)(a->next_seq - seg->seq) <= (__s32)seg->len;
	return (__s32)(a->next_seq - seg->seq) < (__s32)seg->len;
}

/* Copies them out, to be worked on. */
static __always_inline void rz_response_load(struct rz_hold *h, struct rz_responses *a)
{
	bpf_spin_lock(&h->lock);
	*a = h->answers;
	bpf_spin_unlock(&h->lock);
}

/* Puts the worked-on copy back, if the entry still is this connection's, and rz_response_forget()
 * was not called meanwhile. Nobody else writes its responses, for TCP sends under the socket lock.
 */
static __always_inline void rz_response_commit(struct rz_hold *h, __u64 cookie,
					       const struct rz_responses *a)
{
	bpf_spin_lock(&h->lock);
	if (h->cookie == cookie && h->answers.round == a->round)
		h->answers = *a;
	bpf_spin_unlock(&h->lock);
}

/* rz_response_read() on a copy. A global function, so that it is verified once; hence the segment
 * in pieces. */
__noinline int rz_response_step(struct __sk_buff *skb, __u64 cookie, __u32 off, __u32 seq,
				__u32 len)
{
	const struct rz_seg seg = {.seq = seq, .off = off, .len = len};
	struct rz_hold *h = bpf_map_lookup_elem(&holds, &cookie);
	struct rz_responses a;
	int more;

	if (!h)
		return 0;
	rz_response_load(h, &a);
	more = rz_response_read(skb, h, &a, &seg);
	rz_response_commit(h, cookie, &a);
	return more;
}

/* Does a response begin in this segment? a->next_seq says where. Out of the row one may begin with
 * it, or with the segment before: some agents write a response's size alone. */
static __always_inline bool rz_response_begins(struct rz_responses *a, const struct rz_seg *seg)
{
	__s32 at;

	if (a->synced) {
		at = (__s32)(a->next_seq + a->have - seg->seq);
		if (at > (__s32)seg->len)
			return false; /* inside a response, or a retransmission */
		a->whole = 1;
		if (at == (__s32)seg->len)
			return false;
		if (at < 0)
			rz_response_lose(a);
	}
	if (!a->synced && (!a->have || a->next_seq + a->have != seg->seq)) {
		a->next_seq = seg->seq;
		a->have = 0;
	}
	return true;
}

/* Some responses of a segment. Returns 0 if there are no more. */
__noinline int rz_response_turn(struct __sk_buff *skb, __u64 cookie, __u32 off, __u32 seq,
				__u32 len)
{
	int i;

	for (i = 0; i < RZ_RESPONSES_PER_TURN; i++)
		if (!rz_response_step(skb, cookie, off, seq, len))
			return 0;
	return 1;
}

/* The responses that begin in this segment of the agent's. */
static __noinline void rz_response_segment(struct __sk_buff *skb, struct rz_hold *h, __u64 cookie,
					   const struct rz_seg *seg)
{
	struct rz_responses a;
	bool begins;
	int i;

	rz_response_load(h, &a);
	begins = rz_response_begins(&a, seg);
	rz_response_commit(h, cookie, &a);
	if (!begins)
		return;
	for (i = 0; i < RZ_RESPONSES_PER_SEGMENT / RZ_RESPONSES_PER_TURN; i++)
		if (!rz_response_turn(skb, cookie, seg->off, seg->seq, seg->len))
			return;
	rz_response_lose(&a); /* too many */
	rz_response_commit(h, cookie, &a);
}

#endif
