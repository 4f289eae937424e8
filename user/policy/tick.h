/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of the policy over everything. Pure apart from select's history.
 *
 * Comes in: a snapshot of the maps, the topology, the clock. Goes out: the candidates, each with
 * "go" or the reason to wait, and how many connections have each reason. Called by daemon/tick.c.
 */
#ifndef RZ_POLICY_TICK_H
#define RZ_POLICY_TICK_H

#include "kern/maps.h"
#include "policy/select.h"

struct rz_tick_move {
	uint64_t cookie;
	uint64_t client; /* hash of the client.id */
	uint32_t netns;
	struct rz_tuple tuple;
	uint64_t opened_ns;
	bool unnamed; /* it produces, and does not say which library it is */
	struct rz_target target;
	const char *from_zone, *to_zone; /* live in the topology or the snapshot */
	enum rz_reason reason;		 /* RZ_REASON_NONE: go */
};

struct rz_tick {
	struct rz_tick_move *moves; /* candidates, sorted by cookie */
	size_t n_moves;
	size_t reasons[RZ_REASON_COUNT];      /* connections, by what classify and select said */
	size_t localities[RZ_LOCALITY_COUNT]; /* connections */
	bool backlog; /* somebody waits for a rate alone: the next tick may come before its time */
};

/* `paused`: by the operator. 0 or -ENOMEM; *ret is written on success only. */
int rz_tick_run(const struct rz_snapshot *snap, const struct rz_world *world,
		struct rz_select *select, bool paused, struct rz_tick **ret);
void rz_tick_free(struct rz_tick *t); /* takes NULL */

const struct rz_tick_move *rz_tick_find(const struct rz_tick *t, uint64_t cookie);

/* A move happened, at this time. */
void rz_tick_moved(struct rz_select *select, const struct rz_tick_move *m, uint64_t at_ns);

/* A move that was allowed did not happen; `let_go`: it was begun, and no moment was found. */
void rz_tick_undo(struct rz_select *select, const struct rz_tick_move *m, bool let_go);

#endif
