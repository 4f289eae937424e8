/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for the moment in which a close harms nobody. Pure: the clock and what the kernel knows
 * are arguments, so a model can run it by the million (tests/model/wait.c).
 *
 * Comes in: the plan, the evidence of this step, the limits, the time. Goes out: wait, hold, try
 * the last check and close, or give up, each with the condition that is not met yet. Called by
 * move/jobs.c every few milliseconds.
 *
 * First a gap is waited for, in which all responses are out that must be. A connection that never
 * pauses is then held: its new requests are dropped, and its TCP sends them again, until the
 * responses are out. Then it is closed. If that does not come about in time, the move is given up
 * and nothing has happened to the connection.
 *
 * Some come home only if a request of theirs is lost: they are held at once, and closed when one
 * was held.
 *
 * Some do not miss a connection that they do not use (policy/library.h): they are closed right
 * after a request.
 *
 * Some clients lose a request that is dropped, for they do not send it again, or write it twice
 * (policy/library.h): such a connection is closed in a gap or not at all. Where the last check and
 * the close are not one step (a FIN, or no bpf_sock_destroy), a hold keeps new requests away in
 * between: if one comes, such a connection is not closed, and waits for another gap.
 *
 * Probe. Where nobody can tell whether a producer's library is such a one, and more requests in
 * flight, or several partitions in one, would tell it (policy/print.h), it is held for a moment and
 * then let go: what it has written meanwhile comes at once. In a move with a probe nothing is
 * closed from then on. What it told is kept with the connection, and the next move follows from it.
 */
#ifndef RZ_MOVE_WAIT_H
#define RZ_MOVE_WAIT_H

#include "move/evidence.h"
#include "policy/plan.h"

struct rz_wait_limits {
	uint64_t gap_ns;    /* how long a gap is waited for, once responses are followed */
	uint64_t hold_ns;   /* how long a hold lasts at most; 0: none, only gaps */
	uint64_t settle_ns; /* how long all responses must be out: the client may not have read
			     * them yet. Less in the pauses of a library that drains */
	bool at_once;	    /* of every connection: whatever is in flight */
	bool one_step;	    /* the kernel checks and resets under one lock (bpf_sock_destroy) */
};

/* What is remembered of one move while it waits. */
struct rz_wait {
	enum rz_phase phase;  /* GAP or HOLD */
	enum rz_check check;  /* the latest condition that was not met */
	uint64_t begun_ns;    /* when its gap began to be waited for */
	uint64_t followed_ns; /* when its responses were first followed, 0: never yet */
	uint32_t followed_at; /* number of the latest request then */
	uint64_t quiet_ns;    /* since when all responses are out, 0: they are not */
	uint32_t settled;     /* number of the latest request whose response was out then */
	uint32_t fresh;	      /* segments that were dropped and no retransmission, until quiet_ns */
	uint64_t held_ns;     /* when the hold began that goes on, 0: none */
	uint64_t deadline_ns; /* when it ends, whatever comes of it */
	uint32_t held_before; /* segments that had been dropped when it began */
	uint32_t latest;      /* number of the latest request that was seen to come */
	uint64_t latest_ns;   /* ... and when, 0: never yet */
	unsigned calm;	      /* so many of the latest ones came far apart */
	bool bridge;	      /* it began in a gap, and only bridges the last check and the close */
	uint64_t probed_ns;   /* when the hold of its probe began, 0: none did */
	uint64_t probe_end_ns; /* ... until when what comes of it is looked at, at most */
	uint64_t again_ns;     /* the last check said no: no other one before */
};

enum rz_act {
	RZ_ACT_WAIT,
	RZ_ACT_HOLD, /* new requests are dropped from now on */
	RZ_ACT_TRY,  /* the last check, and if it finds nothing the close */
	RZ_ACT_GIVE_UP,
};

struct rz_decision {
	enum rz_act act;
	enum rz_check check; /* of WAIT and GIVE_UP: the condition that is not met */
};

/* Is this connection closed only while no request is in flight that must be answered? */
static inline bool rz_wait_needs_gap(const struct rz_plan *plan, const struct rz_wait_limits *l)
{
	return !l->at_once && !plan->at_once;
}

/* The move begins: its gap is waited for from now on. */
struct rz_wait rz_wait_begin(uint64_t now_ns);

struct rz_decision rz_wait_decide(struct rz_wait *w, const struct rz_plan *plan,
				  const struct rz_move_evidence *e, const struct rz_wait_limits *l,
				  uint64_t now_ns);

/* The last check that was tried at this step found `check`, after which the move goes on. WAIT,
 * HOLD or GIVE_UP. */
struct rz_decision rz_wait_refused(struct rz_wait *w, const struct rz_plan *plan,
				   const struct rz_move_evidence *e, const struct rz_wait_limits *l,
				   enum rz_check check, uint64_t now_ns);

/* Was something dropped in the hold of a connection whose library must not be held? `e` may be
 * newer than the latest step's. */
bool rz_wait_gap_is_over(const struct rz_wait *w, const struct rz_plan *plan,
			 const struct rz_move_evidence *e);

#endif
