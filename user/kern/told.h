/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map told (include/rezone/print.h): what the daemon found out of a connection's library, beside
 * what BPF notes of its requests in map prints.
 *
 * Comes in: what a move saw of a connection's requests, what its agent said. Goes out: its entry,
 * which the daemon alone writes, from one thread. Called by move/jobs.c when a move with a probe
 * ends, by daemon/ask.c, and by daemon/tick.c.
 */
#ifndef RZ_KERN_TOLD_H
#define RZ_KERN_TOLD_H

#include <stdbool.h>

#include "kern/snapshot.h"

/* So many requests were unanswered at once; and it was held to find that out, or not. 0, or -errno:
 * it is not kept; -ENOENT: the connection has closed, or nothing is noted of its requests. */
int rz_told_note_move(const struct rz_maps *maps, __u64 cookie, unsigned unanswered, bool probed);

/* Its agent has this Produce at most, or RZ_TOLD_NO_ANSWER - 1: it did not say. Likewise. */
int rz_told_note_agent(const struct rz_maps *maps, __u64 cookie, unsigned produce);

/* Removes what is left of connections that have closed, or of whose requests nothing is noted any
 * more because they are parked. So there is room in told for all that prints has room for. */
void rz_told_sweep(const struct rz_maps *maps, const struct rz_snapshot *snap);

#endif
