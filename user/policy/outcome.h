/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of one move: a value of policy/client.c, and the rules for it. Pure: the clock is an
 * argument.
 *
 * Comes in: what each tick sees of the client that was moved. Goes out: the move's outcome, with
 * the evidence:
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
#include <stdint.h>

#include <rezone/ipc.h>

#define RZ_OUTCOME_PATIENCE 4			 /* times after_ns */
#define RZ_LEAVING_NS	    (15 * 1000000000ULL) /* 9 s were measured, and a margin */

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
	uint64_t cookie;  /* of the connection that was moved */
	uint64_t client;  /* hash of the client.id */
	uint8_t addr[16]; /* the client's */
	struct rz_tuple tuple;
	char from_zone[RZ_ZONE_SIZE], to_zone[RZ_ZONE_SIZE];
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

/* What a connection of the client shows that was opened after the move. */
enum rz_evidence {
	RZ_EVIDENCE_AWAY, /* it carries data, and the client stays on it */
	RZ_EVIDENCE_HOME,
	RZ_EVIDENCE_IDLE, /* it carries no data: it proves nothing */
	RZ_EVIDENCE_COUNT,
};

/* A move whose outcome is not known yet. */
struct rz_open_move {
	struct rz_outcome_row row;
	/* of one tick: cookie of a connection with this evidence, 0: none */
	uint64_t evidence[RZ_EVIDENCE_COUNT];
	bool early; /* ... and an idle one may be about to be left, or to go on */
	bool late;  /* told of without an outcome */
};

/* All connections of a tick were seen: judges the move, and forgets the tick's evidence. Returns
 * whether m->row is to be told: it has its outcome, or is due, for the first time, and open. */
bool rz_outcome_settle(struct rz_open_move *m, uint64_t after_ns, uint64_t now_ns);

#endif
