/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Reading: the requests that begin in a segment.
 *
 * Comes in: a segment (segment.bpf.h), and the copy scratch->f of its connection's frame. Goes out:
 * the copy, as the segment makes it; client (client.bpf.h) and library (software.bpf.h);
 * scratch->noted, the requests that expect a response. Called by take.bpf.h and opening.bpf.h. It
 * works on scratch, this CPU's own, and takes no lock: if another CPU was faster, take.bpf.h throws
 * the copy away.
 */
#ifndef REZONE_BPF_READ_H
#define REZONE_BPF_READ_H

#include "note.bpf.h"
#include "response.bpf.h"
#include "software.bpf.h"
#include "sync.bpf.h"

/* Bare SASL tokens (SaslHandshake v0) longer than this are not believed. */
#define RZ_SASL_TOKEN_MAX 65536

/* The bytes where a request should begin are no header of this client's: a bare SASL token, or the
 * frame is lost. *r has what was read of them. */
static __always_inline enum rz_step rz_read_bad(struct rz_scratch *s, const struct rz_request *r)
{
	if (s->f.sasl_raw && r->size >= 0 && r->size <= RZ_SASL_TOKEN_MAX) {
		rz_frame_next(&s->f, 4 + r->size);
		return RZ_STEP_MORE;
	}
	if (!s->f.requests && !s->f.adopted)
		return rz_begin_stranger(s, rz_foreign_protocol(s->header));
	rz_sync_lose();
	return RZ_STEP_DONE;
}

/*
 * The id of a request that was found by a guess, or of the one behind it. Of the first only the
 * hash is kept: it may be a record, of which nothing is kept as a client.id. The next header, where
 * the first one said it is, proves the guess by the very same id. Returns 0 if the guess holds, -1
 * if it does not, 1 if that is not known yet.
 */
static __always_inline int rz_read_check_guess(struct rz_scratch *s, const struct rz_request *r,
					       __u64 client)
{
	if (!s->f.requests) {
		s->f.client = client;
		s->f.client_id_len = r->client_id_len;
		return 1;
	}
	if (client != s->f.client)
		return -1;
	s->f.tentative = 0;
	s->f.client = 0; /* not noted yet */
	return 0;
}

/*
 * Reads the client.id of the request in scratch->header, and notes it if it is not the one that is
 * known. A client says the same id in every request; another one, once the first has begun to work,
 * is another client's (a gateway's connection), and no more is noted of who speaks here. Returns
 * RZ_STEP_DONE if the id is not all there yet, or the frame is lost by it.
 */
static __always_inline enum rz_step rz_read_client_id(struct __sk_buff *skb, struct rz_scratch *s,
						      const struct rz_request *r)
{
	__u64 client, known;

	if (s->f.skip) /* done, and more was waited for */
		return RZ_STEP_MORE;
	if (s->f.have == RZ_KAFKA_FIXED &&
	    (s->f.several || s->refused ||
	     (s->f.client && r->client_id_len == s->f.client_id_len && !s->compares_id)))
		return RZ_STEP_MORE;
	if (!rz_header_fill(skb, s, RZ_KAFKA_FIXED + rz_request_id_kept(r->client_id_len)))
		return RZ_STEP_DONE;
	if (s->f.several || s->refused)
		return RZ_STEP_MORE;
	client = rz_client_key(r->client_id_len);
	if (s->f.tentative) {
		int guess = rz_read_check_guess(s, r, client);

		if (guess < 0)
			rz_sync_lose();
		if (guess)
			return guess < 0 ? RZ_STEP_DONE : RZ_STEP_MORE;
	}
	if (client == s->f.client &&
	    (!rz_effort_looks_again(&s->f) || bpf_map_lookup_elem(&client_ids, &client)))
		return RZ_STEP_MORE;
	if (s->f.client && client != s->f.client && rz_api_is_used(&s->f)) {
		s->f.several = 1;
		return RZ_STEP_MORE;
	}
	if (s->f.client && client != s->f.client && s->f.requests >= RZ_REQUESTS_OF_OTHER_ID) {
		RZ_COUNT(ids_full);
		s->f.several = 1;
		return RZ_STEP_MORE;
	}
	known = s->f.client;
	client = rz_client_note(client, r->client_id_len);
	/* asked again at the connection's next segment: what it costs is not the client's choice */
	s->refused = !client;
	if (client && !known)
		s->n_identified++;
	s->f.client = client;
	s->f.client_id_len = r->client_id_len;
	s->f.zone_known = 0;
	return RZ_STEP_MORE;
}

/*
 * Reads on behind the client.id where the body's first bytes say more: whether a Produce expects an
 * response, which library the client is. Returns RZ_STEP_DONE if they are not all there yet.
 */
static __always_inline enum rz_step rz_read_body(struct __sk_buff *skb, struct rz_scratch *s,
						 const struct rz_request *r)
{
	/* what is only a guess is no library's name either */
	__u32 want = rz_body_wanted(r, !s->f.software && !s->f.tentative), at;
	__u32 id_len = r->client_id_len > 0 ? r->client_id_len : 0;

	s->expects_response = 1;
	if (r->api_key != RZ_API_PRODUCE && !want)
		return RZ_STEP_MORE;
	/* what of the id was not read is passed over: all of it, or what is not kept */
	if (!s->f.skip)
		s->f.skip =
			id_len -
			(s->f.have == RZ_KAFKA_FIXED ? 0 : rz_request_id_kept(r->client_id_len));
	at = RZ_KAFKA_FIXED + id_len - s->f.skip;
	if (!rz_header_fill(skb, s, at + want))
		return RZ_STEP_DONE;
	if (r->api_key != RZ_API_PRODUCE) {
		s->f.software = rz_software_note(at, want);
		return RZ_STEP_MORE;
	}
	at &= 511;
	switch (rz_body_acks(s->header + at, want, r->api_version)) {
	case RZ_ACKS_TRANSACTION:
		s->f.transaction = 1;
		break;
	case RZ_ACKS_NONE:
		s->f.acks0 = 1;
		s->expects_response = 0;
		break;
	case RZ_ACKS_UNREAD:
		s->f.acks0 = 1; /* in doubt it is not touched */
		break;
	default:
		break;
	}
	return RZ_STEP_MORE;
}

/* Marks the request in the frame, and goes on to the next one. */
static __always_inline enum rz_step rz_read_note(struct __sk_buff *skb, struct rz_scratch *s,
						 const struct rz_request *r)
{
	if (s->f.requests) /* the second header stood where the first one said */
		s->f.tentative = s->misses = 0;
	s->f.protocol = RZ_PROTOCOL_KAFKA;
	s->f.requests++;
	s->n_read++;
	s->f.unseen -= s->f.unseen > 0;
	s->f.answerable += s->expects_response;
	if (s->watched && s->expects_response)
		rz_response_remember(s, s->f.answerable, r);
	s->f.api_key = r->api_key;
	if (!s->f.tentative) /* else these bytes may be a record's */
		s->f.correlation_id = r->correlation_id;
	s->found = 0;
	if (rz_note_wants(s, r->api_key))
		rz_note_request(skb, r->api_key, r->api_version, r->client_id_len);
	s->asked_metadata |= r->api_key == RZ_API_METADATA;
	s->carried_data |= r->api_key == RZ_API_PRODUCE || r->api_key == RZ_API_FETCH;
	rz_api_note(&s->f, r->api_key, r->api_version);
	if (s->f.client)
		s->f.state = s->f.produce || s->f.fetch ? RZ_STATE_DATA : RZ_STATE_IDENTIFIED;
	rz_frame_next(&s->f, 4 + r->size);
	/* not another turn for nothing: most segments hold one request, or the head of one */
	return s->f.next_seq - s->seg.seq < s->seg.len ? RZ_STEP_MORE : RZ_STEP_DONE;
}

/* Among SASL tokens: is this one shorter than a header? Then no more of it may be read, for what is
 * behind it is the next one's, and may be in another segment. Fills r->size if it is. */
static __always_inline bool rz_read_token(struct __sk_buff *skb, struct rz_scratch *s,
					  struct rz_request *r)
{
	if (!rz_header_fill(skb, s, 4))
		return false;
	r->size = (__s32)rz_bytes_be32(s->header);
	return r->size >= 0 && r->size < RZ_KAFKA_SIZE_MIN;
}

/*
 * One request header, or as much of it as this segment has. Returns an enum rz_step. A global
 * function: the verifier looks at it once, not once for each turn of the loop around it.
 */
__noinline int rz_read_request(struct __sk_buff *skb)
{
	struct rz_request r;
	struct rz_scratch *s;
	enum rz_step step;
	bool whole;

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	if (!s)
		return RZ_STEP_DONE;
	s->compares_id = s->watched || rz_effort_compares_id(&s->f);
	rz_header_read_ahead(skb, s);
	if (s->f.sasl_raw && rz_read_token(skb, s, &r))
		return rz_read_bad(s, &r);
	whole = rz_header_fill_fixed(skb, s);
	if (!s->f.requests && !s->f.adopted && rz_begin_is_strange(skb, s, &step))
		return step;
	if (!whole)
		return RZ_STEP_DONE;
	if (rz_request_parse(s->header, &r))
		return rz_read_bad(s, &r);
	/* among SASL tokens a plausible header must at least speak of the same client */
	if (s->f.sasl_raw &&
	    (!rz_request_is_common(&r) || (s->f.client && r.client_id_len != s->f.client_id_len)))
		return rz_read_bad(s, &r);
	if (rz_read_client_id(skb, s, &r) == RZ_STEP_DONE)
		return RZ_STEP_DONE;
	if (rz_following && r.api_key == RZ_API_PRODUCE &&
	    !rz_follow_spares(skb, r.api_version, r.client_id_len)) {
		if (rz_note_wants(s, r.api_key))
			rz_note_request(skb, r.api_key, r.api_version, r.client_id_len);
		if (rz_follow_takes(1)) {
			s->dropped = 1;
			return RZ_STEP_DONE;
		}
	}
	if (rz_read_body(skb, s, &r) == RZ_STEP_DONE)
		return RZ_STEP_DONE;
	return rz_read_note(skb, s, &r);
}

/* Bytes before this segment are missing. If TCP has them, we have missed them, unless they were
 * kept and another CPU is about to read them; if not, the segment came early. */
static __always_inline bool rz_read_gap_is_loss(struct __sk_buff *skb, struct rz_scratch *s)
{
	struct bpf_sock *sk = skb->sk;
	__u32 rcv_nxt;

	if (sk && !rz_segment_rcv_nxt(sk, &rcv_nxt) &&
	    (__s32)(rcv_nxt - rz_frame_wants(&s->f)) <= 0)
		return false;
	return !rz_early_has(s->cookie) || !rz_early_take(rz_frame_wants(&s->f), 1);
}

/* Is there something to read in this segment: does it have the byte that is waited for, or is the
 * frame lost by it? */
static __always_inline bool rz_read_is_next(struct __sk_buff *skb, struct rz_scratch *s)
{
	__s32 at = (__s32)(rz_frame_wants(&s->f) - s->seg.seq);

	if (at >= (__s32)s->seg.len)
		return false;
	if (at >= 0)
		return true;
	if (s->from_early) /* another CPU went back; the piece is there still */
		return false;
	if (!rz_read_gap_is_loss(skb, s)) {
		s->came_early = 1;
		return false;
	}
	rz_sync_lose();
	return true;
}

/* All requests of the segment in hand, on the copy scratch->f. Returns 0 if there is nothing to
 * read in it, and the frame stays as it was, or as it was gone back to. A global function: the
 * verifier follows its turns once, and not once for each state in which the reading may begin. */
__noinline int rz_read_segment(struct __sk_buff *skb)
{
	struct rz_scratch *s;
	bool whole = false;
	__u32 i;

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	if (!s)
		return 0;
	s->asked_metadata = s->carried_data = 0;
	s->n_read = s->n_found = s->n_identified = 0;
	s->n_noted = 0;
	s->printed = 0;
	s->refused = 0;
	s->found = 0;
	s->dropped = 0;
	if (s->f.synced && s->f.have && rz_header_load_partial())
		rz_sync_lose();
	if (s->f.synced && !rz_read_is_next(skb, s)) {
		if (s->undone && s->f.have && rz_header_save_partial())
			rz_sync_lose();
		return 0;
	}
	if ((__s32)(s->seg.seq + s->seg.len - s->f.read_end) > 0)
		s->f.read_end = s->seg.seq + s->seg.len;
	if (!s->f.synced) {
		if (!rz_sync_find(skb)) {
			rz_sync_missed(s);
			return 1;
		}
		if (s->misses > RZ_MISSES_FREE) /* some were passed over */
			s->f.unseen = RZ_UNSEEN_REQUESTS;
		s->found = 1;
	}
	for (i = 0; i < RZ_REQUESTS_PER_SEGMENT && !whole; i++)
		whole = rz_read_request(skb) == RZ_STEP_DONE;
	if (s->dropped)
		return 1;
	if (!whole) {
		RZ_COUNT(too_many_requests);
		rz_sync_lose();
	}
	if (s->f.synced && s->f.have && rz_header_save_partial())
		rz_sync_lose();
	return 1;
}

#endif
