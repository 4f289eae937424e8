// SPDX-License-Identifier: Apache-2.0
/* The topology as a value, see topo.h. Pure. */
#include "topo/topo.h"

#include <errno.h>
#include <stdio.h>
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

/* Of each connection at each tick: the key is no whole agent, which has 300 bytes. */
static int at_order(const void *at, const void *agent)
{
	const struct rz_endpoint *x = at, *y = &((const struct rz_topo_agent *)agent)->at;
	int d = memcmp(x->addr, y->addr, sizeof(x->addr));

	return d ? d : (int)x->port - (int)y->port;
}

static int agent_order(const void *a, const void *b)
{
	return at_order(&((const struct rz_topo_agent *)a)->at, b);
}

void rz_topo_sort(struct rz_topo *t)
{
	if (t->n_agents)
		qsort(t->agents, t->n_agents, sizeof(*t->agents), agent_order);
}

const struct rz_topo_agent *rz_topo_agent_at(const struct rz_topo *t, const struct rz_endpoint *at)
{
	return t->n_agents ? bsearch(at, t->agents, t->n_agents, sizeof(*t->agents), at_order)
			   : NULL;
}

static bool same_agent(const struct rz_topo_agent *a, const struct rz_topo_agent *b)
{
	return !agent_order(a, b) && !strcmp(a->zone, b->zone) && !strcmp(a->group, b->group) &&
	       (a->home == RZ_HOME_OTHER_NODE) == (b->home == RZ_HOME_OTHER_NODE);
}

bool rz_topo_same_zones(const struct rz_topo *a, const struct rz_topo *b)
{
	bool same = a->n_agents == b->n_agents && a->n_aliases == b->n_aliases &&
		    !strcmp(a->own_zone, b->own_zone);
	size_t i;

	for (i = 0; same && i < a->n_agents; i++)
		same = same_agent(&a->agents[i], &b->agents[i]);
	for (i = 0; same && i < a->n_aliases; i++)
		same = !strcmp(a->aliases[i].name, b->aliases[i].name) &&
		       !strcmp(a->aliases[i].zone, b->aliases[i].zone);
	return same;
}

static const char *const home_names[] = {"", "on another node", "no", "yes", "ambiguous"};
_Static_assert(sizeof(home_names) / sizeof(home_names[0]) == RZ_HOME_COUNT, "a word for each");

const char *rz_home_name(enum rz_home h)
{
	return h < RZ_HOME_COUNT ? home_names[h] : "?";
}

const struct rz_topo_agent *rz_topo_agent_in(const struct rz_topo *t, const struct rz_endpoint *at,
					     uint32_t netns, bool *ret_ambiguous)
{
	const struct rz_topo_agent *a = rz_topo_agent_at(t, at);

	*ret_ambiguous = false;
	if (!a || a->home == RZ_HOME_UNCHECKED)
		return a;
	if (a->home == RZ_HOME_OTHER_NODE)
		return NULL;
	if (a->home == RZ_HOME_HERE && a->netns == netns)
		return a;
	/* also one that the latest look did not see: the next one will */
	*ret_ambiguous = true;
	return NULL;
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
			    const char *name, bool last)
{
	const char *zone = known(t, zones, rz_zone_canonical(t, name));
	char cut[RZ_ZONE_SIZE], *dash;

	if (zone || !last)
		return zone;
	rz_str_copy(cut, sizeof(cut), name);
	while (!zone && (dash = strrchr(cut, '-'))) {
		*dash = '\0';
		zone = known(t, zones, rz_zone_canonical(t, cut));
	}
	return zone;
}

const char *rz_topo_meant(const struct rz_topo *t, const struct rz_topo_zones *zones,
			  const char *name, bool last)
{
	const char *zone = rz_topo_resolve(t, zones, name, last);

	return zone ? zone : name;
}

static int order(const void *a, const void *b)
{
	const struct rz_topo_zone *x = a, *y = b;

	return rz_zone_order(&x->key, &y->key);
}

void rz_topo_zones_sort(struct rz_topo_zones *z)
{
	if (z->n)
		qsort(z->rows, z->n, sizeof(*z->rows), order);
}

static int count_order(const void *a, const void *b)
{
	const struct rz_topo_agent *x = *(const struct rz_topo_agent *const *)a;
	const struct rz_topo_agent *y = *(const struct rz_topo_agent *const *)b;
	int d = strcmp(x->group, y->group);

	if (!d)
		d = strcmp(x->zone, y->zone);
	return d ? d : (x->pod > y->pod) - (x->pod < y->pod);
}

/* Adds one agent's addresses, those from[0] to from[n - 1], to the last row. */
static void count_agent(struct rz_topo_zones *z, const struct rz_topo_agent *const *from, size_t n)
{
	struct rz_topo_zone *row = z->n ? &z->rows[z->n - 1] : NULL;
	bool ready = true;
	size_t i;

	if (!row || strcmp(row->key.group, from[0]->group) ||
	    strcmp(row->key.zone, from[0]->zone)) {
		row = &z->rows[z->n++];
		rz_str_copy(row->key.group, sizeof(row->key.group), from[0]->group);
		rz_str_copy(row->key.zone, sizeof(row->key.zone), from[0]->zone);
	}
	for (i = 0; i < n; i++)
		ready &= from[i]->ready;
	row->agents++;
	row->ready += ready;
}

static void count_all(struct rz_topo_zones *z, const struct rz_topo_agent **order, size_t n)
{
	size_t i, end;

	qsort(order, n, sizeof(*order), count_order);
	for (i = 0; i < n; i = end) {
		for (end = i + 1; end < n && order[i]->pod && !count_order(&order[i], &order[end]);
		     end++)
			;
		count_agent(z, &order[i], end - i);
	}
}

int rz_topo_zones_count(const struct rz_topo *t, const struct rz_topo_zones *old,
			uint32_t min_agents, uint64_t now_ns, struct rz_topo_zones **ret)
{
	_cleanup_free_ const struct rz_topo_agent **all = calloc(t->n_agents + 1, sizeof(*all));
	struct rz_topo_zones *z = calloc(1, sizeof(*z));
	size_t i;

	if (z)
		z->rows = calloc(t->n_agents + 1, sizeof(*z->rows));
	if (!all || !z || !z->rows) {
		rz_topo_zones_free(z);
		return -ENOMEM;
	}
	for (i = 0; i < t->n_agents; i++)
		all[i] = &t->agents[i];
	count_all(z, all, t->n_agents);
	for (i = 0; i < z->n; i++) {
		struct rz_topo_zone *row = &z->rows[i];
		const struct rz_topo_zone *was =
			old ? rz_topo_zone_find(old, row->key.group, row->key.zone) : NULL;

		if (!row->ready || row->ready < min_agents)
			continue;
		was = was && was->ready_since_ns ? was : NULL;
		row->ready_since_ns = was ? was->ready_since_ns : now_ns;
		row->seen_coming = was ? was->seen_coming : old != NULL;
	}
	*ret = z;
	return 0;
}

int rz_topo_fits(const struct rz_topo *t, char *why, size_t size)
{
	struct rz_topo_zones *z = NULL;
	int err;

	if (t->n_agents > RZ_AGENTS_MAX) {
		snprintf(why, size, "%zu agents are more than the %d that fit", t->n_agents,
			 RZ_AGENTS_MAX);
		return -E2BIG;
	}
	err = rz_topo_zones_count(t, NULL, 1, 0, &z);
	if (!err && z->n > RZ_ZONES_MAX) {
		snprintf(why, size, "%zu groups and zones are more than the %d that fit", z->n,
			 RZ_ZONES_MAX);
		err = -E2BIG;
	}
	rz_topo_zones_free(z);
	return err;
}

/* What is looked for, without a copy of the names. */
struct names {
	const char *group, *zone;
};

static int names_order(const void *names, const void *row)
{
	const struct names *x = names;
	const struct rz_zone_key *y = &((const struct rz_topo_zone *)row)->key;
	int d = strcmp(x->group, y->group);

	return d ? d : strcmp(x->zone, y->zone);
}

const struct rz_topo_zone *rz_topo_zone_find(const struct rz_topo_zones *z, const char *group,
					     const char *zone)
{
	struct names key = {group, zone};

	return z->n ? bsearch(&key, z->rows, z->n, sizeof(*z->rows), names_order) : NULL;
}

/* ---- names that left ---- */

static void add_name(struct rz_topo_zones *z, size_t room, const struct rz_topo *t,
		     const char *name, uint64_t left_ns)
{
	struct rz_topo_zone *row;

	if (z->n == room || !*name || known(t, z, rz_zone_canonical(t, name)))
		return;
	row = &z->rows[z->n++];
	*row = (struct rz_topo_zone){.left_ns = left_ns};
	rz_str_copy(row->key.zone, sizeof(row->key.zone), name);
}

static int newest_first(const void *a, const void *b)
{
	const struct rz_topo_zone *x = a, *y = b;

	return x->left_ns > y->left_ns ? -1 : x->left_ns < y->left_ns;
}

/* The names of `was` and `old` that leave now come first, then those that left before. */
static void add_names(struct rz_topo_zones *z, size_t room, const struct rz_topo *t,
		      const struct rz_topo *was, const struct rz_topo_zones *old, uint64_t now_ns)
{
	size_t i;

	for (i = 0; old && i < old->n; i++)
		if (!old->rows[i].left_ns)
			add_name(z, room, t, old->rows[i].key.zone, now_ns);
	if (was)
		add_name(z, room, t, was->own_zone, now_ns);
	for (i = 0; was && i < was->n_aliases; i++) {
		add_name(z, room, t, was->aliases[i].name, now_ns);
		add_name(z, room, t, was->aliases[i].zone, now_ns);
	}
}

int rz_topo_zones_remember(struct rz_topo_zones *z, const struct rz_topo *t,
			   const struct rz_topo *was, const struct rz_topo_zones *old,
			   uint64_t now_ns)
{
	_cleanup_free_ struct rz_topo_zone *left = calloc(RZ_ZONES_REMEMBERED, sizeof(*left));
	size_t i, n = 0, room = z->n + RZ_ZONES_REMEMBERED;
	struct rz_topo_zone *rows = realloc(z->rows, (room + 1) * sizeof(*rows));

	if (rows)
		z->rows = rows;
	if (!rows || !left)
		return -ENOMEM;
	if (room > RZ_ZONES_MAX)
		room = RZ_ZONES_MAX > z->n ? RZ_ZONES_MAX : z->n;
	for (i = 0; old && i < old->n && n < RZ_ZONES_REMEMBERED; i++)
		if (old->rows[i].left_ns)
			left[n++] = old->rows[i];
	qsort(left, n, sizeof(*left), newest_first);
	add_names(z, room, t, was, old, now_ns);
	for (i = 0; i < n; i++)
		add_name(z, room, t, left[i].key.zone, left[i].left_ns);
	rz_topo_zones_sort(z);
	return 0;
}

size_t rz_topo_zones_present(const struct rz_topo_zones *z)
{
	size_t i, n = 0;

	for (i = 0; i < z->n; i++)
		n += z->rows[i].agents > 0;
	return n;
}

struct rz_topo_total rz_topo_zones_total(const struct rz_topo_zones *z)
{
	struct rz_topo_total n = {};
	size_t i;

	for (i = 0; z && i < z->n; i++) {
		n.agents += z->rows[i].agents;
		n.ready += z->rows[i].ready;
		n.zones += z->rows[i].agents && z->rows[i].key.zone[0];
	}
	return n;
}
