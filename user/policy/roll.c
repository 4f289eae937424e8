// SPDX-License-Identifier: Apache-2.0
/* The roll of connections, see roll.h. Pure. */
#include "policy/roll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADS_FIRST 1024
#define NOTES_FIRST 256

/* ---- places ---- */

static struct rz_counted_entry *entries_of(const struct rz_roll *r, uint32_t *place)
{
	if (*place < r->n_places)
		return r->places;
	*place -= (uint32_t)r->n_places;
	return r->extra;
}

struct rz_counted rz_roll_get(const struct rz_roll *r, uint32_t place)
{
	struct rz_counted_entry *entries = entries_of(r, &place);

	return rz_counted_get(entries, place);
}

void rz_roll_put(struct rz_roll *r, uint32_t place, const struct rz_counted *c)
{
	struct rz_counted_entry *entries = entries_of(r, &place);

	rz_counted_put(entries, place, c);
}

static void clear(struct rz_roll *r, uint32_t place)
{
	struct rz_counted_entry *entries = entries_of(r, &place);

	rz_counted_clear(entries, place);
}

static bool is_of(const struct rz_roll *r, uint32_t place, uint64_t cookie, bool base)
{
	struct rz_counted c = rz_roll_get(r, place);

	return c.cookie == cookie && c.base == base;
}

/* ---- chains: a place counts from 1 in them; 0 is the end ---- */

static uint32_t *head_of(const struct rz_roll *r, uint64_t cookie)
{
	return &r->heads[(cookie * 0x9e3779b97f4a7c15ULL >> 32) & (r->n_heads - 1)];
}

static void chain(struct rz_roll *r, uint32_t place)
{
	uint32_t *head = head_of(r, rz_roll_get(r, place).cookie);

	r->notes[place].next = *head;
	*head = place + 1;
}

/* As many chains as places, so that a look-up compares one cookie or two. */
static void make_chains(struct rz_roll *r, size_t n)
{
	uint32_t *heads = calloc(n, sizeof(*heads));
	uint32_t i;

	if (!heads)
		return; /* longer chains do, too */
	free(r->heads);
	r->heads = heads;
	r->n_heads = n;
	for (i = 0; i < r->top; i++)
		if (r->notes[i].used)
			chain(r, i);
}

/* ---- room ---- */

/* 0 or -ENOMEM. */
static int make_notes(struct rz_roll *r, size_t room)
{
	struct rz_roll_note *notes = realloc(r->notes, room * sizeof(*notes));

	if (!notes)
		return -ENOMEM;
	r->notes = notes;
	r->room = (uint32_t)room;
	return 0;
}

static int make_extra(struct rz_roll *r, size_t room)
{
	struct rz_counted_entry *extra = realloc(r->extra, room / RZ_COUNTED_EACH * sizeof(*extra));

	if (!extra)
		return -ENOMEM;
	r->extra = extra;
	r->extra_room = room;
	return 0;
}

/* The place `r->top` is about to be taken. Once one is beyond the caller's places, these grow no
 * more: it would have to change its memory. 0 or -ENOMEM. */
static int make_room(struct rz_roll *r)
{
	size_t beyond;

	if (r->top == r->room && make_notes(r, 2 * (size_t)r->room))
		return -ENOMEM;
	if (r->top < r->n_places)
		return 0;
	if (r->grow && !r->grow(r->grow_arg, &r->places, &r->n_places) && r->top < r->n_places)
		return 0;
	r->grow = NULL;
	beyond = r->top - r->n_places;
	return beyond < r->extra_room ? 0 : make_extra(r, r->extra_room ? 2 * beyond : 64);
}

static void take(struct rz_roll *r, uint32_t place)
{
	r->notes[place] = (struct rz_roll_note){.used = 1, .base = rz_roll_get(r, place).base};
	r->taken++;
}

static void release(struct rz_roll *r, uint32_t place)
{
	r->notes[place] = (struct rz_roll_note){.next = r->free};
	r->free = place + 1;
}

int rz_roll_new(struct rz_counted_entry *places, size_t n, struct rz_roll **ret)
{
	struct rz_roll *r = calloc(1, sizeof(*r));
	size_t i;

	if (!r)
		return -ENOMEM;
	r->places = places;
	r->n_places = n;
	for (i = 0; i < n; i++)
		if (rz_counted_get(places, i).cookie)
			r->top = (uint32_t)i + 1;
	if (make_notes(r, r->top + NOTES_FIRST)) {
		rz_roll_free(r);
		return -ENOMEM;
	}
	for (i = r->top; i-- > 0;)
		if (rz_counted_get(places, i).cookie)
			take(r, (uint32_t)i);
		else
			release(r, (uint32_t)i);
	make_chains(r, HEADS_FIRST);
	if (!r->heads) {
		rz_roll_free(r);
		return -ENOMEM;
	}
	*ret = r;
	return 0;
}

void rz_roll_grows(struct rz_roll *r, rz_roll_grow grow, void *arg)
{
	r->grow = grow;
	r->grow_arg = arg;
}

void rz_roll_free(struct rz_roll *r)
{
	if (!r)
		return;
	free(r->extra);
	free(r->notes);
	free(r->heads);
	free(r);
}

/* Map conns is read in the same order at each tick, in which places were given, too. */
static bool is_next(struct rz_roll *r, uint64_t cookie)
{
	if (r->next < r->top && r->notes[r->next].base)
		r->next++;
	return r->next < r->top && r->notes[r->next].used && is_of(r, r->next, cookie, false);
}

static uint32_t search(const struct rz_roll *r, uint64_t cookie, bool base)
{
	uint32_t at = *head_of(r, cookie);

	while (at && !is_of(r, at - 1, cookie, base))
		at = r->notes[at - 1].next;
	return at ? at - 1 : RZ_ROLL_NONE;
}

uint32_t rz_roll_find(struct rz_roll *r, uint64_t cookie)
{
	uint32_t place;

	if (is_next(r, cookie))
		return r->next++;
	place = search(r, cookie, false);
	if (place != RZ_ROLL_NONE)
		r->next = place + 1;
	return place;
}

uint32_t rz_roll_find_base(struct rz_roll *r, uint64_t cookie)
{
	return search(r, cookie, true);
}

uint32_t rz_roll_add(struct rz_roll *r, const struct rz_counted *c)
{
	uint32_t place = r->free ? r->free - 1 : r->top;

	if (!r->free && make_room(r))
		return RZ_ROLL_NONE;
	if (r->free)
		r->free = r->notes[place].next;
	else
		r->top++;
	rz_roll_put(r, place, c);
	take(r, place);
	chain(r, place);
	if (r->taken > r->n_heads)
		make_chains(r, 2 * r->n_heads);
	return place;
}

void rz_roll_drop(struct rz_roll *r, uint32_t place)
{
	uint32_t *at = head_of(r, rz_roll_get(r, place).cookie);

	while (*at != place + 1)
		at = &r->notes[*at - 1].next;
	*at = r->notes[place].next;
	clear(r, place);
	release(r, place);
	r->taken--;
}
