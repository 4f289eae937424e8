/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Map `moves`: what is decided for a connection, and what is being done with it.
 */
#ifndef REZONE_MOVE_H
#define REZONE_MOVE_H

#include <rezone/check.h>
#include <rezone/reason.h>

enum rz_phase {
	RZ_PHASE_WAIT = 0, /* a candidate that may not go yet; reason says why */
	RZ_PHASE_GAP,	   /* a moment is waited for in which nothing is in flight */
	RZ_PHASE_HOLD,	   /* new requests are held back until the responses are out */
	RZ_PHASE_RESET,	   /* to be reset by the next walk over its network namespace */
	RZ_PHASE_CLOSE,	   /* judged by the walk; user space closes it now (`fin`) */
	RZ_PHASE_DONE,	   /* was reset */
	RZ_PHASE_REFUSED,  /* the last look under the socket lock said no; error says why */
	RZ_PHASE_COUNT,
} RZ_PACKED_ENUM;

/*
 * moves: socket cookie -> a candidate and what is being done with it. User space writes the whole
 * value. rz_reset writes phase, check and error of one in phase reset, under the socket lock, and
 * user space waits for the end of that walk before it writes again. rz_segment reads phase and
 * deadline_ns without a lock: a stale value costs one segment more or less in a hold.
 */
struct rz_move {
	__u64 client; /* must still be the connection's client when it is reset */
	__u64 decided_ns;
	__u64 deadline_ns; /* when the hold ends, whatever came of it; 0: no hold */
	__s32 error;	   /* -errno of the close, or rz_check_errno() of the check before it */
	/* number of the request whose response, as user space found, has been out for long enough;
	 * if another must be out by now (rz_responses_must), it is no gap */
	__u32 settled;
	enum rz_reason reason;
	enum rz_phase phase;
	/* 1: close it only while nothing is in flight whose response must be out; 2: nor has a
	 * request come in part, for its library would not send that again */
	__u8 gap;
	__u8 fin; /* the walk judges alone; user space ends it, while new requests are held back */
	__u8 shared;	     /* though it carries group membership */
	__u8 acks0;	     /* though its producer expects no response */
	__u8 left;	     /* only if its client has left while it was held (map held) */
	enum rz_check check; /* what the latest check found */
	char to_zone[RZ_ZONE_SHOWN];
	__u8 follow_up; /* only if nothing of it was executed, for its client is followed */
	__u8 pad[7];
	__u64 not_before_ns; /* phase wait: what keeps its client is over then; 0: not known */
};

/* The walk's word on each connection that it has judged, to the iterator's reader
 * (bpf/reset.bpf.h, user/kern/live.h): the same as then stands in the connection's rz_move. */
struct rz_walked {
	__u64 cookie;
	__s32 error;
	enum rz_check check;
	__u8 pad[3];
};

#endif
