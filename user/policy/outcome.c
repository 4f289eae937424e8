// SPDX-License-Identifier: Apache-2.0
/* What became of each move, see outcome.h. */
#include "policy/outcome.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/map.h"
#include "policy/select.h"

struct moved {
	struct rz_outcome_row row;
	/* cookies of connections that this tick saw, 0: none; idle: it proves nothing */
	uint64_t away, home, idle;
	bool early; /* ... and cannot yet, for its client may be about to leave it */
	bool late;  /* told of without an outcome */
	struct moved *next;
};

/* The moves of one client at one address, the oldest first. */
struct mover {
	struct rz_who who;
	uint64_t latest_ns; /* of them */
	struct moved *moves;
	UT_hash_handle hh;
};

struct rz_outcomes {
	uint64_t after_ns, leaving_ns, now_ns;
	struct mover *movers;
	struct rz_outcome_row *known;
	size_t n_known, pending;
};

int rz_outcomes_new(uint64_t after_ns, struct rz_outcomes **ret)
{
	struct rz_outcomes *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->after_ns = after_ns;
	o->leaving_ns = rz_leaving_ns(after_ns);
	*ret = o;
	return 0;
}

static void forget(struct rz_outcomes *o, struct mover *m, struct moved *d)
{
	LL_DELETE(m->moves, d);
	free(d);
	o->pending--;
	if (m->moves)
		return;
	HASH_DEL(o->movers, m);
	free(m);
}

void rz_outcomes_free(struct rz_outcomes *o)
{
	struct mover *m, *next;
	struct moved *d, *after;

	if (!o)
		return;
	HASH_ITER (hh, o->movers, m, next) {
		LL_FOREACH_SAFE(m->moves, d, after)
		forget(o, m, d);
	}
	free(o->known);
	free(o);
}

static struct mover *mover_of(const struct rz_outcomes *o, const struct rz_who *who)
{
	struct mover *m;

	HASH_FIND(hh, o->movers, who, sizeof(*who), m);
	return m;
}

static struct mover *new_mover(struct rz_outcomes *o, const struct rz_who *who)
{
	struct mover *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->who = *who;
	HASH_ADD(hh, o->movers, who, sizeof(m->who), m);
	if (m->hh.tbl)
		return m;
	free(m);
	return NULL;
}

void rz_outcomes_add(struct rz_outcomes *o, const struct rz_candidate *row, uint64_t at_ns)
{
	struct rz_who who = rz_who_of(row);
	struct moved *d = o->pending < RZ_OUTCOMES_PENDING_MAX ? calloc(1, sizeof(*d)) : NULL;
	struct mover *m = d ? mover_of(o, &who) : NULL;

	if (!d)
		return;
	if (!m)
		m = new_mover(o, &who);
	if (!m) {
		free(d);
		return;
	}
	d->row = (struct rz_outcome_row){.cookie = row->cookie,
					 .client = row->client,
					 .by_hand = row->by_hand,
					 .moved_ns = at_ns};
	memcpy(d->row.addr, row->addr, sizeof(d->row.addr));
	LL_APPEND(m->moves, d);
	if (m->latest_ns < at_ns)
		m->latest_ns = at_ns;
	o->pending++;
}

void rz_outcomes_begin(struct rz_outcomes *o, uint64_t now_ns)
{
	o->now_ns = now_ns;
	free(o->known);
	o->known = NULL;
	o->n_known = 0;
}

void rz_outcomes_see(struct rz_outcomes *o, const struct rz_candidate *row)
{
	struct rz_who who = rz_who_of(row);
	struct mover *m = mover_of(o, &who);
	struct moved *d;
	uint64_t from;

	if (!m)
		return;
	from = rz_stays_from(row->opened_ns, m->latest_ns, o->leaving_ns);
	LL_FOREACH(m->moves, d)
	{
		if (row->opened_ns <= d->row.moved_ns || (row->witness && !d->row.by_hand))
			continue;
		if (row->same_zone)
			d->home = row->cookie;
		else if (row->data_ns >= from)
			d->away = row->cookie;
		else
			d->idle = row->cookie;
		d->early |= !row->same_zone && o->now_ns < from;
	}
}

static bool is_over(const struct rz_outcomes *o, const struct moved *d, unsigned times)
{
	return o->now_ns >= d->row.moved_ns + times * o->after_ns;
}

/* Away speaks louder than home, but it may yet come home for as long as after_ns is not over. What
 * is idle until then may be between two requests. */
static enum rz_outcome judge(const struct rz_outcomes *o, struct moved *d)
{
	bool due = is_over(o, d, 1);

	d->row.seen = d->away ? d->away : d->home ? d->home : d->idle;
	if (d->away)
		return due ? RZ_OUTCOME_RETURNED : RZ_OUTCOME_NONE;
	if (d->idle && (!due || d->early))
		return RZ_OUTCOME_NONE;
	if (d->home)
		return RZ_OUTCOME_HOME;
	if (d->idle)
		due = is_over(o, d, RZ_OUTCOME_PATIENCE);
	return due ? RZ_OUTCOME_LEFT : RZ_OUTCOME_NONE;
}

/* Judges one move. Returns whether there is something to tell: its outcome, or once that it is due
 * and still open. */
static bool settle(const struct rz_outcomes *o, struct moved *d)
{
	bool due = is_over(o, d, 1);
	bool tell;

	d->row.outcome = judge(o, d);
	d->row.known_ns = o->now_ns;
	d->row.late = d->late && d->row.outcome != RZ_OUTCOME_NONE;
	tell = d->row.outcome != RZ_OUTCOME_NONE || (due && !d->late);
	d->late |= due;
	d->away = d->home = d->idle = 0;
	d->early = false;
	return tell;
}

static int by_time(const void *a, const void *b)
{
	const struct rz_outcome_row *x = a, *y = b;

	if (x->moved_ns != y->moved_ns)
		return x->moved_ns < y->moved_ns ? -1 : 1;
	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

void rz_outcomes_settle(struct rz_outcomes *o)
{
	struct mover *m, *next;
	struct moved *d, *after;

	o->known = o->pending ? calloc(o->pending, sizeof(*o->known)) : NULL;
	HASH_ITER (hh, o->movers, m, next) {
		LL_FOREACH_SAFE(m->moves, d, after)
		{
			if (settle(o, d) && o->known) /* without memory nothing is told of it */
				o->known[o->n_known++] = d->row;
			if (d->row.outcome != RZ_OUTCOME_NONE)
				forget(o, m, d);
		}
	}
	if (o->n_known)
		qsort(o->known, o->n_known, sizeof(*o->known), by_time);
}

const struct rz_outcome_row *rz_outcomes_known(const struct rz_outcomes *o, size_t *ret_n)
{
	*ret_n = o->n_known;
	return o->known;
}

size_t rz_outcomes_pending(const struct rz_outcomes *o)
{
	return o->pending;
}
