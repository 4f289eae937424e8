/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tick's moves, each at a moment in which it harms nobody: first a gap is waited for, in which
 * all that must be answered has been; a connection that never pauses is then held, that is its new
 * requests are dropped (TCP sends them again) until the answers are out; then it is reset. If that
 * does not come about in time, it is let go and nothing has happened to it.
 *
 * Some clients lose a request that is taken from them, for they do not send it again, or write it
 * twice (policy/library.h): such a one is ended in a gap or not at all. Where the last look and the
 * end are not one step (a FIN, or no bpf_sock_destroy), a hold keeps new requests away in between:
 * if one comes, such a client is not ended. The hold is over and its TCP sends the request again.
 *
 * Comes in: connections that the policy let go. Goes out: what became of each. Called by
 * daemon/moves.c every few milliseconds while any is under way. The hold's deadline is in map moves
 * and is kept by BPF: a daemon that dies leaves no hold behind. What becomes of a client that
 * leaves while it is held, and whose hold ends without a close, is daemon/left.c's.
 */
#ifndef RZ_MOVE_HOLD_H
#define RZ_MOVE_HOLD_H

#include "move/reset.h"

struct rz_hold_limits {
	uint64_t gap_ns;    /* how long a gap is waited for */
	uint64_t hold_ns;   /* how long a hold lasts at most; 0: none, only gaps */
	uint64_t settle_ns; /* how long the client has had all answers: it may not have read them */
	size_t at_once;	    /* connections that wait or are held at a time */
	bool wait;	    /* false: reset at once, whatever is in flight */
};

/* A row on its way; its reset.error is the result: of rz_reset_run(), or -ETIMEDOUT, let go. */
struct rz_holding {
	struct rz_reset reset;
	bool now;	      /* at once, whatever is in flight */
	enum rz_phase phase;  /* wait: not begun; gap, hold: under way; done, refused: over */
	uint64_t begun_ns;    /* when its gap began to be waited for */
	uint64_t followed_ns; /* when its answers were first followed, 0: never yet */
	uint64_t held_ns;     /* when its hold began, 0: it needed none */
	uint64_t ended_ns;
	uint64_t quiet_ns; /* since when all has been answered, 0: it has not */
	bool settled;	   /* ... for long enough */
	bool bridge;	   /* its hold began in a gap, and only bridges the last look and the end */
	uint64_t again_ns; /* the last look under the lock said no: not before then again */
	uint32_t fresh;	   /* segments that were dropped and no repetition, until quiet_ns */
	uint32_t held;	   /* segments that were dropped */
	bool silent;	   /* it has asked for nothing since the move began */
	bool told, told_hold; /* the caller's: it has said what became of it, that it is held */
};

struct rz_holds {
	struct rz_hold_limits limits;
	struct rz_kern *kern;
	struct rz_holding *rows;
	size_t n;
};

/* Takes `rows` over (malloc'ed; phase wait). 0 or -ENOMEM. */
int rz_holds_new(struct rz_kern *k, const struct rz_hold_limits *limits, struct rz_holding *rows,
		 size_t n, struct rz_holds **ret);
/* Lets go of what is under way. Takes NULL. */
void rz_holds_free(struct rz_holds *h);

/* Is this connection one of those under way? */
bool rz_holds_has(const struct rz_holds *h, uint64_t cookie);

/* This row is not moved any more, if it has not been: -ECANCELED. A hold lets go. */
void rz_holds_cancel(struct rz_holds *h, size_t row, uint64_t now_ns);

/* Goes on; to be called again in a few milliseconds for as long as it returns true. */
bool rz_holds_step(struct rz_holds *h, uint64_t now_ns);

#endif
