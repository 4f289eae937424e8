/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of each move. Pure: the clock is an argument.
 *
 * Comes in: moves that happened, and the rows of each tick. Goes out: for each move one outcome,
 * with the evidence. Called by policy/select.c, in this order: begin, see for every row, settle.
 *
 *  - home: the client (a client.id at an address) opened a data connection in its own zone on this
 *    node after the move;
 *  - returned: `after_ns` later a connection of the client that it opened since is a candidate here
 *    again: the move was futile;
 *  - left: `after_ns` later neither is seen. On a node with agents of one zone, as nodes are, this
 *    is what a client that came home looks like; one that went to an agent of a third zone, or
 *    ended, looks the same, and is another node's matter;
 *  - gone: the connection had ended by itself before it was moved. The daemon says that one, for no
 *    move happened.
 */
#ifndef RZ_POLICY_OUTCOME_H
#define RZ_POLICY_OUTCOME_H

#include <stddef.h>
#include <stdint.h>

#include <rezone/types.h>

#define RZ_OUTCOMES_PENDING_MAX 65536

struct rz_candidate;

struct rz_outcome_row {
	uint64_t cookie; /* of the connection that was moved */
	uint64_t client; /* hash of the client.id */
	uint8_t addr[16];
	enum rz_outcome outcome;
	uint64_t moved_ns;
	uint64_t known_ns;
	uint64_t seen; /* cookie of the connection that is the evidence, 0: none was seen */
};

struct rz_outcomes;

int rz_outcomes_new(uint64_t after_ns, struct rz_outcomes **ret);
void rz_outcomes_free(struct rz_outcomes *o); /* takes NULL */

/* A move happened at this time. One too many (RZ_OUTCOMES_PENDING_MAX, no memory) is never told of.
 */
void rz_outcomes_add(struct rz_outcomes *o, const struct rz_candidate *row, uint64_t at_ns);

void rz_outcomes_begin(struct rz_outcomes *o, uint64_t now_ns);
void rz_outcomes_see(struct rz_outcomes *o, const struct rz_candidate *row);
void rz_outcomes_settle(struct rz_outcomes *o);

/* Those that settle found, in the order of the moves. They live until the next begin. */
const struct rz_outcome_row *rz_outcomes_known(const struct rz_outcomes *o, size_t *ret_n);

size_t rz_outcomes_pending(const struct rz_outcomes *o);

#endif
