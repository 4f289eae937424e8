/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * The few kernel types that rezone's BPF programs read, with only the fields they read.
 *
 * A full vmlinux.h is 3 MB, made from one kernel and one architecture. CO-RE needs none of it: each
 * field below is found by name in the BTF of the kernel that runs (preserve_access_index), so the
 * order and offsets here mean nothing, and one file serves x86 and arm64 and every kernel version.
 * Types of the kernel's user API (struct __sk_buff, struct bpf_sock, ...) come from <linux/bpf.h>.
 *
 * Sources: include/net/sock.h, include/net/inet_sock.h, include/linux/tcp.h, include/linux/bpf.h
 * and kernel/bpf/bpf_iter.c of Linux.
 */
#ifndef REZONE_VMLINUX_H
#define REZONE_VMLINUX_H

#include <linux/bpf.h>
#include <linux/in6.h>
#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	long long counter;
} atomic64_t;

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
};

struct socket;

struct kernfs_node {
	__u64 id;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	__u16 sk_protocol;
	struct sock_cgroup_data sk_cgrp_data;
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	struct {
		__u32 lrcvtime;
	} icsk_ack;
};

struct rb_node;

struct rb_root {
	struct rb_node *rb_node;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u32 rcv_nxt;
	__u32 rcv_wnd;
	__u32 copied_seq;
	__u32 snd_una;
	__u32 lsndtime;
	__u32 write_seq;
	struct rb_root out_of_order_queue;
	__u64 bytes_received;
	__u64 bytes_acked;
	_Bool is_mptcp;
};

struct sk_buff {
	struct sock *sk;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
};

#pragma clang attribute pop

#endif
