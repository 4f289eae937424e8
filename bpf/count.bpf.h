/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Counting: what happened (map `stats`) and which helper failed where (map `errors`). What the
 * other stages give up goes through here.
 */
#ifndef REZONE_BPF_COUNT_H
#define REZONE_BPF_COUNT_H

#include "maps.bpf.h"

/* asm-generic/errno*.h: the same numbers on every architecture we build for */
#define RZ_ENOENT   2
#define RZ_EAGAIN   11
#define RZ_EFAULT   14
#define RZ_EEXIST   17
#define RZ_EPROTO   71
#define RZ_ENOTCONN 107
#define RZ_ESTALE   116

static __always_inline struct rz_stats *rz_count_here(void)
{
	return bpf_map_lookup_elem(&stats, &rz_zero);
}

/* Adds one to a field of this CPU's stats. */
#define RZ_COUNT(field)                                   \
	do {                                              \
		struct rz_stats *rz_st = rz_count_here(); \
		if (rz_st)                                \
			rz_st->field++;                   \
	} while (0)

/* Notes that a helper failed. Returns `err`, so that failing is one statement. */
static __noinline long rz_count_error(enum rz_place place, long err)
{
	struct rz_error_key key = {};
	__u64 *n, one = 1;

	key.place = place;
	key.error = (__s32)err;
	n = bpf_map_lookup_elem(&errors, &key);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&errors, &key, &one, BPF_NOEXIST);
	return err;
}

#endif
