/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for libbpf's header of this name when bpf/take.bpf.h is built for user space
 * (tests/fuzz/framing.h). Declares the helpers that the framing stage calls; tests/fuzz/framing.c
 * has them.
 */
#ifndef TESTS_FUZZ_BPF_HELPERS_H
#define TESTS_FUZZ_BPF_HELPERS_H

#include <stddef.h>
#include <linux/bpf.h>

#define SEC(name)
#define __uint(name, val)  int(*name)[val]
#define __type(name, val)  typeof(val) *name
#define __array(name, val) typeof(val) *name[]
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define __noinline	__attribute__((noinline))
#undef __weak
#define __weak __attribute__((weak))
#define __ksym

/* between reading a frame that another CPU may be writing, and working on the copy */
void framing_barrier(void);
#define barrier() framing_barrier()

/* the claim (bpf/claim.bpf.h) is taken, given back or doubted */
__u32 framing_swap(void *word, __u32 was, __u32 is);
#define __sync_val_compare_and_swap(word, was, is) framing_swap(word, was, is)

void *bpf_map_lookup_elem(const void *map, const void *key);
long bpf_map_update_elem(const void *map, const void *key, const void *value, __u64 flags);
long bpf_map_delete_elem(const void *map, const void *key);
long bpf_skb_load_bytes(const struct __sk_buff *skb, __u32 off, void *to, __u32 len);
long bpf_probe_read_kernel(void *dst, __u32 size, const void *src);
long bpf_ringbuf_output(void *ring, void *data, __u64 size, __u64 flags);
__u64 bpf_ringbuf_query(void *ring, __u64 what);
void bpf_spin_lock(struct bpf_spin_lock *lock);
void bpf_spin_unlock(struct bpf_spin_lock *lock);
__u64 bpf_ktime_get_ns(void);
__u64 bpf_ktime_get_coarse_ns(void);
__u64 bpf_jiffies64(void);
__u64 bpf_get_socket_cookie(void *skb);
struct bpf_sock *bpf_sk_fullsock(struct bpf_sock *sk);
struct bpf_tcp_sock *bpf_tcp_sock(struct bpf_sock *sk);
struct tcp_sock *bpf_skc_to_tcp_sock(void *sk);

#endif
