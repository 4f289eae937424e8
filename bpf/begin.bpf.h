/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a connection may begin with that is no Kafka request: TLS, other protocols, a PROXY header.
 *
 * Comes in: the connection's first bytes, in scratch->header (header.bpf.h). Goes out: state and
 * protocol of one that is left alone for good; the PROXY header in map `proxied`, behind which the
 * first request is. Called by read.bpf.h and sync.bpf.h.
 */
#ifndef REZONE_BPF_BEGIN_H
#define REZONE_BPF_BEGIN_H

#include "header.bpf.h"

/* Does the next request begin in this segment too? */
enum rz_step { RZ_STEP_DONE = 0, RZ_STEP_MORE };

/* The first bytes of the connection are something else than Kafka: it is left alone for good. */
static __always_inline enum rz_step rz_begin_stranger(struct rz_scratch *s,
						      enum rz_protocol protocol)
{
	s->f.state = protocol == RZ_PROTOCOL_TLS ? RZ_STATE_TLS : RZ_STATE_NOT_KAFKA;
	s->f.protocol = protocol;
	s->f.synced = 0;
	rz_frame_next(&s->f, 0);
	return RZ_STEP_DONE;
}

/*
 * Found in mid-stream, and no client known: is this TLS? At the segment's first byte a record of
 * application data begins, and it ends with the segment, or another one begins behind it: 40 bits
 * that other bytes would have to match. Taken for TLS by mistake, a connection is not moved.
 */
#define RZ_TLS_NEXT 16 /* where in scratch->header: behind what was read of the first one */
static __always_inline bool rz_begin_is_tls_record(struct __sk_buff *skb, struct rz_scratch *s)
{
	__u32 size = rz_foreign_tls_record(s->header);

	if (!size || s->f.next_seq != s->seg.seq || size > s->seg.len)
		return false;
	if (size == s->seg.len)
		return true;
	return size + RZ_TLS_RECORD_HEAD <= s->seg.len &&
	       !rz_header_load(skb, s, size, RZ_TLS_NEXT, RZ_TLS_RECORD_HEAD - 1) &&
	       rz_foreign_tls_record(s->header + RZ_TLS_NEXT);
}

/* Where the PROXY line in scratch->header ends. A global function, so that the verifier takes its
 * result for any number: each place of its own would be a way of its own through what follows. */
__noinline __u32 rz_begin_proxy_v1_length(__u32 have)
{
	struct rz_scratch *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	return s ? rz_proxied_v1_length(s->header, have) : 0;
}

/* The connection begins with a PROXY protocol header of this version: keeps it, and goes on behind
 * it. Returns an enum rz_step. A global function, as above. */
__noinline int rz_begin_proxy(struct __sk_buff *skb, int version)
{
	struct rz_scratch *s;
	__u32 len, kept;
	long err;

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	if (!s)
		return RZ_STEP_DONE;
	if (version == 1) {
		rz_header_fill(skb, s, RZ_PROXY_V1_MAX); /* the line may be shorter */
		len = kept = rz_begin_proxy_v1_length(s->f.have);
		if (!len)
			return s->f.have < RZ_PROXY_V1_MAX
				       ? RZ_STEP_DONE
				       : rz_begin_stranger(s, RZ_PROTOCOL_NOISE);
	} else {
		if (!rz_header_fill(skb, s, RZ_PROXY_V2_FIXED))
			return RZ_STEP_DONE;
		len = rz_proxied_v2_length(s->header);
		kept = len < RZ_PROXY_V2_KEPT ? len : RZ_PROXY_V2_KEPT;
		if (!rz_header_fill(skb, s, kept))
			return RZ_STEP_DONE;
	}
	s->proxied.len = kept;
	__builtin_memset(s->proxied.raw, 0, sizeof(s->proxied.raw));
	rz_header_copy(s->proxied.raw, s, kept);
	err = bpf_map_update_elem(&proxied, &s->cookie, &s->proxied, BPF_ANY);
	if (err) {
		RZ_COUNT(proxied_full);
		rz_count_error(RZ_PLACE_PROXIED_INSERT, err);
	}
	s->f.via = RZ_VIA_PROXY;
	rz_frame_next(&s->f, len);
	return RZ_STEP_MORE;
}

/* The first bytes of a connection that are no request. False if it is too early to say, or if
 * they may be one; else *ret is what to do. */
static __always_inline bool rz_begin_is_strange(struct __sk_buff *skb, struct rz_scratch *s,
						enum rz_step *ret)
{
	enum rz_protocol spoken;
	int version;

	/* asked of four bytes, for who waits for an answer to them must not wait for a word here;
	 * and of more, so that it is the same however the bytes were cut */
	if (s->f.have < 4)
		return false;
	spoken = rz_foreign_protocol(s->header);
	if (spoken != RZ_PROTOCOL_NOISE) {
		*ret = rz_begin_stranger(s, spoken);
		return true;
	}
	if (s->f.have < RZ_KAFKA_FIXED)
		return false;
	if (rz_foreign_is_tls(s->header)) {
		*ret = rz_begin_stranger(s, RZ_PROTOCOL_TLS);
		return true;
	}
	version = s->f.via == RZ_VIA_PROXY ? 0 : rz_proxied_begins(s->header);
	if (!version)
		return false;
	*ret = rz_begin_proxy(skb, version);
	return true;
}

#endif
