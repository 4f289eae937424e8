/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Room: no client address, and no crowd of connections that concern no agent, may fill the maps
 * that all share.
 *
 * Comes in: a connection, or what one of it is to be kept. Goes out: whether there is room; counts
 * in `peers`, rz_strangers, rz_prints and rz_partials. Called by conn.bpf.h, client.bpf.h,
 * software.bpf.h, note.bpf.h and header.bpf.h. Counting is not exact while user space counts anew
 * (user/kern/rooms.c), which it does at each tick.
 */
#ifndef REZONE_BPF_ROOM_H
#define REZONE_BPF_ROOM_H

#include "count.bpf.h"

static const struct rz_peer rz_peer_none = {};
static const struct rz_peer_key rz_peer_shared = {};

/* The row of this client address, made if there is none; if there is no room for it, the row of all
 * such addresses. Nothing is on the stack here: the framing stage has used most of it. */
static __noinline struct rz_peer *rz_room_peer(const struct rz_tuple *t)
{
	const void *key = t->client_addr;
	struct rz_peer *p;

	p = bpf_map_lookup_elem(&peers, key);
	if (p)
		return p;
	bpf_map_update_elem(&peers, key, &rz_peer_none, BPF_NOEXIST);
	p = bpf_map_lookup_elem(&peers, key);
	return p ? p : bpf_map_lookup_elem(&peers, &rz_peer_shared);
}

/* The row of the connection whose bytes are read. One that has no entry, for it has no socket yet
 * (opening.bpf.h), has the row of all such: its address may be a lie. Then `from`, the address that
 * what it brings is counted for, is ::. */
static __always_inline struct rz_peer *rz_room_peer_here(const struct rz_scratch *s, __u8 from[16])
{
	struct rz_conn *c = bpf_map_lookup_elem(&conns, &s->cookie);

	if (!c) {
		__builtin_memset(from, 0, 16);
		return bpf_map_lookup_elem(&peers, &rz_peer_shared);
	}
	__builtin_memcpy(from, c->tuple.client_addr, 16);
	return rz_room_peer(&c->tuple);
}

/*
 * May the connection in hand have one entry more in a map of which `taken` are taken? The half of
 * it beyond `half` (0: there is no such) is kept for addresses with few connections. Whoever has
 * many, and opens each of them for an entry, gets the other half at most.
 */
static __noinline bool rz_room_for_some(__u64 *cookie, __s32 taken, __s32 half)
{
	struct rz_conn *c;
	struct rz_peer *p;

	if (!half || taken < half)
		return true;
	c = bpf_map_lookup_elem(&conns, cookie);
	p = c ? rz_room_peer(&c->tuple) : bpf_map_lookup_elem(&peers, &rz_peer_shared);
	return p && p->conns <= rz_config.few;
}

/* Accepted at an address that is no agent's of this node, now that agents are known? */
static __always_inline bool rz_room_is_stranger(const struct rz_tuple *t)
{
	struct rz_agent_val *agent;
	struct rz_endpoint at = {};

	if (!rz_topology_known)
		return false;
	__builtin_memcpy(at.addr, t->agent_addr, sizeof(at.addr));
	at.port = t->agent_port;
	agent = bpf_map_lookup_elem(&agents, &at);
	return !agent || agent->home == RZ_HOME_OTHER_NODE;
}

/* Is there room for one more connection like this? */
static __always_inline bool rz_room_for_conn(const struct rz_tuple *t)
{
	struct rz_peer *p;

	if (rz_config.strangers && rz_strangers >= rz_config.strangers && rz_room_is_stranger(t)) {
		RZ_COUNT(strangers_full);
		return false;
	}
	p = rz_room_peer(t);
	if (p && rz_config.peer_conns && p->conns >= rz_config.peer_conns) {
		RZ_COUNT(peer_conns_full);
		return false;
	}
	return true;
}

/* One connection more in conns, or (`by` -1) one less. */
static __always_inline void rz_room_count_conn(const struct rz_tuple *t, __s32 by)
{
	struct rz_peer *p = rz_room_peer(t);

	if (p)
		__sync_fetch_and_add(&p->conns, by);
	if (rz_room_is_stranger(t))
		__sync_fetch_and_add(&rz_strangers, by);
}

#endif
