/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The place in the stream is lost, and found again.
 *
 * Comes in: a segment (segment.bpf.h) with a request that rezone does not find where it should
 * begin, or any segment while out of sync; the copy scratch->f of its connection's frame. Goes out:
 * the copy, out of sync or in sync again. Called by read.bpf.h; what was read is counted by
 * take.bpf.h and opening.bpf.h.
 */
#ifndef REZONE_BPF_SYNC_H
#define REZONE_BPF_SYNC_H

#include "begin.bpf.h"
#include "client.bpf.h"

/* No request was where one might have been. */
static __always_inline void rz_sync_missed(struct rz_scratch *s)
{
	if (s->misses < RZ_MISSES_MAX)
		s->misses++;
}

/* Counts what was read of the segment in hand. Not before the frame is put back: the work is done
 * again on a copy that another CPU has overtaken, and the frame may seem lost there. */
static __always_inline void rz_sync_count(const struct rz_scratch *s)
{
	struct rz_stats *st = rz_count_here();

	if (!st)
		return;
	st->requests += s->n_read;
	st->identified += s->n_identified;
	st->frame_lost += s->lost;
	st->frame_found += s->n_found;
}

/* The next request's place is not known any more: requests may pass that nobody reads. Of a
 * connection that is not identified yet, and was found in mid-stream, that is no news. A global
 * function, as rz_header_load_partial(). */
__noinline int rz_sync_lose(void)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);

	if (!s)
		return 0;
	s->lost++;
	if (!s->older && ((s->f.client && !s->f.tentative) || !s->f.adopted))
		s->f.unseen = RZ_UNSEEN_REQUESTS;
	if (s->f.client && !s->f.tentative) {
		s->f.state = RZ_STATE_DESYNCED;
	} else {
		rz_frame_forget(&s->f);
		rz_sync_missed(s);
	}
	s->f.synced = 0;
	s->f.tentative = 0;
	rz_frame_next(&s->f, 0);
	return 0;
}

/*
 * Out of sync, and a segment of four bytes: some clients write a request's size alone. Kept in map
 * `partial`, so that the segment behind it can be looked at as the rest of a header.
 */
static __always_inline void rz_sync_lone_size(struct __sk_buff *skb, struct rz_scratch *s)
{
	if (!rz_header_fill(skb, s, 4) || !rz_request_size_is_plausible(s->header) ||
	    rz_header_save_partial())
		s->f.have = 0;
}

/*
 * Out of sync: does a request begin at this segment's first byte, or did it begin with the four
 * bytes before? Its header must end inside the segment and, if the client is known, carry the very
 * same client.id. On a connection that was never identified a find is trusted if the request also
 * ends with the segment; else it is only tentative: the next header must be where this one says,
 * and have the same id, or it is forgotten. A global function, as above.
 */
__noinline int rz_sync_find(struct __sk_buff *skb)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);
	struct rz_request r;

	if (!s)
		return 0;
	s->ahead = 0;
	if (s->f.have != 4 || s->f.next_seq + 4 != s->seg.seq || rz_header_load_partial()) {
		s->f.next_seq = s->seg.seq;
		rz_frame_next(&s->f, 0);
	}
	if (!s->f.have && s->seg.len == 4) {
		rz_sync_lone_size(skb, s);
		return 0;
	}
	if (!rz_header_fill(skb, s, RZ_KAFKA_FIXED))
		goto no;
	if (!s->f.client && rz_begin_is_tls_record(skb, s)) {
		rz_begin_stranger(s, RZ_PROTOCOL_TLS);
		return 0;
	}
	if (rz_request_parse(s->header, &r))
		goto no;
	if (s->f.client ? r.client_id_len != s->f.client_id_len : !rz_request_is_common(&r))
		goto no;
	if (!rz_header_fill(skb, s, RZ_KAFKA_FIXED + rz_request_id_kept(r.client_id_len)))
		goto no;
	if (s->f.client) {
		if (rz_client_key(r.client_id_len) != s->f.client)
			goto no;
		s->n_found++;
		s->f.state = s->f.produce || s->f.fetch ? RZ_STATE_DATA : RZ_STATE_IDENTIFIED;
	} else {
		/* noise hardly names a length that ends with the very segment it stands in */
		s->f.tentative = s->f.next_seq + 4 + (__u32)r.size != s->seg.seq + s->seg.len;
	}
	s->f.synced = 1;
	return 1;
no:
	s->f.have = 0;
	return 0;
}

#endif
