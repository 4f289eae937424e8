/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/* Numbers that lie anywhere among bytes. Pure. */
#ifndef REZONE_BYTES_H
#define REZONE_BYTES_H

#include <linux/types.h>

static inline __u16 rz_bytes_be16(const __u8 *p)
{
	return (__u16)(p[0] << 8 | p[1]);
}

static inline __u32 rz_bytes_be32(const __u8 *p)
{
	return (__u32)p[0] << 24 | (__u32)p[1] << 16 | (__u32)p[2] << 8 | p[3];
}

#ifdef __bpf__ /* a copy of variable length needs a helper there */
#define rz_bytes_copy(dst, src, n) bpf_probe_read_kernel(dst, n, src)
#else
#define rz_bytes_copy(dst, src, n) __builtin_memcpy(dst, src, n)
#endif

/* Eight bytes that may lie anywhere. BPF's compiler would load them one by one; the architectures
 * that we build for load them at once. */
static inline __u64 rz_bytes_load64(const __u8 *p)
{
#ifdef __bpf__
	return *(const __u64 *)(const void *)p;
#else
	__u64 word;

	__builtin_memcpy(&word, p, sizeof(word));
	return word;
#endif
}

/* The first `n` of eight bytes, as a word with NULs behind them. */
static inline __u64 rz_bytes_load_some(const __u8 *p, __u32 n)
{
	__u64 word = rz_bytes_load64(p);

	if (n >= 8)
		return word;
	return n ? word & ((1ULL << (8 * n)) - 1) : 0;
}

#endif
