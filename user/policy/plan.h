/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a connection is closed, if it is. Made by policy/classify.c from the client's library and the
 * settings, embedded by value in a verdict, a candidate and a job; followed by move/.
 */
#ifndef RZ_POLICY_PLAN_H
#define RZ_POLICY_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <rezone/ipc.h>

struct rz_plan {
	enum rz_close close; /* RESET, or FIN: the agent's own descriptor is shut down */
	bool gap_only;	     /* its library must not be held (library.h) */
	bool needs_hold;     /* its library comes home only if a request was held (library.h) */
	bool shared;	     /* group membership on this connection is allowed */
	bool acks0;	     /* it gets no responses to Produce: allowed */
	bool at_once;	     /* an operator's: whatever is in flight */
	bool follow;	     /* its client is followed after the close (move/follow.h) */
	bool follow_up;	     /* of a client that is followed: only if nothing of it was executed */
	bool together;	     /* others of its client may be closed at the same time (library.h) */
	bool drains;	     /* its responses need not settle before this FIN (library.h) */
	bool busy;	     /* only while it may be in use (policy/select.h) */
	bool in_use;	     /* only once it has been used since the move began (library.h) */
	bool catches; /* its client's next connection may be closed in its place (move/catch.h) */
	bool twice;   /* if it is back, it may be closed once more in its round (library.h) */
	bool probe; /* nobody can tell its library, and a hold without a close may (move/wait.h) */
	bool probe_only;    /* ... and for that alone: it is not closed in a gap either */
	uint8_t tells_from; /* more unanswered requests at once than this tell it */
	bool left;	    /* only if its client has left it while a request was held (map held) */
};

/* What is held of a producer that gets no responses would be lost: to such a one the library's rule
 * has nothing to add, for it is never held at all. */
static inline bool rz_plan_gap_only(const struct rz_plan *p)
{
	return p->gap_only && !p->acks0;
}

static inline bool rz_plan_equal(const struct rz_plan *a, const struct rz_plan *b)
{
	return a->close == b->close && a->gap_only == b->gap_only &&
	       a->needs_hold == b->needs_hold && a->follow == b->follow && a->probe == b->probe &&
	       a->probe_only == b->probe_only && a->in_use == b->in_use &&
	       a->catches == b->catches && a->drains == b->drains;
}

#endif
