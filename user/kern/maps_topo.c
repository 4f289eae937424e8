// SPDX-License-Identifier: Apache-2.0
/*
 * The topology and the maps agents, zones, aliases and blocks, see maps.h.
 *
 * Comes in: struct rz_topo from a source. Goes out: the maps; and back again for `rezone list` and
 * `rezone topology`, which need no daemon.
 */
#include "kern/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "kern/batch.h"

/* One map's wanted content: n keys and values side by side. */
struct want {
	const char *name;
	int fd;
	size_t n, key_size, value_size;
	char *keys, *values;
};

static int want_alloc(struct want *w, size_t n)
{
	w->keys = calloc(n + 1, w->key_size);
	w->values = calloc(n + 1, w->value_size);
	w->n = n;
	return w->keys && w->values ? 0 : -ENOMEM;
}

static void want_free(struct want *w)
{
	free(w->keys);
	free(w->values);
}

struct sort_arg {
	size_t size;
};

static int by_bytes(const void *a, const void *b, void *arg)
{
	return memcmp(a, b, ((struct sort_arg *)arg)->size);
}

/* Puts entries into the map, from *at on; *at is then the first that is not in it. 0 or -errno. */
static int put(const struct want *w, size_t *at)
{
	for (; *at < w->n; ++*at)
		if (bpf_map_update_elem(w->fd, w->keys + *at * w->key_size,
					w->values + *at * w->value_size, BPF_ANY))
			return -errno;
	return 0;
}

/* Removes what is in the map and not wanted. 0 or -errno, logged. */
static int remove_others(const struct want *w)
{
	_cleanup_free_ void *keys = NULL, *values = NULL;
	_cleanup_free_ char *wanted = malloc(w->n * w->key_size + 1);
	struct sort_arg arg = {w->key_size};
	size_t i, n;
	int err = wanted ? rz_batch_read(w->fd, w->key_size, w->value_size, 0, &keys, &values, &n)
			 : -ENOMEM;

	if (err)
		return rz_err(err, "topology: cannot read map %s: %s", w->name, strerror(-err));
	memcpy(wanted, w->keys, w->n * w->key_size);
	qsort_r(wanted, w->n, w->key_size, by_bytes, &arg);
	for (i = 0; i < n; i++) {
		const char *key = (char *)keys + i * w->key_size;
		size_t lo = 0, hi = w->n;

		while (lo < hi) {
			size_t mid = (lo + hi) / 2;

			if (memcmp(wanted + mid * w->key_size, key, w->key_size) < 0)
				lo = mid + 1;
			else
				hi = mid;
		}
		if (lo == w->n || memcmp(wanted + lo * w->key_size, key, w->key_size))
			bpf_map_delete_elem(w->fd, key);
	}
	return 0;
}

/* New entries first, so that readers find the map empty at no time. Where old and new ones together
 * do not fit, the old ones that are not wanted go in between: the new ones alone always do. */
static int want_apply(struct want *w)
{
	size_t at = 0;
	int err = put(w, &at);

	if (err == -E2BIG || err == -ENOSPC) {
		err = remove_others(w);
		if (err)
			return err;
		err = put(w, &at);
	}
	return err ? rz_err(err, "topology: map %s has no room for entry %zu of %zu: %s", w->name,
			    at + 1, w->n, strerror(-err))
		   : remove_others(w);
}

static int fill_agents(struct want *w, const struct rz_topo *t)
{
	size_t i;

	if (want_alloc(w, t->n_agents))
		return -ENOMEM;
	for (i = 0; i < t->n_agents; i++) {
		struct rz_agent_val *v = (struct rz_agent_val *)w->values + i;

		((struct rz_endpoint *)w->keys)[i] = t->agents[i].at;
		memcpy(v->group, t->agents[i].group, sizeof(v->group));
		memcpy(v->zone, t->agents[i].zone, sizeof(v->zone));
		v->ready = t->agents[i].ready;
		v->source = t->agents[i].source;
		v->netns = t->agents[i].netns;
		v->home = t->agents[i].home;
	}
	return 0;
}

static int fill_zones(struct want *w, const struct rz_topo_zones *z)
{
	size_t i;

	if (want_alloc(w, z->n))
		return -ENOMEM;
	for (i = 0; i < z->n; i++) {
		((struct rz_zone_key *)w->keys)[i] = z->rows[i].key;
		((struct rz_zone_val *)w->values)[i] = (struct rz_zone_val){
			.agents = z->rows[i].agents,
			.ready = z->rows[i].ready,
			.ready_since_ns = z->rows[i].ready_since_ns,
			.seen_coming = z->rows[i].seen_coming,
		};
	}
	return 0;
}

static int fill_aliases(struct want *w, const struct rz_topo *t)
{
	size_t i;

	if (want_alloc(w, t->n_aliases))
		return -ENOMEM;
	for (i = 0; i < t->n_aliases; i++) {
		memcpy(w->keys + i * w->key_size, t->aliases[i].name, RZ_ZONE_SIZE);
		memcpy(((struct rz_alias_val *)w->values)[i].zone, t->aliases[i].zone,
		       RZ_ZONE_SIZE);
	}
	return 0;
}

int rz_maps_write_topology(const struct rz_maps *m, const struct rz_topo *topo,
			   const struct rz_topo_zones *zones)
{
	struct want agents = {
		"agents", m->agents, 0, sizeof(struct rz_endpoint), sizeof(struct rz_agent_val),
		NULL,	  NULL};
	struct want zone = {
		"zones", m->zones, 0, sizeof(struct rz_zone_key), sizeof(struct rz_zone_val),
		NULL,	 NULL};
	struct want alias = {"aliases", m->aliases, 0, RZ_ZONE_SIZE, sizeof(struct rz_alias_val),
			     NULL,	NULL};
	int err = fill_agents(&agents, topo);

	if (!err)
		err = fill_zones(&zone, zones);
	if (!err)
		err = fill_aliases(&alias, topo);
	if (!err)
		err = want_apply(&agents);
	if (!err)
		err = want_apply(&zone);
	if (!err)
		err = want_apply(&alias);
	want_free(&agents);
	want_free(&zone);
	want_free(&alias);
	return err;
}

static int read_agents(int fd, struct rz_topo *t)
{
	_cleanup_free_ struct rz_endpoint *keys = NULL;
	_cleanup_free_ struct rz_agent_val *values = NULL;
	size_t i, n;
	int err = rz_batch_read(fd, sizeof(*keys), sizeof(*values), 0, (void **)&keys,
				(void **)&values, &n);

	if (err)
		return err;
	t->agents = calloc(n + 1, sizeof(*t->agents));
	if (!t->agents)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		t->agents[i].at = keys[i];
		rz_str_copy(t->agents[i].group, sizeof(t->agents[i].group), values[i].group);
		rz_str_copy(t->agents[i].zone, sizeof(t->agents[i].zone), values[i].zone);
		t->agents[i].ready = values[i].ready;
		t->agents[i].source = (uint8_t)values[i].source;
		t->agents[i].netns = values[i].netns;
		t->agents[i].home = values[i].home;
	}
	t->n_agents = n;
	rz_topo_sort(t);
	return 0;
}

static int read_aliases(int fd, struct rz_topo *t)
{
	_cleanup_free_ char *keys = NULL;
	_cleanup_free_ struct rz_alias_val *values = NULL;
	size_t i, n;
	int err = rz_batch_read(fd, RZ_ZONE_SIZE, sizeof(*values), 0, (void **)&keys,
				(void **)&values, &n);

	if (err)
		return err;
	t->aliases = calloc(n + 1, sizeof(*t->aliases));
	if (!t->aliases)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		rz_str_copy(t->aliases[i].name, sizeof(t->aliases[i].name),
			    keys + i * RZ_ZONE_SIZE);
		rz_str_copy(t->aliases[i].zone, sizeof(t->aliases[i].zone), values[i].zone);
	}
	t->n_aliases = n;
	return 0;
}

static int read_zones(int fd, struct rz_topo_zones *z)
{
	_cleanup_free_ struct rz_zone_key *keys = NULL;
	_cleanup_free_ struct rz_zone_val *values = NULL;
	size_t i, n;
	int err = rz_batch_read(fd, sizeof(*keys), sizeof(*values), 0, (void **)&keys,
				(void **)&values, &n);

	if (err)
		return err;
	z->rows = calloc(n + 1, sizeof(*z->rows));
	if (!z->rows)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		z->rows[i] = (struct rz_topo_zone){keys[i],	      values[i].agents,
						   values[i].ready,   values[i].ready_since_ns,
						   !values[i].agents, values[i].seen_coming};
	z->n = n;
	rz_topo_zones_sort(z);
	return 0;
}

int rz_maps_read_topology(const struct rz_maps *m, struct rz_topo **ret_topo,
			  struct rz_topo_zones **ret_zones)
{
	struct rz_topo *t = calloc(1, sizeof(*t));
	struct rz_topo_zones *z = calloc(1, sizeof(*z));
	struct rz_status s = {};
	__u32 zero = 0;
	int err = t && z ? 0 : -ENOMEM;

	if (!err)
		err = read_agents(m->agents, t);
	if (!err)
		err = read_aliases(m->aliases, t);
	if (!err)
		err = read_zones(m->zones, z);
	if (!err && bpf_map_lookup_elem(m->status, &zero, &s))
		err = -errno;
	if (err) {
		rz_topo_free(t);
		rz_topo_zones_free(z);
		return rz_err(err, "topology: cannot read the maps: %s", strerror(-err));
	}
	rz_str_copy(t->own_zone, sizeof(t->own_zone), s.own_zone);
	*ret_topo = t;
	*ret_zones = z;
	return 0;
}

int rz_maps_read_blocks(const struct rz_maps *m, struct rz_blocks **ret)
{
	_cleanup_free_ struct rz_block_key *keys = NULL;
	_cleanup_free_ struct rz_block_val *values = NULL;
	struct rz_blocks *b = calloc(1, sizeof(*b));
	size_t i, n;
	int err = b ? rz_batch_read(m->blocks, sizeof(*keys), sizeof(*values), 0, (void **)&keys,
				    (void **)&values, &n)
		    : -ENOMEM;

	if (!err && !(b->rows = calloc(n + 1, sizeof(*b->rows))))
		err = -ENOMEM;
	if (err) {
		rz_blocks_free(b);
		return err;
	}
	for (i = 0; i < n; i++) {
		b->rows[i].at = keys[i];
		rz_str_copy(b->rows[i].zone, sizeof(b->rows[i].zone), values[i].zone);
	}
	b->n = n;
	rz_blocks_sort(b);
	*ret = b;
	return 0;
}

int rz_maps_write_blocks(const struct rz_maps *m, const struct rz_blocks *blocks)
{
	struct want w = {
		"blocks", m->blocks, 0, sizeof(struct rz_block_key), sizeof(struct rz_block_val),
		NULL,	  NULL};
	size_t i;
	int err = want_alloc(&w, blocks->n);

	for (i = 0; !err && i < blocks->n; i++) {
		((struct rz_block_key *)w.keys)[i] = blocks->rows[i].at;
		memcpy(((struct rz_block_val *)w.values)[i].zone, blocks->rows[i].zone,
		       RZ_ZONE_SIZE);
	}
	if (!err)
		err = want_apply(&w);
	want_free(&w);
	return err;
}

int rz_maps_write_sources(const struct rz_maps *m, const struct rz_source_row *rows, size_t n)
{
	struct want w = {.name = "sources",
			 .fd = m->sources,
			 .key_size = sizeof(__u32),
			 .value_size = sizeof(struct rz_source_val)};
	int err = want_alloc(&w, n);
	size_t i;

	for (i = 0; !err && i < n; i++) {
		((__u32 *)w.keys)[i] = (__u32)i;
		((struct rz_source_val *)w.values)[i] = rows[i].v;
	}
	if (!err)
		err = want_apply(&w);
	want_free(&w);
	return err;
}

int rz_maps_read_sources(const struct rz_maps *m, struct rz_source_val **ret, size_t *ret_n)
{
	struct rz_source_val *all = calloc(RZ_SOURCES_MAX, sizeof(*all));
	__u32 i;

	if (!all)
		return -ENOMEM;
	for (i = 0; i < RZ_SOURCES_MAX && !bpf_map_lookup_elem(m->sources, &i, &all[i]); i++)
		;
	*ret = all;
	*ret_n = i;
	return 0;
}
