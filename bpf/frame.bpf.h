/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Framing: where each Kafka request begins, for the life of a connection.
 *
 * Comes in: a segment (segment.bpf.h) of a connection (conn.bpf.h). Goes out: struct rz_frame of the
 * connection's entry, its client (client.bpf.h), its zone. Called by the segment program.
 *
 * Work is judged by sequence number, never by arrival: what lies before the place we wait for is a
 * repetition and ignored, what lies behind it came early. The program runs without the socket lock,
 * possibly on two CPUs for one connection, and no helper may be called under a bpf_spin_lock; so the
 * frame is copied out, worked on, and put back only if nobody else has done so meanwhile
 * (frame.generation), else the work is done again on the newer copy.
 */
#ifndef REZONE_BPF_FRAME_H
#define REZONE_BPF_FRAME_H

#include "client.bpf.h"
#include "conn.bpf.h"

/* Requests read from one segment; GRO makes segments of 64 KiB. More lose the frame (counted). */
#define RZ_REQUESTS_PER_SEGMENT 512
/* Bare SASL tokens (SaslHandshake v0) longer than this are not believed. */
#define RZ_SASL_TOKEN_MAX 65536
#define RZ_FRAME_TRIES	  3

struct rz_work {
	struct __sk_buff *skb;
	struct bpf_sock *sk;
	struct rz_scratch *s;
	struct rz_seg seg;
	struct rz_frame f;
	__u64 cookie;
};

/* What rz_frame_step wants next. */
enum rz_step { RZ_STEP_DONE = 0, RZ_STEP_MORE };

/*
 * Brings scratch->header to `target` bytes of the request at f.next_seq, as far as this segment has
 * them. Returns 1 if they are all there, 0 if the segment ends before, -1 on a failed helper.
 */
static __always_inline int rz_frame_fill(struct rz_work *w, __u32 target)
{
	__u32 have = w->f.have, at, take;

	if (have >= target)
		return 1;
	at = w->f.next_seq + have - w->seg.seq;
	if (at >= w->seg.len)
		return 0;
	take = w->seg.len - at;
	if (take > target - have)
		take = target - have;
	/* for the verifier: offset and length each below 512, inside header[1024] */
	have &= 511;
	take &= 511;
	if (!take)
		return 0;
	if (bpf_skb_load_bytes(w->skb, w->seg.off + at, w->s->header + have, take)) {
		rz_error(RZ_PLACE_PAYLOAD, -14);
		return -1;
	}
	w->f.have = have + take;
	return w->f.have >= target;
}

/* The next request's place is not known any more. */
static __always_inline void rz_frame_lose(struct rz_work *w)
{
	RZ_COUNT(frame_lost);
	w->f.synced = 0;
	w->f.have = 0;
	w->f.tentative = 0;
	if (w->f.client) {
		w->f.state = RZ_STATE_DESYNCED;
	} else {
		w->f.adopted = 1; /* from here on as if found in mid-stream */
		w->f.state = RZ_STATE_NEW;
	}
}

/*
 * Out of frame: does a request begin at this segment's first byte? Its header must be whole inside
 * the segment and, if the client is known, carry the very same client.id. A first find on a
 * connection that was never identified is only tentative: the next header must be where this one
 * says, or it is forgotten.
 */
static __always_inline int rz_frame_find(struct rz_work *w)
{
	struct rz_request r;
	__u64 client;

	w->f.next_seq = w->seg.seq;
	w->f.have = 0;
	if (rz_frame_fill(w, RZ_KAFKA_FIXED) != 1 || rz_request_parse(w->s->header, &r))
		goto no;
	if (w->f.client && r.client_id_len != w->f.client_id_len)
		goto no;
	if (rz_frame_fill(w, RZ_KAFKA_FIXED + rz_client_id_kept(r.client_id_len)) != 1)
		goto no;
	if (w->f.client) {
		rz_client_copy(w->s, r.client_id_len);
		client = rz_client_id_hash(w->s->id.raw, r.client_id_len, rz_config.hash_seed);
		if (client != w->f.client)
			goto no;
		RZ_COUNT(frame_found);
		w->f.state = w->f.produce || w->f.fetch ? RZ_STATE_DATA : RZ_STATE_IDENTIFIED;
	} else {
		w->f.tentative = 1;
	}
	w->f.synced = 1;
	return 1;
no:
	w->f.have = 0;
	return 0;
}

/* The bytes where a request should begin are none. */
static __always_inline enum rz_step rz_frame_bad(struct rz_work *w, const struct rz_request *r)
{
	if (w->f.sasl_raw && r->size >= 0 && r->size <= RZ_SASL_TOKEN_MAX) {
		w->f.next_seq += 4 + r->size;
		w->f.have = 0;
		return RZ_STEP_MORE;
	}
	if (!w->f.requests && !w->f.adopted) {
		w->f.state = rz_looks_like_tls(w->s->header) ? RZ_STATE_TLS : RZ_STATE_NOT_KAFKA;
		w->f.synced = 0;
		w->f.have = 0;
		return RZ_STEP_DONE;
	}
	if (w->f.tentative) {
		w->f.client = 0;
		w->f.requests = 0;
	}
	rz_frame_lose(w);
	return RZ_STEP_DONE;
}

/* Reads and notes the client.id of the request in scratch->header, if it is not known already. A
 * client says the same id in every request, so its length is what is looked at afterwards. Returns
 * RZ_STEP_DONE if the id is not all there yet. */
static __always_inline enum rz_step rz_frame_identify(struct rz_work *w, const struct rz_request *r)
{
	__u64 client;

	if (w->f.client && r->client_id_len == w->f.client_id_len &&
	    (w->f.zone_known || bpf_map_lookup_elem(&client_ids, &w->f.client)))
		return RZ_STEP_MORE; /* the look-up: user space forgets ids that nobody uses */
	if (rz_frame_fill(w, RZ_KAFKA_FIXED + rz_client_id_kept(r->client_id_len)) != 1)
		return RZ_STEP_DONE;
	client = rz_client_note(w->s, r->client_id_len);
	if (client && !w->f.client)
		RZ_COUNT(identified);
	w->f.client = client;
	w->f.client_id_len = r->client_id_len;
	w->f.zone_known = 0;
	return RZ_STEP_MORE;
}

/* One request header, or as much of it as this segment has. */
static __always_inline enum rz_step rz_frame_step(struct rz_work *w)
{
	struct rz_request r;

	if (rz_frame_fill(w, RZ_KAFKA_FIXED) != 1)
		return RZ_STEP_DONE;
	if (rz_request_parse(w->s->header, &r))
		return rz_frame_bad(w, &r);
	/* among SASL tokens a plausible header must at least speak of the same client */
	if (w->f.sasl_raw && w->f.client && r.client_id_len != w->f.client_id_len)
		return rz_frame_bad(w, &r);
	if (rz_frame_identify(w, &r) == RZ_STEP_DONE)
		return RZ_STEP_DONE;

	if (w->f.requests)
		w->f.tentative = 0; /* the second header stood where the first one said */
	else
		w->f.first_api_key = r.api_key;
	w->f.requests++;
	w->f.api_key = r.api_key;
	w->f.correlation_id = r.correlation_id;
	rz_frame_note_api(&w->f, r.api_key, r.api_version);
	if (w->f.client && w->f.state != RZ_STATE_MPTCP)
		w->f.state = w->f.produce || w->f.fetch ? RZ_STATE_DATA : RZ_STATE_IDENTIFIED;
	w->f.next_seq += 4 + r.size;
	w->f.have = 0;
	return RZ_STEP_MORE;
}

/* Gets back the first bytes of a header that came in pieces. */
static __always_inline int rz_frame_load_partial(struct rz_work *w)
{
	struct rz_partial *p;

	if (!w->f.have)
		return 0;
	p = bpf_map_lookup_elem(&partial, &w->cookie);
	if (!p || p->next_seq != w->f.next_seq || p->have < w->f.have)
		return -1;
	__builtin_memcpy(w->s->header, p->bytes, sizeof(p->bytes));
	return 0;
}

static __always_inline int rz_frame_save_partial(struct rz_work *w)
{
	long err;

	if (!w->f.have)
		return 0;
	w->s->partial.next_seq = w->f.next_seq;
	w->s->partial.have = w->f.have;
	__builtin_memcpy(w->s->partial.bytes, w->s->header, sizeof(w->s->partial.bytes));
	err = bpf_map_update_elem(&partial, &w->cookie, &w->s->partial, BPF_ANY);
	if (err) {
		RZ_COUNT(partial_full);
		rz_error(RZ_PLACE_PARTIAL_INSERT, err);
	}
	return err;
}

/* Bytes before this segment are missing. If TCP has them, we have missed them; if not, the segment
 * came early and will be looked at by what follows it. */
static __always_inline int rz_frame_gap_is_loss(struct rz_work *w)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(w->sk);

	return !tp || (__s32)(tp->rcv_nxt - (w->f.next_seq + w->f.have)) > 0;
}

/* All requests of one segment, on the copy w->f. */
static __always_inline void rz_frame_walk(struct rz_work *w)
{
	__u32 before = w->f.requests;
	__s32 at;
	int i;

	if (w->f.synced && rz_frame_load_partial(w))
		rz_frame_lose(w);
	if (w->f.synced) {
		at = (__s32)(w->f.next_seq + w->f.have - w->seg.seq);
		if (at >= (__s32)w->seg.len)
			return;
		if (at < 0) {
			if (!rz_frame_gap_is_loss(w)) {
				RZ_COUNT(early_segments);
				return;
			}
			rz_frame_lose(w);
		}
	}
	if (!w->f.synced && !rz_frame_find(w))
		return;
	for (i = 0; i < RZ_REQUESTS_PER_SEGMENT; i++) {
		if (rz_frame_step(w) == RZ_STEP_DONE)
			break;
	}
	if (i == RZ_REQUESTS_PER_SEGMENT) {
		RZ_COUNT(too_many_requests);
		rz_frame_lose(w);
	}
	if (w->f.synced && rz_frame_save_partial(w))
		rz_frame_lose(w);
	if (w->f.requests != before) {
		struct rz_stats *st = rz_stats_here();

		if (st)
			st->requests += w->f.requests - before;
	}
}

/* Puts the worked-on copy back. Returns 0, or -1 if the entry changed meanwhile. Zone and opt-in are
 * copied from `clients` as soon as user space has read the id. */
static __always_inline int rz_frame_commit(struct rz_work *w, struct rz_conn *c)
{
	struct bpf_tcp_sock *tp = bpf_tcp_sock(w->sk);
	struct rz_client *client = NULL;
	__u64 now = bpf_ktime_get_ns(), rx = 0, tx = 0;
	int done = -1;

	if (tp) {
		rx = tp->bytes_received;
		tx = tp->bytes_acked;
	}
	if (w->f.client && !w->f.zone_known)
		client = bpf_map_lookup_elem(&clients, &w->f.client);
	bpf_spin_lock(&c->lock);
	if (c->cookie == w->cookie && c->frame.generation == w->f.generation) {
		if (client) {
			__builtin_memcpy(c->zone, client->zone, sizeof(c->zone));
			c->zone[RZ_ZONE_SHOWN - 1] = 0;
			c->opt_in = client->opt_in;
			w->f.zone_known = 1;
		}
		w->f.generation++;
		c->frame = w->f;
		c->last_request_ns = now;
		c->rx_bytes = rx;
		c->tx_bytes = tx;
		done = 0;
	}
	bpf_spin_unlock(&c->lock);
	return done;
}

/* True if this segment lies wholly inside a request whose header is known: the case of nearly every
 * segment of a large Produce, and the cheapest answer. Read without the lock: a stale value costs at
 * most the longer way. */
static __always_inline int rz_frame_inside(const struct rz_conn *c, const struct rz_seg *seg)
{
	return c->frame.synced && (__s32)(c->frame.next_seq + c->frame.have - seg->seq) >= (__s32)seg->len;
}

static __always_inline int rz_frame_settled(const struct rz_conn *c)
{
	return c->frame.state == RZ_STATE_TLS || c->frame.state == RZ_STATE_NOT_KAFKA ||
	       c->frame.state == RZ_STATE_MPTCP;
}

static __noinline void rz_frame_segment(struct __sk_buff *skb, struct bpf_sock *sk,
					struct rz_conn *c, const struct rz_seg *seg)
{
	struct rz_work w = {};
	__u32 zero = 0;
	int i;

	w.skb = skb;
	w.sk = sk;
	w.seg = *seg;
	w.cookie = c->cookie;
	w.s = bpf_map_lookup_elem(&scratch, &zero);
	if (!w.s)
		return;
	for (i = 0; i < RZ_FRAME_TRIES; i++) {
		bpf_spin_lock(&c->lock);
		w.f = c->frame;
		bpf_spin_unlock(&c->lock);
		rz_frame_walk(&w);
		if (!rz_frame_commit(&w, c))
			return;
	}
	RZ_COUNT(races);
}

#endif
