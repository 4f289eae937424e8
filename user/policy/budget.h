/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many moves may go: token buckets for this node, for its share of the cluster, and for each
 * zone that moves go to. Pure: the clock is an argument.
 *
 * Comes in: the time, and for each candidate where it would go. Goes out: whether there is room, or
 * which of the three has none. Called by policy/select.c.
 *
 * A bucket gets `rate` tokens a second and holds a second's worth, at least one; while candidates
 * wait for any of the buckets, each holds what it gets between two ticks, up to RZ_BACKLOG_NS: a
 * tick whose moves take long to find their gaps does not make the rate smaller. Over any span it
 * lets pass at most rate * (span + RZ_BACKLOG_NS), and one. A bucket with less than a token a
 * second begins with `phase` of a token: a thousand nodes that see the same zone become ready do
 * not all move their first client at once. For the next time that they do, a bucket that is full,
 * and that nobody has asked for since the tick before, begins anew.
 */
#ifndef RZ_POLICY_BUDGET_H
#define RZ_POLICY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/reason.h"

#define RZ_BACKLOG_NS 10000000000ULL

struct rz_rates {
	double node;	   /* moves a second; 0: off */
	double per_target; /* a second, for each ready agent of a zone, by the whole cluster; 0: off
			    */
	double cluster;	   /* a second, by the whole cluster; 0: off */
	double phase;	   /* 0 to 1; differs from node to node */
};

/* Where a move would go, and this node's part in it. */
struct rz_target {
	uint64_t key; /* of group and zone */
	double share; /* ready agents there, times the part of those who move clients there that
			 are on this node */
};

struct rz_budget;

int rz_budget_new(const struct rz_rates *rates, struct rz_budget **ret);
/* Other rates from now on, but for phase. */
void rz_budget_set_rates(struct rz_budget *b, const struct rz_rates *rates);
void rz_budget_free(struct rz_budget *b); /* takes NULL */

/* A tick begins. `share`: the part of the cluster's agents that is on this node, 0 to 1. */
void rz_budget_begin(struct rz_budget *b, uint64_t now_ns, double share);

/* Between two ticks: what the buckets got until now may be taken, too. A tick is not later or
 * poorer for it. */
void rz_budget_go_on(struct rz_budget *b, uint64_t now_ns);

/* Takes a token of each bucket: NONE. Or none at all: OVER_BUDGET (the node's, or no memory),
 * TARGET_BUDGET, CLUSTER_BUDGET. */
enum rz_reason rz_budget_take(struct rz_budget *b, const struct rz_target *t);

/* The same answer, and nothing is taken. */
enum rz_reason rz_budget_ask(struct rz_budget *b, const struct rz_target *t);

/* Would it take them? Nothing is taken, nor asked for. */
bool rz_budget_has(const struct rz_budget *b, const struct rz_target *t);

/* Gives them back: it was no move. */
void rz_budget_give(struct rz_budget *b, const struct rz_target *t);

/* Was somebody refused since the tick began? More will be given before long. */
bool rz_budget_backlog(const struct rz_budget *b);

#endif
