/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which connections are parked (bpf/park.bpf.h): those that nobody would move, as things stand.
 * Pure: the clock is an argument.
 *
 * Comes in: a connection, and whether the first reason against its move lasts (rz_verdict.lasts).
 * Goes out: the mark that it should have. Called by daemon/park.c and, of the same connection, by
 * the rules.
 */
#ifndef RZ_POLICY_PARK_H
#define RZ_POLICY_PARK_H

#include <stdbool.h>
#include <stdint.h>

#include <rezone/conn.h>

/*
 * Requests of a connection that are read before it is parked: those whose form tells libraries
 * apart (RZ_REQUESTS_FIRST), and in so many a second client.id is found, of which three in four are
 * not compared: 52 of the first 64 would have to be passed over.
 */
#define RZ_PARK_REQUESTS 64

/*
 * After it was parked a connection is not moved before RZ_UNSEEN_REQUESTS were read, so that what
 * was in flight is answered, over so long a time: by then a member of a group, whose libraries send
 * a heartbeat every 3 s by default, has shown that it is one. --park-after, if that is shorter.
 */
#define RZ_PARK_READ_NS 10000000000ULL

/* Is enough known of what it carries now? Not while it is parked, or is about to be; nor if it was,
 * for a while. */
bool rz_park_is_known(const struct rz_conn *c, uint64_t after_ns, uint64_t now_ns);

/*
 * The mark that it should have, of those that user space may give it; its own: no change. `lasts`:
 * it is not moved for good, as things stand. `after_ns`: --park-after; 0: nobody is parked.
 */
enum rz_park rz_park_next(const struct rz_conn *c, bool lasts, uint64_t after_ns, uint64_t now_ns);

/* Are its requests left unread? Then what is known of it may be old. */
static inline bool rz_park_is_parked(const struct rz_conn *c)
{
	return c->park == RZ_PARK_PARKED || c->park == RZ_PARK_ENDING;
}

#endif
