// SPDX-License-Identifier: Apache-2.0
/* The roll of connections, see roll.h. Pure. */
#include "policy/roll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADS_FIRST 1024

/* In chains a place counts from 1; 0 is the end. */
static uint32_t *head_of(const struct rz_roll *r, uint64_t cookie)
{
	return &r->heads[(cookie * 0x9e3779b97f4a7c15ULL >> 32) & (r->n_heads - 1)];
}

static void chain(struct rz_roll *r, uint32_t place)
{
	uint32_t *head = head_of(r, rz_roll_counted(r, place)->cookie);

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

/* A note for each place of the caller's at least. 0 or -ENOMEM. */
static int make_room(struct rz_roll *r, size_t room)
{
	struct rz_roll_note *notes = realloc(r->notes, room * sizeof(*notes));
	struct rz_counted *extra;

	if (!notes)
		return -ENOMEM;
	r->notes = notes;
	if (room > r->n_places) {
		extra = realloc(r->extra, (room - r->n_places) * sizeof(*extra));
		if (!extra)
			return -ENOMEM;
		r->extra = extra;
	}
	r->room = (uint32_t)room;
	return 0;
}

static void take(struct rz_roll *r, uint32_t place)
{
	r->notes[place] = (struct rz_roll_note){.used = 1};
	r->taken++;
}

static void release(struct rz_roll *r, uint32_t place)
{
	r->notes[place] = (struct rz_roll_note){.next = r->free};
	r->free = place + 1;
}

int rz_roll_new(struct rz_counted *places, size_t n, struct rz_roll **ret)
{
	struct rz_roll *r = calloc(1, sizeof(*r));
	size_t i;

	if (!r)
		return -ENOMEM;
	r->places = places;
	r->n_places = n;
	for (i = 0; i < n; i++)
		if (places[i].cookie)
			r->top = (uint32_t)i + 1;
	if (make_room(r, n + 1)) {
		rz_roll_free(r);
		return -ENOMEM;
	}
	for (i = r->top; i-- > 0;)
		if (places[i].cookie)
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
static bool is_next(const struct rz_roll *r, uint64_t cookie)
{
	return r->next < r->top && r->notes[r->next].used &&
	       rz_roll_counted(r, r->next)->cookie == cookie;
}

uint32_t rz_roll_find(struct rz_roll *r, uint64_t cookie)
{
	uint32_t at;

	if (is_next(r, cookie))
		return r->next++;
	at = *head_of(r, cookie);
	while (at && rz_roll_counted(r, at - 1)->cookie != cookie)
		at = r->notes[at - 1].next;
	if (at)
		r->next = at;
	return at ? at - 1 : RZ_ROLL_NONE;
}

uint32_t rz_roll_add(struct rz_roll *r, const struct rz_counted *c)
{
	uint32_t place = r->free ? r->free - 1 : r->top;

	if (place == r->room && make_room(r, 2 * (size_t)r->room))
		return RZ_ROLL_NONE;
	if (r->free)
		r->free = r->notes[place].next;
	else
		r->top++;
	take(r, place);
	*rz_roll_counted(r, place) = *c;
	chain(r, place);
	if (r->taken > r->n_heads)
		make_chains(r, 2 * r->n_heads);
	return place;
}

void rz_roll_drop(struct rz_roll *r, uint32_t place)
{
	uint32_t *at = head_of(r, rz_roll_counted(r, place)->cookie);

	while (*at != place + 1)
		at = &r->notes[*at - 1].next;
	*at = r->notes[place].next;
	rz_roll_counted(r, place)->cookie = 0;
	release(r, place);
	r->taken--;
}
