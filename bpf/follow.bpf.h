/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Following a client after the close: its next connection to the same agent may bring nothing that
 * would be executed twice.
 *
 * Comes in: a request that read.bpf.h has read, and an entry of map `follow` (client.id, client
 * address and agent of a connection that a move has closed). Goes out: whether the segment is
 * dropped, and an entry in `held`, which discards what was dropped if the client leaves. What asks
 * where things are (ApiVersions, SASL, Metadata) passes, so that the client can learn of home; the
 * segment in which a Produce begins does not, nor what comes behind it (hold.bpf.h), but for one
 * that expects no response or has a transactional id.
 *
 * Of all connections with these keys one is followed: the first that was opened since the close and
 * begins a Produce. Another one takes its place only once it is gone, or its client has left it.
 * Nothing is dropped behind the deadline of the entry, whoever forgets it. Of an entry that waits
 * for a library's connection it is one that has named that library, and whose Produce is seen to be
 * idempotent. Called by read.bpf.h, take.bpf.h and hold.bpf.h.
 */
#ifndef REZONE_BPF_FOLLOW_H
#define REZONE_BPF_FOLLOW_H

#include "held.bpf.h"
#include "scratch.bpf.h"
#include <rezone/body.h>
#include <rezone/responses.h>

/* The entry for this connection's client, if BPF may still act by it. The key is made in scratch:
 * the stack has no room for it. `client`: of the frame in hand. */
static __always_inline struct rz_follow *rz_follow_of(struct rz_scratch *s, const struct rz_conn *c,
						      __u64 client, __u64 now)
{
	struct rz_follow *e;

	s->follow.client = client;
	__builtin_memcpy(s->follow.client_addr, c->tuple.client_addr, 16);
	__builtin_memcpy(s->follow.agent_addr, c->tuple.agent_addr, 16);
	s->follow.netns = c->netns;
	s->follow.agent_port = c->tuple.agent_port;
	s->follow.pad = 0;
	e = bpf_map_lookup_elem(&follow, &s->follow);
	if (!e || now >= e->until_ns || now - e->since_ns >= RZ_FOLLOW_MAX_S * 1000000000ULL)
		return NULL;
	return e;
}

/* Is another connection followed, which still is its client's way to the agent? */
static __always_inline bool rz_follow_is_others(const struct rz_follow *e, __u64 cookie)
{
	__u64 other = e->cookie;
	struct rz_held *h;

	if (!other || other == cookie)
		return false;
	h = rz_held_of(other);
	return h && !h->left_ns && bpf_map_lookup_elem(&conns, &other);
}

/* This connection becomes the one that is followed, or is it already; `was`: the one before it.
 * False: another CPU was faster, or the entry's memory has become another client's since it was
 * looked up. */
static __always_inline bool rz_follow_bind(struct rz_follow *e, __u64 client, __u64 was,
					   __u64 cookie, __u64 now)
{
	bool mine;

	bpf_spin_lock(&e->lock);
	if (e->client == client && e->cookie == was && was != cookie) {
		e->cookie = cookie;
		e->first_ns = now;
		e->connections++;
		if (e->until_ns > now + e->hold_ns)
			e->until_ns = now + e->hold_ns;
	}
	mine = e->client == client && e->cookie == cookie;
	bpf_spin_unlock(&e->lock);
	return mine;
}

/* Is it what the entry waits for? Of a Produce the request's own batch says so, as far as it was
 * read (note.bpf.h); of the first one, for whose sake the segment would be dropped. */
static __always_inline bool rz_follow_waits_for(const struct rz_follow *e,
						const struct rz_scratch *s, __u32 produce)
{
	if (!e->software)
		return true;
	return s->f.software == e->software &&
	       (!produce || (s->printed && s->print.produces && s->print.idempotent));
}

/*
 * Must this Produce pass, whoever follows its client? If it expects no response its client would
 * not send it again; a transaction is left alone. Of one whose acks are in another segment nobody
 * knows, and no earlier one of this client was such. Its header, with an id of `id_len`, begins at
 * f.next_seq. A global function: inlined, each of its ways would be one through what follows it.
 */
__noinline int rz_follow_spares(struct __sk_buff *skb, int version, int id_len)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);
	__u32 at;

	if (!s)
		return 0;
	at = s->f.next_seq + RZ_KAFKA_FIXED + (id_len > 0 ? id_len : 0) - s->seg.seq;
	if (at >= s->seg.len || at + RZ_PRODUCE_BODY > s->seg.len ||
	    bpf_skb_load_bytes(skb, s->seg.off + at, s->print_body, RZ_PRODUCE_BODY))
		return 0;
	return rz_body_acks(s->print_body, RZ_PRODUCE_BODY, version) != RZ_ACKS_SOME;
}

/*
 * Is the segment in hand to be dropped, for its connection's client is followed? `produce`: a
 * Produce begins in it; else it came early, and may have one. Works on scratch. A global function:
 * the verifier looks at it once.
 */
__noinline int rz_follow_takes(__u32 produce)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);
	__u64 now = bpf_ktime_get_ns(), cookie, was;
	struct rz_follow *e;
	struct rz_conn *c;
	struct rz_held *h;

	if (!s || s->from_early) /* a piece that was kept has passed */
		return 0;
	cookie = s->cookie;
	c = bpf_map_lookup_elem(&conns, &cookie);
	if (!c || rz_responses_follow_up(&s->f, cookie, s->f.client) != RZ_CHECK_PASSED)
		return 0;
	e = rz_follow_of(s, c, s->f.client, now);
	if (!e || c->opened_ns <= e->since_ns || !rz_follow_waits_for(e, s, produce))
		return 0;
	if (!produce)
		return 1;
	was = e->cookie;
	if (rz_follow_is_others(e, cookie))
		return 0;
	/* what was dropped can be told from other bytes only with an entry in `held` */
	h = rz_held_begin(cookie, s->seg.seq + s->seg.len);
	if (!h || !rz_follow_bind(e, s->f.client, was, cookie, now))
		return 0;
	h->followed = 1;
	RZ_COUNT(followed_segments);
	return 1;
}

/* Is this the connection that is followed? Then nothing that TCP does not have reaches it. It was
 * followed once; where the scratch is taken it is thought to be still, and what is dropped for it
 * is sent again. */
static __noinline bool rz_follow_is_on(__u64 cookie)
{
	struct rz_conn *c = bpf_map_lookup_elem(&conns, &cookie);
	struct rz_follow *e;
	struct rz_scratch *s;
	bool on;

	if (!c || c->cookie != cookie)
		return false;
	s = rz_scratch_take();
	if (!s)
		return true;
	e = rz_follow_of(s, c, c->frame.client, bpf_ktime_get_ns());
	on = e && e->client == c->frame.client && e->cookie == cookie;
	rz_scratch_give();
	return on;
}

#endif
