/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts of one tick: each is worked out once for all connections that no rule can tell apart.
 * Pure.
 *
 * Comes in: connections, one after the other. Goes out: what rz_classify() says of each. Called by
 * policy/tick.c.
 */
#ifndef RZ_POLICY_VERDICTS_H
#define RZ_POLICY_VERDICTS_H

#include <stddef.h>

#include "policy/classify.h"

struct rz_verdicts;

/* Of one world, which outlives it, and does not change meanwhile; nor does what the connections
 * point to. 0 or -ENOMEM. */
int rz_verdicts_new(const struct rz_world *world, struct rz_verdicts **ret);
void rz_verdicts_free(struct rz_verdicts *v); /* takes NULL */

/* The same as rz_classify(c, world). `ret_number`: all connections that get the same one share this
 * number, which is below RZ_VERDICTS_MAX; RZ_VERDICTS_MAX: it was judged by itself. */
#define RZ_VERDICTS_MAX 4096 /* 1.2 MB; what is like none of these is judged by itself */
struct rz_verdict rz_verdicts_of(struct rz_verdicts *v, const struct rz_judged_conn *c,
				 size_t *ret_number);

#endif
