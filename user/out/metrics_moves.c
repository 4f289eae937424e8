// SPDX-License-Identifier: Apache-2.0
/* Metrics of moves: how they ended, what became of their clients, how long they took. See
 * metrics.h. */
#include <string.h>

#include "out/metrics_inside.h"
#include "policy/reason.h"

static const char *const results[] = {"moved", "let-go", "refused", "observed"};
_Static_assert(sizeof(results) / sizeof(results[0]) == RZ_MOVED_COUNT, "a word for each result");
static const char *const triggers[] = {"policy", "operator", "follow-up"};
_Static_assert(sizeof(triggers) / sizeof(triggers[0]) == RZ_TRIGGER_COUNT, "likewise");
static const char *const methods[] = {"auto", "reset", "fin"};
_Static_assert(sizeof(methods) / sizeof(methods[0]) == RZ_CLOSE_COUNT, "likewise");

size_t rz_metrics_zones(const struct rz_metrics_view *v, const char **ret, size_t max)
{
	size_t i, k, n = 0;

	for (i = 0; v->zones && i < v->zones->n && n < max; i++) {
		const struct rz_topo_zone *z = &v->zones->rows[i];

		for (k = 0; k < n && strcmp(ret[k], z->key.zone); k++)
			;
		if (k == n && z->agents && z->key.zone[0])
			ret[n++] = z->key.zone;
	}
	return n;
}

const char *rz_metrics_zone(const char *zone)
{
	return *zone ? zone : RZ_UNKNOWN;
}

/* What cannot happen has no series: the policy alone observes, and a follow-up is a reset. */
static bool may_be(const struct rz_moved_key *k)
{
	if (k->trigger == RZ_TRIGGER_FOLLOW)
		return k->result == RZ_MOVED_MOVED && k->method == RZ_CLOSE_RESET;
	if (k->result == RZ_MOVED_OBSERVED && k->trigger != RZ_TRIGGER_POLICY)
		return false;
	return k->method != RZ_CLOSE_AUTO;
}

static void print_move(const struct rz_exposition *x, const struct rz_moved_key *k, double n)
{
	if (k->result < RZ_MOVED_COUNT && k->method < RZ_CLOSE_COUNT &&
	    k->trigger < RZ_TRIGGER_COUNT)
		rz_exposition_value(x, n, results[k->result], methods[k->method],
				    triggers[k->trigger], rz_metrics_zone(k->to_zone));
}

static bool is_same(const struct rz_moved_key *a, const struct rz_moved_key *b)
{
	return a->result == b->result && a->method == b->method && a->trigger == b->trigger &&
	       !strcmp(a->to_zone, b->to_zone);
}

static double count_moves(const struct rz_tallies *t, const struct rz_moved_key *k)
{
	size_t i;

	for (i = 0; i < t->n_moved; i++)
		if (is_same(&t->moved[i], k))
			return (double)t->moved_counts[i];
	return 0;
}

static void print_zone(const struct rz_exposition *x, const struct rz_tallies *t, const char *zone)
{
	struct rz_moved_key k = {};
	int result, method, trigger;

	memcpy(k.to_zone, zone, strlen(zone) + 1); /* a zone of the topology: it fits */
	for (result = 0; result < RZ_MOVED_COUNT; result++)
		for (method = 0; method < RZ_CLOSE_COUNT; method++)
			for (trigger = 0; trigger < RZ_TRIGGER_COUNT; trigger++) {
				k.result = result;
				k.method = method;
				k.trigger = trigger;
				if (may_be(&k))
					print_move(x, &k, count_moves(t, &k));
			}
}

void rz_metrics_moves(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	const char *zones[RZ_ZEROED_ZONES];
	const struct rz_tallies *t = v->tallies;
	size_t i, k, n = rz_metrics_zones(v, zones, RZ_ZEROED_ZONES);

	for (i = 0; i < n; i++)
		print_zone(x, t, zones[i]);
	for (i = 0; i < t->n_moved && i < RZ_SERIES_MAX; i++) {
		for (k = 0; k < n && strcmp(zones[k], t->moved[i].to_zone); k++)
			;
		if (k == n || !may_be(&t->moved[i]))
			print_move(x, &t->moved[i], (double)t->moved_counts[i]);
	}
}

void rz_metrics_outcomes(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	int o;

	for (o = RZ_OUTCOME_NONE + 1; o < RZ_OUTCOME_COUNT; o++)
		rz_exposition_value(x, (double)v->snap->counters.outcomes[o], rz_outcome_name(o));
}

static void print_span(const struct rz_exposition *x, const struct rz_histogram *h)
{
	double bounds[RZ_SPAN_BUCKETS - 1];
	size_t i;

	for (i = 0; i < RZ_SPAN_BUCKETS - 1; i++)
		bounds[i] = (double)rz_span_bounds_us[i] / 1e6;
	_Static_assert(sizeof(h->buckets[0]) == sizeof(uint64_t), "as the form wants it");
	rz_exposition_histogram(x, bounds, (const uint64_t *)h->buckets, RZ_SPAN_BUCKETS - 1,
				(double)h->sum_us / 1e6);
}

void rz_metrics_wait(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	print_span(x, &v->tallies->spans[RZ_SPAN_WAIT]);
}

void rz_metrics_hold(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	print_span(x, &v->tallies->spans[RZ_SPAN_HOLD]);
}

void rz_metrics_tick_duration(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	print_span(x, &v->tallies->spans[RZ_SPAN_TICK]);
}
