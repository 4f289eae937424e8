/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of earlier moves of a client: rounds, cooldown, giving up. select.h says the rules.
 *
 * Comes in: the rows of a tick. Goes out: whether a client may be moved now. Called by
 * policy/select.c, in this order: begin, see for every row, settle, ask and move for candidates.
 */
#ifndef RZ_POLICY_HISTORY_H
#define RZ_POLICY_HISTORY_H

#include "policy/select.h"

#define RZ_HISTORY_MAX 65536

struct rz_history;

int rz_history_new(const struct rz_limits *limits, struct rz_history **ret);
void rz_history_free(struct rz_history *h); /* takes NULL */

/* A tick begins. */
void rz_history_begin(struct rz_history *h, uint64_t now_ns);

/* Takes note of a row, a candidate or a same-zone connection. Returns whether its client left it
 * behind (select.h): then it is no candidate. */
bool rz_history_see(struct rz_history *h, const struct rz_candidate *row);

/* All rows were seen: judges the rounds that are over, forgets what can no longer matter. */
void rz_history_settle(struct rz_history *h);

/* NONE: may go; COOLING_DOWN, GAVE_UP; OVER_BUDGET: no room to remember one client more. */
enum rz_reason rz_history_ask(struct rz_history *h, const struct rz_candidate *row);

/* It goes. 0 or -ENOMEM (then it must not). */
int rz_history_move(struct rz_history *h, const struct rz_candidate *row);

/* It went, at this time: when the tick was over. Also one that an operator moved. */
void rz_history_moved(struct rz_history *h, const struct rz_candidate *row, uint64_t at_ns);

/* It did not go after all. */
void rz_history_undo(struct rz_history *h, const struct rz_candidate *row);

size_t rz_history_count(const struct rz_history *h);

#endif
