/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Maps `agents` and `blocks`: the topology, for `rezone list` and other readers; BPF looks into
 * `agents` alone. The rest of it is in ipc.h.
 */
#ifndef REZONE_AGENT_H
#define REZONE_AGENT_H

#include <rezone/abi.h>

/* Where an agent of the topology is, as far as this node can tell (user/topo/place.h). */
enum rz_home {
	RZ_HOME_UNCHECKED = 0, /* nobody has looked: known by its address alone */
	RZ_HOME_OTHER_NODE,    /* its source says so; who has that address here is somebody else */
	RZ_HOME_NOWHERE,       /* no socket of this node is at its address */
	RZ_HOME_HERE,	       /* in network namespace `netns` */
	RZ_HOME_AMBIGUOUS,     /* several network namespaces of this node have its address */
	RZ_HOME_COUNT,
} RZ_PACKED_ENUM;

/* agents: local address -> agent */
struct rz_agent_val {
	char group[RZ_GROUP_SIZE];
	char zone[RZ_ZONE_SIZE];
	__u32 ready;
	__u32 source; /* key into `sources` */
	__u32 netns;  /* inode number of its network namespace if `home` is HERE, else 0 */
	enum rz_home home;
	__u8 pad[3];
};

/* blocks: a CIDR block -> the zone of clients in it, the longest prefix wins */
struct rz_block_key {
	__u32 prefix_len; /* in bits of the 16 bytes: an IPv4 block's is 96 longer */
	__u8 addr[16];
};
struct rz_block_val {
	char zone[RZ_ZONE_SIZE]; /* canonical */
};

RZ_ASSERT(sizeof(struct rz_block_key) == 20, "rz_block_key is a map key: no hidden padding");

#endif
