// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Tiny programs, each using one thing that not every kernel has. user/kern/probe.c tries to load
 * them, all at once and then one by one: what loads, the kernel can do. Never attached, and never
 * run but for one.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <linux/in.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

extern int bpf_sock_destroy(struct sock_common *sk) __ksym __weak;

__u64 seen;

SEC("?cgroup_skb/ingress")
int probe_segment(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct tcp_sock *tp;

	if (!sk)
		return 1;
	tp = bpf_skc_to_tcp_sock(sk);
	if (tp)
		seen = tp->bytes_received + bpf_get_socket_cookie(skb);
	/* refused under lockdown=confidentiality */
	bpf_probe_read_kernel(&seen, sizeof(seen), &seen);
	return 1;
}

/* Atomic instructions that say what was there before. */
SEC("?cgroup_skb/ingress")
int probe_fetch(struct __sk_buff *skb)
{
	return !!__sync_val_compare_and_swap(&seen, 0, __sync_fetch_and_or(&seen, 1));
}

/* The one that is run, by BPF_PROG_TEST_RUN: what BPF's clock says. */
SEC("?cgroup_skb/ingress")
int probe_clock(struct __sk_buff *skb)
{
	seen = bpf_ktime_get_ns();
	return 1;
}

SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(probe_state, const struct sock *sk, int oldstate, int newstate)
{
	if (sk->sk_protocol == IPPROTO_TCP && newstate != oldstate)
		seen = bpf_get_socket_cookie((void *)sk);
	return 0;
}

SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(probe_closes, const struct sock *sk, int oldstate, int newstate)
{
	if (newstate != oldstate)
		seen = sk->__sk_common.skc_cookie.counter;
	return 0;
}

SEC("?iter/tcp")
int probe_census(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;

	if (skc)
		seen = bpf_get_socket_cookie(skc);
	return 0;
}

SEC("?iter/tcp")
int probe_look(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;
	struct tcp_sock *tp = skc ? bpf_skc_to_tcp_sock(skc) : NULL;

	if (tp)
		seen = tp->bytes_received + skc->skc_cookie.counter;
	return 0;
}

SEC("?iter/tcp")
int probe_destroy(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;

	if (skc)
		seen = bpf_sock_destroy(skc);
	return 0;
}
