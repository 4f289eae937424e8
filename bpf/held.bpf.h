/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Payload that a hold has kept from TCP: map `held`.
 *
 * Comes in: segments that a hold drops, or that are dropped because their client is followed. Goes
 * out: whether the client has left meanwhile. An entry outlives its hold, for a client that gives
 * up closes this connection and sends its request again on another one: from then on the agent must
 * not get the request here too. Called by hold.bpf.h, follow.bpf.h, and by reset.bpf.h, which
 * closes such a connection.
 */
#ifndef REZONE_BPF_HELD_H
#define REZONE_BPF_HELD_H

#include "count.bpf.h"

static __always_inline struct rz_held *rz_held_of(__u64 cookie)
{
	struct rz_held *e;

	if (!rz_held_any)
		return NULL;
	e = bpf_map_lookup_elem(&held, &cookie);
	return e && e->cookie == cookie ? e : NULL;
}

/* An entry for payload of this connection that is kept from TCP. NULL if there is no room. */
static __always_inline struct rz_held *rz_held_begin(__u64 cookie, __u32 end)
{
	struct rz_held fresh = {.cookie = cookie, .end = end};
	long err;

	fresh.since_ns = bpf_ktime_get_ns();
	err = bpf_map_update_elem(&held, &cookie, &fresh, BPF_NOEXIST);
	rz_held_any = 1;
	if (err && err != -RZ_EEXIST)
		rz_count_error(RZ_PLACE_HELD_INSERT, err);
	return rz_held_of(cookie);
}

/*
 * Takes note of a segment up to `end`: it is kept from TCP (`on`), its client leaves with it
 * (`fin`). Returns whether the client has left, be it before. The entry's memory may have become
 * another connection's since it was looked up, of whom this says nothing.
 */
static __always_inline bool rz_held_note(struct rz_held *e, __u64 cookie, __u32 end, bool on,
					 bool fin)
{
	__u64 now = bpf_ktime_get_ns();
	bool left = false, leaves = false;

	bpf_spin_lock(&e->lock);
	if (e->cookie == cookie) {
		if (on && (__s32)(end - e->end) > 0)
			e->end = end;
		leaves = fin && !e->left_ns;
		if (leaves)
			e->left_ns = now;
		left = e->left_ns != 0;
		e->discarded += left;
	}
	bpf_spin_unlock(&e->lock);
	if (leaves)
		RZ_COUNT(left_while_held);
	return left;
}

/* Is something kept from TCP because the client is followed (follow.bpf.h)? */
static __always_inline bool rz_held_followed(__u64 cookie, __u32 rcv_nxt)
{
	struct rz_held *e = rz_held_of(cookie);

	return e && e->followed && (__s32)(e->end - rcv_nxt) > 0;
}

/* Has its client left while it was held? Not if TCP has got all of it since. */
static __always_inline bool rz_held_left(__u64 cookie, __u32 rcv_nxt)
{
	struct rz_held *e = rz_held_of(cookie);

	return e && e->left_ns && (__s32)(e->end - rcv_nxt) > 0;
}

#endif
