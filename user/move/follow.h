/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After the close: what becomes of a client that is followed (map follow). Pure: the clock and what
 * the kernel knows are arguments.
 *
 * Comes in: the client's entry, which BPF fills; what is known of the connection that it is bound
 * to; the time. Goes out: wait, close that connection too, let it through, or end it. Called by
 * daemon/follow.c every few milliseconds while anybody is followed.
 *
 * Some libraries write again on the connection that they open to the agent that they know, and
 * learn of home only then (policy/library.h). So the segment in which a Produce begins is dropped
 * there (bpf/follow.bpf.h). Who has learned of home meanwhile leaves, and what was dropped is
 * discarded. Who has not is closed once more before anything is executed, for each new connection
 * makes it ask again; at the end of RZ_FOLLOW_CLOSES of them it is let through.
 */
#ifndef RZ_MOVE_FOLLOW_H
#define RZ_MOVE_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include <rezone/types.h>

/* So long a connection is held, from its first dropped Produce, before it is closed too. */
#define RZ_FOLLOW_WAIT_NS   (1000 * 1000000ULL)
/* Closes after the move's own. */
#define RZ_FOLLOW_CLOSES    3
/* A client that has not written here for so long is followed no more; one that was seen to write
 * seldom, which may not be back before its next write, for so long. */
#define RZ_FOLLOW_IDLE_NS   (15 * 1000000000ULL)
#define RZ_FOLLOW_SELDOM_NS (180 * 1000000000ULL)
/* BPF lets requests through so long after the close, or of one that writes seldom so long after the
 * first of them, if no daemon is there to end it sooner. */
#define RZ_FOLLOW_DEAD_NS   (90 * 1000000000ULL)
/* It writes seldom if it had asked for nothing for so long when its move began. */
#define RZ_SELDOM_NS	    (5 * 1000000000ULL)

enum rz_follow_act {
	RZ_FOLLOW_WAIT,
	RZ_FOLLOW_CLOSE,       /* the connection that is followed */
	RZ_FOLLOW_LET_THROUGH, /* its client writes here whatever is done: the entry goes */
	RZ_FOLLOW_END,	       /* nobody is held: the entry goes */
};

/* What is known of the connection e->cookie. */
struct rz_follow_seen {
	bool there; /* it is tracked */
	bool left;  /* its client has closed it: it is daemon/left.c's */
};

/* When it last did something here, or something was done to it: how long it has been idle counts
 * from then. A connection may have been held for longer than idle_ns, where no daemon was there to
 * close it: its client has its time to come back after the close, too. */
uint64_t rz_follow_latest_ns(const struct rz_follow *e);
enum rz_follow_act rz_follow_decide(const struct rz_follow *e, const struct rz_follow_seen *s,
				    uint64_t now_ns);

#endif
