// SPDX-License-Identifier: Apache-2.0
/* What became of earlier moves of a client, see history.h. */
#include "policy/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

struct round {
	uint64_t began_ns; /* its first move */
	uint64_t moved_ns; /* its latest move; 0: there has been no round */
	uint64_t until_ns; /* when it is over, or the waiting after it */
	unsigned futile;   /* futile rounds in a row */
	bool open;	   /* not found futile yet */
};

struct past {
	struct rz_who who;
	struct round round, before; /* before the latest move, for undo */
	bool first;		    /* the latest move began its round */
	uint64_t seen_ns;	    /* last seen as a candidate */
	uint64_t away_tick; /* last tick with a candidate that was opened since the round began */
	uint64_t home_tick; /* ... with a same-zone connection opened since */
	/* Moves that happened, by the policy or an operator; 0: none yet */
	uint64_t first_ns, latest_ns;
	uint64_t behind_tick; /* last tick with a connection that was left behind */
	UT_hash_handle hh;
};

struct rz_history {
	struct rz_limits limits;
	struct past *past;
	uint64_t leaving_ns;
	uint64_t tick, now_ns;
};

int rz_history_new(const struct rz_limits *limits, struct rz_history **ret)
{
	struct rz_history *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->limits = *limits;
	h->leaving_ns = rz_leaving_ns(limits->outcome_ns);
	*ret = h;
	return 0;
}

static void forget(struct rz_history *h, struct past *p)
{
	HASH_DEL(h->past, p);
	free(p);
}

void rz_history_free(struct rz_history *h)
{
	struct past *p, *next;

	if (!h)
		return;
	HASH_ITER (hh, h->past, p, next)
		forget(h, p);
	free(h);
}

void rz_history_begin(struct rz_history *h, uint64_t now_ns)
{
	h->tick++;
	h->now_ns = now_ns;
}

static struct past *past_of(const struct rz_history *h, const struct rz_candidate *row)
{
	struct rz_who who = rz_who_of(row);
	struct past *p;

	HASH_FIND(hh, h->past, &who, sizeof(who), p);
	return p;
}

static uint64_t stays_from(const struct rz_history *h, const struct past *p,
			   const struct rz_candidate *row)
{
	return rz_stays_from(row->opened_ns, p->latest_ns, h->leaving_ns);
}

static bool is_left_behind(const struct rz_history *h, const struct past *p,
			   const struct rz_candidate *row)
{
	uint64_t from = stays_from(h, p, row);

	return p->first_ns && !row->same_zone && row->opened_ns > p->first_ns &&
	       h->now_ns >= from && row->data_ns < from;
}

/* While only watching, connections do not come back, so nothing can be told from new ones. */
bool rz_history_see(struct rz_history *h, const struct rz_candidate *row)
{
	struct past *p = past_of(h, row);

	if (!p)
		return false;
	if (is_left_behind(h, p, row)) {
		p->behind_tick = h->tick;
		return true;
	}
	if (h->limits.mode == RZ_MODE_OBSERVE)
		return false;
	if (!row->same_zone)
		p->seen_ns = h->now_ns;
	if (row->opened_ns <= p->round.began_ns)
		return false;
	if (row->same_zone)
		p->home_tick = h->tick;
	else if (row->data_ns >= stays_from(h, p, row))
		p->away_tick = h->tick;
	return false;
}

/* `cooldown`, doubled for each futile round in a row. */
static uint64_t cooldown(const struct rz_limits *l, unsigned futile)
{
	uint64_t ns = l->cooldown_ns;

	while (ns && futile-- && ns < l->cooldown_max_ns)
		ns *= 2;
	return ns < l->cooldown_max_ns ? ns : l->cooldown_max_ns;
}

static bool given_up(const struct rz_history *h, const struct round *r)
{
	return h->limits.give_up_after && r->futile >= h->limits.give_up_after;
}

/* What this tick's rows tell of the last round. Away speaks louder than home. */
static void judge(struct rz_history *h, struct past *p)
{
	struct round *r = &p->round;
	uint64_t plain = r->moved_ns + cooldown(&h->limits, 0);

	if (p->away_tick == h->tick) {
		if (!r->open || h->now_ns < r->until_ns)
			return; /* found futile already, or it may still come home */
		r->open = false;
		r->futile++;
		r->until_ns = given_up(h, r) ? h->now_ns + h->limits.give_up_for_ns
					     : r->moved_ns + cooldown(&h->limits, r->futile);
	} else if (p->home_tick == h->tick) {
		r->futile = 0;
		if (r->until_ns > plain)
			r->until_ns = plain;
	}
}

/* Nothing to wait for, and not seen for so long that a new move is a new story. */
static bool is_over(const struct rz_history *h, const struct past *p)
{
	return h->now_ns > p->round.until_ns && h->now_ns > p->seen_ns + h->limits.cooldown_max_ns;
}

void rz_history_settle(struct rz_history *h)
{
	struct past *p, *next;

	HASH_ITER (hh, h->past, p, next) {
		if (!is_over(h, p))
			judge(h, p);
		else if (p->behind_tick == h->tick)
			p->round = (struct round){}; /* only what it left behind is remembered */
		else
			forget(h, p);
	}
}

/* Whether the client stays on what it opened after its latest move cannot be known yet. */
static bool is_too_early(const struct rz_history *h, const struct past *p,
			 const struct rz_candidate *row)
{
	uint64_t rest = cooldown(&h->limits, 0);

	return p->latest_ns && row->opened_ns > p->latest_ns &&
	       h->now_ns < p->latest_ns + (rest < h->leaving_ns ? rest : h->leaving_ns);
}

enum rz_reason rz_history_ask(struct rz_history *h, const struct rz_candidate *row)
{
	struct past *p = past_of(h, row);

	if (!p)
		return HASH_COUNT(h->past) < RZ_HISTORY_MAX ? RZ_REASON_NONE
							    : RZ_REASON_OVER_BUDGET;
	if (h->now_ns >= p->round.until_ns && !is_too_early(h, p, row)) {
		if (given_up(h, &p->round))
			p->round.futile = 0; /* left alone for long enough: it may try again */
		return RZ_REASON_NONE;
	}
	if (given_up(h, &p->round))
		return RZ_REASON_GAVE_UP;
	/* the round is on, and this connection was there when it began */
	if (p->round.open && !p->round.futile && row->opened_ns <= p->round.began_ns)
		return RZ_REASON_NONE;
	return RZ_REASON_COOLING_DOWN;
}

static struct past *remember(struct rz_history *h, const struct rz_candidate *row)
{
	struct past *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->who = rz_who_of(row);
	HASH_ADD(hh, h->past, who, sizeof(p->who), p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	return p;
}

int rz_history_move(struct rz_history *h, const struct rz_candidate *row)
{
	struct past *p = past_of(h, row);

	if (!p)
		p = remember(h, row);
	if (!p)
		return -ENOMEM;
	p->before = p->round;
	p->seen_ns = h->now_ns;
	p->round.moved_ns = h->now_ns;
	p->first = !p->before.open || h->now_ns >= p->before.until_ns;
	if (!p->first)
		return 0; /* one more of the same round */
	p->round.began_ns = h->now_ns;
	p->round.open = true;
	p->round.until_ns = h->now_ns + cooldown(&h->limits, p->round.futile);
	return 0;
}

/* The round, or its latest move, counts from when the client saw it: a connection that it opened
 * while an older one waited for a gap is none that a move brought back. */
void rz_history_moved(struct rz_history *h, const struct rz_candidate *row, uint64_t at_ns)
{
	struct past *p = past_of(h, row);

	if (!p && HASH_COUNT(h->past) < RZ_HISTORY_MAX)
		p = remember(h, row); /* an operator's: no round, but it may leave one behind */
	if (!p)
		return;
	if (p->seen_ns < at_ns)
		p->seen_ns = at_ns;
	if (!p->first_ns)
		p->first_ns = at_ns;
	if (p->latest_ns < at_ns)
		p->latest_ns = at_ns;
	if (p->round.moved_ns != h->now_ns || at_ns < h->now_ns)
		return;
	p->round.moved_ns = at_ns;
	if (!p->first)
		return;
	p->round.began_ns = at_ns;
	p->round.until_ns += at_ns - h->now_ns;
}

void rz_history_undo(struct rz_history *h, const struct rz_candidate *row)
{
	struct past *p = past_of(h, row);

	if (!p)
		return;
	p->round = p->before;
	if (!p->round.moved_ns && !p->first_ns)
		forget(h, p);
}

size_t rz_history_count(const struct rz_history *h)
{
	return HASH_COUNT(h->past);
}
