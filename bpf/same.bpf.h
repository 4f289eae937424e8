/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Whether two values are the same. BPF has no memcmp() for that much. */
#ifndef REZONE_BPF_SAME_H
#define REZONE_BPF_SAME_H

#include "maps.bpf.h"

/*
 * Compares `size` bytes, a multiple of 4, at two places that are aligned to 8: the verifier refuses
 * anything else on the stack. All words are read, whatever the first ones say, so the verifier has
 * one way to walk. Inlined, since callers hold a bpf_spin_lock, under which Linux before 6.8
 * refuses a call.
 */
static __always_inline bool rz_same(const void *a, const void *b, __u32 size)
{
	const __u64 *x = a, *y = b;
	__u64 diff = 0;
	__u32 i;

	for (i = 0; i < size / 8; i++)
		diff |= x[i] ^ y[i];
	if (size % 8)
		diff |= *(const __u32 *)(x + i) ^ *(const __u32 *)(y + i);
	return !diff;
}

#endif
