/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The first segment of a connection that is not established yet.
 *
 * Where the handshake's last ACK brings bytes (TCP_DEFER_ACCEPT, a client that saves a packet, an
 * ACK that was lost), the packet is still the listener's when the segment program sees it; the
 * connection's socket is made behind it, with these bytes in it. Where the first bytes come right
 * behind that ACK, on another CPU, the socket may be there and still be in SYN_RECV: TCP puts the
 * segment into its backlog, and the program never sees it again. So these bytes are read here and
 * now, and what they said waits in map `openings`, by addresses and sequence number, for the
 * connection's entry (rz_conn_take_opening).
 *
 * Comes in: a packet of a listener, or of a socket in SYN_RECV. Goes out: an entry of `openings`.
 * Called by the segment program. TCP has judged nothing of it but its checksum; what it does not
 * take is undone (undo.bpf.h).
 */
#ifndef REZONE_BPF_OPENING_H
#define REZONE_BPF_OPENING_H

#include "take.bpf.h"

/* No socket's cookie: those count up from 1. */
#define RZ_OPENING_COOKIE (1ULL << 63)

/* Addresses and ports of a packet, as rz_tuple_read() has them. Nothing where the IP header is
 * longer than usual: then the connection's beginning is not seen. */
static __always_inline int rz_opening_tuple(struct __sk_buff *skb, struct rz_tuple *t)
{
	__u32 off = 0;
	struct tcphdr *tcp = rz_segment_tcp_near(skb, &off);
	__be32 v4[2];

	if (!tcp)
		return -1;
	t->client_port = bpf_ntohs(tcp->source);
	t->agent_port = bpf_ntohs(tcp->dest);
	if (skb->protocol == bpf_htons(RZ_ETH_P_IPV6))
		return bpf_skb_load_bytes(skb, 8, t,
					  sizeof(t->client_addr) + sizeof(t->agent_addr));
	if (bpf_skb_load_bytes(skb, 12, v4, sizeof(v4)))
		return -1;
	rz_tuple_addr_from_v4(t->client_addr, v4[0]);
	rz_tuple_addr_from_v4(t->agent_addr, v4[1]);
	return 0;
}

/* The frame that a connection begins with, to be worked on. */
static __always_inline void rz_opening_begin(struct rz_scratch *s, const struct rz_opening_key *key,
					     const struct __sk_buff *skb)
{
	bool local = rz_tuple_is_local(&key->tuple) || skb->ifindex == RZ_LOOPBACK_IFINDEX;

	s->cookie = RZ_OPENING_COOKIE | (__u64)key->tuple.client_port << 32 | key->seq;
	__builtin_memset(&s->was, 0, sizeof(s->was));
	s->was.next_seq = s->was.read_end = key->seq;
	s->was.synced = 1;
	s->was.api_key = -1;
	s->was.via = local ? RZ_VIA_LOCAL : RZ_VIA_NETWORK;
	s->f = s->was;
	s->undone = s->watched = s->older = s->misses = s->lost = s->from_early = 0;
}

/* Reads the packet's bytes. Returns 1 if it is to be dropped, for the scratch is taken: TCP sends
 * it again. A global function, so that it is verified once. */
__noinline int rz_opening_segment(struct __sk_buff *skb)
{
	struct rz_opening_key key __attribute__((aligned(8))) = {};
	struct rz_seg seg = {};
	struct rz_scratch *s;

	if (rz_segment_parse(skb, &seg) <= 0 || rz_opening_tuple(skb, &key.tuple))
		return 0;
	RZ_COUNT(segments);
	s = rz_scratch_take();
	if (!s)
		return 1;
	key.seq = seg.seq;
	s->seg = seg;
	rz_opening_begin(s, &key, skb);
	rz_read_segment(skb);
	rz_sync_count(s);
	s->f.generation++;
	__builtin_memset(&s->opening, 0, sizeof(s->opening)); /* no piece of the one before it */
	s->opening.key = key;
	s->opening.read_ns = bpf_ktime_get_ns();
	s->opening.f = s->f;
	/* under the connection's own cookie, once it has one */
	if (s->f.have) {
		s->opening.partial = s->partial;
		rz_header_drop_partial(s->cookie, &s->f);
	}
	if (s->f.via == RZ_VIA_PROXY) {
		s->opening.proxied = s->proxied;
		bpf_map_delete_elem(&proxied, &s->cookie);
	}
	bpf_map_update_elem(&openings, &key, &s->opening, BPF_ANY);
	rz_scratch_give();
	return 0;
}

enum rz_opening_verdict { RZ_OPENING_DROPS = 0, RZ_OPENING_PASSES, RZ_OPENING_IS_LATE };

/* A packet of a socket that is not established. It is late if another CPU has established the
 * socket meanwhile, and may have looked for the opening too early: then the packet is read as any
 * other, which changes nothing where it has been read already. */
static __always_inline enum rz_opening_verdict rz_opening_look(struct __sk_buff *skb,
							       struct bpf_sock *sk)
{
	__u32 state = sk->state;
	__u64 cookie;

	if (state != RZ_TCP_LISTEN && state != RZ_TCP_SYN_RECV)
		return RZ_OPENING_PASSES;
	if (rz_opening_segment(skb))
		return RZ_OPENING_DROPS;
	if (state == RZ_TCP_LISTEN)
		return RZ_OPENING_PASSES;
	cookie = bpf_get_socket_cookie(skb);
	return bpf_map_lookup_elem(&conns, &cookie) ? RZ_OPENING_IS_LATE : RZ_OPENING_PASSES;
}

#endif
