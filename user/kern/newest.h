/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The newest versions that any client was seen to send to an agent, by API: the agent has at least
 * these. Of a client that sends an older one it is known then that it has no newer one itself.
 *
 * Comes in: conns and prints of a snapshot. Goes out: the snapshot's `newest`. Pure. Called by
 * whoever reads a snapshot and judges by it; asked by policy/known.c.
 */
#ifndef RZ_KERN_NEWEST_H
#define RZ_KERN_NEWEST_H

#include "kern/snapshot.h"

/* Fills s->newest. 0 or -ENOMEM (logged): then nothing is known of any agent. */
int rz_newest_learn(struct rz_snapshot *s);

/* By API, version + 1, of the agent of this connection; 0: none was seen. */
const __u8 *rz_newest_find(const struct rz_snapshot *s, const struct rz_conn *c);

#endif
