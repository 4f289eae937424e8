// SPDX-License-Identifier: Apache-2.0
/* Agents and network namespaces, see place.h. Pure. */
#include "topo/place.h"

#include <stdlib.h>
#include <string.h>

static int place_order(const void *a, const void *b)
{
	const struct rz_socket_place *x = a, *y = b;
	int d = memcmp(x->at.addr, y->at.addr, sizeof(x->at.addr));

	if (!d)
		d = (int)x->at.port - (int)y->at.port;
	return d ? d : (x->netns > y->netns) - (x->netns < y->netns);
}

size_t rz_places_sort(struct rz_socket_place *places, size_t n)
{
	size_t i, kept = 0;

	if (n)
		qsort(places, n, sizeof(*places), place_order);
	for (i = 0; i < n; i++)
		if (!kept || place_order(&places[kept - 1], &places[i]))
			places[kept++] = places[i];
	return kept;
}

bool rz_places_have(const struct rz_socket_place *places, size_t n, const struct rz_socket_place *p)
{
	return n && bsearch(p, places, n, sizeof(*p), place_order);
}

/* The first place that is not before `p`. */
static size_t lower_bound(const struct rz_socket_place *places, size_t n,
			  const struct rz_socket_place *p)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (place_order(&places[mid], p) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool at_same(const struct rz_socket_place *p, const struct rz_endpoint *at)
{
	return p->at.port == at->port && !memcmp(p->at.addr, at->addr, sizeof(at->addr));
}

bool rz_topo_place(struct rz_topo *t, const struct rz_socket_place *places, size_t n)
{
	bool changed = false;
	size_t i;

	for (i = 0; i < t->n_agents; i++) {
		struct rz_topo_agent *a = &t->agents[i];
		struct rz_socket_place first = {.at = a->at};
		size_t k = lower_bound(places, n, &first);
		enum rz_home home = RZ_HOME_NOWHERE;
		uint32_t netns = 0;

		if (a->home == RZ_HOME_OTHER_NODE)
			continue;
		if (k < n && at_same(&places[k], &a->at)) {
			home = RZ_HOME_HERE;
			netns = places[k].netns;
			if (k + 1 < n && at_same(&places[k + 1], &a->at)) {
				home = RZ_HOME_AMBIGUOUS;
				netns = 0;
			}
		}
		changed |= a->home != home || a->netns != netns;
		a->home = home;
		a->netns = netns;
	}
	return changed;
}
