/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Framing: where each Kafka request begins, for the life of a connection. Here is what its state,
 * struct rz_frame, says; nothing here calls a helper, or writes to a map.
 *
 * Requests follow each other without a gap, so all is judged by sequence number, never by arrival:
 * what lies before the byte that is waited for is a retransmission and ignored, what lies behind it
 * came early and is kept (early.bpf.h). take.bpf.h takes a segment: it copies the frame out, lets
 * read.bpf.h work on the copy, and puts it back.
 */
#ifndef REZONE_BPF_FRAME_H
#define REZONE_BPF_FRAME_H

#include "same.bpf.h"

/* The bytes that made a connection one that is left alone were among so many of its first. */
#define RZ_FRAME_SETTLED_SPAN (1u << 20)

/* next_seq and read_end of a frame, which are one word (include/rezone/frame.h). */
union rz_frame_place {
	struct {
		__u32 next_seq;
		__u32 read_end;
	};
	__u64 word;
};

/* Reads both at once, of an entry that another CPU may be writing. */
static __always_inline union rz_frame_place rz_frame_place_of(const struct rz_frame *f)
{
	union rz_frame_place p;

	p.word = *(const volatile __u64 *)&f->next_seq;
	return p;
}

/* Writes both at once: other CPUs read them without the lock. */
static __always_inline void rz_frame_place_at(struct rz_frame *f, __u32 next_seq, __u32 read_end)
{
	const union rz_frame_place p = {{next_seq, read_end}};

	*(volatile __u64 *)&f->next_seq = p.word;
}

/* Writes the frame of an entry word by word, so that its place is written at once. How a plain
 * assignment is written is left to the compiler. */
static __always_inline void rz_frame_write(struct rz_frame *f, const struct rz_frame *to)
{
	const __u64 *from = (const __u64 *)to;
	volatile __u64 *w = (volatile __u64 *)f;
	__u32 i;

	for (i = 0; i < sizeof(*f) / 8; i++)
		w[i] = from[i];
}

/* The first byte that is not there yet: of the header that has begun, else of the next request. */
static __always_inline __u32 rz_frame_wants(const struct rz_frame *f)
{
	return f->next_seq + f->have + f->skip;
}

/* Is this the very frame that was copied out? Word for word, so a copy that another CPU's commit
 * tore apart is found out too. */
static __always_inline bool rz_frame_is(const struct rz_frame *f, const struct rz_frame *was)
{
	return rz_same(f, was, sizeof(*f));
}

/* Does `f`, on which work was done, say the same of the stream as `was`? Not how often the frame
 * changed, nor what user space knows of the client. */
static __always_inline bool rz_frame_says_the_same(const struct rz_frame *was, struct rz_frame *f)
{
	__u8 zone_known = f->zone_known, opt_in = f->opt_in;
	__u16 generation = f->generation;
	bool same;

	f->generation = was->generation;
	f->zone_known = was->zone_known;
	f->opt_in = was->opt_in;
	same = rz_frame_is(was, f);
	f->generation = generation;
	f->zone_known = zone_known;
	f->opt_in = opt_in;
	return same;
}

/* TLS, Multipath TCP, or no Kafka: nothing more is read of it, see rz_frame_is_left_alone(). */
static __always_inline bool rz_frame_is_settled(const struct rz_frame *f)
{
	return f->state == RZ_STATE_TLS || f->state == RZ_STATE_NOT_KAFKA ||
	       f->state == RZ_STATE_MPTCP;
}

/* A request is over and done with, `size` bytes long: the next one begins behind it. */
static __always_inline void rz_frame_next(struct rz_frame *f, __u32 size)
{
	f->next_seq += size;
	f->have = 0;
	f->skip = 0;
}

/* The reading so far was a guess that did not hold, or says nothing of a client: as if nothing
 * had been read, on a connection found in mid-stream. */
static __always_inline void rz_frame_forget(struct rz_frame *f)
{
	f->client = 0;
	f->requests = f->answerable = 0;
	f->software = 0;
	f->zone_known = 0;
	f->opt_in = 0;
	f->sasl_raw = 0;
	f->produce = f->fetch = f->coordinator = f->metadata = 0;
	f->transaction = f->sasl = f->other = f->acks0 = f->data_version = 0;
	f->several = 0;
	f->api_key = -1;
	f->protocol = RZ_PROTOCOL_UNKNOWN;
	f->adopted = 1;
	f->state = RZ_STATE_NEW;
}

/* Does this segment end before anything that is waited for? */
static __always_inline bool rz_frame_has_no_header(const struct rz_frame *f,
						   const struct rz_seg *seg)
{
	return f->synced && (__s32)(rz_frame_wants(f) - seg->seq) >= (__s32)seg->len;
}

/* True if this segment lies wholly inside a request whose header is known, behind all that was
 * read: the case of nearly every segment of a large Produce, and the cheapest answer. Read without
 * the lock. A stale frame costs at most the longer way. The two numbers of the place are of one
 * frame: next_seq of a newer one beside read_end of an older one would let a segment pass unread
 * that brings again what another CPU is reading now. */
static __always_inline bool rz_frame_inside(const struct rz_conn *c, const struct rz_seg *seg)
{
	const struct rz_frame *f = &c->frame;
	union rz_frame_place p;

	if (!f->synced || f->have)
		return false;
	p = rz_frame_place_of(f);
	return (__s32)(p.next_seq - seg->seq) >= (__s32)seg->len &&
	       (__s32)(p.read_end - seg->seq) <= 0;
}

/* Is this connection left alone for good? Not if the segment brings the bytes again that made it
 * so: then TCP may not have taken them. */
static __always_inline bool rz_frame_is_left_alone(const struct rz_conn *c,
						   const struct rz_seg *seg)
{
	return rz_frame_is_settled(&c->frame) &&
	       (c->frame.state == RZ_STATE_MPTCP ||
		c->frame.read_end - seg->seq - 1 >= RZ_FRAME_SETTLED_SPAN);
}

#endif
