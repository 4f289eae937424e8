/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel knows of a connection that is to be moved, read once a step.
 *
 * Comes in: the connection's entries in maps conns and holds. Goes out: the facts that move/wait.h
 * decides by. Called by move/jobs.c and daemon/left.c.
 */
#ifndef RZ_MOVE_EVIDENCE_H
#define RZ_MOVE_EVIDENCE_H

#include "kern/destroy.h"
#include "kern/maps.h"

struct rz_move_evidence {
	bool tracked;  /* map conns has an entry */
	bool watched;  /* map holds has one: its responses are watched */
	bool matters;  /* rz_responses_matter() */
	bool followed; /* rz_responses_followed() */
	/* Are all responses out (rz_responses_out()), up to which request's (rz_responses_must())?
	 * If the latest request has come whole, and if it has not: then a hold keeps its end away.
	 * Which of the two is true the last check knows, under the lock */
	struct rz_responses_seen {
		enum rz_check out;
		uint32_t must;
	} whole, part;
	uint32_t held;	     /* segments that were dropped */
	uint32_t fresh;	     /* those of them that were no retransmission */
	uint32_t deepest;    /* the most requests that were unanswered at once */
	bool repeated;	     /* the latest of them has been sent again, or none was dropped */
	bool request_seen;   /* a request has come since the watch began */
	uint64_t request_ns; /* when the latest request was read, 0: never */
};

/* Pure. Either may be NULL: there is no entry. */
void rz_evidence_of(const struct rz_conn *c, const struct rz_hold *h, struct rz_move_evidence *ret);

/* All responses are out, or the condition that is not met. `may_be_part`: it is held, and the last
 * check is under the lock, which tells whether the latest request has come whole. */
struct rz_responses_seen rz_evidence_responses(const struct rz_move_evidence *e, bool may_be_part);

/*
 * The last check where user space makes it: by what the maps and TCP say of the connection. `tcp`
 * must have been read after `c` and `h`, so that a request in between shows as bytes that rezone
 * has not read. `settled`: rz_wait.settled, NULL if requests may be in flight.
 * `must_be_whole`: of struct rz_tcp_seen. Pure.
 */
enum rz_check rz_evidence_check(const struct rz_conn *c, const struct rz_hold *h,
				const struct rz_destroy_seen *tcp, const uint32_t *settled,
				bool must_be_whole);

void rz_evidence_read(const struct rz_maps *maps, uint64_t cookie, struct rz_move_evidence *ret);

#endif
