/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the naive select share, see model.h: they ask the record, and each other. */
#ifndef TESTS_MODEL_PACE_H
#define TESTS_MODEL_PACE_H

#include "model.h"

enum bucket { NODE, TARGET, CLUSTER };

static inline const struct tick *at_hand(const struct run *r)
{
	return &r->ticks[r->n_ticks - 1];
}

/* A move as the rules count it; in mode observe those that would have been. */
static inline bool had_a_go(const struct run *r, const struct row *row)
{
	return !row->home &&
	       (row->reason == RZ_REASON_NONE ||
		(row->reason == RZ_REASON_OBSERVING && row->fate == WENT)) &&
	       (r->limits.mode == RZ_MODE_OBSERVE) == (row->reason == RZ_REASON_OBSERVING);
}

static inline bool is_who(const struct row *a, const struct row *b)
{
	return twist == TWIST_WHO ? a->client == b->client : a->who == b->who;
}

/* Likewise of tick `tick`, and before it was renamed. */
static inline bool is_of(const struct run *r, size_t tick, const struct row *row,
			 const struct row *who)
{
	unsigned id = who->who;
	size_t i, k;

	for (i = r->n_ticks; i-- > tick + 1;)
		for (k = r->ticks[i].n_copies; k-- > 0;)
			if (r->ticks[i].copies[k].who == id) {
				id = r->ticks[i].copies[k].copy_of;
				if (row->who == id)
					return true;
			}
	return is_who(row, who);
}

static inline uint64_t doubled(uint64_t ns, unsigned times, uint64_t most)
{
	while (times-- && ns < most)
		ns *= 2;
	return ns < most ? ns : most;
}

/* How long a client may go on using a connection that it is about to leave, and from when on
 * requests on this one show that it stays. */
static inline uint64_t leaving(const struct run *r)
{
	uint64_t half = r->limits.outcome_ns / 2;

	return half > 15 * SECOND_NS || twist == TWIST_STAYS_SHORT ? 15 * SECOND_NS : half;
}

static inline uint64_t stays_from(const struct run *r, const struct row *row, uint64_t moved_ns)
{
	bool older = row->opened_ns < moved_ns && twist != TWIST_STAYS_OPENED;

	return (older ? row->opened_ns : moved_ns) + leaving(r);
}

/* What is remembered of a client. */
struct past {
	bool any;
	uint64_t began_ns, moved_ns, until_ns, seen_ns;
	unsigned futile;
	bool open;		      /* not found futile yet */
	uint64_t first_ns, latest_ns; /* moves that happened */
	size_t began_tick;	      /* the round's first */
	size_t seen_tick;	      /* the latest with a candidate */
	size_t gone;		      /* moves since the latest tick without one */
	unsigned lost;		      /* connections older than the first move, by a move */
	bool several;		      /* clients with one client.id at one address */
};

/* rounds.c */
/* After so many ticks; of the one at hand, as far as row `before`. */
struct past past_of(const struct run *r, const struct row *who, const struct row *before,
		    size_t ticks);
bool is_left_behind(const struct run *r, const struct row *row);
/* NONE, COOLING_DOWN, GAVE_UP or MEMORY_FULL */
enum rz_reason ask_history(const struct run *r, const struct row *row, const struct row *before);
/* memory.c */
/* Is there room to remember one client more, before this row is asked? */
bool has_room(const struct run *r, const struct row *before);
bool is_remembered(const struct run *r, const struct row *who, const struct row *before);
/* *oldest: who may be forgotten, or NULL; itself may be NULL. */
size_t count_remembered(const struct run *r, const struct row *before, const struct row **oldest);
/* This row goes: forget another client if it must be. */
void make_room(const struct run *r, struct row *row);
/* outcomes.c */
bool has_open_move(const struct run *r, const struct row *who);
/* Was this move, of tick `moved_in`, still without an outcome when tick `t` came? */
bool is_pending(const struct run *r, size_t moved_in, const struct row *m, size_t t);
bool breaker_is_open(const struct run *r);
/* returns.c */
void recognise(struct run *r);
const struct row *latest_row(const struct run *r, unsigned who);
/* rates.c: how much is in a bucket when this row is asked; 2 if it is not used */
long double tokens_of(const struct run *r, const struct row *row, enum bucket b);

#endif
