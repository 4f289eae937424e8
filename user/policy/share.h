/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This node's share of what the whole cluster may do, without asking anybody: every node knows the
 * same topology, so each can work out its own part. Pure.
 *
 * Comes in: the topology, and the connections' local addresses, for a topology file does not say
 * which agents are on this node. Goes out: shares of rates. Called by policy/tick.c.
 */
#ifndef RZ_POLICY_SHARE_H
#define RZ_POLICY_SHARE_H

#include "policy/budget.h"
#include "topo/topo.h"

struct rz_share;

/* Both are borrowed. 0 or -ENOMEM. */
int rz_share_new(const struct rz_topo *topo, const struct rz_topo_zones *zones,
		 struct rz_share **ret);
void rz_share_free(struct rz_share *s); /* takes NULL */

/* There is this connection: its agent, if it is one's, is on this node. */
void rz_share_see(struct rz_share *s, const struct rz_conn *c);

/* The part of all agents that is on this node, 0 to 1. To be asked when all were seen. */
double rz_share_all(struct rz_share *s);

/*
 * A zone as the target of moves: its ready agents, times the part that this node has in the agents
 * of its group in other zones, from which clients are moved there. `z` is a row of `zones`. To be
 * asked when all were seen.
 */
struct rz_target rz_share_target(struct rz_share *s, const struct rz_topo_zone *z);

#endif
