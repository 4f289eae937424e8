/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which library a connection's client is, and how that is known: a ladder of four rungs.
 *
 * 1. said: the client named itself on this connection (ApiVersions v3, KIP-511).
 * 2. sibling: another connection of the same client did (kern/named.h).
 * 3. fingerprint: the form of its requests is that of one library, or of a few (policy/print.h).
 * 4. unknown: the strictest rule of policy/library.c applies.
 *
 * The second rung is asked of a connection whose beginning rezone did not see; and of a writer that
 * was seen to begin without a name, if the form of its requests is that of the library that the
 * sibling named. Else one that was seen to begin without a name has none, so its fingerprint counts
 * only if all libraries of that form never say one. If the form of its requests is not that of the
 * library that a sibling named, the library is unknown.
 *
 * Of several libraries that have one form, a probe may tell which it is (policy/print.h): then it
 * is known by that. The versions that the agent has may rule some of them out (policy/offer.h).
 *
 * Whether a producer is idempotent is known by its batches alone, whatever its library.
 *
 * A reader's fingerprint is made of settings, so its rule is asked of each library that it may be
 * if one of them is not the default. A group's own connection, where it is seen here, tells more:
 * its versions are constants. If they are not those of any library that the reader may be, its
 * library is unknown, and it may be any whose versions they are.
 *
 * Comes in: a connection and its snapshot. Goes out: a name, and the rung. Pure. Called by
 * policy/tick.c, for the daemon and for `rezone list` alike.
 */
#ifndef RZ_POLICY_KNOWN_H
#define RZ_POLICY_KNOWN_H

#include "kern/snapshot.h"
#include "policy/print.h"

struct rz_known {
	enum rz_known_by by;
	const struct rz_software *software; /* NULL: none was said. Lives in the snapshot */
	rz_print_names prints;		    /* by fingerprint: it is one of these */
	rz_print_names may_be; /* whose rules are asked: these, and of a reader more; 0: any */
	bool idempotent;
	bool with_id;	/* each batch that was read had a producer id, if it was only one */
	bool probeable; /* a probe would tell more, namely: */
	struct rz_print_probe probe;
	rz_print_names if_newer; /* what it may be if its agent has a newer Produce than it sends */
	enum rz_agent_said agent;
};

struct rz_known rz_known_library(const struct rz_snapshot *snap, const struct rz_conn *c);

#endif
