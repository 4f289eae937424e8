/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A round of moves of one client: a value of policy/client.c, and the rules for it. Pure: the clock
 * is an argument. select.h states the rules for people.
 *
 * Comes in: the client's moves, and what a tick saw of the client. Goes out: until when the client
 * rests, and whether rezone gave it up.
 */
#ifndef RZ_POLICY_ROUND_H
#define RZ_POLICY_ROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/limits.h"

struct rz_round {
	uint64_t began_ns; /* its first move */
	uint64_t moved_ns; /* its latest move; 0: there has been no round */
	uint64_t until_ns; /* when it is over, or the rest after it */
	unsigned futile;   /* futile rounds in a row */
	bool open;	   /* not found futile yet */
};

/*
 * How many connections of a client may go in one turn, at least one. `together` of its candidates
 * do not depend on one another, and `gone` were moved in this row of ticks: of all these, the share
 * `client_share`. So a client with a connection for each partition comes home in as many turns
 * whether it has 16 or 200, and most of them work at any time. After futile rounds, one.
 */
unsigned rz_round_turn(const struct rz_limits *l, const struct rz_round *r, unsigned together,
		       unsigned gone);

/* `cooldown`, doubled for each futile round in a row. */
uint64_t rz_round_rest(const struct rz_limits *l, unsigned futile);

bool rz_round_given_up(const struct rz_limits *l, const struct rz_round *r);

/* A move is allowed now. True: it begins a new round. */
bool rz_round_go(const struct rz_limits *l, struct rz_round *r, uint64_t now_ns);

/* A move that was allowed at `now_ns` happened at `at_ns`; `first`: it is the first to happen of
 * those that began the round. To be told in the order of `at_ns`. */
void rz_round_moved(struct rz_round *r, bool first, uint64_t now_ns, uint64_t at_ns);

/* What a tick saw of the client: a candidate that it opened since the round began (`away`), a
 * same-zone connection likewise (`home`). */
void rz_round_judge(const struct rz_limits *l, struct rz_round *r, bool away, bool home,
		    uint64_t now_ns);

#endif
