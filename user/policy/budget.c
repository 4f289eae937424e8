// SPDX-License-Identifier: Apache-2.0
/* Token buckets, see budget.h. */
#include "policy/budget.h"

#include <errno.h>
#include <stdlib.h>

#include "base/map.h"

struct bucket {
	double rate, tokens;
	double got;	    /* since the tick began */
	uint64_t filled_ns; /* 0: never */
	bool asked;	    /* by somebody since it was filled */
	bool backlog;	    /* who was refused */
};

struct target {
	uint64_t key;
	struct bucket bucket;
	UT_hash_handle hh;
};

struct rz_budget {
	struct rz_rates rates;
	struct bucket node, cluster;
	struct target *targets;
	uint64_t now_ns; /* never goes back */
	double share;	 /* as of the latest tick */
	bool backlog;
};

int rz_budget_new(const struct rz_rates *rates, struct rz_budget **ret)
{
	struct rz_budget *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->rates = *rates;
	*ret = b;
	return 0;
}

void rz_budget_set_rates(struct rz_budget *b, const struct rz_rates *rates)
{
	double phase = b->rates.phase;

	b->rates = *rates;
	b->rates.phase = phase;
}

static void forget(struct rz_budget *b, struct target *t)
{
	HASH_DEL(b->targets, t);
	free(t);
}

void rz_budget_free(struct rz_budget *b)
{
	struct target *t, *next;

	if (!b)
		return;
	HASH_ITER (hh, b->targets, t, next)
		forget(b, t);
	free(b);
}

/* A second's worth, at least one. */
static double burst(const struct bucket *k)
{
	return k->rate > 1 ? k->rate : 1;
}

static double first_tokens(double rate, double phase)
{
	return rate >= 1 ? rate : phase;
}

static void start(struct bucket *k, double phase, uint64_t now_ns)
{
	k->tokens = first_tokens(k->rate, phase);
	k->filled_ns = now_ns;
}

/* Its room for tokens, if it got `got` since the tick before. While candidates wait for another
 * bucket, what a slow tick brings this one is kept, too: else the two take turns in refusing, and
 * let pass less than either allows. */
static double room(const struct bucket *k, double got, bool somebody_waits)
{
	double most = burst(k), owed = k->rate * RZ_BACKLOG_NS / 1e9;

	if (!k->backlog && got < owed)
		owed = got;
	return somebody_waits && owed > most ? owed : most;
}

/* Fills in what it got since it was filled. */
static void get(struct bucket *k, uint64_t now_ns, bool somebody_waits)
{
	double got = (double)(now_ns - k->filled_ns) / 1e9 * k->rate, most;

	k->got += got;
	most = room(k, k->got, somebody_waits);
	k->tokens = k->tokens + got < most ? k->tokens + got : most;
	k->filled_ns = now_ns;
}

/* The same at a tick. True: it is full, and nobody has asked for it since the tick before. */
static bool fill(struct bucket *k, uint64_t now_ns, bool somebody_waits)
{
	bool idle;

	get(k, now_ns, somebody_waits);
	idle = !k->asked && k->tokens >= burst(k);
	k->got = 0;
	k->asked = k->backlog = false;
	return idle;
}

static void fill_or_start(struct rz_budget *b, struct bucket *k, double rate, double phase)
{
	bool begun = k->filled_ns != 0;

	k->rate = rate;
	if (fill(k, b->now_ns, b->backlog) || !begun)
		start(k, phase, b->now_ns);
}

/* More than a second's worth is not made by giving back. */
static void give(struct bucket *k)
{
	if (k->tokens < burst(k))
		k->tokens = k->tokens + 1 < burst(k) ? k->tokens + 1 : burst(k);
}

void rz_budget_begin(struct rz_budget *b, uint64_t now_ns, double share)
{
	struct target *t, *next;

	if (now_ns > b->now_ns)
		b->now_ns = now_ns;
	b->share = share;
	/* the node's own begins full, however slow: it waits for nobody else */
	fill_or_start(b, &b->node, b->rates.node, 1);
	fill_or_start(b, &b->cluster, b->rates.cluster * share, b->rates.phase);
	HASH_ITER (hh, b->targets, t, next)
		if (fill(&t->bucket, b->now_ns, b->backlog))
			forget(b, t); /* it starts anew when somebody asks for it */
	b->backlog = false;
}

void rz_budget_go_on(struct rz_budget *b, uint64_t now_ns)
{
	struct target *t, *next;

	if (now_ns > b->now_ns)
		b->now_ns = now_ns;
	b->node.rate = b->rates.node;
	get(&b->node, b->now_ns, b->backlog);
	b->cluster.rate = b->rates.cluster * b->share;
	get(&b->cluster, b->now_ns, b->backlog);
	HASH_ITER (hh, b->targets, t, next)
		get(&t->bucket, b->now_ns, b->backlog);
}

static struct bucket *target_bucket(struct rz_budget *b, const struct rz_target *where)
{
	double rate = b->rates.per_target * where->share;
	struct target *t;

	HASH_FIND(hh, b->targets, &where->key, sizeof(where->key), t);
	if (!t) {
		t = calloc(1, sizeof(*t));
		if (!t)
			return NULL;
		t->key = where->key;
		HASH_ADD(hh, b->targets, key, sizeof(t->key), t);
		if (!t->hh.tbl) {
			free(t);
			return NULL;
		}
		t->bucket.rate = rate;
		start(&t->bucket, b->rates.phase, b->now_ns);
	}
	t->bucket.rate = rate;
	return &t->bucket;
}

/* Has it a token? If not, somebody waits for one. */
static bool has(struct rz_budget *b, struct bucket *k)
{
	k->asked = true;
	if (k->tokens >= 1)
		return true;
	k->backlog = b->backlog = true;
	return false;
}

/* `*ret_t`: the bucket of where it would go; NULL: that rate is off. */
static enum rz_reason ask(struct rz_budget *b, const struct rz_target *where, struct bucket **ret_t)
{
	*ret_t = NULL;
	if (b->rates.node > 0 && !has(b, &b->node))
		return RZ_REASON_OVER_BUDGET;
	if (b->rates.per_target > 0) {
		*ret_t = target_bucket(b, where);
		if (!*ret_t)
			return RZ_REASON_OVER_BUDGET;
		if (!has(b, *ret_t))
			return RZ_REASON_TARGET_BUDGET;
	}
	return b->rates.cluster > 0 && !has(b, &b->cluster) ? RZ_REASON_CLUSTER_BUDGET
							    : RZ_REASON_NONE;
}

enum rz_reason rz_budget_ask(struct rz_budget *b, const struct rz_target *where)
{
	struct bucket *t;

	return ask(b, where, &t);
}

enum rz_reason rz_budget_take(struct rz_budget *b, const struct rz_target *where)
{
	struct bucket *t;
	enum rz_reason reason = ask(b, where, &t);

	if (reason != RZ_REASON_NONE)
		return reason;
	if (b->rates.node > 0)
		b->node.tokens -= 1;
	if (t)
		t->tokens -= 1;
	if (b->rates.cluster > 0)
		b->cluster.tokens -= 1;
	return RZ_REASON_NONE;
}

bool rz_budget_has(const struct rz_budget *b, const struct rz_target *where)
{
	double rate = b->rates.per_target * where->share;
	struct target *t;

	if ((b->rates.node > 0 && b->node.tokens < 1) ||
	    (b->rates.cluster > 0 && b->cluster.tokens < 1))
		return false;
	if (b->rates.per_target <= 0)
		return true;
	HASH_FIND(hh, b->targets, &where->key, sizeof(where->key), t);
	return (t ? t->bucket.tokens : first_tokens(rate, b->rates.phase)) >= 1;
}

void rz_budget_give(struct rz_budget *b, const struct rz_target *where)
{
	struct target *t;

	give(&b->node);
	give(&b->cluster);
	HASH_FIND(hh, b->targets, &where->key, sizeof(where->key), t);
	if (t)
		give(&t->bucket);
}

bool rz_budget_backlog(const struct rz_budget *b)
{
	return b->backlog;
}
