/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Maps `conns` and `partial`: the connections.
 */
#ifndef REZONE_CONN_H
#define REZONE_CONN_H

#include <rezone/frame.h>

/*
 * Times in hundredths of a second (_cs) count from the connection's opened_ns, and begin at 1: 0 is
 * never, 1 is the first 10 ms. They stop after 497 days. Half the size of a time in ns is what
 * keeps struct rz_conn in its 192 bytes; user/kern/maps.h turns them back into a time.
 */
#define RZ_CS_NS 10000000ULL

/*
 * Are a connection's requests read? Those of one that nobody would move are not: it is parked
 * (bpf/park.bpf.h). User space turns NO to WANTED, PARKED to ENDING, and either back, and ENDED to
 * NO or WANTED once it has read enough (user/policy/park.h); rz_segment alone turns WANTED to
 * PARKED and ENDING to ENDED, at the connection's next segment. All under `lock`.
 */
enum rz_park {
	RZ_PARK_NO = 0, /* they are */
	RZ_PARK_ENDED,	/* they are again, and too few have been read to know what it carries now */
	RZ_PARK_WANTED, /* they are, until TCP has all that was read of it */
	RZ_PARK_PARKED, /* they are not */
	RZ_PARK_ENDING, /* they are not, until its next segment */
	RZ_PARK_COUNT,
} RZ_PACKED_ENUM;

/*
 * conns: socket cookie -> connection. Inserted by rz_state, rz_segment or rz_census, removed by
 * rz_state when the connection leaves ESTABLISHED, and by user space when no socket is there.
 *
 * rz_segment alone writes the fields that change, under `lock` and `claim`, or under the claim
 * alone (bpf/claim.bpf.h, bpf/fast.bpf.h). Exceptions: `met`; `park`, which rz_park writes for user
 * space, under both, too; and times and bytes of a parked connection, which rz_look writes
 * without them. rz_segment reads without them before it decides to work on the frame, and compares
 * the whole frame under both when it puts it back. User space reads with BPF_F_LOCK, and again
 * where it compares one field with another (user/kern/conn.h). rz_reset reads without the lock,
 * under the socket lock, and is in doubt if the frame has changed meanwhile.
 */
struct rz_conn {
	struct bpf_spin_lock lock;
	/* beside the key in memory: of a parked connection nothing else is looked at */
	enum rz_park park;
	__u8 misses;  /* segments without a request in a row, out of sync (rz_effort_backs_off) */
	__u16 claim;  /* not 0: a CPU changes the frame at this moment (bpf/claim.bpf.h) */
	__u64 cookie; /* the key again: tells a reused map element from the one looked up */
	struct rz_tuple tuple;
	/* number of the census that last met its socket, 0 before; written without the lock */
	__u32 met;
	struct rz_frame frame;
	__u64 opened_ns;       /* when it was established, or first seen if adopted */
	__u64 last_request_ns; /* when the latest header was read; parked: when bytes had come */
	__u32 metadata_cs;     /* when it last asked for metadata, 0 never */
	__u32 data_cs;	       /* when it last carried Produce or Fetch, 0 never */
	/* from the client, as of the latest request (tcp_sock.bytes_received); where none is read,
	 * as of the latest segment that was looked at: of TLS all are */
	__u64 rx_bytes;
	__u64 tx_bytes; /* to the client, acknowledged (tcp_sock.bytes_acked) */
	/* tcp_sock's rcv_nxt less its bytes_received, which never changes: who can ask for one only
	 * has the other */
	__u32 seq_base;
	__u32 netns;   /* inode number of the socket's network namespace, 0 when not known */
	__u32 park_cs; /* when `park` became PARKED, or ENDED, 0 never */
	/* copy for readers of the map, as the client wrote it; the policy looks into `clients` */
	char zone[RZ_ZONE_SHOWN - 12];
};

/* What user space has rz_park change: the mark of a connection, if it still is `from`. */
#define RZ_PARK_ORDERS 256
struct rz_park_order {
	__u64 cookie;
	enum rz_park from;
	enum rz_park to;
	__u8 pad[6];
};

/* partial: the first bytes of a request whose header came in pieces. The key names the frame that
 * they belong to, and where they end, so it needs no lock: what another CPU makes of the same
 * segments meanwhile has another key, and whoever still works on the frame before finds what
 * belongs to that. */
struct rz_partial_key {
	__u64 cookie;
	__u32 end;
	__u32 generation;
};

RZ_ASSERT(sizeof(struct rz_conn) <= 192, "one connection fits the kernel's 256-byte class");

#endif
