/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Map `follow`: clients whose connection a move has closed, and whose next one is held; and clients
 * whose next connection a move waits for.
 */
#ifndef REZONE_FOLLOW_H
#define REZONE_FOLLOW_H

#include <rezone/abi.h>

/* No client is followed for longer, whatever its deadline says. */
#define RZ_FOLLOW_MAX_S 240

/*
 * follow: client, its address, agent -> a move has closed this client's connection there, and what
 * the client writes on its next one is dropped, so that it learns of home first (bpf/follow.bpf.h).
 * User space makes the entry before the close, and removes it; rz_segment alone writes to it
 * meanwhile, but for closed_ns. While there is none, nothing is dropped for its sake.
 *
 * With `software` no move has closed anything yet: it is to close the client's next connection, of
 * that library and with an idempotent Produce, before anything of it is executed (move/catch.h).
 */
struct rz_follow_key {
	__u64 client;
	__u8 client_addr[16];
	__u8 agent_addr[16];
	__u32 netns;
	__u16 agent_port;
	__u16 pad;
};
struct rz_follow {
	struct bpf_spin_lock
		lock;	   /* taken by BPF to write connections, until_ns, cookie and first_ns */
	__u32 connections; /* that were followed so far */
	__u64 client;	   /* of the key: tells a reused map element from the one looked up */
	__u64 moved;	   /* cookie of the connection that the move closed */
	__u64 since_ns;	   /* when: connections that were opened before are not followed */
	/* BPF drops nothing behind it; once it drops, it moves it forward to `hold_ns` from then */
	__u64 until_ns;
	__u64 cookie;	/* the connection that is followed, or was last; 0: none yet */
	__u64 first_ns; /* when its first segment was dropped */
	__u64 hold_ns;
	__u64 idle_ns; /* user space's: it is followed no more if it has not written for so long */
	__u64 closed_ns; /* user space's: when it closed the connection that is followed, or last
			    was */
	__u32 software;	 /* key into `softwares`; 0: a move has closed a connection, any follows */
	__u32 pad;
};

RZ_ASSERT(sizeof(struct rz_follow_key) == 48, "rz_follow_key is a map key: no hidden padding");

#endif
