/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * What a check of a move found. The one statement of "it is still the connection that the policy
 * decided on"; "all responses are out" is in responses.h. Pure, included as that is.
 */
#ifndef REZONE_CHECK_H
#define REZONE_CHECK_H

#include <linux/errno.h>
#include <rezone/frame.h>
#include <stdbool.h>

/*
 * What a check of a move found: the first condition that is not met (include/rezone/responses.h,
 * user/move/wait.h). The same words in events, `rezone stats` and docs (user/policy/reason.c). New
 * ones come last in their part.
 */
enum rz_check {
	RZ_CHECK_PASSED = 0,
	/* the connection is not the one that the policy decided on: the move is over */
	RZ_CHECK_NOT_TRACKED, /* it is gone */
	RZ_CHECK_OTHER_CLIENT,
	RZ_CHECK_NOT_DATA,
	RZ_CHECK_OUT_OF_SYNC,
	RZ_CHECK_SEVERAL, /* requests of more than one client.id */
	RZ_CHECK_TRANSACTION,
	RZ_CHECK_GROUP, /* it carries group membership, and the plan does not allow that */
	RZ_CHECK_ACKS0, /* likewise: a Produce with acks=0 */
	RZ_CHECK_OTHER_ADDRESS,
	RZ_CHECK_TOO_OLD, /* the decision, of a daemon that died before the walk */
	RZ_CHECK_MPTCP,
	RZ_CHECK_NO_AGENT, /* no process has the socket: closed, or not accepted yet */
	RZ_CHECK_NOT_LEFT, /* the plan is to close it only if its client has left it */
	RZ_CHECK_NOT_KEPT, /* ... only if nothing of it was executed (map follow) */
	/* it is, but this is not the moment: the move goes on */
	RZ_CHECK_FIRST_TO_WAIT,
	RZ_CHECK_NOT_ACCEPTED = RZ_CHECK_FIRST_TO_WAIT, /* TCP has not accepted what was read */
	RZ_CHECK_UNSEEN,				/* TCP has bytes that were not read */
	RZ_CHECK_NOT_WATCHED,	/* responses of this connection are not watched */
	RZ_CHECK_UNACKED,	/* the client's TCP has not acknowledged all that was sent */
	RZ_CHECK_UNREAD,	/* the agent has not read all that TCP has */
	RZ_CHECK_OUT_OF_ORDER,	/* TCP keeps segments that came too early */
	RZ_CHECK_NEW_REQUEST,	/* the latest response has not settled: a new request's */
	RZ_CHECK_PART_REQUEST,	/* acks=0, and a request has not come whole */
	RZ_CHECK_NOT_FOLLOWED,	/* it is not known which request the next response is for */
	RZ_CHECK_UNANSWERED,	/* a request that must be answered is not */
	RZ_CHECK_PART_RESPONSE, /* the latest response is not out to its last byte */
	/* ... found by user space */
	RZ_CHECK_SETTLING,     /* all responses are out, but not for long enough */
	RZ_CHECK_HELD,	       /* a segment was dropped, and the library must not be held */
	RZ_CHECK_NOT_REPEATED, /* likewise: it has not been sent again yet */
	RZ_CHECK_SILENT,       /* no request has come since the move, or its hold, began */
	RZ_CHECK_HOLD_ENDS,    /* the hold is too near its end for a FIN */
	RZ_CHECK_NOT_MET,      /* the walk passed this socket over */
	RZ_CHECK_NO_FOLLOW,    /* its client could not be followed after the close (map follow) */
	RZ_CHECK_PROBED,       /* its hold was only to tell its library: nothing is closed */
	RZ_CHECK_COUNT,
} RZ_PACKED_ENUM;

/* The errno that stands beside a check in map moves, events and `rezone reset`. */
static inline int rz_check_errno(enum rz_check check)
{
	switch (check) {
	case RZ_CHECK_PASSED:
		return 0;
	case RZ_CHECK_NOT_TRACKED:
		return ENOENT;
	case RZ_CHECK_MPTCP:
		return EPROTO;
	case RZ_CHECK_NO_AGENT:
		return ENOTCONN;
	default:
		return check < RZ_CHECK_FIRST_TO_WAIT ? ESTALE : EAGAIN;
	}
}

/*
 * Is this still the connection that the policy decided on: the same client's, in sync, and carrying
 * nothing that the plan does not allow? `shared`: group membership is allowed; `acks0`: a producer
 * that gets no responses is. Addresses and TCP are the caller's to compare.
 */
static inline enum rz_check rz_check_eligible(const struct rz_frame *f, __u64 cookie, __u64 client,
					      bool shared, bool acks0)
{
	if (f->state == RZ_STATE_MPTCP)
		return RZ_CHECK_MPTCP;
	if (!client || f->client != client)
		return RZ_CHECK_OTHER_CLIENT;
	if (f->state != RZ_STATE_DATA)
		return RZ_CHECK_NOT_DATA;
	if (f->owner != (__u16)cookie || !f->synced || f->tentative)
		return RZ_CHECK_OUT_OF_SYNC;
	if (f->several)
		return RZ_CHECK_SEVERAL;
	if (f->transaction)
		return RZ_CHECK_TRANSACTION;
	if (f->coordinator && !shared)
		return RZ_CHECK_GROUP;
	if (f->acks0 && !acks0)
		return RZ_CHECK_ACKS0;
	return RZ_CHECK_PASSED;
}

#endif
