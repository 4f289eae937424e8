/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Framing: where each Kafka request begins, for the life of a connection.
 *
 * Comes in: a segment (segment.bpf.h) of a connection (conn.bpf.h). Goes out: struct rz_frame of
 * the connection's entry, its client (client.bpf.h), its zone. Called by the segment program.
 *
 * Work is judged by sequence number, never by arrival: what lies before the place we wait for is a
 * repetition and ignored, what lies behind it came early and is kept (early.bpf.h). The program
 * runs without the socket lock, possibly on two CPUs for one connection, and no helper may be
 * called under a bpf_spin_lock; so the frame is copied out, worked on, and put back under the lock
 * only if it still is what was copied, else the work is done again on the newer copy.
 */
#ifndef REZONE_BPF_FRAME_H
#define REZONE_BPF_FRAME_H

#include "begin.bpf.h"
#include "client.bpf.h"
#include "conn.bpf.h"
#include "response.bpf.h"

/* Bare SASL tokens (SaslHandshake v0) longer than this are not believed. */
#define RZ_SASL_TOKEN_MAX   65536
#define RZ_FRAME_TRIES	    4
#define RZ_LOOPBACK_IFINDEX 1 /* in each network namespace (linux/net/flow.h) */

/* What was read so far was a guess that did not hold, or says nothing of a client: as if nothing
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

/* No request was where one might have been. */
static __always_inline void rz_frame_missed(struct rz_scratch *s)
{
	if (s->misses < RZ_MISSES_MAX)
		s->misses++;
}

/* Not before it is put back: on a copy that another CPU has overtaken the frame may seem lost. */
static __always_inline void rz_frame_count_lost(const struct rz_scratch *s)
{
	struct rz_stats *st = s->lost ? rz_stats_here() : NULL;

	if (st)
		st->frame_lost += s->lost;
}

/* The next request's place is not known any more: requests may pass that nobody reads. Of a
 * connection that is not identified yet, and was found in mid-stream, that is no news. */
static __always_inline void rz_frame_lose(struct rz_scratch *s)
{
	s->lost++;
	if (!s->older && ((s->f.client && !s->f.tentative) || !s->f.adopted))
		s->f.unseen = RZ_UNSEEN_REQUESTS;
	if (s->f.client && !s->f.tentative) {
		s->f.state = RZ_STATE_DESYNCED;
	} else {
		rz_frame_forget(&s->f);
		rz_frame_missed(s);
	}
	s->f.synced = 0;
	s->f.tentative = 0;
	rz_frame_next(&s->f, 0);
}

/*
 * Out of frame, and a segment of four bytes: some clients write a request's size alone. Kept in map
 * `partial`, so that the segment behind it can be looked at as the rest of a header.
 */
static __always_inline void rz_frame_find_size(struct __sk_buff *skb, struct rz_scratch *s)
{
	if (rz_frame_fill(skb, s, 4) != 1 || !rz_size_is_plausible(s->header) ||
	    rz_frame_save_partial(s))
		s->f.have = 0;
}

/*
 * Out of frame: does a request begin at this segment's first byte, or did it begin with the four
 * bytes before? Its header must end inside the segment and, if the client is known, carry the very
 * same client.id. On a connection that was never identified a find is trusted if the request also
 * ends with the segment; else it is only tentative: the next header must be where this one says,
 * and have the same id, or it is forgotten.
 */
static __always_inline int rz_frame_find(struct __sk_buff *skb, struct rz_scratch *s)
{
	struct rz_request r;

	s->ahead = 0;
	if (s->f.have != 4 || s->f.next_seq + 4 != s->seg.seq || rz_frame_load_partial(s)) {
		s->f.next_seq = s->seg.seq;
		rz_frame_next(&s->f, 0);
	}
	if (!s->f.have && s->seg.len == 4) {
		rz_frame_find_size(skb, s);
		return 0;
	}
	if (rz_frame_fill(skb, s, RZ_KAFKA_FIXED) != 1 || rz_request_parse(s->header, &r))
		goto no;
	if (s->f.client ? r.client_id_len != s->f.client_id_len : !rz_request_is_common(&r))
		goto no;
	if (rz_frame_fill(skb, s, RZ_KAFKA_FIXED + rz_client_id_kept(r.client_id_len)) != 1)
		goto no;
	if (s->f.client) {
		if (rz_client_key(r.client_id_len) != s->f.client)
			goto no;
		RZ_COUNT(frame_found);
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

/* The bytes where a request should begin are no header of this client's: a bare SASL token, or the
 * frame is lost. *r has what was read of them. */
static __always_inline enum rz_step rz_frame_bad(struct rz_scratch *s, const struct rz_request *r)
{
	if (s->f.sasl_raw && r->size >= 0 && r->size <= RZ_SASL_TOKEN_MAX) {
		rz_frame_next(&s->f, 4 + r->size);
		return RZ_STEP_MORE;
	}
	if (!s->f.requests && !s->f.adopted)
		return rz_frame_stranger(s, rz_stranger_protocol(s->header));
	rz_frame_lose(s);
	return RZ_STEP_DONE;
}

/*
 * The id of a request that was found by a guess, or of the one behind it. Of the first only the
 * hash is kept: it may be a record, of which nothing is kept as a client.id. The next header, where
 * the first one said it is, proves the guess by the very same id. Returns 0 if the guess holds, -1
 * if it does not, 1 if that is not known yet.
 */
static __always_inline int rz_frame_check_guess(struct rz_scratch *s, const struct rz_request *r,
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
static __always_inline enum rz_step rz_frame_identify(struct __sk_buff *skb, struct rz_scratch *s,
						      const struct rz_request *r)
{
	__u64 client, known;

	if (s->f.skip) /* done, and more was waited for */
		return RZ_STEP_MORE;
	if (s->f.have == RZ_KAFKA_FIXED &&
	    (s->f.several || s->refused ||
	     (s->f.client && r->client_id_len == s->f.client_id_len && !s->compares_id)))
		return RZ_STEP_MORE;
	if (rz_frame_fill(skb, s, RZ_KAFKA_FIXED + rz_client_id_kept(r->client_id_len)) != 1)
		return RZ_STEP_DONE;
	if (s->f.several || s->refused)
		return RZ_STEP_MORE;
	client = rz_client_key(r->client_id_len);
	if (s->f.tentative) {
		int guess = rz_frame_check_guess(s, r, client);

		if (guess < 0)
			rz_frame_lose(s);
		if (guess)
			return guess < 0 ? RZ_STEP_DONE : RZ_STEP_MORE;
	}
	if (client == s->f.client &&
	    (!rz_frame_looks_again(&s->f) || bpf_map_lookup_elem(&client_ids, &client)))
		return RZ_STEP_MORE;
	if (s->f.client && client != s->f.client && rz_frame_is_used(&s->f)) {
		s->f.several = 1;
		return RZ_STEP_MORE;
	}
	if (s->f.client && client != s->f.client && s->f.requests >= RZ_REQUESTS_OF_OTHER_ID) {
		RZ_COUNT(ids_full);
		s->f.several = 1;
		return RZ_STEP_MORE;
	}
	known = s->f.client;
	client = rz_client_note(s, client, r->client_id_len);
	/* asked again at the connection's next segment: what it costs is not the client's choice */
	s->refused = !client;
	if (client && !known)
		RZ_COUNT(identified);
	s->f.client = client;
	s->f.client_id_len = r->client_id_len;
	s->f.zone_known = 0;
	return RZ_STEP_MORE;
}

/*
 * Reads on behind the client.id where the body's first bytes say more: whether a Produce expects an
 * response, which library the client is. Returns RZ_STEP_DONE if they are not all there yet.
 */
static __always_inline enum rz_step rz_frame_read_body(struct __sk_buff *skb, struct rz_scratch *s,
						       const struct rz_request *r)
{
	/* what is only a guess is no library's name either */
	__u32 want = rz_request_body(r, !s->f.software && !s->f.tentative), at;
	__u32 id_len = r->client_id_len > 0 ? r->client_id_len : 0;

	s->expects_response = 1;
	if (r->api_key != RZ_API_PRODUCE && !want)
		return RZ_STEP_MORE;
	/* what of the id was not read is passed over: all of it, or what is not kept */
	if (!s->f.skip)
		s->f.skip = id_len -
			    (s->f.have == RZ_KAFKA_FIXED ? 0 : rz_client_id_kept(r->client_id_len));
	at = RZ_KAFKA_FIXED + id_len - s->f.skip;
	if (rz_frame_fill(skb, s, at + want) != 1)
		return RZ_STEP_DONE;
	if (r->api_key != RZ_API_PRODUCE) {
		s->f.software = rz_software_note(at, want);
		return RZ_STEP_MORE;
	}
	at &= 511;
	switch (rz_produce_acks(s->header + at, want, r->api_version)) {
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
static __always_inline enum rz_step rz_frame_note(struct rz_scratch *s, const struct rz_request *r)
{
	if (s->f.requests) /* the second header stood where the first one said */
		s->f.tentative = s->misses = 0;
	s->f.protocol = RZ_PROTOCOL_KAFKA;
	s->f.requests++;
	s->f.unseen -= s->f.unseen > 0;
	s->f.answerable += s->expects_response;
	if (s->watched && s->expects_response)
		rz_response_remember(s, s->f.answerable, r);
	s->f.api_key = r->api_key;
	if (!s->f.tentative) /* else these bytes may be a record's */
		s->f.correlation_id = r->correlation_id;
	s->found = 0;
	s->asked_metadata |= r->api_key == RZ_API_METADATA;
	s->carried_data |= r->api_key == RZ_API_PRODUCE || r->api_key == RZ_API_FETCH;
	rz_frame_note_api(&s->f, r->api_key, r->api_version);
	if (s->f.client)
		s->f.state = s->f.produce || s->f.fetch ? RZ_STATE_DATA : RZ_STATE_IDENTIFIED;
	rz_frame_next(&s->f, 4 + r->size);
	/* not another turn for nothing: most segments hold one request, or the head of one */
	return s->f.next_seq - s->seg.seq < s->seg.len ? RZ_STEP_MORE : RZ_STEP_DONE;
}

/* Among SASL tokens: is this one shorter than a header? Then no more of it may be read, for what is
 * behind it is the next one's, and may be in another segment. Fills r->size if it is. */
static __always_inline int rz_frame_token(struct __sk_buff *skb, struct rz_scratch *s,
					  struct rz_request *r)
{
	if (rz_frame_fill(skb, s, 4) != 1)
		return 0;
	r->size = (__s32)rz_be32(s->header);
	return r->size >= 0 && r->size < RZ_KAFKA_SIZE_MIN;
}

/*
 * One request header, or as much of it as this segment has. Returns an enum rz_step. A global
 * function: the verifier looks at it once, not once for each turn of the loop around it.
 */
__noinline int rz_frame_step(struct __sk_buff *skb)
{
	struct rz_request r;
	struct rz_scratch *s;
	enum rz_step step;
	int whole;

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	if (!s)
		return RZ_STEP_DONE;
	s->compares_id = s->watched || rz_frame_compares_id(&s->f);
	rz_frame_read_ahead(skb, s);
	if (s->f.sasl_raw && rz_frame_token(skb, s, &r))
		return rz_frame_bad(s, &r);
	whole = rz_frame_fill(skb, s, RZ_KAFKA_FIXED) == 1;
	if (!s->f.requests && !s->f.adopted && rz_frame_is_strange(skb, s, &step))
		return step;
	if (!whole)
		return RZ_STEP_DONE;
	if (rz_request_parse(s->header, &r))
		return rz_frame_bad(s, &r);
	/* among SASL tokens a plausible header must at least speak of the same client */
	if (s->f.sasl_raw &&
	    (!rz_request_is_common(&r) || (s->f.client && r.client_id_len != s->f.client_id_len)))
		return rz_frame_bad(s, &r);
	if (rz_frame_identify(skb, s, &r) == RZ_STEP_DONE)
		return RZ_STEP_DONE;
	if (rz_frame_read_body(skb, s, &r) == RZ_STEP_DONE)
		return RZ_STEP_DONE;
	return rz_frame_note(s, &r);
}

/* Bytes before this segment are missing. If TCP has them, we have missed them, unless they were
 * kept and another CPU is about to read them; if not, the segment came early. */
static __always_inline int rz_frame_gap_is_loss(struct bpf_sock *sk, struct rz_scratch *s)
{
	__u32 rcv_nxt;

	if (!rz_segment_rcv_nxt(sk, &rcv_nxt) && (__s32)(rcv_nxt - rz_frame_wants(&s->f)) <= 0)
		return 0;
	return !rz_early_has(s->cookie) || !rz_early_take(rz_frame_wants(&s->f), 1);
}

/* Is there something to read in this segment: does it have the byte that is waited for, or is the
 * frame lost by it? */
static __always_inline int rz_frame_is_next(struct bpf_sock *sk, struct rz_scratch *s)
{
	__s32 at = (__s32)(rz_frame_wants(&s->f) - s->seg.seq);

	if (at >= (__s32)s->seg.len)
		return 0;
	if (at >= 0)
		return 1;
	if (s->from_early) /* another CPU went back; the piece is there still */
		return 0;
	if (!rz_frame_gap_is_loss(sk, s)) {
		s->came_early = 1;
		return 0;
	}
	rz_frame_lose(s);
	return 1;
}

/* All requests of one segment, on the copy scratch->f. Returns 0 if there is nothing to read in it,
 * and the frame stays as it was, or as it was gone back to. */
static __always_inline int rz_frame_walk(struct __sk_buff *skb, struct bpf_sock *sk,
					 struct rz_scratch *s)
{
	__u32 before = s->f.requests;
	int i;

	s->asked_metadata = s->carried_data = 0;
	s->n_noted = 0;
	s->refused = 0;
	s->found = 0;
	if (s->f.synced && rz_frame_load_partial(s))
		rz_frame_lose(s);
	if (s->f.synced && !rz_frame_is_next(sk, s)) {
		if (s->undone && rz_frame_save_partial(s))
			rz_frame_lose(s);
		return 0;
	}
	if ((__s32)(s->seg.seq + s->seg.len - s->f.read_end) > 0)
		s->f.read_end = s->seg.seq + s->seg.len;
	if (!s->f.synced) {
		if (!rz_frame_find(skb, s)) {
			rz_frame_missed(s);
			return 1;
		}
		if (s->misses > RZ_MISSES_FREE) /* some were passed over */
			s->f.unseen = RZ_UNSEEN_REQUESTS;
		s->found = 1;
	}
	for (i = 0; i < RZ_REQUESTS_PER_SEGMENT; i++) {
		if (rz_frame_step(skb) == RZ_STEP_DONE)
			break;
	}
	if (i == RZ_REQUESTS_PER_SEGMENT) {
		RZ_COUNT(too_many_requests);
		rz_frame_lose(s);
	}
	if (s->f.synced && rz_frame_save_partial(s))
		rz_frame_lose(s);
	if (s->f.requests != before) {
		struct rz_stats *st = rz_stats_here();

		if (st)
			st->requests += s->f.requests - before;
	}
	return 1;
}

/* `now` as struct rz_conn's times in _cs have it. The coarse clock may still be behind opened_ns.
 */
static __always_inline __u32 rz_frame_cs(__u64 opened_ns, __u64 now)
{
	__u64 cs = now > opened_ns ? (now - opened_ns) / RZ_CS_NS + 1 : 1;

	return cs < 0xffffffff ? cs : 0xffffffff;
}

/* Is the connection's frame still the one that the work was done on? Under its lock. */
static __always_inline int rz_frame_is_still(const struct rz_conn *c, const struct rz_scratch *s)
{
	return c->cookie == s->cookie && c->frame.owner == (__u16)s->cookie &&
	       rz_frame_is(&c->frame, &s->was);
}

/* The same, for a segment that changes nothing of it. If not, it must be looked at again: the copy
 * may have been torn apart, or what it comes behind may have come meanwhile. */
static __noinline int rz_frame_stays(const struct rz_scratch *s, struct rz_conn *c)
{
	int same;

	bpf_spin_lock(&c->lock);
	same = rz_frame_is_still(c, s);
	bpf_spin_unlock(&c->lock);
	return same;
}

/* Puts the worked-on copy back. Returns 0, or -1 if the entry changed meanwhile. Zone and opt-in
 * are copied from `clients` as soon as user space has read the id. */
static __always_inline int rz_frame_commit(struct bpf_sock *sk, struct rz_scratch *s,
					   struct rz_conn *c)
{
	struct bpf_tcp_sock *tp = bpf_tcp_sock(sk);
	struct rz_client *client = NULL;
	__u64 now = rz_now_coarse(), rx = 0, tx = 0;
	struct rz_undo *u = rz_undo_of(s->cookie);
	int done = -1;

	if (tp) {
		rx = tp->bytes_received;
		tx = tp->bytes_acked;
	}
	if (s->f.client && !s->f.zone_known)
		client = bpf_map_lookup_elem(&clients, &s->f.client);
	s->has_pushed = 0;
	bpf_spin_lock(&c->lock);
	if (rz_frame_is_still(c, s)) {
		if (client) {
			__builtin_memcpy(c->zone, client->zone, sizeof(c->zone));
			c->zone[sizeof(c->zone) - 1] = 0;
			s->f.opt_in = client->opt_in;
			s->f.zone_known = 1;
		}
		if (u)
			rz_undo_keep(rz_undo_at(u, s->was.generation), s, !s->undone);
		s->f.generation++;
		if (c->frame.requests != s->f.requests)
			c->last_request_ns = now;
		if (s->asked_metadata)
			c->metadata_cs = rz_frame_cs(c->opened_ns, now);
		if (s->carried_data)
			c->data_cs = rz_frame_cs(c->opened_ns, now);
		c->frame = s->f;
		c->misses = s->misses;
		c->rx_bytes = rx;
		c->tx_bytes = tx;
		done = 0;
	}
	bpf_spin_unlock(&c->lock);
	rz_undo_drop_pushed(s);
	return done;
}

/* Does this segment end before anything that is waited for? */
static __always_inline int rz_frame_has_no_header(const struct rz_frame *f,
						  const struct rz_seg *seg)
{
	return f->synced && (__s32)(rz_frame_wants(f) - seg->seq) >= (__s32)seg->len;
}

/* True if this segment lies wholly inside a request whose header is known, behind all that was
 * read: the case of nearly every segment of a large Produce, and the cheapest answer. Read without
 * the lock: a stale value costs at most the longer way. */
static __always_inline int rz_frame_inside(const struct rz_conn *c, const struct rz_seg *seg)
{
	const struct rz_frame *f = &c->frame;

	return f->synced && !f->have && (__s32)(f->next_seq - seg->seq) >= (__s32)seg->len &&
	       (__s32)(f->read_end - seg->seq) <= 0;
}

/* The same of one that is left alone for good, unless the bytes that made it so come again: then
 * TCP may not have taken them. */
static __always_inline int rz_frame_settled(const struct rz_conn *c, const struct rz_seg *seg)
{
	return rz_frame_is_settled(&c->frame) &&
	       (c->frame.state == RZ_STATE_MPTCP ||
		c->frame.read_end - seg->seq - 1 >= RZ_UNDO_SETTLED_SPAN);
}

/* What was read rests on bytes that TCP may not have, and what was before them is not remembered:
 * begins as on a connection found in mid-stream. But what speaks against a move may be true, and
 * what was read may be unanswered. */
static __always_inline void rz_frame_begin_anew(struct rz_scratch *s)
{
	s->lost++;
	rz_frame_forget(&s->f);
	s->f.produce = s->was.produce;
	s->f.coordinator = s->was.coordinator;
	s->f.transaction = s->was.transaction;
	s->f.other = s->was.other;
	s->f.acks0 = s->was.acks0;
	s->f.several = s->was.several;
	s->f.unseen = RZ_UNSEEN_REQUESTS;
	s->f.synced = s->f.tentative = 0;
	s->f.read_end = s->seg.seq;
	rz_frame_next(&s->f, 0);
}

/* Goes back to before the bytes that this segment brings again, if TCP has not taken them. Returns
 * 1 if there is nothing to read in it. */
static __always_inline int rz_frame_go_back(struct bpf_sock *sk, struct rz_scratch *s)
{
	__u32 from = 0;
	int back = 0;

	s->undone = 0;
	/* a piece that was kept does not come again: another CPU has read it meanwhile */
	if (!s->from_early && rz_undo_is_due(&s->f, &s->seg, sk, &from))
		back = rz_undo_find(from, s->seg.seq + s->seg.len);
	if (!back)
		return rz_frame_is_settled(&s->f) || rz_frame_has_no_header(&s->f, &s->seg);
	if (back < 0) {
		back = RZ_UNDO_DEPTH + 1;
		rz_frame_begin_anew(s);
	}
	s->undone = (__u32)back;
	return 0;
}

/* What was kept of a header for a frame that did not come about, unless another CPU has brought the
 * same about: its key is the same then. */
static __always_inline void rz_frame_drop_unused(struct rz_scratch *s, const struct rz_conn *c)
{
	__u16 generation = s->was.generation + 1;

	if (!s->f.have || (c->frame.generation == generation &&
			   rz_frame_wants(&c->frame) == rz_frame_wants(&s->f)))
		return;
	s->f.generation = generation;
	rz_frame_drop_partial(s->cookie, &s->f);
}

/* The frame was replaced by one that does not rest on it. */
static __always_inline void rz_frame_taken_back(struct rz_scratch *s)
{
	RZ_COUNT(taken_back);
	if (s->was.have)
		rz_frame_drop_partial(s->cookie, &s->was);
	if (s->was.via == RZ_VIA_PROXY && s->f.via != RZ_VIA_PROXY)
		bpf_map_delete_elem(&proxied, &s->cookie);
	if (s->watched)
		rz_response_forget(s->cookie);
}

/* All that a segment does to the copy scratch->f. Returns 0 if the frame stays as it is. */
static __always_inline int rz_frame_work(struct __sk_buff *skb, struct bpf_sock *sk,
					 struct rz_scratch *s, const struct rz_conn *c)
{
	if (rz_frame_go_back(sk, s))
		return 0;
	if (!s->undone && !s->f.synced && rz_frame_backs_off(s->misses, s->seg.seq)) {
		RZ_COUNT(backed_off);
		return 0;
	}
	/* a PROXY header, which is read below, says more */
	if (s->f.via == RZ_VIA_NETWORK && skb->ifindex == RZ_LOOPBACK_IFINDEX)
		s->f.via = RZ_VIA_LOCAL;
	if (!rz_frame_walk(skb, sk, s) && !s->undone)
		return 0;
	if (!s->undone || !rz_undo_is_known(s->undone))
		return 1;
	rz_frame_drop_unused(s, c);
	return 0;
}

/* The segment in hand is not read now. What lies outside of TCP's window is not kept: TCP throws it
 * away, and the stream would come to its numbers later, with other bytes. */
static __always_inline void rz_frame_keep(struct __sk_buff *skb, struct bpf_sock *sk,
					  struct rz_scratch *s)
{
	s->look = 1;
	if (!s->from_early && rz_segment_fits(sk, &s->seg))
		rz_early_keep(skb);
}

/* The segment in hand. One that other CPUs were faster than at each try is kept as if it had come
 * early. */
static __noinline void rz_frame_take(struct __sk_buff *skb, struct bpf_sock *sk,
				     struct rz_scratch *s, struct rz_conn *c)
{
	__u64 i; /* the verifier must see it where it lies on the stack: all of 8 bytes */

	s->look = 0;
	for (i = 0; i < RZ_FRAME_TRIES; i++) {
		asm volatile("" : "+r"(s)); /* its members' addresses do not lie on the stack */
		/* without the lock, which costs as much as the look-up: see rz_frame_is() */
		s->was = c->frame;
		s->misses = c->misses;
		barrier();
		s->f = s->was;
		s->lost = s->came_early = 0;
		if (!rz_frame_work(skb, sk, s, c)) {
			if (!rz_frame_stays(s, c))
				continue;
			if (s->came_early) {
				RZ_COUNT(early_segments);
				rz_response_note_early(s->watched, s->cookie);
				rz_frame_keep(skb, sk, s);
			}
			return;
		}
		if (!rz_frame_commit(sk, s, c)) {
			s->look = rz_early_has(s->cookie);
			rz_frame_count_lost(s);
			if (s->undone)
				rz_frame_taken_back(s);
			rz_response_expect_all(s);
			return;
		}
		rz_frame_drop_unused(s, c);
	}
	RZ_COUNT(races);
	rz_frame_keep(skb, sk, s);
}

/* Reads the kept segment that the frame waits for now. Returns 0 if there is none. A global
 * function, as rz_frame_step(). */
__noinline int rz_frame_take_early(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u32 wants = 0, synced = 0;
	struct rz_scratch *s;
	struct rz_conn *c;

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	sk = sk ? bpf_sk_fullsock(sk) : NULL;
	if (!s || !sk)
		return 0;
	c = bpf_map_lookup_elem(&conns, &s->cookie);
	if (c) {
		bpf_spin_lock(&c->lock);
		wants = rz_frame_wants(&c->frame);
		synced = c->cookie == s->cookie && c->frame.synced;
		bpf_spin_unlock(&c->lock);
	}
	if (!rz_early_take(wants, synced) || !c)
		return 0;
	s->seg.seq = wants;
	s->seg.off = wants - s->early.seq;
	s->seg.len = s->early.len - s->seg.off;
	s->from_early = 1;
	rz_frame_take(skb, sk, s, c);
	return 1;
}

/* `cookie` is the socket's own, not the entry's: a map element may have become another connection's
 * since it was looked up, which the commit must see. */
static __always_inline void rz_frame_segment(struct __sk_buff *skb, struct bpf_sock *sk,
					     __u64 cookie, struct rz_conn *c,
					     const struct rz_seg *seg)
{
	struct rz_scratch *s;
	int i;

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	if (!s)
		return;
	s->seg = *seg;
	s->cookie = cookie;
	s->watched = rz_hold_of(cookie) != NULL;
	s->older = rz_conn_is_older(c);
	s->from_early = 0;
	rz_frame_take(skb, sk, s, c);
	for (i = 0; i < 2 * RZ_EARLY_MAX && s->look; i++)
		if (!rz_frame_take_early(skb))
			break;
}

#endif
