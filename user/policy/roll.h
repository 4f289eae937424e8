/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roll: what the daemon remembers of each connection from tick to tick. What of its bytes is
 * counted lies in the places of map counted (include/rezone/ledger.h), so that the next run has it
 * too; beside each place there is a note of eight bytes. Pure, but for the caller's rz_roll_grow.
 *
 * Comes in: cookies. Goes out: the place of each, found without sorting anything. Called by
 * policy/ledger.c, which brings places up to date, and by the daemon, which keeps the latest
 * verdict in the notes.
 */
#ifndef RZ_POLICY_ROLL_H
#define RZ_POLICY_ROLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/counted.h"

struct rz_roll_note {
	uint32_t next;		      /* roll.c's */
	uint8_t tick;		      /* when it was last met open (rz_ledger_begin) */
	uint8_t reason;		      /* enum rz_reason of the latest verdict, if it was judged */
	uint8_t used : 1, judged : 1; /* somebody has the place */
	uint8_t arrived : 1;	      /* it was counted as an arrival, or is none */
	uint8_t missed : 1;	      /* at the latest tick it was neither open nor had it closed */
	uint8_t closed : 1;
	uint8_t observed : 1; /* event `observe` was told of it, and it waits without a row since */
	uint8_t base : 1;     /* a connection's other place (struct rz_counted.base) */
};

/* More places: those that there were, and some behind them, at *places and *n. 0, or -errno: all
 * stays as it was. */
typedef int (*rz_roll_grow)(void *arg, struct rz_counted_entry **places, size_t *n);

struct rz_roll {
	struct rz_counted_entry *places; /* the caller's */
	size_t n_places;		 /* a multiple of RZ_COUNTED_EACH, as is extra_room */
	rz_roll_grow grow;		 /* NULL: there are no more */
	void *grow_arg;
	struct rz_counted_entry *extra; /* of those beyond: the next run does not have them */
	size_t extra_room;
	struct rz_roll_note *notes;
	uint32_t *heads; /* of chains of notes */
	size_t n_heads;
	uint32_t free;	/* the first of a chain of free places */
	uint32_t top;	/* no place from here on was ever used */
	uint32_t room;	/* notes */
	uint32_t taken; /* places */
	uint32_t next;	/* the place behind the one that was found last: looked at first */
};
#define RZ_ROLL_NONE UINT32_MAX

/* `places` is the caller's, and has what an earlier run has left. 0 or -ENOMEM. */
int rz_roll_new(struct rz_counted_entry *places, size_t n, struct rz_roll **ret);
/* When all places are taken, `grow` is asked for more, until it has none. */
void rz_roll_grows(struct rz_roll *r, rz_roll_grow grow, void *arg);
void rz_roll_free(struct rz_roll *r); /* takes NULL */

/* NONE: it has no place. */
uint32_t rz_roll_find(struct rz_roll *r, uint64_t cookie);
/* Its other place; NONE: it has none. */
uint32_t rz_roll_find_base(struct rz_roll *r, uint64_t cookie);
/* A new place for one that has none, with this to begin with. NONE: no memory. */
uint32_t rz_roll_add(struct rz_roll *r, const struct rz_counted *c);
/* Frees it. */
void rz_roll_drop(struct rz_roll *r, uint32_t place);

struct rz_counted rz_roll_get(const struct rz_roll *r, uint32_t place);
/* What is counted of the connection that has the place has changed. */
void rz_roll_put(struct rz_roll *r, uint32_t place, const struct rz_counted *c);

/* Will the next run find all of them? */
static inline bool rz_roll_is_whole(const struct rz_roll *r)
{
	return r->top <= r->n_places;
}

static inline struct rz_roll_note *rz_roll_note(const struct rz_roll *r, uint32_t place)
{
	return &r->notes[place];
}

#endif
