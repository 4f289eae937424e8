// SPDX-License-Identifier: Apache-2.0
/* Which candidates may go now: rate, one a client, cooldown, giving up. See select.h. */
#include "policy/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/cleanup.h"

/* Clients with a history. Beyond it new ones wait (over budget): to forget one would be to forget
 * that it is futile to move it. */
#define HISTORY_MAX 65536

struct who {
	uint64_t client;
	uint8_t addr[16];
};

struct past {
	struct who who;
	uint64_t moved_ns; /* the last move */
	uint64_t seen_ns;  /* last seen as a candidate or moved */
	uint64_t until_ns; /* left alone until then */
	unsigned futile;   /* futile moves in a row */
	bool judged;	   /* the last move has been found futile already */
	UT_hash_handle hh;
};

struct waiting {
	uint64_t cookie;
	uint64_t since_ns;
	uint64_t tick; /* of the last tick that had it as a candidate */
	UT_hash_handle hh;
};

struct rz_select {
	struct rz_limits limits;
	double tokens;
	uint64_t filled_ns;
	uint64_t tick;
	struct past *past;
	struct waiting *waiting;
};

int rz_select_new(const struct rz_limits *limits, struct rz_select **ret)
{
	struct rz_select *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->limits = *limits;
	*ret = s;
	return 0;
}

void rz_select_free(struct rz_select *s)
{
	struct past *p, *p_next;
	struct waiting *w, *w_next;

	if (!s)
		return;
	HASH_ITER (hh, s->past, p, p_next) {
		HASH_DEL(s->past, p);
		free(p);
	}
	HASH_ITER (hh, s->waiting, w, w_next) {
		HASH_DEL(s->waiting, w);
		free(w);
	}
	free(s);
}

static double burst(const struct rz_select *s)
{
	return s->limits.rate > 1 ? s->limits.rate : 1;
}

static void refill(struct rz_select *s, uint64_t now_ns)
{
	if (!s->filled_ns)
		s->tokens = burst(s);
	else if (now_ns > s->filled_ns)
		s->tokens += (double)(now_ns - s->filled_ns) / 1e9 * s->limits.rate;
	if (s->tokens > burst(s))
		s->tokens = burst(s);
	s->filled_ns = now_ns;
}

static struct past *past_of(struct rz_select *s, const struct rz_candidate *row)
{
	struct who who;
	struct past *p;

	memset(&who, 0, sizeof(who));
	who.client = row->client;
	memcpy(who.addr, row->addr, sizeof(who.addr));
	HASH_FIND(hh, s->past, &who, sizeof(who), p);
	return p;
}

/* Histories that can no longer matter: nothing to wait for, and not seen for cooldown_max. */
static void expire(struct rz_select *s, uint64_t now_ns)
{
	struct past *p, *next;

	HASH_ITER (hh, s->past, p, next) {
		if (now_ns > p->until_ns && now_ns > p->seen_ns + s->limits.cooldown_max_ns) {
			HASH_DEL(s->past, p);
			free(p);
		}
	}
}

/* `cooldown`, doubled for each futile move in a row. */
static uint64_t cooldown(const struct rz_limits *l, unsigned futile)
{
	uint64_t ns = l->cooldown_ns;

	while (futile-- && ns < l->cooldown_max_ns)
		ns *= 2;
	return ns < l->cooldown_max_ns ? ns : l->cooldown_max_ns;
}

/* A candidate again, by a connection younger than the move, when its cooldown is over: the move did
 * not help. Judged once for each move. */
static void judge(struct rz_select *s, struct past *p, const struct rz_candidate *row,
		  uint64_t now_ns)
{
	if (p->judged || now_ns < p->until_ns || row->opened_ns <= p->moved_ns)
		return;
	p->judged = true;
	p->futile++;
	if (s->limits.give_up_after && p->futile >= s->limits.give_up_after)
		p->until_ns = now_ns + s->limits.give_up_for_ns;
	else
		p->until_ns = p->moved_ns + cooldown(&s->limits, p->futile);
}

static enum rz_reason from_past(struct rz_select *s, const struct rz_candidate *row,
				uint64_t now_ns)
{
	struct past *p = past_of(s, row);

	if (!p)
		return HASH_COUNT(s->past) < HISTORY_MAX ? RZ_REASON_NONE : RZ_REASON_OVER_BUDGET;
	p->seen_ns = now_ns;
	judge(s, p, row, now_ns);
	if (now_ns >= p->until_ns) {
		if (s->limits.give_up_after && p->futile >= s->limits.give_up_after)
			p->futile = 0; /* given up for long enough: start over */
		return RZ_REASON_NONE;
	}
	return s->limits.give_up_after && p->futile >= s->limits.give_up_after
		       ? RZ_REASON_GAVE_UP
		       : RZ_REASON_COOLING_DOWN;
}

static int note_move(struct rz_select *s, const struct rz_candidate *row, uint64_t now_ns)
{
	struct past *p = past_of(s, row);

	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return -ENOMEM;
		p->who.client = row->client;
		memcpy(p->who.addr, row->addr, sizeof(p->who.addr));
		HASH_ADD(hh, s->past, who, sizeof(p->who), p);
	}
	p->moved_ns = now_ns;
	p->seen_ns = now_ns;
	p->judged = false;
	p->until_ns = now_ns + cooldown(&s->limits, p->futile);
	return 0;
}

void rz_select_undo(struct rz_select *s, const struct rz_candidate *row)
{
	struct past *p = past_of(s, row);

	s->tokens += 1;
	if (s->tokens > burst(s))
		s->tokens = burst(s);
	if (!p)
		return;
	if (!p->futile) {
		HASH_DEL(s->past, p);
		free(p);
		return;
	}
	p->judged = true; /* a move that did not happen cannot be futile */
	p->until_ns = 0;
}

/* Since when this connection has been a candidate. */
static uint64_t waiting_since(struct rz_select *s, uint64_t cookie, uint64_t now_ns)
{
	struct waiting *w;

	HASH_FIND(hh, s->waiting, &cookie, sizeof(cookie), w);
	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return now_ns; /* out of memory costs it its place in the queue, no more */
		w->cookie = cookie;
		w->since_ns = now_ns;
		HASH_ADD(hh, s->waiting, cookie, sizeof(cookie), w);
	}
	w->tick = s->tick;
	return w->since_ns;
}

static void forget_waiting(struct rz_select *s)
{
	struct waiting *w, *next;

	HASH_ITER (hh, s->waiting, w, next) {
		if (w->tick != s->tick) {
			HASH_DEL(s->waiting, w);
			free(w);
		}
	}
}

struct place {
	uint64_t since_ns, cookie;
	size_t row;
};

static int longest_first(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->since_ns != y->since_ns)
		return x->since_ns < y->since_ns ? -1 : 1;
	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

/* The rows that are candidates, in the order they are judged. */
static size_t queue(struct rz_select *s, struct place *q, struct rz_candidate *rows, size_t n,
		    uint64_t now_ns)
{
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		struct past *p = rows[i].same_zone ? past_of(s, &rows[i]) : NULL;

		if (!rows[i].same_zone)
			q[len++] = (struct place){waiting_since(s, rows[i].cookie, now_ns),
						  rows[i].cookie, i};
		else
			rows[i].reason = RZ_REASON_SAME_ZONE;
		if (p && rows[i].opened_ns > p->moved_ns)
			p->futile = 0; /* it has come home */
	}
	qsort(q, len, sizeof(*q), longest_first);
	return len;
}

struct gone {
	uint64_t client;
	UT_hash_handle hh;
};

static void free_gone(struct gone **all)
{
	struct gone *g, *next;

	HASH_ITER (hh, *all, g, next) {
		HASH_DEL(*all, g);
		free(g);
	}
}

/* One candidate: its history, one a client.id and tick, the rate. */
static enum rz_reason decide(struct rz_select *s, const struct rz_candidate *row,
			     struct gone **gone, uint64_t now_ns)
{
	enum rz_reason reason = from_past(s, row, now_ns);
	struct gone *g;

	if (reason != RZ_REASON_NONE)
		return reason;
	HASH_FIND(hh, *gone, &row->client, sizeof(row->client), g);
	if (g || s->tokens < 1)
		return RZ_REASON_OVER_BUDGET;
	g = calloc(1, sizeof(*g));
	if (!g)
		return RZ_REASON_OVER_BUDGET;
	g->client = row->client;
	HASH_ADD(hh, *gone, client, sizeof(g->client), g);
	if (note_move(s, row, now_ns))
		return RZ_REASON_OVER_BUDGET;
	s->tokens -= 1;
	return s->limits.mode == RZ_MODE_OBSERVE ? RZ_REASON_OBSERVING : RZ_REASON_NONE;
}

int rz_select_run(struct rz_select *s, struct rz_candidate *rows, size_t n, uint64_t now_ns)
{
	_cleanup_free_ struct place *q = malloc((n + 1) * sizeof(*q));
	struct gone *gone = NULL;
	size_t i, len;

	for (i = 0; i < n; i++)
		rows[i].reason = RZ_REASON_OVER_BUDGET;
	if (!q)
		return -ENOMEM;
	s->tick++;
	refill(s, now_ns);
	expire(s, now_ns);
	len = queue(s, q, rows, n, now_ns);
	for (i = 0; i < len; i++)
		rows[q[i].row].reason = decide(s, &rows[q[i].row], &gone, now_ns);
	forget_waiting(s);
	free_gone(&gone);
	return 0;
}
