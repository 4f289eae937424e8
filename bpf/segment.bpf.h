/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * From a packet to a piece of a TCP byte stream.
 *
 * Comes in: an skb at its IP header (cgroup ingress). Goes out: where its payload lies, and which
 * sequence numbers it covers. Called first by the segment program; costs a foreign packet one port
 * comparison (rz_port_is_kafka).
 */
#ifndef REZONE_BPF_SEGMENT_H
#define REZONE_BPF_SEGMENT_H

#include "count.bpf.h"
#include "port.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#define RZ_ETH_P_IP	    0x0800
#define RZ_ETH_P_IPV6	    0x86DD
#define RZ_LOOPBACK_IFINDEX 1 /* in each network namespace (linux/net/flow.h) */

/* Offset of the TCP header in an IPv6 packet, behind at most four extension headers (RFC 8200, 4),
 * or -1. */
static __always_inline int rz_segment_ip6_transport(struct __sk_buff *skb)
{
	struct ipv6hdr ip6;
	__u8 ext[2];
	__u32 off = sizeof(ip6);
	__u8 next;
	int i;

	if (bpf_skb_load_bytes(skb, 0, &ip6, sizeof(ip6)))
		return -1;
	next = ip6.nexthdr;
	for (i = 0; i < 5; i++) {
		if (next == IPPROTO_TCP)
			return off;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS)
			return -1;
		if (bpf_skb_load_bytes(skb, off, ext, sizeof(ext)))
			return -1;
		next = ext[0];
		off += ((__u32)ext[1] + 1) * 8;
	}
	return -1;
}

static __always_inline int rz_segment_ip4_transport(struct __sk_buff *skb)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
		return -1;
	if (ip.protocol != IPPROTO_TCP || ip.ihl < 5)
		return -1;
	return ip.ihl * 4;
}

/*
 * The TCP header, where it lies in the packet's linear part: IPv4 without options, or IPv6 without
 * extension headers. TCP has pulled it there before the program runs; a pointer to it costs
 * nothing, where bpf_skb_load_bytes costs 40 ns a call (docs/evidence/performance.md). NULL: look
 * by copying.
 */
static __always_inline struct tcphdr *rz_segment_tcp_near(struct __sk_buff *skb, __u32 *ret_off)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ipv6hdr *ip6 = data;
	struct iphdr *ip = data;

	if (skb->protocol == bpf_htons(RZ_ETH_P_IP)) {
		if (data + sizeof(*ip) + sizeof(struct tcphdr) > end)
			return NULL;
		if (ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
			return NULL;
		*ret_off = sizeof(*ip);
		return data + sizeof(*ip);
	}
	if (skb->protocol != bpf_htons(RZ_ETH_P_IPV6) ||
	    data + sizeof(*ip6) + sizeof(struct tcphdr) > end || ip6->nexthdr != IPPROTO_TCP)
		return NULL;
	*ret_off = sizeof(*ip6);
	return data + sizeof(*ip6);
}

/* The same by copying, wherever it lies: its offset, or -1 if there is none. A function of its own:
 * its headers on the caller's stack brought the segment program to the 512 bytes that a chain of
 * calls may have.
 */
static __noinline int rz_segment_tcp_far(struct __sk_buff *skb, struct tcphdr *tcp)
{
	int off = -1;

	if (skb->protocol == bpf_htons(RZ_ETH_P_IP))
		off = rz_segment_ip4_transport(skb);
	else if (skb->protocol == bpf_htons(RZ_ETH_P_IPV6))
		off = rz_segment_ip6_transport(skb);
	if (off < 0 || bpf_skb_load_bytes(skb, off, tcp, sizeof(*tcp)))
		return -1;
	return off;
}

/*
 * Reads IP and TCP headers. Returns 1 and fills *seg if the packet carries payload, 0 if it does
 * not (of *seg, fin and seq are filled if it carries a FIN), -1 if it could not be read. Length
 * comes from the skb, not from the IP header: a BIG TCP packet has none there.
 */
static __always_inline int rz_segment_parse(struct __sk_buff *skb, struct rz_seg *seg)
{
	struct tcphdr copy, *tcp;
	__u32 near = 0;
	int off;

	tcp = rz_segment_tcp_near(skb, &near);
	off = near;
	if (!tcp) {
		off = rz_segment_tcp_far(skb, &copy);
		if (off < 0)
			return -1;
		tcp = &copy;
	}
	if (tcp->doff < 5)
		return -1;
	seg->off = (__u32)off + tcp->doff * 4;
	/* data on a SYN (TCP Fast Open) is the listener's packet; rz_conn_state_changed() sees that
	 * it was there */
	if (tcp->syn || skb->len < seg->off)
		return 0;
	seg->len = skb->len - seg->off;
	seg->seq = bpf_ntohl(tcp->seq);
	seg->fin = tcp->fin;
	return seg->len > 0;
}

/* Linux 6.2: a pointer to something is one to a kernel type, whose fields can be read where they
 * lie. No call is left of it. Not by way of bpf_cast_to_kern_ctx(): for each pointer that is read
 * of what the verifier trusts, Linux 6.18 looks through all names of its BTF, for 1.4 ms. */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __weak __ksym;

/* Up to where TCP has all bytes, as of now: the socket is not locked. Returns -1 if it cannot be
 * asked. Tests say it themselves. */
#ifndef RZ_TEST_RCV_NXT
static __always_inline int rz_segment_rcv_nxt(struct bpf_sock *sk, __u32 *ret)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	if (!tp)
		return -1;
	*ret = tp->rcv_nxt;
	return 0;
}

/* Could TCP take bytes of this segment, now or once those in front of it have come? */
static __always_inline bool rz_segment_fits(struct bpf_sock *sk, const struct rz_seg *seg)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	__u32 rcv_nxt;

	if (!tp)
		return false;
	rcv_nxt = tp->rcv_nxt;
	return (__s32)(seg->seq - rcv_nxt - tp->rcv_wnd) <= 0 &&
	       (__s32)(seg->seq + seg->len - rcv_nxt) > 0;
}

/* What TCP has received and what was acknowledged to it, of a packet's TCP socket. Read where it
 * lies if it can be (13 ns less than asking), asked for otherwise. */
static __always_inline void rz_segment_bytes(struct __sk_buff *skb, __u64 *rx, __u64 *tx)
{
	struct bpf_sock *sk = skb->sk;
	const struct tcp_sock *full;
	struct bpf_tcp_sock *tp;

	if (!!bpf_rdonly_cast) {
		full = bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
		*rx = full->bytes_received;
		*tx = full->bytes_acked;
		asm volatile("" : "+r"(*rx), "+r"(*tx)); /* these loads are not those below */
		return;
	}
	tp = sk ? bpf_tcp_sock(sk) : NULL;
	*rx = tp ? tp->bytes_received : 0;
	*tx = tp ? tp->bytes_acked : 0;
}
#endif

/* The cookie of the packet's socket. Read where it lies if it can be (22 ns less than asking for
 * it, on each segment), asked for if it was never given or cannot. */
static __always_inline __u64 rz_segment_cookie(struct __sk_buff *skb, struct bpf_sock *sk)
{
	const struct sock_common *skc;
	__u64 cookie;

	if (!!bpf_rdonly_cast) {
		skc = bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct sock_common));
		cookie = skc->skc_cookie.counter;
		if (cookie)
			return cookie;
	}
	return bpf_get_socket_cookie(skb);
}

/* Neither TCP over IPv4 nor over IPv6 could be made out of a packet. If its socket is a TCP socket,
 * that is a loss. */
static __always_inline void rz_segment_unparsed(struct bpf_sock *sk)
{
	sk = bpf_sk_fullsock(sk);
	if (sk && sk->protocol == IPPROTO_TCP)
		RZ_COUNT(ip_unparsed);
}

/* Could TCP take this segment now? The program sees packets before TCP has judged them. */
static __always_inline bool rz_segment_in_window(struct bpf_sock *sk, const struct rz_seg *seg)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	return tp && seg->seq - tp->rcv_nxt <= tp->rcv_wnd;
}

#endif
