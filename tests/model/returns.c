// SPDX-License-Identifier: Apache-2.0
/*
 * Who came back from which move, naively, see model.h: client.h's rules, told from the record.
 * Fills `who` and `back` of the latest tick's rows.
 */
#include "pace.h"

static bool is_same_key(const struct row *a, const struct row *b)
{
	return a->client == b->client && !memcmp(a->addr, b->addr, 16);
}

const struct row *latest_row(const struct run *r, unsigned who)
{
	size_t i, k;

	for (i = r->n_ticks; i-- > 0;) {
		for (k = 0; k < r->ticks[i].n; k++)
			if (r->ticks[i].rows[k].who == who)
				return &r->ticks[i].rows[k];
		for (k = 0; k < r->ticks[i].n_copies; k++)
			if (r->ticks[i].copies[k].who == who)
				return &r->ticks[i].copies[k];
	}
	return NULL;
}

/* Who had this client.id at this address last, if he has it still; else somebody new. */
static unsigned who_has(struct run *r, const struct row *row)
{
	size_t i, k;

	for (i = r->n_ticks; i-- > 0;)
		for (k = 0; k < r->ticks[i].n + r->ticks[i].n_copies; k++) {
			const struct row *was = k < r->ticks[i].n
							? &r->ticks[i].rows[k]
							: &r->ticks[i].copies[k - r->ticks[i].n];

			if (was->who && is_same_key(was, row) &&
			    is_same_key(latest_row(r, was->who), row))
				return was->who;
		}
	return ++r->last_who;
}

/* Was there room for one more when the tick came, and for those that were renamed since? */
static bool had_room(struct run *r)
{
	size_t n = at_hand(r)->n_copies;
	bool ret;

	r->n_ticks--;
	ret = !r->limits.clients_max || twist == TWIST_MEMORY || !r->n_ticks ||
	      count_remembered(r, NULL, NULL) + n < r->limits.clients_max;
	r->n_ticks++;
	return ret;
}

/* When the tick came. */
static bool was_remembered(struct run *r, const struct row *row)
{
	bool ret;

	r->n_ticks--;
	ret = r->n_ticks && is_remembered(r, row, NULL);
	r->n_ticks++;
	return ret;
}

static bool is_taken(const struct run *r, const struct row *m)
{
	size_t i, k;

	for (i = 0; i < r->n_ticks && twist != TWIST_BACK_ONCE; i++)
		for (k = 0; k < r->ticks[i].n; k++)
			if (r->ticks[i].rows[k].back == m)
				return true;
	return false;
}

static bool is_met(const struct run *r, unsigned who)
{
	const struct tick *t = at_hand(r);
	size_t k;

	for (k = 0; k < t->n && twist != TWIST_RENAME_MET; k++)
		if (t->rows[k].who == who)
			return true;
	return false;
}

/* The latest move from which this connection may have come back: of its client, or of another one
 * at its address. */
static struct row *likeliest(struct run *r, const struct row *row, bool of_another)
{
	uint64_t soon = (of_another ? 5 : 15) * SECOND_NS;
	struct row *best = NULL;
	size_t i, k;

	for (i = 0; i + 1 < r->n_ticks; i++)
		for (k = 0; k < r->ticks[i].n; k++) {
			struct row *m = &r->ticks[i].rows[k];

			if (m->reason != RZ_REASON_NONE || m->fate != WENT ||
			    row->opened_ns <= m->at_ns ||
			    (row->opened_ns > m->at_ns + soon && twist != TWIST_BACK_SOON))
				continue;
			if (of_another ? memcmp(m->addr, row->addr, 16) || is_met(r, m->who)
				       : m->who != row->who)
				continue;
			if (best && (m->at_ns < best->at_ns ||
				     (m->at_ns == best->at_ns && m->cookie > best->cookie)))
				continue;
			if (!is_taken(r, m) && is_pending(r, i, m, r->n_ticks - 1))
				best = m;
		}
	return best;
}

/* The move that it was known before to have come back from, if that has no outcome yet. */
static const struct row *known_back(const struct run *r, const struct row *row)
{
	size_t i, j, k;

	for (i = 0; i + 1 < r->n_ticks; i++)
		for (k = 0; k < r->ticks[i].n; k++) {
			const struct row *was = &r->ticks[i].rows[k], *m = was->back;

			if (!m || was->cookie != row->cookie || m->who != row->who)
				continue;
			for (j = 0; m < r->ticks[j].rows || m >= r->ticks[j].rows + MAX_CONNS; j++)
				;
			if (is_pending(r, j, m, r->n_ticks - 1))
				return m;
		}
	return NULL;
}

static void find_back(struct run *r, struct row *row)
{
	row->back = known_back(r, row);
	if (!row->back)
		row->back = likeliest(r, row, false);
}

/* Its client.id is the new one of the client that was moved. */
static void take_name(struct run *r, const struct row *row, unsigned who)
{
	struct tick *t = &r->ticks[r->n_ticks - 1];
	unsigned other = ++r->last_who;
	struct row name = *row, *copy = &t->copies[t->n_copies];
	size_t i;

	*copy = *latest_row(r, who);
	copy->who = other;
	copy->copy_of = who;
	t->n_copies++;
	for (i = 0; i < t->n; i++) {
		if (t->rows[i].who == who)
			t->rows[i].who = other;
		if (is_same_key(&t->rows[i], &name))
			t->rows[i].who = who;
	}
}

void recognise(struct run *r)
{
	struct tick *t = &r->ticks[r->n_ticks - 1];
	const struct row *m;
	size_t i;

	for (i = 0; i < t->n; i++)
		t->rows[i].who = who_has(r, &t->rows[i]);
	for (i = 0; i < t->n; i++)
		if (!t->rows[i].home && was_remembered(r, &t->rows[i]))
			find_back(r, &t->rows[i]);
	for (i = 0; i < t->n; i++) {
		struct row *row = &t->rows[i];

		if (row->home || row->back)
			continue;
		m = was_remembered(r, row) || twist == TWIST_RENAME || !had_room(r) ||
				    (row->reconnected && twist != TWIST_RENAME_HERE) ||
				    (!r->limits.home_ready_wait_ns && twist != TWIST_RENAME_WAIT)
			    ? NULL
			    : likeliest(r, row, true);
		if (m)
			take_name(r, row, m->who);
		if (was_remembered(r, row))
			find_back(r, row);
	}
}
