// SPDX-License-Identifier: Apache-2.0
/*
 * Rates, naively, see model.h: budget.h's rules. A bucket has so many tokens at a tick: what it
 * had, what it got since, at most what it holds, minus the moves, plus those that did not happen.
 */
#include "pace.h"

static bool off(const struct run *r, enum bucket b)
{
	if (b == TARGET)
		return r->limits.rates.per_target <= 0 || twist == TWIST_TARGET_RATE;
	if (b == CLUSTER)
		return r->limits.rates.cluster <= 0 || twist == TWIST_CLUSTER_RATE;
	return twist == TWIST_NODE_RATE;
}

/* Was it this one that had no room for the row? */
static bool refused(const struct row *row, enum bucket b)
{
	return row->fate == STAYED && ((b == TARGET && row->reason == RZ_REASON_TARGET_BUDGET) ||
				       (b == CLUSTER && row->reason == RZ_REASON_CLUSTER_BUDGET) ||
				       (b == NODE && row->no_token));
}

static bool asked(const struct run *r, const struct row *row, enum bucket b)
{
	return had_a_go(r, row) || refused(row, b) ||
	       (b < TARGET && row->reason == RZ_REASON_TARGET_BUDGET) ||
	       (b < CLUSTER && row->reason == RZ_REASON_CLUSTER_BUDGET);
}

static long double least_one(long double rate)
{
	return rate > 1 ? rate : 1;
}

struct level {
	long double rate, tokens;
	bool begun, backlog, asked;
	bool rounded; /* a sum, which the product's doubles may have rounded */
};

/* Did somebody wait for a rate alone at this tick, whichever it was? */
static bool somebody_waits(const struct run *r, size_t t)
{
	const struct tick *at = &r->ticks[t];
	size_t i;

	for (i = 0; i < at->n; i++)
		if (!at->rows[i].home &&
		    (refused(&at->rows[i], NODE) || refused(&at->rows[i], TARGET) ||
		     refused(&at->rows[i], CLUSTER)))
			return true;
	return false;
}

/* From the tick before to this one. */
static void flow(const struct run *r, struct level *l, size_t t, enum bucket b)
{
	long double most, seconds, got, owed;

	if (b == CLUSTER)
		l->rate = r->limits.rates.cluster * r->ticks[t].share;
	if (b == NODE)
		l->rate = r->limits.rates.node;
	if (!l->begun)
		return;
	seconds = (long double)(r->ticks[t].now_ns - r->ticks[t - 1].now_ns) / 1e9L;
	most = least_one(l->rate);
	got = seconds * l->rate;
	owed = l->backlog || got > l->rate * 10 ? l->rate * 10 : got;
	if (owed > most && somebody_waits(r, t - 1) && twist != TWIST_BACKLOG &&
	    (l->backlog || twist != TWIST_BACKLOG_OF_OTHERS))
		most = owed;
	l->tokens += got;
	l->rounded = l->tokens <= most + 1e-9L || most == got;
	if (l->tokens > most)
		l->tokens = most;
	/* full, and nobody has asked for it since the tick before: it begins anew */
	if (!l->asked && l->tokens >= least_one(l->rate) && twist != TWIST_BEGINS_ANEW)
		l->begun = false;
	l->backlog = l->asked = false;
}

static void begin(const struct run *r, struct level *l, enum bucket b)
{
	if (l->begun)
		return;
	l->begun = true;
	l->rounded = false;
	l->tokens = l->rate >= 1 || b == NODE || twist == TWIST_PHASE ? least_one(l->rate)
								      : r->limits.rates.phase;
}

long double tokens_of(const struct run *r, const struct row *row, enum bucket b)
{
	struct level l = {};
	size_t t, i, k;

	if (off(r, b))
		return 2;

	for (t = 0; t < r->n_ticks; t++) {
		const struct tick *now = &r->ticks[t];
		size_t returned = 0;

		flow(r, &l, t, b);
		if (b != TARGET)
			begin(r, &l, b);
		for (i = 0; i < now->n && &now->rows[i] != row; i++) {
			const struct row *other = &now->rows[i];

			if (other->home || !asked(r, other, b) ||
			    (b == TARGET && other->target != row->target))
				continue;
			if (b == TARGET)
				l.rate = r->limits.rates.per_target * other->share;
			begin(r, &l, b);
			l.asked = true;
			l.backlog |= refused(other, b);
			returned += other->fate != STAYED && other->fate != WENT &&
				    (other->fate != LISTENED || twist != TWIST_LISTEN_RATE);
			if (had_a_go(r, other))
				l.tokens -= 1;
		}
		/* those that did not happen; a bucket is not filled beyond a second's worth by them
		 */
		for (k = 0; k < returned && twist != TWIST_GIVE_BACK; k++)
			if (l.tokens < least_one(l.rate))
				l.tokens = l.tokens + 1 < least_one(l.rate) ? l.tokens + 1
									    : least_one(l.rate);
	}
	if (b == TARGET)
		l.rate = r->limits.rates.per_target * row->share;
	begin(r, &l, b);
	/* exactly one is a bucket that is full, not a sum that happens to be one */
	return l.rounded && l.tokens == 1 ? 1 - 1e-12L : l.tokens;
}
