/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The census: the kernel's own list of sockets against map `conns`.
 *
 * Comes in: the sockets of one network namespace from the TCP iterator. Goes out: an entry for each
 * connection that had none (older than rezone and silent since, or its opening was not seen), and
 * in every entry met the number of this census. What is not met has no socket any more:
 * user/kern/census.c removes it.
 */
#ifndef REZONE_BPF_CENSUS_H
#define REZONE_BPF_CENSUS_H

#include "conn.bpf.h"

/* Set by user space before it walks (user/kern/census.c). */
__u32 rz_census_number = 0;

static __always_inline void rz_census_visit(struct sock_common *skc)
{
	struct tcp_sock *tp;
	struct rz_conn fill, *c;
	__u64 cookie;

	if (skc->skc_state != RZ_TCP_ESTABLISHED || !rz_port_is_kafka(skc->skc_num))
		return;
	tp = bpf_skc_to_tcp_sock(skc);
	if (!tp)
		return;
	cookie = bpf_get_socket_cookie(tp);
	c = bpf_map_lookup_elem(&conns, &cookie);
	if (!c && rz_conn_ours(&tp->inet_conn.icsk_inet.sk)) {
		c = rz_conn_insert(&fill, tp, cookie, !tp->bytes_received, tp->rcv_nxt, 1);
		if (c)
			RZ_COUNT(adopted);
	}
	if (c)
		c->met = rz_census_number;
}

#endif
