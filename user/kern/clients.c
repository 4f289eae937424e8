// SPDX-License-Identifier: Apache-2.0
/* Learning and forgetting client ids, see clients.h. */
#include "kern/clients.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "client/tags.h"
#include "kern/batch.h"

struct rz_clients_sweep {
	uint64_t *unused; /* sorted */
	size_t n;
};

static int u64_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool contains(const uint64_t *sorted, size_t n, uint64_t v)
{
	return n && bsearch(&v, sorted, n, sizeof(v), u64_order);
}

static int store(const struct rz_maps *m, uint64_t hash, const struct rz_client_id *id)
{
	struct rz_client c;

	rz_tags_read(id->raw, id->len, &c);
	if (bpf_map_update_elem(m->clients, &hash, &c, BPF_ANY))
		return rz_err(-errno, "clients: no room for \"%s\": %s; raise --max-clients", c.id,
			      strerror(errno));
	return 0;
}

int rz_clients_learn(const struct rz_maps *m, uint64_t hash)
{
	struct rz_client_id id;

	if (bpf_map_lookup_elem(m->client_ids, &hash, &id))
		return -errno;
	return store(m, hash, &id);
}

int rz_clients_sweep_new(struct rz_clients_sweep **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void rz_clients_sweep_free(struct rz_clients_sweep *s)
{
	if (!s)
		return;
	free(s->unused);
	free(s);
}

/* The hashes in use, sorted. */
static uint64_t *used_hashes(const struct rz_snapshot *snap)
{
	uint64_t *used = malloc((snap->n_conns + 1) * sizeof(*used));
	size_t i;

	for (i = 0; used && i < snap->n_conns; i++)
		used[i] = snap->conns[i].frame.client;
	if (used)
		qsort(used, snap->n_conns, sizeof(*used), u64_order);
	return used;
}

static void forget(const struct rz_maps *m, uint64_t hash)
{
	bpf_map_delete_elem(m->client_ids, &hash);
	bpf_map_delete_elem(m->clients, &hash);
}

int rz_clients_sweep_run(struct rz_clients_sweep *s, const struct rz_maps *m,
			 const struct rz_snapshot *snap, uint64_t keep_ns, size_t room)
{
	_cleanup_free_ struct rz_client_id *ids = NULL;
	_cleanup_free_ uint64_t *hashes = NULL, *used = NULL, *unused = NULL;
	size_t i, n, n_unused = 0;
	int err = rz_batch_read(m->client_ids, sizeof(*hashes), sizeof(*ids), 0, (void **)&hashes,
				(void **)&ids, &n);

	if (err)
		return rz_err(err, "clients: cannot read map client_ids: %s", strerror(-err));
	if (n > room / 2)
		keep_ns = 0;
	used = used_hashes(snap);
	unused = malloc((n + 1) * sizeof(*unused));
	if (!used || !unused)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (!contains(used, snap->n_conns, hashes[i])) {
			if (contains(s->unused, s->n, hashes[i]) &&
			    snap->now_ns > ids[i].first_seen_ns + keep_ns) {
				forget(m, hashes[i]);
				continue;
			}
			unused[n_unused++] = hashes[i];
		}
		if (!rz_snapshot_client(snap, hashes[i]) && !store(m, hashes[i], &ids[i]))
			rz_debug("clients: learnt an id at the tick");
	}
	qsort(unused, n_unused, sizeof(*unused), u64_order);
	free(s->unused);
	s->unused = RZ_TAKE_PTR(unused);
	s->n = n_unused;
	return 0;
}
