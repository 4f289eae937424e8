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

#define BUSIEST_KEPT 128 /* and never more than a quarter of the room */

struct rz_clients_sweep {
	const struct rz_tags_custom *custom;
	uint64_t *unused; /* sorted */
	size_t n;
	struct rz_clients_kept kept;
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

static int store(const struct rz_maps *m, const struct rz_tags_custom *custom, uint64_t hash,
		 const struct rz_client_id *id)
{
	struct rz_client c;

	rz_tags_read(id->raw, id->len, custom, &c);
	if (bpf_map_update_elem(m->clients, &hash, &c, BPF_ANY))
		return rz_err(-errno, "clients: no room for \"%s\": %s; raise --max-clients", c.id,
			      strerror(errno));
	return 0;
}

int rz_clients_learn(const struct rz_maps *m, const struct rz_tags_custom *custom, uint64_t hash)
{
	struct rz_client_id id;

	if (bpf_map_lookup_elem(m->client_ids, &hash, &id))
		return -errno;
	return store(m, custom, hash, &id);
}

int rz_clients_learn_all(const struct rz_maps *m, const struct rz_tags_custom *custom)
{
	_cleanup_free_ struct rz_client_id *ids = NULL;
	_cleanup_free_ uint64_t *hashes = NULL;
	size_t i, n;
	int err = rz_batch_read(m->client_ids, sizeof(*hashes), sizeof(*ids), 0, (void **)&hashes,
				(void **)&ids, &n);

	if (err)
		return rz_err(err, "clients: cannot read map client_ids: %s", strerror(-err));
	for (i = 0; i < n; i++)
		if (store(m, custom, hashes[i], &ids[i]))
			bpf_map_delete_elem(m->clients, &hashes[i]);
	return 0;
}

int rz_clients_sweep_new(const struct rz_tags_custom *custom, struct rz_clients_sweep **ret)
{
	struct rz_clients_sweep *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->custom = custom;
	*ret = s;
	return 0;
}

void rz_clients_sweep_free(struct rz_clients_sweep *s)
{
	if (!s)
		return;
	free(s->unused);
	free(s->kept.ids);
	free(s->kept.softwares);
	free(s);
}

const struct rz_clients_kept *rz_clients_sweep_kept(const struct rz_clients_sweep *s)
{
	return &s->kept;
}

/* Room for `n` addresses, none of them there yet. */
static int keep_none(struct rz_peer_key **list, size_t *n_list, size_t n)
{
	free(*list);
	*list = calloc(n + 1, sizeof(**list));
	*n_list = 0;
	return *list ? 0 : -ENOMEM;
}

static void keep(struct rz_peer_key *list, size_t *n, const uint8_t *from)
{
	memcpy(list[(*n)++].addr, from, sizeof(list->addr));
}

/* The hashes in use, sorted. */
static uint64_t *used_hashes(const struct rz_snapshot *snap)
{
	uint64_t *used = malloc((snap->alike.n + 1) * sizeof(*used));
	size_t i;

	for (i = 0; used && i < snap->alike.n; i++)
		used[i] = snap->alike.rows[i].key.client;
	if (used)
		qsort(used, snap->alike.n, sizeof(*used), u64_order);
	return used;
}

static void forget(const struct rz_maps *m, uint64_t hash)
{
	bpf_map_delete_elem(m->client_ids, &hash);
	bpf_map_delete_elem(m->clients, &hash);
	bpf_map_delete_elem(m->client_traffic, &hash);
}

struct busy {
	uint64_t hash, bytes;
};

static int busiest_first(const void *a, const void *b)
{
	const struct busy *x = a, *y = b;

	return x->bytes > y->bytes ? -1 : x->bytes < y->bytes;
}

/* The ids whose closed connections carried most, at most `max`, sorted by hash. */
static int read_busiest(int fd, size_t max, uint64_t **ret, size_t *ret_n)
{
	_cleanup_free_ struct rz_traffic *values = NULL;
	_cleanup_free_ uint64_t *keys = NULL;
	_cleanup_free_ struct busy *rows = NULL;
	uint64_t *hashes;
	size_t i, n;
	int err = rz_batch_read(fd, sizeof(*keys), sizeof(*values), 0, (void **)&keys,
				(void **)&values, &n);

	if (err)
		return err;
	rows = malloc((n + 1) * sizeof(*rows));
	hashes = malloc((n + 1) * sizeof(*hashes));
	if (!rows || !hashes) {
		free(hashes);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		rows[i] = (struct busy){keys[i], values[i].rx_bytes + values[i].tx_bytes};
	qsort(rows, n, sizeof(*rows), busiest_first);
	n = n < max ? n : max;
	for (i = 0; i < n; i++)
		hashes[i] = rows[i].hash;
	qsort(hashes, n, sizeof(*hashes), u64_order);
	*ret = hashes;
	*ret_n = n;
	return 0;
}

static int u32_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Libraries are few; those that nobody has are forgotten only when half of the room is taken. Until
 * the name goes the key does: a connection that comes in between finds none, and is given a new
 * number. */
static int sweep_softwares(struct rz_clients_sweep *s, const struct rz_maps *m,
			   const struct rz_snapshot *snap)
{
	_cleanup_free_ struct rz_software_key *values = NULL;
	_cleanup_free_ uint64_t *keys = NULL;
	_cleanup_free_ uint32_t *used = NULL;
	size_t i, n;
	int err = rz_batch_read(m->software_keys, sizeof(*keys), sizeof(*values), 0, (void **)&keys,
				(void **)&values, &n);

	if (err)
		return err;
	used = malloc((snap->alike.n + 1) * sizeof(*used));
	if (!used || keep_none(&s->kept.softwares, &s->kept.n_softwares, n))
		return -ENOMEM;
	for (i = 0; i < snap->alike.n; i++)
		used[i] = snap->alike.rows[i].key.software;
	qsort(used, snap->alike.n, sizeof(*used), u32_order);
	for (i = 0; i < n; i++) {
		if (n < RZ_SOFTWARES_MAX / 2 ||
		    bsearch(&values[i].number, used, snap->alike.n, sizeof(*used), u32_order)) {
			keep(s->kept.softwares, &s->kept.n_softwares, values[i].from);
			continue;
		}
		bpf_map_delete_elem(m->software_keys, &keys[i]);
		bpf_map_delete_elem(m->softwares, &values[i].number);
	}
	return 0;
}

int rz_clients_sweep_run(struct rz_clients_sweep *s, const struct rz_maps *m,
			 const struct rz_snapshot *snap, uint64_t keep_ns, size_t room)
{
	_cleanup_free_ struct rz_client_id *ids = NULL;
	_cleanup_free_ uint64_t *hashes = NULL, *used = NULL, *unused = NULL, *busiest = NULL;
	size_t i, n, n_unused = 0, n_busiest = 0;
	int err = rz_batch_read(m->client_ids, sizeof(*hashes), sizeof(*ids), 0, (void **)&hashes,
				(void **)&ids, &n);

	if (!err)
		err = read_busiest(m->client_traffic,
				   room / 4 < BUSIEST_KEPT ? room / 4 : BUSIEST_KEPT, &busiest,
				   &n_busiest);
	if (!err)
		err = sweep_softwares(s, m, snap);
	if (!err)
		err = keep_none(&s->kept.ids, &s->kept.n_ids, n);
	if (err)
		return rz_err(err, "clients: cannot read the maps of clients: %s", strerror(-err));
	if (n > room / 2)
		keep_ns = 0;
	used = used_hashes(snap);
	unused = malloc((n + 1) * sizeof(*unused));
	if (!used || !unused)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (!contains(used, snap->alike.n, hashes[i]) &&
		    !contains(busiest, n_busiest, hashes[i])) {
			if (contains(s->unused, s->n, hashes[i]) &&
			    snap->now_ns > ids[i].first_seen_ns + keep_ns) {
				forget(m, hashes[i]);
				continue;
			}
			unused[n_unused++] = hashes[i];
		}
		keep(s->kept.ids, &s->kept.n_ids, ids[i].from);
		if (!rz_snapshot_client(snap, hashes[i]))
			store(m, s->custom, hashes[i], &ids[i]);
	}
	qsort(unused, n_unused, sizeof(*unused), u64_order);
	free(s->unused);
	s->unused = RZ_TAKE_PTR(unused);
	s->n = n_unused;
	return 0;
}
