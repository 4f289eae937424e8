// SPDX-License-Identifier: Apache-2.0
/* How many clients are remembered, and who is forgotten, naively, see model.h: client.h's rules. */
#include "pace.h"

/* It was allowed to go so lately that its turn counts. */
static bool had_turn(const struct run *r, const struct row *who, const struct row *before)
{
	size_t i, k;

	for (i = 0; i < r->n_ticks; i++) {
		const struct tick *t = &r->ticks[i];

		if (at_hand(r)->now_ns - t->now_ns >= r->limits.per_client_ns)
			continue;
		for (k = 0; k < t->n && &t->rows[k] != before; k++)
			if (is_of(r, i, &t->rows[k], who) && had_a_go(r, &t->rows[k]))
				return true;
	}
	return false;
}

static bool has_left_behind(const struct run *r, const struct row *who)
{
	const struct tick *t = at_hand(r);
	size_t k;

	for (k = 0; k < t->n; k++)
		if (is_who(&t->rows[k], who) && is_left_behind(r, &t->rows[k]))
			return true;
	return false;
}

bool is_remembered(const struct run *r, const struct row *who, const struct row *before)
{
	return past_of(r, who, before, r->n_ticks).any || has_open_move(r, who) ||
	       had_turn(r, who, before);
}

/* Does its next move depend on what is remembered of it? */
static bool is_needed(const struct run *r, const struct row *who, const struct row *before,
		      const struct past *p)
{
	uint64_t now = at_hand(r)->now_ns;

	return (now <= p->until_ns && twist != TWIST_FORGET_RESTING) ||
	       (p->futile && twist != TWIST_FORGET_FUTILE) ||
	       (p->several && twist != TWIST_FORGET_SEVERAL) ||
	       (now < p->latest_ns + leaving(r) && twist != TWIST_FORGET_YOUNG) ||
	       (has_open_move(r, who) && twist != TWIST_FORGET_OPEN) ||
	       (had_turn(r, who, before) && twist != TWIST_FORGET_TURN) ||
	       (has_left_behind(r, who) && twist != TWIST_FORGET_BEHIND);
}

static bool is_older(const struct run *r, const struct row *a, uint64_t a_ns, const struct row *b,
		     uint64_t b_ns)
{
	if (a_ns != b_ns)
		return (a_ns < b_ns) != (twist == TWIST_FORGET_NEWEST);
	a = latest_row(r, a->who);
	b = latest_row(r, b->who);
	return a->client != b->client ? a->client < b->client : memcmp(a->addr, b->addr, 16) < 0;
}

/* One row of each client that was ever allowed to go, or that was renamed. */
static size_t all_clients(const struct run *r, const struct row *before, const struct row **ret)
{
	size_t i, k, c, n = 0;

	for (i = 0; i < r->n_ticks; i++) {
		for (k = 0; k < r->ticks[i].n_copies; k++)
			ret[n++] = &r->ticks[i].copies[k];
		for (k = 0; k < r->ticks[i].n && &r->ticks[i].rows[k] != before; k++) {
			const struct row *row = &r->ticks[i].rows[k];

			if (!had_a_go(r, row))
				continue;
			for (c = 0; c < n && !is_who(ret[c], row); c++)
				;
			if (c == n)
				ret[n++] = row;
		}
	}
	return n;
}

size_t count_remembered(const struct run *r, const struct row *before,
			const struct row **ret_oldest)
{
	static const struct row *all[2 * MAX_TICKS * MAX_CONNS];
	size_t i, n = all_clients(r, before, all), remembered = 0;
	const struct row *oldest = NULL;
	uint64_t oldest_ns = 0;

	for (i = 0; i < n; i++) {
		struct past p = past_of(r, all[i], before, r->n_ticks);

		if (!is_remembered(r, all[i], before))
			continue;
		remembered++;
		if (is_needed(r, all[i], before, &p))
			continue;
		if (oldest && !is_older(r, all[i], p.seen_ns, oldest, oldest_ns))
			continue;
		oldest = all[i];
		oldest_ns = p.seen_ns;
	}
	if (ret_oldest)
		*ret_oldest = oldest;
	return remembered;
}

static bool is_full(const struct run *r, const struct row *row, const struct row **oldest)
{
	*oldest = NULL;
	return r->limits.clients_max && twist != TWIST_MEMORY &&
	       count_remembered(r, row, oldest) >= r->limits.clients_max;
}

bool has_room(const struct run *r, const struct row *before)
{
	const struct row *oldest;

	return !is_full(r, before, &oldest) || oldest;
}

void make_room(const struct run *r, struct row *row)
{
	const struct row *oldest;

	if (r->limits.clients_max && !is_remembered(r, row, row) && is_full(r, row, &oldest))
		row->forgot = oldest;
}
