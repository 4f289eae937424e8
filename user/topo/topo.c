// SPDX-License-Identifier: Apache-2.0
/* The topology as a value, see topo.h. Pure. */
#include "topo/topo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

void rz_topo_free(struct rz_topo *t)
{
	if (!t)
		return;
	free(t->agents);
	free(t->aliases);
	free(t);
}

void rz_topo_zones_free(struct rz_topo_zones *z)
{
	if (!z)
		return;
	free(z->rows);
	free(z);
}

static int agent_order(const void *a, const void *b)
{
	const struct rz_topo_agent *x = a, *y = b;
	int d = memcmp(x->at.addr, y->at.addr, sizeof(x->at.addr));

	return d ? d : (int)x->at.port - (int)y->at.port;
}

void rz_topo_sort(struct rz_topo *t)
{
	if (t->n_agents)
		qsort(t->agents, t->n_agents, sizeof(*t->agents), agent_order);
}

const struct rz_topo_agent *rz_topo_agent_at(const struct rz_topo *t, const struct rz_endpoint *at)
{
	struct rz_topo_agent key = {.at = *at};

	return t->n_agents ? bsearch(&key, t->agents, t->n_agents, sizeof(key), agent_order) : NULL;
}

const char *rz_topo_canonical(const struct rz_topo *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n_aliases; i++)
		if (!strcmp(t->aliases[i].name, name))
			return t->aliases[i].zone;
	return name;
}

/* This canonical zone as `t` or `zones` has it, or NULL. */
static const char *known(const struct rz_topo *t, const struct rz_topo_zones *zones,
			 const char *zone)
{
	size_t i;

	if (!*zone)
		return NULL;
	if (!strcmp(t->own_zone, zone))
		return t->own_zone;
	for (i = 0; i < zones->n; i++)
		if (!strcmp(zones->rows[i].key.zone, zone))
			return zones->rows[i].key.zone;
	for (i = 0; i < t->n_aliases; i++)
		if (!strcmp(t->aliases[i].zone, zone))
			return t->aliases[i].zone;
	return NULL;
}

bool rz_topo_zone_known(const struct rz_topo *t, const struct rz_topo_zones *zones,
			const char *zone)
{
	return known(t, zones, zone) != NULL;
}

const char *rz_topo_resolve(const struct rz_topo *t, const struct rz_topo_zones *zones,
			    const char *name)
{
	const char *zone = known(t, zones, rz_topo_canonical(t, name));
	char cut[RZ_ZONE_SIZE], *dash;

	if (zone)
		return zone;
	rz_str_copy(cut, sizeof(cut), name);
	while (!zone && (dash = strrchr(cut, '-'))) {
		*dash = '\0';
		zone = known(t, zones, rz_topo_canonical(t, cut));
	}
	return zone;
}

static int order(const void *a, const void *b)
{
	const struct rz_topo_zone *x = a, *y = b;
	int d = strcmp(x->key.group, y->key.group);

	return d ? d : strcmp(x->key.zone, y->key.zone);
}

/* One row for each agent, then rows of one group and zone are added up. */
static void merge(struct rz_topo_zones *z)
{
	size_t i, n = 0;

	qsort(z->rows, z->n, sizeof(*z->rows), order);
	for (i = 0; i < z->n; i++) {
		if (n && !order(&z->rows[n - 1], &z->rows[i])) {
			z->rows[n - 1].agents += z->rows[i].agents;
			z->rows[n - 1].ready += z->rows[i].ready;
		} else {
			z->rows[n++] = z->rows[i];
		}
	}
	z->n = n;
}

int rz_topo_zones_count(const struct rz_topo *t, const struct rz_topo_zones *old,
			uint32_t min_agents, uint64_t now_ns, struct rz_topo_zones **ret)
{
	struct rz_topo_zones *z = calloc(1, sizeof(*z));
	size_t i;

	if (!z)
		return -ENOMEM;
	z->rows = calloc(t->n_agents + 1, sizeof(*z->rows));
	if (!z->rows) {
		free(z);
		return -ENOMEM;
	}
	for (i = 0; i < t->n_agents; i++) {
		struct rz_topo_zone *row = &z->rows[z->n++];

		rz_str_copy(row->key.group, sizeof(row->key.group), t->agents[i].group);
		rz_str_copy(row->key.zone, sizeof(row->key.zone), t->agents[i].zone);
		row->agents = 1;
		row->ready = t->agents[i].ready;
	}
	merge(z);
	for (i = 0; i < z->n; i++) {
		struct rz_topo_zone *row = &z->rows[i];
		const struct rz_topo_zone *was =
			old ? rz_topo_zone_find(old, row->key.group, row->key.zone) : NULL;

		if (row->ready && row->ready >= min_agents)
			row->ready_since_ns =
				was && was->ready_since_ns ? was->ready_since_ns : now_ns;
	}
	*ret = z;
	return 0;
}

const struct rz_topo_zone *rz_topo_zone_find(const struct rz_topo_zones *z, const char *group,
					     const char *zone)
{
	struct rz_topo_zone key = {};

	rz_str_copy(key.key.group, sizeof(key.key.group), group);
	rz_str_copy(key.key.zone, sizeof(key.key.zone), zone);
	return z->n ? bsearch(&key, z->rows, z->n, sizeof(key), order) : NULL;
}
