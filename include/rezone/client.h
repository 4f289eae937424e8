/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Maps `client_ids` and `clients`, and ring `wake`: who the clients are.
 */
#ifndef REZONE_CLIENT_H
#define REZONE_CLIENT_H

#include <rezone/abi.h>

/* Whose tags a client.id carries (user/client/tags.c). */
enum rz_dialect {
	RZ_DIALECT_NONE = 0,
	RZ_DIALECT_WARPSTREAM,
	RZ_DIALECT_AUTOMQ,
	RZ_DIALECT_INKLESS,
	RZ_DIALECT_BUFSTREAM,
	RZ_DIALECT_CUSTOM, /* keys from the configuration */
	RZ_DIALECT_COUNT,
} RZ_PACKED_ENUM;

/* How many agents a client writes at, as far as it says so. */
enum rz_leaders {
	RZ_LEADERS_UNSAID = 0,
	RZ_LEADERS_ONE,	 /* it asks for one as the leader of all partitions */
	RZ_LEADERS_MANY, /* it asks for its partitions to be spread over several */
	RZ_LEADERS_COUNT,
} RZ_PACKED_ENUM;

/* client_ids: hash of a client.id -> its bytes. Added by BPF alone; user space removes those that
 * no connection has had for a while. */
struct rz_client_id {
	__u64 first_seen_ns;
	__s16 len; /* on the wire; -1 is null; above RZ_CLIENT_ID_KEPT the rest was cut */
	__u8 pad[6];
	__u8 raw[RZ_CLIENT_ID_SIZE]; /* NUL-padded, as the client sent them: never print these */
	__u8 from[16];		     /* address of the client that brought it */
};

/* clients: the same hash -> what the id says, fit to be read. Written by user space alone. */
struct rz_client {
	__u8 opt_in;	/* warpstream_interzone_lb=true */
	__u8 truncated; /* the id was longer than what is kept */
	__u8 is_null;	/* the client sent no id at all */
	/* ws_host_override: it is shown one name for all agents, a load balancer's */
	__u8 host_override;
	enum rz_dialect dialect;
	__u8 zone_last; /* the zone's tag ends the id: a framework may have appended to its value */
	char id[RZ_CLIENT_ID_SIZE]; /* other than printable ASCII as \xNN; may be cut */
	char zone[RZ_ZONE_SIZE];    /* as the client wrote it, not yet through the aliases */
	char session_id[37];	    /* a UUID */
	enum rz_leaders leaders;    /* warpstream_partition_assignment_strategy */
	char proxy_target[24];
	char agent_group[RZ_GROUP_SIZE];
};

/* wake: ring buffer towards the daemon; a record says that `client_ids` has a new entry. */
struct rz_wake {
	__u64 client;
};

RZ_ASSERT(sizeof(struct rz_client) == 520, "rz_client has no hidden padding");
RZ_ASSERT(sizeof(struct rz_client_id) == 288, "rz_client_id has no hidden padding");

#endif
