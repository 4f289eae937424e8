/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that rezone listens to: no request came while their move waited, so nobody could tell
 * whether all was answered. The move is given up, but the responses go on being followed, so that
 * the next request and its response are seen whenever they come. The next move of such a connection
 * finds it in its gap. Nothing is held back or closed meanwhile.
 *
 * Comes in: jobs that ended without a request; the connections of a tick. Goes out: the rows that
 * kern/watch.h keeps when no move is under way. A value of the daemon's, bounded; who is listened
 * to, and for how long, the policy says (policy/select.h). Called by move/jobs.c, daemon/listen.c.
 */
#ifndef RZ_MOVE_LISTEN_H
#define RZ_MOVE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/held.h"

#define RZ_LISTEN_MAX                                                                  \
	64 /* connections at a time: each is an entry of map holds; fits a byte of map \
	    * status */

struct rz_listening { /* all zero at first */
	struct rz_watched rows[RZ_LISTEN_MAX];
	size_t n;
};

bool rz_listening_has(const struct rz_listening *l, uint64_t cookie);
/* Begins, or goes on until this row's end. False: there is no room. Of one client address there are
 * never more than are free for the others, so that it cannot keep them out. */
bool rz_listening_add(struct rz_listening *l, const struct rz_watched *row);
void rz_listening_end(struct rz_listening *l, uint64_t cookie);
/* Makes room: ends those whose time is over. They may be candidates for long after that. */
void rz_listening_end_old(struct rz_listening *l, uint64_t now_ns);

#endif
