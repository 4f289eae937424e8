// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The product's programs without what note.bpf.h adds to a request, to be compared with those that
 * have it. */
#define REZONE_BPF_NOTE_H
#include "count.bpf.h"
#include "frame.bpf.h"

static __always_inline int rz_note_wants(const struct rz_scratch *s, __s16 api_key)
{
	return 0;
}

static __always_inline int rz_note_request(struct __sk_buff *skb, int api_key, int version,
					   int id_len)
{
	return 0;
}

static __always_inline void rz_note_keep(struct rz_scratch *s)
{
}

static __always_inline void rz_note_drop(__u64 cookie)
{
}

static __always_inline void rz_note_park(__u64 cookie)
{
}

/* NOLINTNEXTLINE(bugprone-suspicious-include): the product, with what stands above left out */
#include "rezone.bpf.c"
