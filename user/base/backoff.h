/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a child process that ended is started again: each wait is twice as long as the one before,
 * so that a child that cannot run costs nothing; one that ran for long begins anew.
 *
 * Comes in: its starts and ends, with their time. Goes out: how long to wait. Pure. Used by
 * daemon/serve.c, daemon/reporter.c and enter/keep.c.
 */
#ifndef RZ_BASE_BACKOFF_H
#define RZ_BASE_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define RZ_BACKOFF_MAX 60 /* the longest wait, in first waits; also what counts as a long run */

/* All zero: no child yet, and the first one may start now. */
struct rz_backoff {
	uint64_t began_ns; /* the child's start; 0: it does not run */
	uint64_t wait_ns;  /* from its latest end to next_ns; 0: it never ended */
	uint64_t next_ns;  /* the next start */
};

/* The child was started, or a start is tried. */
void rz_backoff_began(struct rz_backoff *b, uint64_t now_ns);

/* It ended, or the start failed: waits for `first_ns`, or twice as long as the last time. */
void rz_backoff_ended(struct rz_backoff *b, uint64_t first_ns, uint64_t now_ns);

/* May the next one start? */
static inline bool rz_backoff_is_over(const struct rz_backoff *b, uint64_t now_ns)
{
	return now_ns >= b->next_ns;
}

#endif
