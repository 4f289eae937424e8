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

#include "policy/classify.h"

struct rz_verdicts;

/* Of one world, which outlives it, and does not change meanwhile; nor does what the connections
 * point to. 0 or -ENOMEM. */
int rz_verdicts_new(const struct rz_world *world, struct rz_verdicts **ret);
void rz_verdicts_free(struct rz_verdicts *v); /* takes NULL */

/* The same as rz_classify(c, world). */
struct rz_verdict rz_verdicts_of(struct rz_verdicts *v, const struct rz_judged_conn *c);

#endif
