// SPDX-License-Identifier: Apache-2.0
/* Token buckets, see budget.h. */
#include "policy/budget.h"

#include <errno.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1 /* uthash would end the process */
#include <uthash.h>

struct bucket {
	double rate, tokens;
	uint64_t filled_ns; /* 0: never */
	bool backlog;	    /* somebody was refused since it was filled */
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

static void fill(struct bucket *k, double rate, double phase, uint64_t now_ns)
{
	double most;

	k->rate = rate;
	most = burst(k);
	if (k->backlog && rate * RZ_BACKLOG_NS / 1e9 > most)
		most = rate * RZ_BACKLOG_NS / 1e9;
	if (!k->filled_ns)
		k->tokens = rate >= 1 ? rate : phase;
	else if (now_ns > k->filled_ns)
		k->tokens += (double)(now_ns - k->filled_ns) / 1e9 * rate;
	if (k->tokens > most)
		k->tokens = most;
	k->filled_ns = now_ns;
	k->backlog = false;
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
	b->backlog = false;
	/* the node's own begins full, however slow: it waits for nobody else */
	fill(&b->node, b->rates.node, 1, b->now_ns);
	fill(&b->cluster, b->rates.cluster * share, b->rates.phase, b->now_ns);
	HASH_ITER (hh, b->targets, t, next) {
		fill(&t->bucket, t->bucket.rate, 0, b->now_ns);
		if (t->bucket.tokens >= 1 && t->bucket.tokens >= t->bucket.rate)
			forget(b, t); /* full: as good as one that was never there */
	}
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
		fill(&t->bucket, rate, b->rates.phase, b->now_ns);
	}
	t->bucket.rate = rate;
	return &t->bucket;
}

/* Has it a token? If not, somebody waits for it. */
static bool has(struct rz_budget *b, struct bucket *k)
{
	if (k->tokens >= 1)
		return true;
	k->backlog = b->backlog = true;
	return false;
}

enum rz_reason rz_budget_take(struct rz_budget *b, const struct rz_target *where)
{
	struct bucket *t = NULL;

	if (!has(b, &b->node))
		return RZ_REASON_OVER_BUDGET;
	if (b->rates.per_target > 0) {
		t = target_bucket(b, where);
		if (!t)
			return RZ_REASON_OVER_BUDGET;
		if (!has(b, t))
			return RZ_REASON_TARGET_BUDGET;
	}
	if (b->rates.cluster > 0 && !has(b, &b->cluster))
		return RZ_REASON_CLUSTER_BUDGET;
	b->node.tokens -= 1;
	if (t)
		t->tokens -= 1;
	if (b->rates.cluster > 0)
		b->cluster.tokens -= 1;
	return RZ_REASON_NONE;
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
