// SPDX-License-Identifier: Apache-2.0
/* Outcomes, and the breaker, naively, see model.h: outcome.h's and breaker.h's rules. */
#include <stdlib.h>

#include "pace.h"

static bool is_due(const struct run *r, const struct tick *t, const struct row *m, unsigned times)
{
	return t->now_ns >= m->at_ns + times * r->limits.outcome_ns || twist == TWIST_OUTCOME_AFTER;
}

/* What a tick says of a move that happened before it; NONE: nothing yet. */
static enum rz_outcome outcome_at(const struct run *r, const struct tick *t, const struct row *m)
{
	uint64_t from;
	bool away = false, home = false, idle = false, early = false, due = is_due(r, t, m, 1);
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (!is_who(&t->rows[i], m) || t->rows[i].opened_ns <= m->at_ns)
			continue;
		home |= t->rows[i].home;
		if (t->rows[i].home ||
		    (t->rows[i].several && t->rows[i].back != m && twist != TWIST_SEVERAL_OUTCOME))
			continue;
		from = stays_from(r, &t->rows[i], t->rows[i].latest_ns);
		away |= t->rows[i].data_ns >= from || twist == TWIST_STAYS;
		idle |= t->rows[i].data_ns < from && twist != TWIST_STAYS;
		early |= t->now_ns < from && twist != TWIST_STAYS;
	}
	if (away)
		return due ? RZ_OUTCOME_RETURNED : RZ_OUTCOME_NONE;
	if (idle && ((!due && twist != TWIST_IDLE_HOME) || early))
		return RZ_OUTCOME_NONE;
	if (home)
		return RZ_OUTCOME_HOME;
	return is_due(r, t, m, idle && twist != TWIST_PATIENCE ? 4 : 1) ? RZ_OUTCOME_LEFT
									: RZ_OUTCOME_NONE;
}

bool is_pending(const struct run *r, size_t moved_in, const struct row *m, size_t t)
{
	size_t i;

	for (i = moved_in + 1; i < t; i++)
		if (outcome_at(r, &r->ticks[i], m) != RZ_OUTCOME_NONE)
			return false;
	return true;
}

bool has_open_move(const struct run *r, const struct row *who)
{
	size_t i, k, t = r->n_ticks - 1;

	for (i = 0; i < t; i++)
		for (k = 0; k < r->ticks[i].n; k++) {
			const struct row *m = &r->ticks[i].rows[k];

			if (m->reason == RZ_REASON_NONE && m->fate == WENT && is_who(m, who) &&
			    is_pending(r, i, m, t) &&
			    outcome_at(r, &r->ticks[t], m) == RZ_OUTCOME_NONE)
				return true;
		}
	return false;
}

struct known {
	uint64_t moved_ns, cookie;
	const uint8_t *addr;
	enum rz_outcome outcome; /* NONE: it is due and open */
	bool late;		 /* was due and open before */
};

static int in_order(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	if (x->moved_ns != y->moved_ns)
		return x->moved_ns < y->moved_ns ? -1 : 1;
	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

/* The outcomes that become known at tick `t`, and those that become due and stay open, in the order
 * of the moves. */
static size_t known_at(const struct run *r, size_t t, struct known *ret)
{
	size_t i, k, n = 0;

	for (i = 0; i < t; i++)
		for (k = 0; k < r->ticks[i].n; k++) {
			const struct row *m = &r->ticks[i].rows[k];
			enum rz_outcome o;
			bool late;

			if (m->reason != RZ_REASON_NONE || m->fate != WENT)
				continue;
			o = outcome_at(r, &r->ticks[t], m);
			late = t > i + 1 && is_due(r, &r->ticks[t - 1], m, 1);
			if (o == RZ_OUTCOME_NONE && (late || !is_due(r, &r->ticks[t], m, 1)))
				continue;
			if (is_pending(r, i, m, t))
				ret[n++] = (struct known){m->at_ns, m->cookie, m->addr, o, late};
		}
	qsort(ret, n, sizeof(*ret), in_order);
	return n;
}

void count_outcomes(const struct run *r, size_t ret[RZ_OUTCOME_COUNT])
{
	static struct known known[MAX_TICKS * MAX_CONNS];
	size_t i, n = known_at(r, r->n_ticks - 1, known);

	memset(ret, 0, RZ_OUTCOME_COUNT * sizeof(*ret));
	for (i = 0; i < n; i++)
		ret[known[i].outcome]++;
}

#define LEAST  (twist == TWIST_BREAKER_LEAST ? 1 : 10)
#define WINDOW (twist == TWIST_BREAKER_WINDOW ? 10 : 64)

/* Is there a later one of the same address? */
static bool is_outvoted(const struct known *all, size_t n, size_t i)
{
	size_t k;

	for (k = i + 1; k < n && twist != TWIST_VOTES; k++)
		if (!memcmp(all[k].addr, all[i].addr, 16))
			return true;
	return false;
}

/* Do the latest of these ask for it to open? */
static bool too_many(const struct run *r, const struct known *all, size_t n)
{
	size_t i, looked = 0, futile = 0;

	for (i = n; i-- > 0 && looked < WINDOW;) {
		if (is_outvoted(all, n, i))
			continue;
		looked++;
		futile += all[i].outcome == RZ_OUTCOME_RETURNED;
	}
	return looked >= LEAST && futile * 100 >= r->breaker_percent * looked;
}

bool breaker_is_open(const struct run *r)
{
	static struct known now[MAX_TICKS * MAX_CONNS], all[MAX_TICKS * MAX_CONNS];
	uint64_t until = 0, closed = 0;
	size_t t, i, n, n_all = 0;
	bool open = false;

	for (t = 0; t < r->n_ticks && r->breaker_percent && twist != TWIST_BREAKER; t++) {
		if (open && r->ticks[t].now_ns >= until && twist != TWIST_BREAKER_ENDS) {
			open = false;
			closed = r->ticks[t].now_ns;
			n_all = 0;
		}
		n = known_at(r, t, now);
		for (i = 0; i < n && !open; i++) {
			if (now[i].moved_ns < closed)
				continue;
			/* due and open counts as not futile, and then only if it is futile after
			 * all */
			if (twist == TWIST_DUE
				    ? now[i].outcome == RZ_OUTCOME_NONE
				    : now[i].late && now[i].outcome != RZ_OUTCOME_RETURNED)
				continue;
			all[n_all++] = now[i];
			if (!too_many(r, all, n_all))
				continue;
			open = true;
			until = r->ticks[t].now_ns + r->limits.breaker_for_ns;
		}
	}
	return open;
}
