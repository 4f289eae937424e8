/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's second half: which of the candidates may go now. Pure apart from the history it
 * keeps: clock and randomness are arguments, so a simulation can run it by the million.
 *
 * Comes in: this tick's connections with their verdicts. Goes out: for each candidate "go" or the
 * reason to wait. Called by policy/tick.c.
 *
 * Rate: a token bucket of `rate` moves a second (a fraction is fine), that holds at most one
 * second's worth, at least one. At most one move at a time per client.id and tick.
 * Cooldown: after a move, the same client.id from the same address is left alone for `cooldown`,
 * doubled after each futile move up to `cooldown_max`; after `give_up_after` futile moves in a row,
 * for `give_up_for`. A move was futile if the client is again (or still) a candidate, by a
 * connection opened after the move, when the cooldown has passed; a row of futile moves ends when
 * the client is seen in a same-zone connection here, or not seen at all for `cooldown_max`.
 */
#ifndef RZ_POLICY_SELECT_H
#define RZ_POLICY_SELECT_H

#include "policy/classify.h"

struct rz_limits {
	double rate; /* moves a second */
	uint64_t cooldown_ns;
	uint64_t cooldown_max_ns;
	unsigned give_up_after;
	uint64_t give_up_for_ns;
	enum rz_mode
		mode; /* observe: everything is counted as if moved, but the answer is OBSERVING */
};

struct rz_candidate {
	uint64_t cookie;
	uint64_t client;       /* hash of the client.id */
	uint8_t addr[16];      /* the client's address */
	uint64_t opened_ns;    /* of the connection */
	bool same_zone;	       /* not a candidate at all, told only to end a row of futile moves */
	enum rz_reason reason; /* out: RZ_REASON_NONE is "go", else why it waits */
};

struct rz_select; /* the history and the bucket */

int rz_select_new(const struct rz_limits *limits, struct rz_select **ret);
void rz_select_free(struct rz_select *s);

/*
 * Judges all of a tick at once, in an order that is fair: those who have waited longest, then by
 * cookie. Fills reason of every row. 0 or -ENOMEM (then no row may go: all are OVER_BUDGET).
 */
int rz_select_run(struct rz_select *s, struct rz_candidate *rows, size_t n, uint64_t now_ns);

/* A move that was allowed did not happen (the socket was gone, refused): give the token back and
 * forget the move. */
void rz_select_undo(struct rz_select *s, const struct rz_candidate *row);

#endif
