/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Addresses and ports of a connection, as the socket has them.
 *
 * Comes in: a kernel socket. Goes out: struct rz_tuple. Called by conn.bpf.h, opening.bpf.h and
 * reset.bpf.h.
 */
#ifndef REZONE_BPF_TUPLE_H
#define REZONE_BPF_TUPLE_H

#include "same.bpf.h"
#include <bpf/bpf_endian.h>

#define RZ_AF_INET6 10

/* IPv4 as ::ffff:a.b.c.d */
static __always_inline void rz_tuple_addr_from_v4(__u8 *dst, __be32 v4)
{
	__builtin_memset(dst, 0, 10);
	dst[10] = 0xff;
	dst[11] = 0xff;
	__builtin_memcpy(dst + 12, &v4, 4);
}

/* The live addresses and ports of a socket. Works for the iterator's and the tracepoint's sockets
 * and for those that bpf_skc_to_tcp_sock() gives: all are BTF pointers. */
static __always_inline void rz_tuple_read(const struct sock_common *skc, struct rz_tuple *t)
{
	if (skc->skc_family == RZ_AF_INET6) {
		struct in6_addr a = skc->skc_v6_daddr, b = skc->skc_v6_rcv_saddr;

		__builtin_memcpy(t->client_addr, &a, 16);
		__builtin_memcpy(t->agent_addr, &b, 16);
	} else {
		rz_tuple_addr_from_v4(t->client_addr, skc->skc_daddr);
		rz_tuple_addr_from_v4(t->agent_addr, skc->skc_rcv_saddr);
	}
	t->client_port = bpf_ntohs(skc->skc_dport);
	t->agent_port = skc->skc_num;
}

/* Does it come from the agent's own host, by its addresses: from 127/8 or ::1, or from the agent's
 * own? */
static __always_inline bool rz_tuple_is_local(const struct rz_tuple *t)
{
	const __u32 *c = (const __u32 *)t->client_addr;
	bool no_prefix = !c[0] && !c[1];

	if (no_prefix && c[2] == bpf_htonl(0xffff) && t->client_addr[12] == 127)
		return true;
	if (no_prefix && !c[2] && c[3] == bpf_htonl(1))
		return true;
	return rz_same(t->client_addr, t->agent_addr, sizeof(t->agent_addr));
}

#endif
