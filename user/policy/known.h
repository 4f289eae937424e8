/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which library a connection's client is, and how that is known: a ladder of four rungs.
 *
 * 1. said: the client named itself on this connection (ApiVersions v3, KIP-511).
 * 2. sibling: another connection of the same client did (kern/named.h).
 * 3. fingerprint: the form of its requests is that of one library, or of a few (policy/print.h).
 * 4. unknown: the strictest rule of policy/library.c applies.
 *
 * The second rung is asked only of a connection whose beginning rezone did not see. A connection
 * that was seen to begin without a name has none, so its fingerprint counts only if all libraries
 * of that form never say one. If the form of its requests is not that of the library that a sibling
 * named, the library is unknown.
 *
 * Whether a producer is idempotent is known by its batches alone, whatever its library.
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
	bool idempotent;
};

struct rz_known rz_known_library(const struct rz_snapshot *snap, const struct rz_conn *c);

#endif
