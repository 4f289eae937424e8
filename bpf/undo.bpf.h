/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What was read of a segment that TCP then threw away is undone.
 *
 * The segment program runs before TCP has judged a segment: its checksum, PAWS, its ACK, the
 * receive buffer, and other filters come later. So what it reads is true only once rcv_nxt has
 * passed it. rz_frame.read_end says up to where a connection's bytes were read. A segment that
 * brings such bytes again while TCP still has not taken them is their sender's next try, or the
 * true ones behind a damaged copy: the frame goes back to what it was before them, and they are
 * read as if for the first time. Nothing is decided on before TCP has everything that was read
 * (reset.bpf.h).
 *
 * Comes in: the frame as it was before each change. Goes out: one of the latest RZ_UNDO_DEPTH. Kept
 * in a small array that connections share by the low bits of their cookies, for it matters only
 * between a segment's look here and TCP's: who finds nothing there knows nothing of the connection
 * any more. Called by take.bpf.h.
 */
#ifndef REZONE_BPF_UNDO_H
#define REZONE_BPF_UNDO_H

#include "header.bpf.h"

static __always_inline __u64 rz_undo_check(const struct rz_frame *f, __u64 cookie, __u32 seq,
					   __u32 base)
{
	const __u64 *w = (const __u64 *)f;
	__u64 sum = cookie ^ ((__u64)seq << 32 | base);
	int i;

	for (i = 0; i < (int)(sizeof(*f) / 8); i++)
		sum ^= w[i];
	return sum;
}

static __always_inline struct rz_undo_entry *rz_undo_at(struct rz_undo *u, __u32 generation)
{
	return &u->entries[generation % RZ_UNDO_DEPTH];
}

static __always_inline struct rz_undo *rz_undo_of(__u64 cookie)
{
	__u32 slot = (__u32)cookie % RZ_UNDO_SLOTS;

	return bpf_map_lookup_elem(&undo, &slot);
}

/* Copies into scratch->entry what the connection's frame was at that generation. Returns 0 if it is
 * not there: two connections may write here at once, the sum finds that out, and nothing is read of
 * an entry but its copy, which nobody changes any more. A global function: verified once, not at
 * each turn of the loops below. */
__noinline int rz_undo_load(__u32 generation)
{
	struct rz_undo_entry *e;
	struct rz_scratch *s;
	struct rz_undo *u;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	u = s ? rz_undo_of(s->cookie) : NULL;
	if (!u)
		return 0;
	e = &s->entry;
	*e = *rz_undo_at(u, generation);
	asm volatile("" : : : "memory");
	return e->cookie == s->cookie && e->f.generation == (__u16)generation &&
	       e->check == rz_undo_check(&e->f, e->cookie, e->seq, e->base);
}

/* Does something that this entry has of another connection, or of an older frame, go for good with
 * it: the piece of a header? */
static __always_inline bool rz_undo_pushes(const struct rz_undo_entry *e, __u64 cookie,
					   __u16 generation)
{
	return e->f.have && !(e->cookie == cookie && e->f.generation == generation);
}

static __always_inline void rz_undo_put(struct rz_undo_entry *e, __u64 cookie, __u32 seq,
					__u32 base, const struct rz_frame *f)
{
	e->cookie = cookie;
	e->check = rz_undo_check(f, cookie, seq, base);
	e->seq = seq;
	e->base = base;
	e->f = *f;
}

/*
 * Keeps scratch->was, which is replaced; `base`: it may be gone back to. Called under the
 * connection's lock, once it is certain that it is replaced: a copy that another CPU's commit tore
 * apart, or one on which the work is done again, must not take the place of what was true. What it
 * pushes out cannot come back; rz_undo_drop_pushed() removes the piece of a header that belongs to
 * it.
 */
static __always_inline void rz_undo_keep(struct rz_undo_entry *e, struct rz_scratch *s, bool base)
{
	if (rz_undo_pushes(e, s->cookie, s->was.generation)) {
		s->pushed = rz_header_partial_key(e->cookie, &e->f);
		s->has_pushed = 1;
	}
	rz_undo_put(e, s->cookie, s->seg.seq, base, &s->was);
}

/* The same of a connection's very first frame, whose first segment was read before it had one. */
static __always_inline void rz_undo_begin(struct rz_undo *u, __u64 cookie, const struct rz_frame *f)
{
	rz_undo_put(rz_undo_at(u, f->generation), cookie, f->next_seq, 1, f);
}

static __always_inline void rz_undo_drop_pushed(struct rz_scratch *s)
{
	if (s->has_pushed)
		rz_header_drop_piece(&s->pushed);
}

/* What left a connection alone for good came so long ago that read_end says nothing any more:
 * sequence numbers come round. */
static __always_inline bool rz_undo_is_old(const struct rz_frame *f, struct bpf_sock *sk)
{
	struct tcp_sock *tp = rz_frame_is_settled(f) ? bpf_skc_to_tcp_sock(sk) : NULL;

	return tp && tp->bytes_received > RZ_FRAME_SETTLED_SPAN;
}

/* Are these bytes such as were read before, and has TCP still not got them? `from` is where what is
 * in doubt begins: the first byte of the segment that TCP does not have. */
static __always_inline bool rz_undo_is_due(const struct rz_frame *f, const struct rz_seg *seg,
					   struct bpf_sock *sk, __u32 *from)
{
	__u32 rcv_nxt;

	if ((__s32)(f->read_end - seg->seq) <= 0 || rz_segment_rcv_nxt(sk, &rcv_nxt) ||
	    rz_undo_is_old(f, sk))
		return false;
	*from = (__s32)(rcv_nxt - seg->seq) > 0 ? rcv_nxt : seg->seq;
	return (__s32)(f->read_end - *from) > 0 && (__s32)(seg->seq + seg->len - *from) > 0;
}

/* Was anything of the bytes before `end` read when this frame was replaced? In sync, nothing before
 * the byte that it waited for. */
static __always_inline bool rz_undo_read_before(const struct rz_undo_entry *e, __u32 end)
{
	__u32 wants = rz_frame_wants(&e->f), start = e->seq;

	if (e->f.synced && (__s32)(wants - start) > 0)
		start = wants;
	return (__s32)(end - start) > 0;
}

enum rz_undo_found {
	RZ_UNDO_READ = 1, /* bytes before `end` were read when this frame was replaced */
	RZ_UNDO_FITS = 2, /* it may be gone back to, and rests on bytes before `from` alone */
};

/* Brings the frame of that generation to scratch->entry, and returns the bits of enum rz_undo_found
 * that are true of it; -1 if it is not remembered. A global function, so that the verifier takes
 * its result for any number, and not each way to it for one of its own. */
__noinline int rz_undo_look(__u32 generation, __u32 from, __u32 end)
{
	const struct rz_undo_entry *e;
	struct rz_scratch *s;
	__u32 zero = 0;
	int found = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s || !rz_undo_load(generation))
		return -1;
	e = &s->entry;
	if (rz_undo_read_before(e, end))
		found |= RZ_UNDO_READ;
	if (e->base && (__s32)(e->f.read_end - from) <= 0)
		found |= RZ_UNDO_FITS;
	return found;
}

/*
 * Brings scratch->f to the newest frame that rests on bytes before `from` alone. Returns its
 * distance from the present generation; 0 if of the bytes from `from` to `end` nothing was read
 * since; -1 if no such frame is remembered. A global function, so that its loop is verified once.
 */
__noinline int rz_undo_find(__u32 from, __u32 end)
{
	struct rz_scratch *s;
	__u32 zero = 0, i;
	int found, read = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return -1;
	for (i = 1; i <= RZ_UNDO_DEPTH; i++) {
		found = rz_undo_look(s->was.generation - i, from, end);
		if (found < 0)
			return -1;
		read |= found;
		if (found & RZ_UNDO_FITS)
			break;
	}
	if (i > RZ_UNDO_DEPTH)
		return -1;
	if (!(read & RZ_UNDO_READ))
		return 0;
	s->f = s->entry.f;
	s->f.generation = s->was.generation;
	return (int)i;
}

/* Are the pieces of a header that scratch->f has the same as those of the frame of that generation,
 * which says the same? A global function, as above. */
__noinline int rz_undo_same_pieces(__u32 generation)
{
	struct rz_partial_key key = {};
	struct rz_scratch *s;
	struct rz_partial *p;
	__u32 zero = 0, i, n, whole;
	__u64 diff;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s || !s->f.have)
		return 1;
	key = rz_header_partial_key(s->cookie, &s->f);
	key.generation = generation;
	p = bpf_map_lookup_elem(&partial, &key);
	if (!p)
		return 0;
	whole = s->f.have / 8;
	asm volatile("" : "+r"(whole));	   /* for the verifier: a number of words */
	if (whole >= sizeof(p->bytes) / 8) /* no header is so long */
		return 0;
	n = s->f.have % 8; /* behind them, compared first: see rz_request_id_hash() */
	diff = rz_bytes_load_some(p->bytes + whole * 8, n) ^
	       rz_bytes_load_some(s->header + whole * 8, n);
	for (i = 0; i < sizeof(p->bytes) / 8; i++) {
		if (i >= whole)
			break;
		diff |= rz_bytes_load64(p->bytes + i * 8) ^ rz_bytes_load64(s->header + i * 8);
	}
	return !diff;
}

/* Is the frame of that generation remembered, and does scratch->f say the same? A global function,
 * as above. */
__noinline int rz_undo_was_same(__u32 generation)
{
	struct rz_scratch *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return 0;
	return rz_undo_load(generation) && s->entry.base &&
	       rz_frame_says_the_same(&s->entry.f, &s->f);
}

/* Does the work on this segment come to what is known already? Then it only came again: a frame
 * between the one that was gone back to and the present one is the same. */
__noinline int rz_undo_is_known(__u32 back)
{
	struct rz_scratch *s;
	__u32 zero = 0, i;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return 0;
	if (rz_frame_says_the_same(&s->was, &s->f))
		return rz_undo_same_pieces(s->was.generation);
	for (i = 1; i < RZ_UNDO_DEPTH; i++) {
		if (i >= back)
			break;
		if (rz_undo_was_same(s->was.generation - i))
			return rz_undo_same_pieces(s->entry.f.generation);
	}
	return 0;
}

/* The connection is over: pieces of headers that its earlier frames had. A global function, as
 * above. */
__noinline int rz_undo_forget(__u64 cookie)
{
	struct rz_undo *u = rz_undo_of(cookie);
	struct rz_undo_entry *e;
	int i;

	for (i = 0; u && i < RZ_UNDO_DEPTH; i++) {
		e = &u->entries[i];
		if (e->cookie != cookie)
			continue;
		if (e->f.have)
			rz_header_drop_partial(cookie, &e->f);
		e->cookie = 0;
		e->f.have = 0;
	}
	return 0;
}

#endif
