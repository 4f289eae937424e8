/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The fast path: nearly every segment in which something is read begins with a small Produce or
 * Fetch of a connection that is known well, and ends with it or inside it. Such a request is read
 * where the frame lies, under the claim on the connection's entry (claim.bpf.h).
 *
 * Comes in: a segment (segment.bpf.h) and its connection's entry. Goes out: the entry, as
 * take.bpf.h would have made it; or nothing was done, for something about the segment, the
 * connection or the moment is unusual: then take.bpf.h does its work as if nobody had asked here.
 * So nothing is decided otherwise here, which tests/fuzz proves. Called by the segment program.
 *
 * The header's bytes lie on the stack, and nothing is written but the entry and its place in map
 * undo: there is no memory here that another task on this CPU could use meanwhile.
 */
#ifndef REZONE_BPF_FAST_H
#define REZONE_BPF_FAST_H

#include "take.bpf.h"

/* Bytes behind the fixed part that are looked at; a mask, as is. A longer client.id is not read. */
#define RZ_FAST_BEHIND 127
#define RZ_FAST_ID_MAX (RZ_FAST_BEHIND - RZ_PRODUCE_BODY)
#define RZ_FAST_BEFORE 2 /* so that the client.id is aligned to 8 */
#define RZ_FAST_HEADER (RZ_KAFKA_FIXED + RZ_FAST_BEHIND + RZ_PRODUCE_BODY)

/* generation and owner of a frame */
typedef __u32 __attribute__((may_alias)) rz_fast_word;
_Static_assert(__builtin_offsetof(struct rz_frame, generation) == 0 &&
		       __builtin_offsetof(struct rz_frame, owner) == 2 &&
		       __builtin_offsetof(struct rz_conn, frame) % 4 == 0,
	       "a frame's first four bytes are written in one go");

enum rz_fast_took {
	RZ_FAST_NOT = 0, /* nothing was done */
	RZ_FAST_DONE,
	/* the same, and a segment that was kept early, for the claim was had here, may be read */
	RZ_FAST_NOT_LOOK,
	RZ_FAST_DONE_LOOK,
};

/* The request at the beginning of the segment, before the claim is taken. */
struct rz_fast {
	struct rz_request r;
	__u32 requests; /* the frame's, which says whether the id is compared */
	__u64 client;	/* hash of its id; 0: it is not compared */
	enum rz_acks acks;
};

/* Linux 5.12: a place on the stack that is not known beforehand can be read. */
static __always_inline bool rz_fast_can(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_check_mtu);
}

/* `n` bytes behind the fixed part. That they are no more than RZ_FAST_BEHIND is known to the
 * compiler, which would leave the mask out, but not to each verifier: that of Linux 6.1 loses the
 * bounds of what was spilled before it was compared. */
static __always_inline __u32 rz_fast_bound(__u32 n)
{
	asm volatile("" : "+r"(n));
	return n & RZ_FAST_BEHIND;
}

/* rz_request_id_hash() of an id on the stack, `len` bytes. */
static __always_inline __u64 rz_fast_id_hash(const __u8 *p, __u32 len)
{
	struct rz_hash h = rz_hash_begin(rz_config.hash_seed);
	__u64 rest = rz_bytes_load_some(p + (len & 0x78), len & 7);
	__u32 i;

	for (i = 0; i < RZ_FAST_ID_MAX / 8; i++) {
		if (i * 8 + 8 > len)
			break;
		rz_hash_word(&h, rz_bytes_load64(p + i * 8));
	}
	rz_hash_word(&h, rest);
	rz_hash_word(&h, len);
	return rz_hash_end(&h);
}

/* Is the body's beginning all there, and does it say what take.bpf.h would only mark again? */
static __always_inline bool rz_fast_read_acks(const __u8 *head, __u32 n, struct rz_fast *q)
{
	__u32 want = q->r.api_version < 3 ? 2 : RZ_PRODUCE_BODY;
	__u32 at = RZ_KAFKA_FIXED + rz_fast_bound(q->r.client_id_len);

	if (rz_body_wanted(&q->r, false) != want || at + want > n)
		return false;
	q->acks = rz_body_acks(head + at, want, q->r.api_version);
	return true;
}

/* Is the fixed part of a header at `head` that of a request which ends with the segment or behind
 * it, with a client.id of the length that is known? */
static __always_inline bool rz_fast_parse(const __u8 *head, const struct rz_seg *seg, __u32 id_len,
					  struct rz_fast *q)
{
	return !rz_request_parse(head, &q->r) && q->r.client_id_len == (__s16)id_len &&
	       (__u32)q->r.size + 4 >= seg->len;
}

/* Only the fixed part is asked for: of a connection that has only fetched, three times in four. Its
 * length is known beforehand, so that no verifier wants these bytes to be zeros before. */
static __always_inline bool rz_fast_read_fixed(struct __sk_buff *skb, const struct rz_seg *seg,
					       __u32 id_len, struct rz_fast *q)
{
	__u8 head[RZ_KAFKA_FIXED];

	return !bpf_skb_load_bytes(skb, seg->off, head, sizeof(head)) &&
	       rz_fast_parse(head, seg, id_len, q) && q->r.api_key == RZ_API_FETCH;
}

/* ... and the client.id, and a Produce's acks behind it. */
static __always_inline bool rz_fast_read_all(struct __sk_buff *skb, const struct rz_seg *seg,
					     __u32 id_len, bool compares, struct rz_fast *q)
{
	__u8 bytes[RZ_FAST_BEFORE + RZ_FAST_HEADER] __attribute__((aligned(8))) = {};
	__u8 *head = bytes + RZ_FAST_BEFORE;
	__u32 n = RZ_KAFKA_FIXED + id_len + RZ_PRODUCE_BODY;

	if (n > seg->len)
		n = seg->len;
	if (n < RZ_KAFKA_FIXED + (compares ? id_len : 0) ||
	    bpf_skb_load_bytes(skb, seg->off, head,
			       RZ_KAFKA_FIXED + rz_fast_bound(n - RZ_KAFKA_FIXED)) ||
	    !rz_fast_parse(head, seg, id_len, q))
		return false;
	if (compares)
		q->client = rz_fast_id_hash(head + RZ_KAFKA_FIXED, id_len);
	if (q->r.api_key == RZ_API_PRODUCE)
		return rz_fast_read_acks(head, n, q);
	return q->r.api_key == RZ_API_FETCH;
}

/* Reads the request that begins with the segment. False: the request is none for the fast path. The
 * frame's fields that are looked at here are looked at again under the claim. */
static __always_inline bool rz_fast_read(struct __sk_buff *skb, const struct rz_frame *f,
					 const struct rz_seg *seg, struct rz_fast *q)
{
	__u32 id_len = (__u16)f->client_id_len;
	bool compares;

	q->requests = f->requests;
	q->client = 0;
	q->acks = RZ_ACKS_SOME;
	if (!id_len || id_len > RZ_FAST_ID_MAX || seg->len < RZ_KAFKA_FIXED)
		return false;
	compares = rz_effort_compares_id_at(q->requests);
	if (!compares && !f->produce)
		return rz_fast_read_fixed(skb, seg, id_len, q);
	return rz_fast_read_all(skb, seg, id_len, compares, q);
}

/* Would all that take.bpf.h does with this request be to count it? Under the claim. */
static __always_inline bool rz_fast_only_counts(const struct rz_conn *c, const struct rz_fast *q)
{
	const struct rz_frame *f = &c->frame;

	if (f->state != RZ_STATE_DATA || f->protocol != RZ_PROTOCOL_KAFKA || !f->zone_known ||
	    f->tentative || f->sasl_raw || f->several || c->misses)
		return false;
	/* requests that are looked at more closely: this one, or the notes of it (note.bpf.h) */
	if (f->requests != q->requests || rz_effort_looks_again_at(q->requests) ||
	    rz_effort_looks_again_at(q->requests + 1))
		return false;
	if (q->r.client_id_len != f->client_id_len || (q->client && q->client != f->client))
		return false;
	if (q->r.api_key == RZ_API_FETCH)
		return f->fetch && (f->produce || f->data_version == q->r.api_version);
	/* who has written is not followed (follow.bpf.h) */
	if (!f->produce || f->data_version != q->r.api_version)
		return false;
	return q->acks == RZ_ACKS_SOME || (q->acks == RZ_ACKS_NONE && f->acks0) ||
	       (q->acks == RZ_ACKS_TRANSACTION && f->transaction);
}

/* Does the request begin where the next one is waited for, and is nothing of it known? Under the
 * claim. */
static __always_inline bool rz_fast_is_next(const struct rz_frame *f, const struct rz_seg *seg)
{
	return f->synced && f->next_seq == seg->seq && !f->have && !f->skip &&
	       (__s32)(f->read_end - seg->seq) <= 0;
}

/*
 * Counts the request, under the claim. The frame's owner and generation are written last, by one
 * store: an interrupt or another task may come between, and stay for so long that the connection
 * closes and another one gets the element's memory. Then this spoils the other one's frame; but the
 * owner in it is this connection, so that frame is void, and nobody believes it. (Not if the other
 * one's fast path is in the same few instructions on another CPU, and writes its owner behind this
 * one: two such moments at once.)
 */
static __always_inline void rz_fast_count(struct rz_conn *c, __u64 cookie, const struct rz_fast *q,
					  const struct rz_seg *seg, __u64 now)
{
	struct rz_frame *f = &c->frame;
	__u32 first = (__u16)(f->generation + 1) | (__u32)(__u16)cookie << 16;

	/* where the latest one was data, too, at the same tick of the clock, both times stand */
	if (c->last_request_ns != now ||
	    (f->api_key != RZ_API_PRODUCE && f->api_key != RZ_API_FETCH))
		c->data_cs = rz_take_cs(c->opened_ns, now);
	c->last_request_ns = now;
	f->requests++;
	f->answerable += q->acks != RZ_ACKS_NONE;
	f->correlation_id = q->r.correlation_id;
	f->api_key = q->r.api_key;
	f->unseen -= f->unseen > 0;
	barrier();
	rz_frame_place_at(f, f->next_seq + 4 + q->r.size, seg->seq + seg->len);
	*(volatile rz_fast_word *)(void *)f = first;
}

/* Takes the segment if there is nothing unusual about it. A function of its own, for its stack. */
static __noinline enum rz_fast_took rz_fast_take(struct __sk_buff *skb, __u64 cookie,
						 struct rz_conn *c, const struct rz_seg *seg)
{
	struct rz_undo_entry *e;
	struct rz_stats *st;
	struct rz_undo *u;
	struct rz_fast q;
	bool took = false;
	__u64 now, rx, tx;

	if (c->frame.state != RZ_STATE_DATA || !rz_fast_is_next(&c->frame, seg) ||
	    (c->frame.via == RZ_VIA_NETWORK && skb->ifindex == RZ_LOOPBACK_IFINDEX) ||
	    !rz_fast_read(skb, &c->frame, seg, &q))
		return RZ_FAST_NOT;
	u = rz_undo_of(cookie);
	if (!u)
		return RZ_FAST_NOT;
	rz_segment_bytes(skb, &rx, &tx);
	now = rz_take_now();
	if (!rz_claim_enter(c, cookie))
		return RZ_FAST_NOT;
	e = rz_undo_at(u, c->frame.generation);
	if (c->cookie == cookie && c->frame.owner == (__u16)cookie && c->park < RZ_PARK_PARKED &&
	    rz_fast_is_next(&c->frame, seg) && rz_fast_only_counts(c, &q) &&
	    !rz_undo_pushes(e, cookie, c->frame.generation)) {
		rz_undo_put(e, cookie, seg->seq, 1, &c->frame);
		c->rx_bytes = rx;
		c->tx_bytes = tx;
		rz_fast_count(c, cookie, &q, seg, now);
		took = true;
	}
	rz_claim_leave(c, cookie);
	if (took) {
		st = rz_count_here();
		if (st) {
			st->requests++;
			st->fast_requests++;
		}
	}
	if (!rz_early_has(cookie) || !rz_take_begin(cookie, c, seg))
		return took ? RZ_FAST_DONE : RZ_FAST_NOT;
	return took ? RZ_FAST_DONE_LOOK : RZ_FAST_NOT_LOOK;
}

/* ... and then what came early, also while the claim was had here. Returns false if nothing was
 * done with the segment itself. */
static __always_inline bool rz_fast_segment(struct __sk_buff *skb, __u64 cookie, struct rz_conn *c,
					    const struct rz_seg *seg)
{
	enum rz_fast_took took;

	if (!rz_fast_can())
		return false;
	took = rz_fast_take(skb, cookie, c, seg);
	if (took >= RZ_FAST_NOT_LOOK) {
		rz_take_rest(skb);
		rz_scratch_give();
	}
	return took == RZ_FAST_DONE || took == RZ_FAST_DONE_LOOK;
}

#endif
