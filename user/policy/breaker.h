/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The circuit breaker: when too many of the latest moves were futile, something is wrong that no
 * single client's moves show (a topology that lies, a load balancer nobody spoke of), and all
 * moves stop for a while. Pure: the clock is an argument.
 *
 * Comes in: outcomes of moves. Goes out: whether anybody may be moved. Called by policy/select.c.
 *
 * One address is one vote: the latest outcome of a move of a client there. Otherwise a client that
 * calls itself by twelve client.ids would stop all moves of the node. The breaker looks at the
 * RZ_BREAKER_WINDOW addresses with the latest outcomes since it last closed, as soon as there are
 * RZ_BREAKER_LEAST; if `share` of them or more are "returned", it opens for `for_ns`. Outcomes of
 * moves from before it opened are not counted once it has closed again.
 *
 * A move that is due, and whose outcome is open (outcome.h), counts as not futile; if it turns out
 * to be futile that counts too. Else those few that are known first, the futile ones, would be all
 * that it looks at.
 */
#ifndef RZ_POLICY_BREAKER_H
#define RZ_POLICY_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/outcome.h"

#define RZ_BREAKER_LEAST  10
#define RZ_BREAKER_WINDOW 64

struct rz_vote {
	uint8_t addr[16];
	bool futile;
};

struct rz_breaker {
	double share; /* 0 to 1; 0: never opens */
	uint64_t for_ns;
	/* all zero at first */
	struct rz_vote votes[RZ_BREAKER_WINDOW]; /* the latest last */
	unsigned n;				 /* of them in use */
	uint64_t closed_ns, open_until_ns;
	bool open;
	unsigned opened; /* how often */
};

/* Takes note of one outcome. */
void rz_breaker_note(struct rz_breaker *b, const struct rz_outcome_row *row, uint64_t now_ns);

/* Is nobody to be moved now? Closes it when its time is over. */
bool rz_breaker_open(struct rz_breaker *b, uint64_t now_ns);

#endif
