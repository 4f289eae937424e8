// SPDX-License-Identifier: Apache-2.0
/*
 * Which candidates may go now, naively, see model.h: select.h's, client.h's, outcome.h's,
 * breaker.h's and budget.h's rules, each worked out anew from the whole record for each question.
 */
#include "pace.h"

static const struct row *seen(const struct tick *t, uint64_t cookie)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->rows[i].cookie == cookie && !t->rows[i].home &&
		    t->rows[i].reason != RZ_REASON_LEFT_BEHIND)
			return &t->rows[i];
	return NULL;
}

/* The queue: since when a connection has been a candidate, at every tick without a break. */

struct wait {
	uint64_t since_ns, not_before_ns;
	uint64_t listened_ns; /* since when its next request is waited for, 0: it is not */
	bool observed;
};

/* Until a request of its is seen, or for so long; who says nothing then rests. */
static void listen(const struct run *r, const struct tick *t, const struct row *row, struct wait *w,
		   unsigned *let_go)
{
	uint64_t end_ns = w->listened_ns + r->limits.listen_ns;
	bool heard = row->request_ns >= w->listened_ns && twist != TWIST_LISTEN_HEARD;

	if (!heard && (t->now_ns < end_ns || twist == TWIST_LISTEN_ENDS))
		return;
	if (!heard && twist != TWIST_LISTEN_RESTS) {
		w->not_before_ns =
			end_ns + doubled(r->limits.cooldown_ns, *let_go, r->limits.cooldown_max_ns);
		*let_go += twist != TWIST_LISTEN_DOUBLES;
	}
	w->listened_ns = 0;
}

static struct wait wait_of(const struct run *r, uint64_t cookie)
{
	struct wait w = {.since_ns = at_hand(r)->now_ns};
	size_t first = r->n_ticks - 1, i;
	const struct row *row;
	unsigned let_go = 0;

	while (first > 0 && seen(&r->ticks[first - 1], cookie))
		first--;
	w.since_ns = r->ticks[first].now_ns;
	for (i = first; i < r->n_ticks; i++) {
		row = seen(&r->ticks[i], cookie);
		if (row && w.listened_ns)
			listen(r, &r->ticks[i], row, &w, &let_go);
		if (i + 1 == r->n_ticks)
			break;
		w.observed |= row->reason == RZ_REASON_OBSERVING && twist != TWIST_OBSERVED_ONCE;
		if (row->fate == LISTENED && twist != TWIST_LISTEN)
			w.listened_ns = row->at_ns;
		if (row->fate != STAYED && row->fate != WENT && twist != TWIST_QUEUE_UNDO &&
		    (row->fate != LISTENED || twist == TWIST_LISTEN_PLACE))
			w.since_ns = r->ticks[i].now_ns + 1;
		if ((row->fate != LET_GO && row->fate != SILENT) || twist == TWIST_LET_GO)
			continue;
		w.not_before_ns = row->at_ns + doubled(r->limits.cooldown_ns,
						       twist == TWIST_LET_GO_DOUBLES ? 0 : let_go,
						       r->limits.cooldown_max_ns);
		let_go += row->fate == LET_GO || (let_go < 3 && twist != TWIST_SILENT_DOUBLES);
	}
	return w;
}

/* How many moves a client has in an interval: one, or a share of the connections that it had. */
static size_t moves_at_once(const struct run *r, const struct row *row, const struct row *before)
{
	struct past p = past_of(r, row, before, r->n_ticks);
	const struct tick *t = at_hand(r);
	size_t k, n = twist == TWIST_SHARE_GONE ? 0 : p.gone;

	if (!row->together || (p.futile && twist != TWIST_SHARE_FUTILE) ||
	    twist == TWIST_CLIENT_SHARE)
		return 1;
	for (k = 0; k < t->n; k++)
		n += t->rows[k].together && !t->rows[k].home && is_who(&t->rows[k], row);
	n = (size_t)(r->limits.client_share * (double)n);
	return n ? n : 1;
}

/* An interval begins with a client's first move in it; a tick is of one interval. Moves that did
 * not happen count too. */
static bool had_its_moves(const struct run *r, const struct row *row, const struct row *before)
{
	uint64_t began_ns = 0;
	size_t i, k, latest = 0, n = 0;

	for (i = 0; i < r->n_ticks && twist != TWIST_ONE_PER_CLIENT; i++) {
		const struct tick *t = &r->ticks[i];

		if (n && latest != i && t->now_ns - began_ns >= r->limits.per_client_ns)
			n = 0;
		for (k = 0; k < t->n && &t->rows[k] != before; k++) {
			bool its = is_of(r, i, &t->rows[k], row) ||
				   (twist == TWIST_TURN_OF_ID && t->rows[k].client == row->client);

			if (!its || !had_a_go(r, &t->rows[k]) ||
			    (t->rows[k].fate != WENT && i + 1 < r->n_ticks &&
			     twist == TWIST_PER_CLIENT_ATTEMPTS))
				continue;
			if (!n++)
				began_ns = t->now_ns;
			latest = i;
		}
	}
	return n && n >= moves_at_once(r, row, before);
}

struct asking {
	struct run *run;
	enum rz_reason (*said)(const void *ctx, uint64_t cookie);
	const void *ctx;
	size_t close;
};

static enum rz_reason ask_rates(struct asking *a, struct row *row)
{
	static const enum rz_reason reasons[] = {RZ_REASON_OVER_BUDGET, RZ_REASON_TARGET_BUDGET,
						 RZ_REASON_CLUSTER_BUDGET};
	enum bucket b;

	for (b = NODE; b <= CLUSTER; b++) {
		long double have = tokens_of(a->run, row, b);
		bool no = have < 1;

		/* exactly one is a bucket that is full */
		if (have > 1 - 1e-9L && have < 1 + 1e-9L && have != 1) {
			a->close++;
			no = a->said(a->ctx, row->cookie) == reasons[b];
		}
		if (!no)
			continue;
		row->no_token = b == NODE;
		return reasons[b];
	}
	return RZ_REASON_NONE;
}

/* It came although home was ready, not because it was moved, and not long ago. */
static bool chose(const struct run *r, const struct row *row, const struct row *before)
{
	struct past p = past_of(r, row, before, r->n_ticks);
	bool follows = p.first_ns && row->opened_ns > p.first_ns &&
		       row->opened_ns <= p.latest_ns + 15 * SECOND_NS;

	if (row->reconnected && (!p.first_ns || twist == TWIST_RECONNECTED_MOVED) &&
	    twist != TWIST_RECONNECTED)
		return false;
	return row->home_was_ready && twist != TWIST_CHOSE &&
	       (at_hand(r)->now_ns < row->opened_ns + r->limits.home_ready_wait_ns ||
		twist == TWIST_CHOSE_WAIT) &&
	       (!follows || twist == TWIST_CHOSE_FOLLOWS);
}

static bool is_idle(const struct run *r, const struct row *row)
{
	return at_hand(r)->now_ns > row->data_ns + (twist == TWIST_BUSY_FOR ? 60 : 6) * SECOND_NS;
}

/* All but the rates, if of this tick no row from `before` on was asked yet. */
static enum rz_reason ask_but_rates(const struct run *r, const struct row *row,
				    const struct row *before)
{
	struct wait w = wait_of(r, row->cookie);
	enum rz_reason reason;

	if (w.observed)
		return RZ_REASON_OBSERVING;
	if (chose(r, row, before))
		return RZ_REASON_HOME_WAS_READY;
	if (w.listened_ns || (row->busy && is_idle(r, row) && twist != TWIST_BUSY))
		return RZ_REASON_LISTENING;
	if (at_hand(r)->now_ns < w.not_before_ns)
		return RZ_REASON_COOLING_DOWN;
	reason = ask_history(r, row, before);
	if (reason != RZ_REASON_NONE)
		return reason;
	if (breaker_is_open(r))
		return RZ_REASON_BREAKER;
	if (at_hand(r)->paused && twist != TWIST_PAUSE)
		return RZ_REASON_PAUSED;
	return had_its_moves(r, row, before) ? RZ_REASON_OVER_BUDGET : RZ_REASON_NONE;
}

static enum rz_reason ask(struct asking *a, struct row *row)
{
	struct run *r = a->run;
	enum rz_reason reason = ask_but_rates(r, row, row);

	if (reason == RZ_REASON_NONE)
		reason = ask_rates(a, row);
	if (reason == RZ_REASON_NONE)
		make_room(r, row);
	if (reason != RZ_REASON_NONE || r->limits.mode != RZ_MODE_OBSERVE)
		return reason;
	row->fate = WENT; /* as the rules count it */
	return RZ_REASON_OBSERVING;
}

/* The latest turn of a client, or of an address, before this tick. */
static uint64_t latest_turn(const struct run *r, const struct row *row, bool address)
{
	uint64_t latest = 0;
	size_t i, k;

	for (i = 0; i + 1 < r->n_ticks; i++)
		for (k = 0; k < r->ticks[i].n; k++) {
			const struct row *m = &r->ticks[i].rows[k];

			if (had_a_go(r, m) && !memcmp(m->addr, row->addr, 16) &&
			    (address || m->client == row->client))
				latest = r->ticks[i].now_ns;
		}
	return latest;
}

struct place {
	bool last;	/* nothing but the rates may speak against all others */
	unsigned round; /* addresses take turns: the first of each, the second of each, ... */
	uint64_t from_ns, cookie;
};

static bool is_before(const struct place *a, const struct place *b)
{
	if (a->last != b->last)
		return b->last;
	if (a->round != b->round)
		return a->round < b->round;
	return a->from_ns != b->from_ns ? a->from_ns < b->from_ns : a->cookie < b->cookie;
}

#define SWAP(a, b)                   \
	do {                         \
		typeof(a) was = (a); \
		(a) = (b);           \
		(b) = was;           \
	} while (0)

static void sort(struct tick *t, struct place *p)
{
	size_t i, k;

	for (i = 0; i < t->n; i++)
		for (k = i + 1; k < t->n; k++) {
			if (is_before(&p[i], &p[k]))
				continue;
			SWAP(t->rows[i], t->rows[k]);
			SWAP(p[i], p[k]);
		}
}

/* By how long the candidate has waited, its client's latest turn counted; then the address's. Who
 * has a reason to wait that is no rate gets it here. */
static void line_up(struct run *r)
{
	struct tick *t = &r->ticks[r->n_ticks - 1];
	struct place p[MAX_CONNS] = {};
	size_t i, k;

	for (i = 0; i < t->n; i++) {
		struct row *row = &t->rows[i];
		uint64_t turn = twist == TWIST_TURNS_IN_ADDRESS ? 0 : latest_turn(r, row, false);

		p[i].cookie = row->cookie;
		if (row->home)
			row->reason = RZ_REASON_SAME_ZONE;
		else if (is_left_behind(r, row))
			row->reason = RZ_REASON_LEFT_BEHIND;
		else
			row->reason = twist == TWIST_RESTING_TURN ? RZ_REASON_NONE
								  : ask_but_rates(r, row, t->rows);
		p[i].last = row->reason != RZ_REASON_NONE;
		p[i].from_ns = twist == TWIST_QUEUE ? 0 : wait_of(r, row->cookie).since_ns;
		if (turn > p[i].from_ns && twist != TWIST_QUEUE)
			p[i].from_ns = turn;
	}
	sort(t, p);
	for (i = 0; i < t->n; i++) {
		uint64_t turn =
			twist == TWIST_TURN_OF_ADDRESS ? 0 : latest_turn(r, &t->rows[i], true);

		for (k = 0; k < i && twist != TWIST_ADDRESSES; k++)
			p[i].round += !memcmp(t->rows[k].addr, t->rows[i].addr, 16);
		if (turn > p[i].from_ns && twist != TWIST_QUEUE)
			p[i].from_ns = turn;
	}
	sort(t, p);
}

static uint64_t latest_move(const struct run *r, const struct row *row)
{
	uint64_t latest = 0;
	size_t i, k;

	for (i = 0; i + 1 < r->n_ticks; i++)
		for (k = 0; k < r->ticks[i].n; k++) {
			const struct row *m = &r->ticks[i].rows[k];

			if (m->reason == RZ_REASON_NONE && m->fate == WENT && is_who(m, row) &&
			    m->at_ns > latest)
				latest = m->at_ns;
		}
	return latest;
}

/* What was known of it since it is a candidate. */
static void find_returns(const struct run *r, struct row *row)
{
	const struct row *at = is_left_behind(r, row) ? NULL : row;
	size_t i = r->n_ticks - 1;

	while (at && !at->back)
		at = i > 0 ? seen(&r->ticks[--i], row->cookie) : NULL;
	if (!at)
		return;
	row->back_ns = at->back->at_ns;
	row->returns = at->back->returns + 1;
	if (r->limits.give_up_after && at->back->returns >= r->limits.give_up_after)
		row->returns = 1; /* it had been left alone for long enough */
}

size_t pace(struct run *r, enum rz_reason (*said)(const void *ctx, uint64_t cookie),
	    const void *ctx)
{
	struct tick *t = &r->ticks[r->n_ticks - 1];
	struct asking a = {r, said, ctx, 0};
	size_t i;

	recognise(r);
	for (i = 0; i < t->n; i++) {
		t->rows[i].latest_ns = latest_move(r, &t->rows[i]);
		t->rows[i].several = past_of(r, &t->rows[i], &t->rows[i], r->n_ticks - 1).several;
	}
	for (i = 0; i < t->n; i++)
		if (!t->rows[i].home)
			find_returns(r, &t->rows[i]);
	line_up(r);
	/* who rested when the tick came is not asked again, whatever the others before it changed
	 */
	for (i = 0; i < t->n; i++)
		if (t->rows[i].reason == RZ_REASON_NONE)
			t->rows[i].reason = ask(&a, &t->rows[i]);
	return a.close;
}
