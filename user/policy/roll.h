/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roll: what the daemon remembers of each connection from tick to tick. What of its bytes is
 * counted lies in the places of map counted (include/rezone/ledger.h), so that the next run has it
 * too; beside each place there is a note of eight bytes. Pure.
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

#include <rezone/ledger.h>

struct rz_roll_note {
	uint32_t next;		      /* roll.c's */
	uint8_t tick;		      /* when it was last met open (rz_ledger_begin) */
	uint8_t reason;		      /* enum rz_reason of the latest verdict, if it was judged */
	uint8_t used : 1, judged : 1; /* somebody has the place */
	uint8_t arrived : 1;	      /* it was counted as an arrival, or is none */
	uint8_t missed : 1;	      /* at the latest tick it was neither open nor had it closed */
	uint8_t closed : 1;
};

struct rz_roll {
	struct rz_counted *places; /* the caller's */
	size_t n_places;
	struct rz_counted *extra; /* of those beyond: the next run does not have them */
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
int rz_roll_new(struct rz_counted *places, size_t n, struct rz_roll **ret);
void rz_roll_free(struct rz_roll *r); /* takes NULL */

/* NONE: it has no place. */
uint32_t rz_roll_find(struct rz_roll *r, uint64_t cookie);
/* A new place for one that has none, with this to begin with. NONE: no memory. */
uint32_t rz_roll_add(struct rz_roll *r, const struct rz_counted *c);
/* Frees it. */
void rz_roll_drop(struct rz_roll *r, uint32_t place);

static inline struct rz_counted *rz_roll_counted(const struct rz_roll *r, uint32_t place)
{
	return place < r->n_places ? &r->places[place] : &r->extra[place - r->n_places];
}

static inline struct rz_roll_note *rz_roll_note(const struct rz_roll *r, uint32_t place)
{
	return &r->notes[place];
}

#endif
