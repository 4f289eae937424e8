/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Segments that came before the bytes in front of them: reordered by the network, or seen on
 * one CPU while another one was at work on the segment in front. Nobody can say yet what in them is
 * a header, so their first 256 bytes are kept in map `early`, and read when the bytes in front of
 * them have been: all of a small segment, and the header of a request that begins a large one.
 *
 * The kept bytes are payload. They stay in this map alone, which is not pinned and which user space
 * does not read, and they are overwritten with zeros as soon as the frame has passed it, or the
 * connection is out of sync or closes.
 * Slots and pieces are of a fixed number: who fills a slot pushes out pieces of others, which costs
 * those a lost frame at worst.
 *
 * Two CPUs: who has put a frame back looks whether something was kept, and who has kept a segment
 * looks whether the frame asks for it already. The connection's lock, or a full barrier of its
 * claim (claim.bpf.h), lies between the writing and the looking of both, so one of the two sees
 * what the other has done.
 *
 * Two tries of the same bytes may have come, of which TCP throws one away for its checksum. Which
 * one cannot be known, so where they are not equal, or where one's bytes were not kept, neither is
 * read, and the frame is lost there. What TCP does not take of what was read is undone as of any
 * segment (undo.bpf.h).
 *
 * Comes in: a segment that came early; later, the place that is waited for. Goes out: the rest of a
 * kept segment from there on, in the scratch. Called by header.bpf.h, read.bpf.h and
 * take.bpf.h.
 */
#ifndef REZONE_BPF_EARLY_H
#define REZONE_BPF_EARLY_H

#include "count.bpf.h"

static __always_inline struct rz_early *rz_early_of(__u64 cookie)
{
	__u32 slot = (__u32)cookie % RZ_EARLY_SLOTS;

	return bpf_map_lookup_elem(&early, &slot);
}

/* Others of a slot need not look through it for one that leaves a hole open: that costs 200 ns. */
static __always_inline __u64 rz_early_bit(__u64 cookie)
{
	return 1ULL << (cookie / RZ_EARLY_SLOTS % 64);
}

static __always_inline __u64 *rz_early_whose_of(__u64 cookie)
{
	return &rz_early_whose[cookie % RZ_EARLY_SLOTS];
}

/* May something of this connection be kept? */
static __always_inline bool rz_early_has(__u64 cookie)
{
	return *rz_early_whose_of(cookie) & rz_early_bit(cookie);
}

/* Tells a piece that is not what was kept: rz_early_forget() writes without the lock. */
static __always_inline __u64 rz_early_check(const struct rz_early_piece *p)
{
	const __u64 *w = (const __u64 *)p->bytes;
	__u64 sum = p->cookie ^ ((__u64)p->seq << 32 | p->len);
	int i;

	for (i = 0; i < RZ_EARLY_KEPT / 8; i++)
		sum = (sum ^ w[i]) * 0x9e3779b97f4a7c15ULL;
	return sum;
}

/* How many of its bytes are there: all of a small segment. */
static __always_inline __u32 rz_early_kept(const struct rz_early_piece *p)
{
	return p->len < RZ_EARLY_KEPT ? p->len : RZ_EARLY_KEPT;
}

/* Two tries of one segment with the same bytes? */
static __always_inline bool rz_early_same(const struct rz_early_piece *a,
					  const struct rz_early_piece *b)
{
	return !((a->seq ^ b->seq) | (a->len ^ b->len) | (a->check ^ b->check));
}

/* Keeps the first RZ_EARLY_KEPT bytes of the segment in hand. The oldest kept segment
 * goes. A global function, as all of this file that is called in the packet path: verified once. */
__noinline int rz_early_keep(struct __sk_buff *skb)
{
	struct rz_scratch *s;
	struct rz_early *e;
	__u32 less;

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	e = s ? rz_early_of(s->cookie) : NULL;
	if (!e)
		return 0;
	if (!s->seg.len)
		return 0;
	less = (s->seg.len < RZ_EARLY_KEPT ? s->seg.len : RZ_EARLY_KEPT) - 1;
	asm volatile("" : "+r"(less));
	less &= RZ_EARLY_KEPT - 1; /* for the verifier, as in rz_header_fill() */
	__builtin_memset(&s->early, 0, sizeof(s->early));
	if (bpf_skb_load_bytes(skb, s->seg.off, s->early.bytes, less + 1))
		return 0;
	s->early.cookie = s->cookie;
	s->early.seq = s->seg.seq;
	s->early.len = s->seg.len;
	s->early.check = rz_early_check(&s->early);
	bpf_spin_lock(&e->lock);
	e->pieces[e->next++ % RZ_EARLY_MAX] = s->early;
	*rz_early_whose_of(s->cookie) |= rz_early_bit(s->cookie);
	bpf_spin_unlock(&e->lock);
	return 0;
}

/*
 * Is there a kept segment with byte `wants`? Then copies it into the scratch. It stays until the
 * frame has passed it, for else another CPU, whose segment TCP gets meanwhile, would take it for
 * one that was never seen. Removes those of this connection that end before `wants`, or all if it
 * is not in sync.
 */
__noinline int rz_early_take(__u32 wants, __u32 synced)
{
	struct rz_early_piece *p, *last;
	struct rz_scratch *s;
	struct rz_early *e;
	__u32 at, i;
	__u64 whose = 0;

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	e = s ? rz_early_of(s->cookie) : NULL;
	if (!e)
		return 0;
	s->kept_found = s->kept_doubt = 0;
	bpf_spin_lock(&e->lock);
	for (i = 0; i < RZ_EARLY_MAX; i++) { /* the oldest first */
		p = &e->pieces[(e->next + i) % RZ_EARLY_MAX];
		at = wants - p->seq;
		if (p->cookie && p->cookie != s->cookie) {
			whose |= rz_early_bit(p->cookie);
			continue;
		}
		if (!p->cookie || !synced || (__s32)at >= (__s32)p->len) {
			if (p->len)
				__builtin_memset(p, 0, sizeof(*p));
			continue;
		}
		whose |= rz_early_bit(s->cookie);
		if ((__s32)at < 0)
			continue;
		last = &e->pieces[(s->kept_found + RZ_EARLY_MAX - 1) % RZ_EARLY_MAX];
		if (at >= RZ_EARLY_KEPT || (s->kept_found && !rz_early_same(last, p)))
			s->kept_doubt = 1;
		s->kept_found = (e->next + i) % RZ_EARLY_MAX + 1;
	}
	if (s->kept_found && !s->kept_doubt)
		s->early = e->pieces[(s->kept_found - 1) % RZ_EARLY_MAX];
	*rz_early_whose_of(s->cookie) = whose;
	bpf_spin_unlock(&e->lock);
	return s->kept_found && !s->kept_doubt && rz_early_check(&s->early) == s->early.check;
}

/* Copies `less` + 1 bytes at `from` of the piece in the scratch to `to` of its header. */
__noinline int rz_early_load(__u32 to, __u32 from, __u32 less)
{
	struct rz_scratch *s;

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	if (!s)
		return -1;
	to &= 511; /* for the verifier, as in rz_header_fill() */
	less &= RZ_EARLY_KEPT - 1;
	return bpf_probe_read_kernel(s->header + to, less + 1,
				     s->early.bytes + from % RZ_EARLY_KEPT);
}

/* Erases the i-th piece of the connection's slot, if it is the connection's own. A global function,
 * as above. */
__noinline int rz_early_forget_piece(__u64 cookie, __u32 i)
{
	struct rz_early *e = rz_early_of(cookie);
	struct rz_early_piece *p;

	if (!e)
		return 0;
	p = &e->pieces[i % RZ_EARLY_MAX];
	if (p->cookie == cookie)
		__builtin_memset(p, 0, sizeof(*p));
	return 0;
}

/* The connection is over, or parked. Without the lock, which a tracing program may not take:
 * another one's piece that comes into such a place at this moment is spoiled, which its sum tells.
 * A global function, as above. */
__noinline int rz_early_forget(__u64 cookie)
{
	int i;

	if (!rz_early_has(cookie))
		return 0;
	for (i = 0; i < RZ_EARLY_MAX; i++)
		rz_early_forget_piece(cookie, i);
	return 0;
}

#endif
