/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The bytes of the header that is waited for, in whatever pieces they come.
 *
 * Comes in: a segment (segment.bpf.h), the frame, which says where the header begins and how much
 * of it is there. Goes out: scratch->header; what came of a header that has not ended, in map
 * `partial`. Called by begin.bpf.h, sync.bpf.h and read.bpf.h.
 */
#ifndef REZONE_BPF_HEADER_H
#define REZONE_BPF_HEADER_H

#include "early.bpf.h"
#include "frame.bpf.h"
#include "room.bpf.h"
#include "segment.bpf.h"

/* Brings `less` + 1 bytes, 512 at most, at `at` of the segment in hand to `to` of scratch->header.
 */
static __always_inline long rz_header_load(struct __sk_buff *skb, struct rz_scratch *s, __u32 at,
					   __u32 to, __u32 less)
{
	if (s->from_early)
		return rz_early_load(to, s->seg.off + at, less);
	return bpf_skb_load_bytes(skb, s->seg.off + at, s->header + to, less + 1);
}

/* Of a client that is not known yet: as much as most first requests have. */
#define RZ_HEADER_FIRST 160

/*
 * Reads the header that begins in this segment in one go where more than its fixed part will be
 * asked for: up to the acks of a Produce, as long as this client's headers are; of a client that is
 * not known, up to what its library is called. Each call more costs 66 ns. Bytes that were read so
 * do not count as there, for the request may turn out to be shorter: rz_header_fill() takes those
 * that are asked for.
 */
static __always_inline void rz_header_read_ahead(struct __sk_buff *skb, struct rz_scratch *s)
{
	__u32 at, n, less;

	s->ahead = 0;
	if (s->f.have || (s->f.client && !s->f.produce && !s->compares_id))
		return;
	at = s->f.next_seq - s->seg.seq;
	n = RZ_HEADER_FIRST;
	if (s->f.client)
		n = RZ_KAFKA_FIXED + rz_request_id_kept(s->f.client_id_len) + RZ_PRODUCE_BODY;
	if (at >= s->seg.len)
		return;
	if (n > s->seg.len - at)
		n = s->seg.len - at;
	less = n - 1;
	asm volatile("" : "+r"(less));
	less &= 511; /* for the verifier, as below */
	if (!rz_header_load(skb, s, at, 0, less))
		s->ahead = n;
}

/* rz_header_fill() of what was not read ahead. */
static __always_inline bool rz_header_fill_here(struct __sk_buff *skb, struct rz_scratch *s,
						__u32 target)
{
	__u32 have = s->f.have, at, take, less;

	if (have >= target) /* for the verifier: the caller knows that it is not */
		return true;
	at = rz_frame_wants(&s->f) - s->seg.seq;
	if (at >= s->seg.len)
		return false;
	take = s->seg.len - at;
	if (take > target - have)
		take = target - have;
	/* For the verifier: offset below 512 and length 1 to 512, inside header[1024]. It must see
	 * the masks, which the compiler knows to change nothing, and before Linux 6.8 it does not
	 * conclude from "not 0" that a number is at least 1. */
	less = take - 1;
	asm volatile("" : "+r"(have), "+r"(less));
	have &= 511;
	less &= 511;
	if (rz_header_load(skb, s, at, have, less)) {
		rz_count_error(RZ_PLACE_PAYLOAD, -RZ_EFAULT);
		return false;
	}
	s->f.have = have + take;
	return s->f.have >= target;
}

/* The same where it is seldom asked for. A global function, so that the verifier looks at it once,
 * and not at each place that calls it. */
__noinline int rz_header_fill_more(struct __sk_buff *skb, __u32 target)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);

	return s ? rz_header_fill_here(skb, s, target) : 0;
}

/* Are `target` bytes of the header in hand there, or were they read ahead? */
static __always_inline bool rz_header_has(struct rz_scratch *s, __u32 target)
{
	if (s->f.have >= target)
		return true;
	if (target > s->ahead || s->f.skip)
		return false;
	s->f.have = target;
	return true;
}

/*
 * Brings scratch->header to `target` bytes of the request at f.next_seq, as far as this segment has
 * them. Returns whether they are all there.
 */
static __always_inline bool rz_header_fill(struct __sk_buff *skb, struct rz_scratch *s,
					   __u32 target)
{
	return rz_header_has(s, target) || rz_header_fill_more(skb, target);
}

/* The same of the fixed part, with which each request begins: without a call, which costs 10 ns. */
static __always_inline bool rz_header_fill_fixed(struct __sk_buff *skb, struct rz_scratch *s)
{
	return rz_header_has(s, RZ_KAFKA_FIXED) || rz_header_fill_here(skb, s, RZ_KAFKA_FIXED);
}

/* The first `n` bytes of the header, at most 511, into `to`, which has room for them. No more:
 * behind them scratch->header has what was read of other segments, maybe of a record. */
static __always_inline void rz_header_copy(void *to, const struct rz_scratch *s, __u32 n)
{
	/* a copy of variable length needs a helper; the mask bounds it for the verifier */
	bpf_probe_read_kernel(to, n & 511, s->header);
}

static __always_inline struct rz_partial_key rz_header_partial_key(__u64 cookie,
								   const struct rz_frame *f)
{
	struct rz_partial_key key = {cookie, rz_frame_wants(f), f->generation};

	return key;
}

static __always_inline void rz_header_drop_piece(const struct rz_partial_key *key)
{
	if (!bpf_map_delete_elem(&partial, key))
		__sync_fetch_and_add(&rz_partials, -1);
}

/* A piece that is there already is replaced. */
static __always_inline long rz_header_keep_piece(const struct rz_partial_key *key,
						 const struct rz_partial *piece)
{
	long err = bpf_map_update_elem(&partial, key, piece, BPF_NOEXIST);

	if (!err)
		__sync_fetch_and_add(&rz_partials, 1);
	return err == -RZ_EEXIST ? bpf_map_update_elem(&partial, key, piece, BPF_EXIST) : err;
}

static __always_inline void rz_header_drop_partial(__u64 cookie, const struct rz_frame *f)
{
	struct rz_partial_key key = rz_header_partial_key(cookie, f);

	rz_header_drop_piece(&key);
}

/* Gets back the first bytes of a header that came in pieces (f.have is not 0): those of the present
 * frame, or of the one that was gone back to. A global function, so that the verifier looks at it
 * once, and not at each place that calls it. */
__noinline int rz_header_load_partial(void)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);
	struct rz_partial_key key;
	struct rz_partial *p;

	if (!s)
		return -1;
	key = rz_header_partial_key(s->cookie, &s->f);
	key.generation = (__u16)(s->was.generation - s->undone);
	p = bpf_map_lookup_elem(&partial, &key);
	if (!p || p->next_seq != s->f.next_seq || p->have < s->f.have)
		return -1;
	__builtin_memcpy(s->header, p->bytes, sizeof(p->bytes));
	return 0;
}

/* ... and keeps them for the frame that scratch->f is about to become. */
__noinline int rz_header_save_partial(void)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);
	struct rz_partial_key key;
	long err;

	if (!s)
		return -1;
	key = rz_header_partial_key(s->cookie, &s->f);
	key.generation = (__u16)(s->was.generation + 1);
	s->partial.next_seq = s->f.next_seq;
	s->partial.have = s->f.have;
	__builtin_memset(s->partial.bytes, 0, sizeof(s->partial.bytes));
	rz_header_copy(s->partial.bytes, s, s->f.have);
	if (!rz_room_for_some(&s->cookie, rz_partials, rz_config.partial_half)) {
		RZ_COUNT(partial_full);
		return -1;
	}
	err = rz_header_keep_piece(&key, &s->partial);
	if (err) {
		RZ_COUNT(partial_full);
		rz_count_error(RZ_PLACE_PARTIAL_INSERT, err);
	}
	return err;
}

#endif
