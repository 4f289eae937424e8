/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of the policy over everything. Pure apart from select's memory.
 *
 * Comes in: the connections, a snapshot of the other maps, the topology, the clock. Goes out: the
 * candidates, each with "go" or the reason to wait, and how many connections have each reason.
 * Called by daemon/tick.c with a pass's rows (rows.h), and by the commands with a whole snapshot.
 */
#ifndef RZ_POLICY_TICK_H
#define RZ_POLICY_TICK_H

#include "kern/snapshot.h"
#include "policy/classify.h"
#include "policy/rows.h"
#include "policy/select.h"

/* A connection of a snapshot, as the policy judges it. *proxied: memory for the address that a
 * PROXY header names. */
struct rz_judged_conn rz_judged(const struct rz_snapshot *snap, const struct rz_conn *c,
				struct rz_endpoint *proxied);

/* What alike connections are told alike. */
struct rz_tick_early {
	bool decided; /* else each of them is to be judged by itself (rz_tick_run) */
	struct rz_tick_verdict verdict;
};
struct rz_tick_early rz_tick_early(const struct rz_judged_conn *c, const struct rz_world *world);

struct rz_tick {
	struct rz_tick_verdict *verdicts; /* rz_tick_run(): of each connection, in the snapshot's
					   * order */
	/* Sorted by cookie: those that go; of rz_tick_run() all candidates. */
	struct rz_candidate *moves;
	size_t n_moves;
	size_t candidates;		      /* so many there are, whether they go or wait */
	size_t reasons[RZ_REASON_COUNT];      /* connections, by what classify and select said */
	size_t localities[RZ_LOCALITY_COUNT]; /* connections */
	bool backlog; /* somebody waits for a rate alone: the next tick may come before its time */
	double share; /* this node's part of all agents (select.h) */
};

/* When the next tick is due: who waits for a rate alone does not wait for a whole interval. */
#define RZ_TICK_BACKLOG_NS 1000000000ULL
static inline uint64_t rz_tick_due_ns(bool backlog, uint64_t interval_ns)
{
	return backlog && interval_ns > RZ_TICK_BACKLOG_NS ? RZ_TICK_BACKLOG_NS : interval_ns;
}

/* Judges a pass's rows, which are sorted: each has its kind and its reason afterwards. `snap` has
 * all else. `paused`: by the operator. 0 or -ENOMEM; *ret is written on success only. */
int rz_tick_rows(const struct rz_snapshot *snap, const struct rz_world *world,
		 struct rz_select *select, bool paused, struct rz_rows *rows, struct rz_tick **ret);
/* The same of all connections of a snapshot, which are sorted. */
int rz_tick_run(const struct rz_snapshot *snap, const struct rz_world *world,
		struct rz_select *select, bool paused, struct rz_tick **ret);
/*
 * The orders of an operator, as moves that go: those of `orders` whose connection is in the
 * snapshot, still has that client, and is not protected (rz_classify_by_hand). The world's topology
 * may be empty. 0 or -ENOMEM.
 */
struct rz_order_row {
	uint64_t cookie;
	struct rz_order order;
};
int rz_tick_by_hand(const struct rz_snapshot *snap, const struct rz_world *world,
		    const struct rz_order_row *orders, size_t n, struct rz_tick **ret);
void rz_tick_free(struct rz_tick *t); /* takes NULL */

/* Nobody of the tick goes after all, for want of memory: gives back what select has taken of rates
 * and turns for those that it allowed. They are allowed again by a later run. */
void rz_tick_give_back(struct rz_select *select, const struct rz_tick *t);

/* Among t->moves. */
const struct rz_candidate *rz_tick_find(const struct rz_tick *t, uint64_t cookie);

/* Why a move that was allowed did not happen. */
enum rz_undone {
	RZ_UNDO_REFUSED,  /* the connection is gone or another, or nothing was done to it */
	RZ_UNDO_SILENT,	  /* begun, and nothing was asked by whose answer it could be judged */
	RZ_UNDO_LET_GO,	  /* begun, and no moment was found */
	RZ_UNDO_LISTENED, /* as silent, but its next request will be seen; at_ns: when it began */
};
void rz_tick_undo(struct rz_select *select, const struct rz_candidate *m, enum rz_undone why,
		  uint64_t at_ns);

#endif
