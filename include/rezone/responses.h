/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * When may a move close a connection? The one statement of "all responses are out"; that it still
 * is the connection that the policy decided on is rz_check_eligible()'s.
 *
 * Comes in: a connection's frame, what BPF has followed of its responses, what TCP says. Goes out:
 * enum rz_check, the first condition that is not met. Included by bpf/reset.bpf.h (the last check,
 * under the socket lock), by user/move/close.c (the same on kernels without bpf_sock_destroy) and
 * by user/move/evidence.c (is a last check worth while?).
 *
 * Requests that a response is sent to are numbered, as rz_frame.answerable counts them; responses
 * come in their order. A response must be out if its client could not simply send the request
 * again: of all requests but those of rz_api_repeatable().
 */
#ifndef REZONE_RESPONSES_H
#define REZONE_RESPONSES_H

#include <rezone/check.h>
#include <rezone/hold.h>
#include <stdbool.h>

/* What the TCP of a connection says, as far as who looks can know. */
struct rz_tcp_seen {
	__u8 unseen;	    /* TCP has bytes that rezone did not read: their segment came early */
	__u8 unread;	    /* the agent has not read all that TCP has */
	__u8 unacked;	    /* the client's TCP has not acknowledged all that the agent sent */
	__u8 out_of_order;  /* TCP keeps segments that came before the bytes in front of them */
	__u8 part_request;  /* bytes of a request came whose end did not */
	__u8 must_be_whole; /* such a request counts: its library would not send it again */
	/* new bytes are kept away until the close: by a hold, or for good, for the client has left
	 * while it was held */
	__u8 held;
	/* the latest request whose response must be out has not come whole. A hold keeps its end
	 * away, so the agent will not execute it */
	__u8 part_latest;
	__u8 part_response; /* the latest response is not out to its last byte */
};

/* Has this connection ever sent a request whose response must be out before a close, or may it
 * have? One that only fetches, and looks where things are, has not. */
static inline bool rz_responses_matter(const struct rz_frame *f)
{
	return f->produce || f->other || f->coordinator || f->unseen;
}

/* Is it known which request the next response is for? */
static inline bool rz_responses_followed(const struct rz_hold *h)
{
	return h->answers.synced && !h->answers.tentative;
}

/*
 * May this connection of a client that is followed (map follow) be held, and closed, though none of
 * its responses are watched? Only if it has sent nothing but what its client can simply send again.
 */
static inline enum rz_check rz_responses_follow_up(const struct rz_frame *f, __u64 cookie,
						   __u64 client)
{
	if (f->state == RZ_STATE_MPTCP)
		return RZ_CHECK_MPTCP;
	if (!client || f->client != client)
		return RZ_CHECK_OTHER_CLIENT;
	if (f->owner != (__u16)cookie || !f->synced || f->tentative || f->adopted)
		return RZ_CHECK_OUT_OF_SYNC;
	if (f->several)
		return RZ_CHECK_SEVERAL;
	if (f->transaction)
		return RZ_CHECK_TRANSACTION;
	return rz_responses_matter(f) || f->via == RZ_VIA_PROXY ? RZ_CHECK_NOT_KEPT
								: RZ_CHECK_PASSED;
}

/* Number of the latest request whose response must be out, of `answerable` so far. */
static inline __u32 rz_responses_must(const struct rz_hold *h, __u32 answerable, bool part_latest)
{
	if (h->last != answerable)
		return answerable; /* some came that were not seen here */
	return part_latest ? h->must_before : h->must;
}

/* Are all responses out up to that request's? `part_response`: of struct rz_tcp_seen. */
static inline enum rz_check rz_responses_out(const struct rz_frame *f, const struct rz_hold *h,
					     __u32 must, bool part_response)
{
	if (!rz_responses_matter(f) || (f->acks0 && !h->last))
		return RZ_CHECK_PASSED;
	if (!rz_responses_followed(h))
		return RZ_CHECK_NOT_FOLLOWED;
	if ((__s32)(h->answers.number - must) < 0)
		return RZ_CHECK_UNANSWERED;
	return part_response ? RZ_CHECK_PART_RESPONSE : RZ_CHECK_PASSED;
}

/*
 * Is no request in flight that a close would lose, or make the client do twice? `settled`: number
 * of the request whose response has been out for long enough that the client has read it, as all
 * before it. `h` may be NULL: responses are not watched. No time that passes makes a request
 * answered: an agent may work on one for minutes.
 */
static inline enum rz_check rz_responses_gap(const struct rz_frame *f, const struct rz_hold *h,
					     __u32 settled, const struct rz_tcp_seen *t)
{
	enum rz_check out;
	__u32 must;

	if (t->unseen)
		return RZ_CHECK_UNSEEN;
	if (!rz_responses_matter(f))
		return RZ_CHECK_PASSED;
	if (!h)
		return RZ_CHECK_NOT_WATCHED;
	if (t->unacked)
		return RZ_CHECK_UNACKED;
	if (t->unread)
		return RZ_CHECK_UNREAD;
	/* TCP gives nothing of these to the agent before the bytes in front of them have come, and
	 * those are kept away: they are as good as held back themselves */
	if (t->out_of_order && (!t->held || t->must_be_whole))
		return RZ_CHECK_OUT_OF_ORDER;
	/* acks=0: no response will come: whole requests that the agent has read are all there is
	 * to wait for */
	if ((f->acks0 || t->must_be_whole) && t->part_request)
		return RZ_CHECK_PART_REQUEST;
	must = rz_responses_must(h, f->answerable, t->part_latest);
	out = rz_responses_out(f, h, must, t->part_response);
	if (out != RZ_CHECK_PASSED)
		return out;
	return must == settled ? RZ_CHECK_PASSED : RZ_CHECK_NEW_REQUEST;
}

#endif
