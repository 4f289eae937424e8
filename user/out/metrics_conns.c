// SPDX-License-Identifier: Apache-2.0
/* Metrics of connections: where they are, why they stay, how they arrived. See metrics.h. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "out/metrics_inside.h"
#include "policy/reason.h"

/* ---- by group and zones ---- */

struct place {
	const char *group, *client_zone, *agent_zone;
};

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int c = strcmp(x->group, y->group);

	if (!c)
		c = strcmp(x->client_zone, y->client_zone);
	return c ?: strcmp(x->agent_zone, y->agent_zone);
}

/* A zone that a client names and the topology does not know is never a label. */
static struct place place_of(const struct rz_verdict *v)
{
	bool known = v->client_zone && (v->locality != RZ_LOCALITY_UNKNOWN || v->there);

	return (struct place){.group = v->group ?: RZ_UNKNOWN,
			      .client_zone = known ? v->client_zone : RZ_UNKNOWN,
			      .agent_zone = v->agent_zone ?: RZ_UNKNOWN};
}

void rz_metrics_connections(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	_cleanup_free_ struct place *all = calloc(v->n_rows + 1, sizeof(*all));
	size_t i, begun = 0, series = 0;

	for (i = 0; all && i < v->n_rows; i++)
		all[i] = place_of(&v->rows[i].verdict);
	if (all)
		qsort(all, v->n_rows, sizeof(*all), by_place);
	for (i = 0; all && i < v->n_rows && series < RZ_SERIES_MAX; i++) {
		if (i + 1 < v->n_rows && !by_place(&all[i], &all[i + 1]))
			continue;
		rz_exposition_value(x, (double)(i + 1 - begun), all[i].group, all[i].client_zone,
				    all[i].agent_zone);
		begun = i + 1;
		series++;
	}
	if (begun < v->n_rows && all)
		rz_exposition_value(x, (double)(v->n_rows - begun), RZ_OTHERS, RZ_OTHERS,
				    RZ_OTHERS);
}

/* ---- by reason ---- */

void rz_metrics_by_reason(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	size_t counts[RZ_LOCALITY_COUNT][RZ_REASON_COUNT] = {}, i;
	int l, r;

	for (i = 0; i < v->n_rows; i++)
		counts[v->rows[i].verdict.locality][v->rows[i].reason]++;
	for (l = 0; l < RZ_LOCALITY_COUNT; l++)
		for (r = 0; r < RZ_REASON_COUNT; r++)
			rz_exposition_value(x, (double)counts[l][r], rz_locality_name(l),
					    rz_reason_name(r));
}

void rz_metrics_parked(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	size_t i, n = 0;

	for (i = 0; i < v->n_rows; i++)
		n += v->rows[i].parked_s >= 0;
	rz_exposition_value(x, (double)n);
}

/* What keeps connections that rezone would move, and is of the node, its settings or its history,
 * not of the connection. */
static const enum rz_reason causes[] = {
	RZ_REASON_OWN_ZONE_UNKNOWN, RZ_REASON_ZONE_NOT_STABLE, RZ_REASON_TOPOLOGY_STALE,
	RZ_REASON_COOLING_DOWN,	    RZ_REASON_GAVE_UP,	       RZ_REASON_MEMORY_FULL,
	RZ_REASON_BREAKER,	    RZ_REASON_PAUSED,	       RZ_REASON_OVER_BUDGET,
	RZ_REASON_TARGET_BUDGET,    RZ_REASON_CLUSTER_BUDGET,  RZ_REASON_OBSERVING,
};

void rz_metrics_blocked(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	size_t c, i, n;

	for (c = 0; c < sizeof(causes) / sizeof(causes[0]); c++) {
		n = 0;
		for (i = 0; i < v->n_rows; i++)
			n += v->rows[i].reason == causes[c];
		rz_exposition_value(x, (double)n, rz_reason_name(causes[c]));
	}
}

void rz_metrics_listened_to(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, v->snap->status.listening);
}

void rz_metrics_next_connection(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, (double)v->n_next);
}

/* ---- arrivals ---- */

static double arrivals(const struct rz_tallies *t, const char *zone, int home_was_ready)
{
	size_t i;

	for (i = 0; i < t->n_arrivals; i++)
		if (t->arrivals[i].home_was_ready == home_was_ready &&
		    !strcmp(t->arrivals[i].client_zone, zone))
			return (double)t->arrivals_counts[i];
	return 0;
}

static bool is_among(const char *zone, const char *const *zones, size_t n)
{
	size_t i;

	for (i = 0; i < n && strcmp(zones[i], zone); i++)
		;
	return i < n;
}

void rz_metrics_arrivals(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	static const char *const words[] = {"no", "yes"};
	const char *zones[RZ_ZEROED_ZONES + 1];
	const struct rz_tallies *t = v->tallies;
	size_t i, n = rz_metrics_zones(v, zones, RZ_ZEROED_ZONES);
	int ready;

	zones[n++] = "";
	for (i = 0; i < n; i++)
		for (ready = 0; ready < 2; ready++)
			rz_exposition_value(x, arrivals(t, zones[i], ready),
					    rz_metrics_zone(zones[i]), words[ready]);
	for (i = 0; i < t->n_arrivals && i < RZ_SERIES_MAX; i++)
		if (!is_among(t->arrivals[i].client_zone, zones, n))
			rz_exposition_value(x, (double)t->arrivals_counts[i],
					    t->arrivals[i].client_zone,
					    words[!!t->arrivals[i].home_was_ready]);
}

/* ---- bytes ---- */

static void print_bytes(const struct rz_exposition *x, const struct rz_ledger_key *k,
			const struct rz_ledger_sum *sum)
{
	const char *group = k->group[0] ? k->group : RZ_UNKNOWN;
	const char *client_zone = rz_metrics_zone(k->client_zone);
	const char *agent_zone = rz_metrics_zone(k->agent_zone);

	rz_exposition_value(x, (double)sum->rx_bytes, group, client_zone, agent_zone,
			    "from_client");
	rz_exposition_value(x, (double)sum->tx_bytes, group, client_zone, agent_zone, "to_client");
}

/* Is there a row of these agents before the `end`th; from this zone, or (NULL) from any? */
static bool has_row(const struct rz_ledger_rows *l, size_t end, const struct rz_ledger_key *agents,
		    const char *client_zone)
{
	size_t i;

	for (i = 0; i < end; i++) {
		const struct rz_ledger_key *k = &l->zones[i];

		if (!strcmp(k->agent_zone, agents->agent_zone) &&
		    !strcmp(k->group, agents->group) &&
		    (!client_zone || !strcmp(k->client_zone, client_zone)))
			return true;
	}
	return false;
}

/* Zones whose clients have carried nothing to these agents yet: a series that began with its first
 * bytes would hide them from a rate. Returns how many series. */
static size_t print_zeros(const struct rz_exposition *x, const struct rz_metrics_view *v,
			  const struct rz_ledger_key *agents)
{
	static const struct rz_ledger_sum none;
	const char *zones[RZ_ZEROED_ZONES];
	size_t i, series = 0, n = rz_metrics_zones(v, zones, RZ_ZEROED_ZONES);

	for (i = 0; i < n; i++) {
		struct rz_ledger_key k = *agents;

		if (has_row(v->ledger, v->ledger->n_zones, agents, zones[i]))
			continue;
		rz_str_copy(k.client_zone, sizeof(k.client_zone), zones[i]);
		print_bytes(x, &k, &none);
		series += 2;
	}
	return series;
}

/* The ledger's rows never become less, and their names are the topology's. Which of them have a
 * series must not change as they grow, so the first ones have, in the map's order. */
void rz_metrics_traffic(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	const struct rz_ledger_rows *l = v->ledger;
	size_t i, series = 2 * l->n_zones;

	for (i = 0; i < l->n_zones && 2 * (i + 1) <= RZ_SERIES_MAX; i++)
		print_bytes(x, &l->zones[i], &l->zones_sums[i]);
	for (i = 0; i < l->n_zones && series + 2 * RZ_ZEROED_ZONES <= RZ_SERIES_MAX; i++)
		if (l->zones[i].agent_zone[0] && !has_row(l, i, &l->zones[i], NULL))
			series += print_zeros(x, v, &l->zones[i]);
}
