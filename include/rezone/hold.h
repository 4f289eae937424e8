/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Map `holds`: responses that a move waits for.
 */
#ifndef REZONE_HOLD_H
#define REZONE_HOLD_H

#include <rezone/abi.h>

/*
 * holds: socket cookie -> a connection whose responses are followed, because it is to be moved.
 * User space makes the entry, all zero but for the cookie, and removes it; BPF fills it. Whether
 * new requests are held back stands in `moves`: phase hold (or reset), until deadline_ns.
 *
 * Requests that expect a response are numbered as rz_frame.answerable counts them; responses come
 * in their order. Before a reset the responses must be out to all requests that a client cannot
 * simply send again: all but the ones of rz_api_repeatable().
 */
#define RZ_EXPECTED_MAX 256 /* a power of two */
/* No hold lasts longer, whatever its deadline says: BPF counts from the first segment that it would
 * drop. The greatest --hold-timeout. */
#define RZ_HOLD_MAX_S	60
struct rz_expected {
	__u32 number;
	__u32 correlation_id;
};
/* Written by rz_response, of which no two run at once for one connection; rz_segment alone forgets
 * all of it, and counts `round` up. Both under the lock of the entry. */
struct rz_responses {
	__u32 next_seq;	      /* TCP sequence number of the next response's first byte */
	__u32 number;	      /* of the request that the latest response is for */
	__u32 correlation_id; /* of that response */
	__u8 synced;	      /* next_seq is true */
	__u8 tentative;	      /* one response was found; the next must be where it says */
	__u8 have;	      /* bytes of the next response's head that already went */
	__u8 whole;	      /* the latest response was sent to its last byte */
	__u64 head;	      /* these bytes, the latest lowest */
	__u32 round;	      /* how often all of this was forgotten */
	__u32 pad;
};
struct rz_hold {
	__u64 cookie;		   /* the key again, as in struct rz_conn */
	struct bpf_spin_lock lock; /* taken by BPF to write all but held, fresh and held_end */
	__u64 deadline_ns;	   /* of the hold that since_ns is of: a later one begins anew */
	__u64 since_ns;		   /* when its first segment came */
	__u32 held;		   /* segments that were dropped; added to atomically */
	__u32 fresh;		   /* those that TCP had not sent before; two CPUs may miss one */
	__u32 held_end;		   /* TCP sequence number behind the latest of these */
	__u32 last;		   /* number of the latest request that was noted here */
	__u32 must;		   /* number of the latest request whose response must be out */
	__u32 must_end;		   /* TCP sequence number behind it */
	__u32 must_before;	   /* number of such a one before it */
	struct rz_responses answers;
	__u32 early;   /* a segment came before the bytes in front of it, and was not looked at */
	__u32 deepest; /* the most requests that were unanswered at once */
	struct rz_expected expected[RZ_EXPECTED_MAX]; /* by number; the latest */
};

#endif
