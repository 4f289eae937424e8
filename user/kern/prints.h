/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What user space adds to map prints (include/rezone/print.h).
 *
 * Comes in: what a move saw of a connection's requests, what its agent said. Goes out: its entry.
 * Called by move/jobs.c when a move with a probe ends, and by daemon/ask.c.
 */
#ifndef RZ_KERN_PRINTS_H
#define RZ_KERN_PRINTS_H

#include <stdbool.h>

#include "kern/maps.h"

/* So many requests were unanswered at once; and it was held to find that out, or not. BPF may note
 * a request in the same instant: what it notes then is lost, as where two CPUs do. 0, or -errno: it
 * is not kept. */
int rz_prints_note(const struct rz_maps *maps, __u64 cookie, unsigned unanswered, bool probed);

/* The agent has this Produce at most, or RZ_PRINT_NO_ANSWER - 1: it did not say. Likewise. */
int rz_prints_note_agent(const struct rz_maps *maps, __u64 cookie, unsigned produce);

#endif
