/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Map `peers`: the room that each client address takes.
 */
#ifndef REZONE_PEER_H
#define REZONE_PEER_H

#include <rezone/abi.h>

/*
 * peers: client address -> what it has in the maps that all clients share. BPF adds atomically;
 * user space writes what it has counted at each tick, so that no count stays wrong. The address ::
 * is all those that the map has no room for, and all that have no socket yet.
 */
struct rz_peer_key {
	__u8 addr[16];
};
struct rz_peer {
	__s32 conns;
	__s32 client_ids;
	__s32 softwares;
	__u32 pad;
};

#endif
