/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Map `held`: payload that a hold has kept from TCP.
 */
#ifndef REZONE_HELD_H
#define REZONE_HELD_H

#include <rezone/abi.h>

/*
 * held: socket cookie -> payload that a hold has kept from TCP, and that has not come since.
 * Written by rz_segment; an entry outlives its hold and the daemon, and goes when the payload has
 * come, or the socket leaves ESTABLISHED.
 *
 * A client that gives up closes (its FIN comes behind that payload) and asks again on another
 * connection: from then on nothing that TCP does not have yet reaches the agent on this one.
 */
struct rz_held {
	struct bpf_spin_lock lock; /* taken to write what follows, once it is inserted */
	__u32 end;		   /* TCP sequence number behind the latest */
	__u64 cookie;	 /* the key again: tells a reused map element from the one looked up */
	__u64 since_ns;	 /* when the first was dropped */
	__u64 left_ns;	 /* when the client's FIN came, 0: it has not */
	__u64 discarded; /* segments since left_ns */
	__u32 followed;	 /* dropped since its client is followed (map follow), not in a hold */
	__u32 pad;
};

#endif
