/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * What connections have carried, added up as differences under the zones of their time: maps
 * `ledger`, `zone_bytes`, `client_bytes`, `counted` and `saved`, and ring `closed`. docs/cost.md
 * has the rules.
 *
 * BPF writes the ring alone. All else is written by the daemon, at each tick: a connection's bytes
 * since the tick before are added to the row of the group and zones that it has now, and stay
 * there. So no total ever becomes less, whatever happens to the topology. Readers: `rezone cost`,
 * `traffic`, `plan` and `serve`.
 *
 * Bytes are payload as TCP counts it at the agent: rx from the client, tx to it, acknowledged.
 *
 * What grows the maps: groups and zones come out of the topology, never from a client (a zone that
 * the topology does not know is ""); clients have RZ_CLIENT_BYTES_MAX rows, the busiest keep them,
 * and what all others carried is a row of zone_bytes less the rows of client_bytes for it.
 */
#ifndef REZONE_LEDGER_H
#define REZONE_LEDGER_H

#include <rezone/abi.h>

#define RZ_ZONE_BYTES_MAX   1024
#define RZ_CLIENT_BYTES_MAX 1024
#define RZ_SAVED_MAX	    4096
#define RZ_CLOSED_RING	    (512 * 1024)

/* zone_bytes: group and zones, whole and canonical -> bytes. "": not known. */
struct rz_ledger_key {
	char group[RZ_GROUP_SIZE];
	char client_zone[RZ_ZONE_SIZE];
	char agent_zone[RZ_ZONE_SIZE];
};

/* An hour of CLOCK_REALTIME, at place hour % RZ_HOURS of a ring. A place whose hour is another is
 * of that other hour: an old one, or one that a step of the clock has left. */
#define RZ_HOURS 50 /* 48 whole ones, the present one, and one to spare */
struct rz_hour {
	__u32 hour; /* since 1970; 0: nothing was here yet */
	__u32 pad;
	__u64 rx_bytes;
	__u64 tx_bytes;
};

struct rz_ledger_sum {
	__u64 rx_bytes; /* since ledger.since_unix_ns */
	__u64 tx_bytes;
	__u64 tls_rx_bytes; /* of those, under TLS */
	__u64 tls_tx_bytes;
	__u64 closed; /* connections that have closed */
	struct rz_hour hours[RZ_HOURS];
};

/* client_bytes: the same of one client.id. A client that is not identified has hash 0. */
struct rz_ledger_client_key {
	__u64 client;
	struct rz_ledger_key zones;
};
struct rz_ledger_client {
	struct rz_ledger_sum sum;
	char id[RZ_CLIENT_ID_SIZE]; /* as in map clients; "" if not identified, or if it has none */
};

/*
 * counted: an array in memory that the daemon maps, and replaces by a larger one as connections
 * come: places in no order. A connection has one, which says what of it is in the rows. One that is
 * older than rezone has another: what it had carried when it was first seen, which is in no row.
 * user/policy/counted.h reads and writes places.
 *
 * An entry has two places, so that the kernel, which rounds entries up to eight bytes, adds none.
 * The daemon may be killed at any instruction, and commands read meanwhile: each sum is in one word
 * of its own, which one store brings up to date. The cookie takes the bits that are left: it comes
 * and goes with RZ_COUNTED_USED, which is written last, and cleared first.
 */
#define RZ_COUNTED_FIRST     4096 /* places to begin with, and at each step */
#define RZ_COUNTED_EACH	     2
#define RZ_COUNTED_SUM_BITS  51
#define RZ_COUNTED_ID_BITS   29
#define RZ_COUNTED_HIGH_BITS (64 - RZ_COUNTED_SUM_BITS)
#define RZ_COUNTED_USED	     1
#define RZ_COUNTED_TLS	     2 /* all of it is counted as under TLS */
#define RZ_COUNTED_BASE	     4 /* the other place of a connection that is older than rezone */
#define RZ_COUNTED_ID_SHIFT  3
struct rz_counted_entry {
	__u64 rx[RZ_COUNTED_EACH]; /* bytes, modulo 2^51; above them bits 29 to 41 of the cookie */
	__u64 tx[RZ_COUNTED_EACH]; /* likewise, with bits 42 to 54 */
	__u32 id[RZ_COUNTED_EACH]; /* the flags; above them bits 0 to 28 of the cookie */
};

/* closed: ring towards the daemon, a record for each connection that leaves ESTABLISHED. The entry
 * of `conns` is removed before the record can be read. If a connection came and went between
 * two ticks, the library that it named stands here alone (user/kern/named.h). */
struct rz_closed {
	__u64 cookie;
	__u64 client; /* 0: not identified, or several */
	__u64 rx_bytes;
	__u64 tx_bytes;
	struct rz_tuple tuple;
	__u32 netns;
	__u8 adopted; /* it is older than rezone */
	__u8 proxied; /* its client's address is none of the tuple's: a PROXY header has it */
	__u8 tls;
	__u8 pad;
	__u32 software; /* what its client said it is, as in rz_frame */
};

/* saved: cookie of a connection that was moved -> what it carried until then, for the estimate of
 * what moves have saved. Kept for as long as the hours are. */
struct rz_saved {
	__u64 moved_unix_ns;
	__u64 rx_bytes; /* while rezone saw it */
	__u64 tx_bytes;
	__u64 seen_ns; /* for so long */
	__u64 client;
	struct rz_ledger_key zones; /* before the move */
	__u8 outcome;		    /* enum rz_outcome (ipc.h) */
	__u8 by_hand;
	__u8 pad[6];
};

/* ledger: one entry, about all of them. */
struct rz_ledger_state {
	__u64 since_unix_ns; /* when counting began; a restart with --keep-pins goes on */
	__u64 since_ns;
	__u64 updated_unix_ns; /* the latest tick */
	__u64 updated_ns;
	__u64 lost; /* connections that closed unseen: their last bytes are in no row */
	/* updated_ns, while map counted has not all connections, for it could not grow; else 0 */
	__u64 unplaced_ns;
};

RZ_ASSERT(sizeof(struct rz_ledger_key) == 328, "rz_ledger_key is a map key: no hidden padding");
RZ_ASSERT(sizeof(struct rz_ledger_client_key) == 336, "likewise rz_ledger_client_key");
RZ_ASSERT(sizeof(struct rz_counted_entry) == 40, "20 bytes for each connection");
RZ_ASSERT(sizeof(struct rz_closed) == 80, "rz_closed has no hidden padding");
RZ_ASSERT(sizeof(struct rz_saved) == 376, "rz_saved has no hidden padding");

#endif
