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
 *    again, and carries Produce or Fetch although the client has had the time to leave it (below):
 *    the move was futile;
 *  - left: `after_ns` later neither is seen. On a node with agents of one zone, as nodes are, this
 *    is what a client that came home looks like; one that went to an agent of a third zone, or
 *    ended, looks the same, and is another node's matter;
 * A move by hand may be of a client that the policy never moves (it did not opt in, is excluded,
 * has no zone): then `a candidate` above is any data connection that is not in the client's own
 * zone. Such a row is a witness (select.h), and speaks of moves by hand alone.
 *
 *  - gone: the connection had ended by itself before it was moved. The daemon says that one, for no
 *    move happened.
 *
 * Clients that come home may first reconnect to the agent that they came from, send some requests
 * until their metadata names the agent at home, and leave that connection open and idle. Measured:
 * Java 2.8 and 3.9, librdkafka 1.9, 2.3 and 2.16, kafka-python 3: 2 to 19 requests within 2 to 9 s.
 * So a connection proves that its client is back only by a request later than rz_stays_from().
 * While it proves nothing the outcome is open, for at most RZ_OUTCOME_PATIENCE times `after_ns`;
 * then the client has left. A client that sends a request every 40 s is judged by the next one.
 */
#ifndef RZ_POLICY_OUTCOME_H
#define RZ_POLICY_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/types.h>

#define RZ_OUTCOMES_PENDING_MAX 65536
#define RZ_OUTCOME_PATIENCE	4		     /* times after_ns */
#define RZ_LEAVING_NS		(15 * 1000000000ULL) /* 9 s were measured, and a margin */

struct rz_candidate;

/* How long a client may go on using a connection that it is about to leave: RZ_LEAVING_NS, or half
 * of `after_ns` if that is shorter, so that a client that stays is found out in time. */
static inline uint64_t rz_leaving_ns(uint64_t after_ns)
{
	return after_ns / 2 < RZ_LEAVING_NS ? after_ns / 2 : RZ_LEAVING_NS;
}

/* When a client that was moved at `moved_ns` (its latest move) must have left a connection that it
 * opened at `opened_ns`: requests on it from then on show that the client stays. A connection that
 * is older than the latest move was left, if it was, after an earlier one. */
static inline uint64_t rz_stays_from(uint64_t opened_ns, uint64_t moved_ns, uint64_t leaving_ns)
{
	return (opened_ns < moved_ns ? opened_ns : moved_ns) + leaving_ns;
}

struct rz_outcome_row {
	uint64_t cookie; /* of the connection that was moved */
	uint64_t client; /* hash of the client.id */
	uint8_t addr[16];
	/* NONE: it is due, but all that is seen is an idle connection. Told once; the outcome
	 * follows in another row, which is `late`. */
	enum rz_outcome outcome;
	bool late;
	bool by_hand; /* an operator's move, whatever the policy thinks of its client */
	uint64_t moved_ns;
	uint64_t known_ns;
	uint64_t
		seen; /* cookie of the connection that is the evidence, or idle; 0: none was seen */
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
