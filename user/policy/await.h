/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that rezone leaves to their library (library.h, `alone`), because it asks for metadata by
 * itself: until when rezone waits for each, and what became of it. Pure: the clock is an argument.
 *
 * Comes in: the data connections of a tick, each with the time until which its library is to bring
 * it home (rz_verdict.expected_ns). Goes out, once for each client: it is home, it left, its time
 * is over and it is still here, or it is waited for no more. Called by daemon/await.c: begin, see
 * for every connection, settle.
 *
 * A client is a client.id at an address, as in client.h. Of the moves nothing is counted here, and
 * of what is told here nothing counts for the breaker.
 *
 *  - home: it works here no more, and has a data connection in its own zone on this node;
 *  - left: it has had no connection here for RZ_AWAIT_GONE_NS; it may have been between two. On a
 *    node with agents of one zone this is what a client that came home looks like; one that ended
 *    looks the same (outcome.h);
 *  - not come: its time is over, and it works here. It stays remembered, and is told as home or
 *    left when it goes after all.
 *
 * To work here is to have had a Produce or Fetch in RZ_AWAIT_WORKS_NS: libraries leave idle
 * connections behind. Of one that keeps an idle connection and is not seen at home nothing is told
 * before its time is over; then it has left.
 *
 * Cancelled: before its time was over another reason came to keep it, or none, on all of its
 * connections that work: its zone is not one to move it to (not ready, not stable), nobody can
 * tell, or a setting is another. What becomes of it then is not told. It is told anew when it is
 * waited for again, until a later time.
 */
#ifndef RZ_POLICY_AWAIT_H
#define RZ_POLICY_AWAIT_H

#include "policy/client.h"

#define RZ_AWAIT_MAX	  65536 /* clients; more are not remembered, and nothing is told of them */
#define RZ_AWAIT_WORKS_NS 120000000000ULL
#define RZ_AWAIT_GONE_NS  30000000000ULL /* without a connection here, until it has left */

/* A data connection, as a tick sees it. */
struct rz_await_conn {
	struct rz_client_key key;
	uint64_t cookie;
	struct rz_tuple tuple;
	const char *from_zone, *to_zone; /* copied; NULL: not known */
	uint64_t data_ns;		 /* its latest Produce or Fetch */
	uint64_t expected_ns;		 /* its library is to bring it home by then; 0: it is not */
	enum rz_reason reason;		 /* why it is kept; NONE: it is not */
	bool home;			 /* it is to an agent of the client's own zone */
};

struct rz_await_row {
	uint64_t client;
	uint64_t cookie; /* of one of its connections here, the latest that was seen */
	struct rz_tuple tuple;
	char from_zone[RZ_ZONE_SHOWN], to_zone[RZ_ZONE_SHOWN];
	enum rz_outcome outcome; /* HOME, LEFT; NONE: it did not come in time, or */
	bool cancelled;		 /* it is waited for no more, because of */
	enum rz_reason reason;
	uint64_t since_ns; /* when it was first waited for, */
	uint64_t until_ns; /* and until when */
};

struct rz_await;

/* 0 or -ENOMEM. */
int rz_await_new(struct rz_await **ret);
void rz_await_free(struct rz_await *a); /* takes NULL */

void rz_await_begin(struct rz_await *a, uint64_t now_ns);
/* Is this client waited for? Only those see anything new in a connection without expected_ns. */
bool rz_await_has(const struct rz_await *a, uint64_t client, const uint8_t addr[16]);
void rz_await_see(struct rz_await *a, const struct rz_await_conn *c);

/* All connections of the tick were seen: what there is to tell, which lives until the next begin.
 */
const struct rz_await_row *rz_await_settle(struct rz_await *a, size_t *ret_n);

/* Clients that are waited for now. */
size_t rz_await_count(const struct rz_await *a);

#endif
