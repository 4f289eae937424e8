// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What rezone's programs are measured against: the least a program can do at the same place.
 *
 * Comes in: packets of a cgroup, state changes. Goes out: nothing. `conns` is the product's map,
 * put in by tests/bench/bench.c, which loads and attaches these one at a time.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <rezone/types.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 bench_port = 9092;

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct rz_conn);
} conns SEC(".maps");

SEC("cgroup_skb/ingress")
int in_empty(struct __sk_buff *skb)
{
	return 1;
}

/* The yardstick of a settled connection: one look-up in the socket's own storage. */
SEC("cgroup_skb/ingress")
int in_storage(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (sk)
		bpf_sk_storage_get(&storage, sk, NULL, 0);
	return 1;
}

/* One look-up of the socket's cookie in a hash map. */
SEC("cgroup_skb/ingress")
int in_hash(struct __sk_buff *skb)
{
	__u64 cookie = bpf_get_socket_cookie(skb);

	bpf_map_lookup_elem(&conns, &cookie);
	return 1;
}

SEC("cgroup_skb/egress")
int out_empty(struct __sk_buff *skb)
{
	return 1;
}

/* An agent's answers, if a flag in the connection's entry said whether to look at them. */
SEC("cgroup_skb/egress")
int out_hash(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct rz_conn *c;
	__u64 cookie;

	if (!sk || sk->src_port != bench_port)
		return 1;
	cookie = bpf_get_socket_cookie(skb);
	c = bpf_map_lookup_elem(&conns, &cookie);
	return c && c->frame.opt_in > 1 ? 3 : 1;
}

/* The same with the flag in the socket's own storage. */
SEC("cgroup_skb/egress")
int out_storage(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u64 *flag;

	if (!sk || sk->src_port != bench_port)
		return 1;
	flag = bpf_sk_storage_get(&storage, sk, NULL, 0);
	return flag && *flag > 1 ? 3 : 1;
}

/* Every answer's length and correlation id read: what watching always would cost at least. */
SEC("cgroup_skb/egress")
int out_answer(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u8 head[20], tcp[20], answer[8];
	struct rz_conn *c;
	__u64 cookie;
	__u32 off;

	if (!sk || sk->src_port != bench_port)
		return 1;
	if (bpf_skb_load_bytes(skb, 0, head, sizeof(head)))
		return 1;
	off = (head[0] & 15) * 4;
	if (bpf_skb_load_bytes(skb, off, tcp, sizeof(tcp)))
		return 1;
	off += (tcp[12] >> 4) * 4;
	if (skb->len < off + sizeof(answer))
		return 1;
	cookie = bpf_get_socket_cookie(skb);
	c = bpf_map_lookup_elem(&conns, &cookie);
	if (!c || bpf_skb_load_bytes(skb, off, answer, sizeof(answer)))
		return 1;
	bpf_spin_lock(&c->lock);
	c->frame.api_key = answer[7];
	bpf_spin_unlock(&c->lock);
	return 1;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state_empty, const struct sock *sk, int oldstate, int newstate)
{
	return 0;
}
