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

#define RZ_CGROUP_DEPTH_MAX 32

/* Set by user space before it walks (user/kern/census.c). */
__u32 rz_census_number = 0;

/* Does the segment program see this socket's packets? Those below another cgroup are not ours. */
static __always_inline int rz_census_ours(const struct sock *sk)
{
	struct cgroup_subsys_state *css;
	struct cgroup *cg;
	int i;

	if (!rz_config.cgroup_id)
		return 1;
	/* before Linux 5.15 the field holds other things too */
	if (!bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return 0;
	cg = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
	for (i = 0; i < RZ_CGROUP_DEPTH_MAX && cg; i++) {
		if (BPF_CORE_READ(cg, kn, id) == rz_config.cgroup_id)
			return 1;
		css = BPF_CORE_READ(cg, self.parent);
		cg = css ? BPF_CORE_READ(css, cgroup) : NULL;
	}
	return 0;
}

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
	if (!c && rz_census_ours(&tp->inet_conn.icsk_inet.sk)) {
		c = rz_conn_insert(&fill, tp, cookie, !tp->bytes_received, tp->rcv_nxt);
		if (c)
			RZ_COUNT(adopted);
	}
	if (c)
		c->met = rz_census_number;
}

#endif
