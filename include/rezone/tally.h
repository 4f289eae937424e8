/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Maps `moved`, `arrivals` and `spans`: what the daemon counts for `/metrics` beside `counters`,
 * since it started. User space alone reads and writes them: the daemon writes (kern/tally.c), it
 * empties them when it starts. A part of the ABI, by the rules that stand in abi.h.
 *
 * A zone in a key is one that the topology knows, whole, or "": a client cannot add entries.
 */
#ifndef REZONE_TALLY_H
#define REZONE_TALLY_H

#include <rezone/ipc.h>

/* Room in `moved` and `arrivals`. What finds none is counted under zone "". */
#define RZ_TALLIES_MAX 1024

/* How a move ended, or that mode observe began none. */
enum rz_moved_result {
	RZ_MOVED_MOVED = 0, /* the connection was closed */
	RZ_MOVED_LET_GO,    /* begun, but no gap was found in time */
	RZ_MOVED_REFUSED,   /* begun, but the last check said no, it was called off, or failed */
	RZ_MOVED_OBSERVED,  /* mode observe: it would have begun */
	RZ_MOVED_COUNT,
} RZ_PACKED_ENUM;

/* Who wanted it. */
enum rz_trigger {
	RZ_TRIGGER_POLICY = 0,
	RZ_TRIGGER_OPERATOR, /* `rezone reset` */
	RZ_TRIGGER_FOLLOW,   /* a move before it: its client came back here to write (map follow) */
	RZ_TRIGGER_COUNT,
} RZ_PACKED_ENUM;

/* moved: how a move ended -> how often */
struct rz_moved_key {
	char to_zone[RZ_ZONE_SIZE]; /* the client's */
	enum rz_moved_result result;
	enum rz_close method; /* reset or fin */
	enum rz_trigger trigger;
	__u8 pad;
};

/* arrivals: data connections that were opened here -> how many. One is counted once, at the first
 * tick that finds it identified and carrying data. */
struct rz_arrival_key {
	char client_zone[RZ_ZONE_SIZE];
	__u8 home_was_ready; /* an agent that it could use was ready in that zone */
	__u8 pad[3];
};

enum rz_span {
	RZ_SPAN_WAIT = 0, /* of a connection that was closed: from its move's begin to the close */
	RZ_SPAN_HOLD,	  /* new requests were held back, whatever came of the move */
	RZ_SPAN_TICK,	  /* one run of the tick */
	RZ_SPAN_COUNT,
} RZ_PACKED_ENUM;

/* spans: enum rz_span -> how long it took. A bucket's upper bound is in kern/tally.c; the last
 * bucket has none. Each counts what fell into it alone. */
#define RZ_SPAN_BUCKETS 16
struct rz_histogram {
	__u64 buckets[RZ_SPAN_BUCKETS];
	__u64 sum_us;
};

RZ_ASSERT(sizeof(struct rz_moved_key) == RZ_ZONE_SIZE + 4, "rz_moved_key is a map key");
RZ_ASSERT(sizeof(struct rz_arrival_key) == RZ_ZONE_SIZE + 4, "rz_arrival_key is a map key");

#endif
