// SPDX-License-Identifier: Apache-2.0
/* Which candidates may go now: rate, one a client, the queue. See select.h. */
#include "policy/select.h"

#include <errno.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1 /* uthash would end the process */
#include <uthash.h>

#include "base/cleanup.h"
#include "policy/history.h"

/* A candidate's place in the queue. */
struct waiting {
	uint64_t cookie;
	uint64_t since_ns; /* since when it has been a candidate */
	uint64_t tick;	   /* the last that had it as one */
	bool observed;	   /* mode observe: would have been moved already */
	unsigned let_go;   /* times that no moment was found to move it */
	uint64_t not_before_ns;
	UT_hash_handle hh;
};

/* A client.id that has had its move of this tick. */
struct gone {
	uint64_t client;
	UT_hash_handle hh;
};

struct rz_select {
	struct rz_limits limits;
	struct rz_history *history;
	struct waiting *waiting;
	struct gone *gone;
	double tokens;
	uint64_t filled_ns; /* when the bucket was last filled: the latest tick; 0: never */
	uint64_t tick;
};

int rz_select_new(const struct rz_limits *limits, struct rz_select **ret)
{
	struct rz_select *s = calloc(1, sizeof(*s));

	if (!s || rz_history_new(limits, &s->history)) {
		free(s);
		return -ENOMEM;
	}
	s->limits = *limits;
	*ret = s;
	return 0;
}

static void forget_gone(struct rz_select *s)
{
	struct gone *g, *next;

	HASH_ITER (hh, s->gone, g, next) {
		HASH_DEL(s->gone, g);
		free(g);
	}
}

/* All that were no candidates at tick `but`. */
static void forget_waiting(struct rz_select *s, uint64_t but)
{
	struct waiting *w, *next;

	HASH_ITER (hh, s->waiting, w, next) {
		if (w->tick != but) {
			HASH_DEL(s->waiting, w);
			free(w);
		}
	}
}

void rz_select_free(struct rz_select *s)
{
	if (!s)
		return;
	forget_waiting(s, s->tick + 1);
	forget_gone(s);
	rz_history_free(s->history);
	free(s);
}

static double burst(const struct rz_select *s)
{
	return s->limits.rate > 1 ? s->limits.rate : 1;
}

static void add_tokens(struct rz_select *s, double n)
{
	s->tokens += n;
	if (s->tokens > burst(s))
		s->tokens = burst(s);
}

static void refill(struct rz_select *s, uint64_t now_ns)
{
	if (!s->filled_ns)
		add_tokens(s, burst(s));
	else if (now_ns > s->filled_ns)
		add_tokens(s, (double)(now_ns - s->filled_ns) / 1e9 * s->limits.rate);
	if (now_ns > s->filled_ns)
		s->filled_ns = now_ns;
}

static struct waiting *waiting_of(const struct rz_select *s, uint64_t cookie)
{
	struct waiting *w;

	HASH_FIND(hh, s->waiting, &cookie, sizeof(cookie), w);
	return w;
}

/* Since when this connection has been a candidate. */
static uint64_t waiting_since(struct rz_select *s, uint64_t cookie, uint64_t now_ns)
{
	struct waiting *w = waiting_of(s, cookie);

	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return now_ns; /* out of memory costs it its place in the queue, no more */
		w->cookie = cookie;
		w->since_ns = now_ns;
		HASH_ADD(hh, s->waiting, cookie, sizeof(cookie), w);
		if (!w->hh.tbl) {
			free(w);
			return now_ns;
		}
	}
	w->tick = s->tick;
	return w->since_ns;
}

struct place {
	uint64_t since_ns, cookie;
	struct rz_candidate *row;
};

static int longest_first(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->since_ns != y->since_ns)
		return x->since_ns < y->since_ns ? -1 : 1;
	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

/* The rows that are candidates, in the order in which they may go. */
static size_t line_up(struct rz_select *s, struct place *q, struct rz_candidate *rows, size_t n,
		      uint64_t now_ns)
{
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		struct rz_candidate *row = &rows[i];

		rz_history_see(s->history, row);
		if (row->same_zone)
			row->reason = RZ_REASON_SAME_ZONE;
		else
			q[len++] = (struct place){waiting_since(s, row->cookie, now_ns),
						  row->cookie, row};
	}
	rz_history_settle(s->history);
	qsort(q, len, sizeof(*q), longest_first);
	return len;
}

/* False if its client.id has had its move of this tick (or if there is no memory to note it). */
static bool first_of_client(struct rz_select *s, uint64_t client)
{
	struct gone *g;

	HASH_FIND(hh, s->gone, &client, sizeof(client), g);
	if (g)
		return false;
	g = calloc(1, sizeof(*g));
	if (!g)
		return false;
	g->client = client;
	HASH_ADD(hh, s->gone, client, sizeof(g->client), g);
	if (!g->hh.tbl) {
		free(g);
		return false;
	}
	return true;
}

static enum rz_reason decide(struct rz_select *s, const struct rz_candidate *row)
{
	bool observe = s->limits.mode == RZ_MODE_OBSERVE;
	struct waiting *w = waiting_of(s, row->cookie);
	enum rz_reason reason;

	if (w && w->observed)
		return RZ_REASON_OBSERVING;
	if (w && s->filled_ns < w->not_before_ns)
		return RZ_REASON_COOLING_DOWN;
	reason = rz_history_ask(s->history, row);
	if (reason != RZ_REASON_NONE)
		return reason;
	if (s->tokens < 1 || !first_of_client(s, row->client) || rz_history_move(s->history, row))
		return RZ_REASON_OVER_BUDGET;
	s->tokens -= 1;
	if (w && observe)
		w->observed = true;
	return observe ? RZ_REASON_OBSERVING : RZ_REASON_NONE;
}

int rz_select_run(struct rz_select *s, struct rz_candidate *rows, size_t n, uint64_t now_ns)
{
	_cleanup_free_ struct place *q = malloc((n + 1) * sizeof(*q));
	size_t i, len;

	for (i = 0; i < n; i++)
		rows[i].reason = RZ_REASON_OVER_BUDGET;
	if (!q)
		return -ENOMEM;
	s->tick++;
	refill(s, now_ns);
	rz_history_begin(s->history, now_ns);
	len = line_up(s, q, rows, n, now_ns);
	for (i = 0; i < len; i++)
		q[i].row->reason = decide(s, q[i].row);
	forget_waiting(s, s->tick);
	forget_gone(s);
	return 0;
}

void rz_select_undo(struct rz_select *s, const struct rz_candidate *row)
{
	struct waiting *w = waiting_of(s, row->cookie);

	add_tokens(s, 1);
	rz_history_undo(s->history, row);
	if (w)
		w->since_ns = s->filled_ns + 1; /* behind all that this tick has found */
}

void rz_select_let_go(struct rz_select *s, const struct rz_candidate *row)
{
	struct waiting *w = waiting_of(s, row->cookie);
	uint64_t pause_ns = s->limits.cooldown_ns;
	unsigned i;

	rz_select_undo(s, row);
	if (!w)
		return;
	for (i = 0; i < w->let_go && pause_ns < s->limits.cooldown_max_ns; i++)
		pause_ns *= 2;
	if (pause_ns > s->limits.cooldown_max_ns)
		pause_ns = s->limits.cooldown_max_ns;
	w->let_go++;
	w->not_before_ns = s->filled_ns + pause_ns;
}

size_t rz_select_remembered(const struct rz_select *s)
{
	return rz_history_count(s->history);
}
