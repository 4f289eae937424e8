/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that are caught: a library that ends its idle connections writes at the very beginning of
 * the next one, so there is never a moment in which anybody could tell that all is answered, and it
 * would not miss the connection either (policy/library.h). So a move waits for the client's next
 * connection (map follow, with `software`): what asks there is answered, the segment in which its
 * first Produce begins is dropped, and the connection is closed before anything of it is executed.
 * Its library then asks where to write.
 *
 * Comes in: jobs that ended without a request, or whose connection ended meanwhile; what the kernel
 * knows of the next one. Goes out: whether to close it. The rows are a value of the daemon's, and
 * bounded: an entry of map follow without a row is an earlier daemon's, and ends. Pure. Called by
 * move/jobs.c, daemon/catch.c.
 */
#ifndef RZ_MOVE_CATCH_H
#define RZ_MOVE_CATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/ledger.h>
#include <rezone/types.h>

#include "move/follow.h"
#include "policy/candidate.h"

#define RZ_CATCH_MAX 64 /* clients at a time */

struct rz_caught {
	struct rz_follow_key key;
	struct rz_candidate c; /* the connection that had its turn; zones' names stand below */
	char from_zone[RZ_ZONE_SIZE], to_zone[RZ_ZONE_SIZE];
	struct rz_saved carried; /* by that connection; seen_ns 0: nobody knows */
};

struct rz_catching { /* all zero at first */
	struct rz_caught rows[RZ_CATCH_MAX];
	size_t n;
};

/* NULL: this client is not waited for. */
const struct rz_caught *rz_catching_find(const struct rz_catching *l,
					 const struct rz_follow_key *key);
/* Of one client address there are never more than are free for the others, so that it cannot keep
 * them out. One that is waited for already has its place. */
bool rz_catching_has_room(const struct rz_catching *l, const struct rz_follow_key *key);
/* False: there is no room. */
bool rz_catching_add(struct rz_catching *l, const struct rz_caught *row);
/* What its connection has carried, if this client is waited for. */
void rz_catching_note(struct rz_catching *l, const struct rz_follow_key *key,
		      const struct rz_saved *carried);
void rz_catching_end(struct rz_catching *l, const struct rz_follow_key *key);

/* WAIT, CLOSE, or END: it was let through at the deadline, or its client has left it. */
enum rz_follow_act rz_catch_decide(const struct rz_follow *e, const struct rz_follow_seen *s,
				   uint64_t now_ns);

#endif
