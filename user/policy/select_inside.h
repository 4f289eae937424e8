/* SPDX-License-Identifier: Apache-2.0 */
/* What select.c and select_after.c share, for these two alone. */
#ifndef RZ_POLICY_SELECT_INSIDE_H
#define RZ_POLICY_SELECT_INSIDE_H

#include "policy/breaker.h"
#include "policy/queue.h"
#include "policy/select.h"

struct rz_select {
	struct rz_limits limits;
	struct rz_client_memory *clients;
	struct rz_breaker breaker;
	struct rz_budget *budget;
	struct rz_queue queue;
	uint64_t now_ns; /* of the latest tick; never goes back */
	bool paused;
};

/* A candidate that waits, with what is remembered of it. */
struct rz_waiter {
	struct rz_candidate row;
	struct rz_waiting *waiting;   /* NULL: it is no candidate of a tick */
	struct rz_queue_turn *client; /* NULL: no memory */
};

/* A candidate for the memory of clients, with what was seen of it, now or before. `w`: NULL, or
 * what is remembered of it. */
struct rz_client_conn rz_select_waiting_conn(const struct rz_candidate *row,
					     const struct rz_waiting_more *w);
/* What is remembered of it and its client: NONE, or the reason to wait. */
enum rz_reason rz_select_remembers(struct rz_select *s, const struct rz_candidate *row,
				   const struct rz_client_conn *conn,
				   const struct rz_waiting_more *w);
/* How long a connection rests that was let go, doubled for each time before. */
uint64_t rz_select_let_go_rest(const struct rz_select *s, const struct rz_waiting_more *w);
/* Everything but the rates; NONE: nothing does. */
enum rz_reason rz_select_speaks_against(struct rz_select *s, const struct rz_waiter *place);

#endif
