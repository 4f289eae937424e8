// SPDX-License-Identifier: Apache-2.0
/* Counting what each client address has, see rooms.h. */
#include "kern/rooms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "kern/batch.h"
#include "kern/live.h"

struct row {
	struct rz_peer_key key;
	struct rz_peer has;
};

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct rz_peer_key));
}

static struct row *add(struct row *rows, size_t *n, const uint8_t *addr)
{
	struct row *r = &rows[(*n)++];

	memset(r, 0, sizeof(*r));
	memcpy(r->key.addr, addr, sizeof(r->key.addr));
	return r;
}

/* One row an address, sorted. */
static size_t add_up(struct row *rows, size_t n)
{
	size_t i, kept = 0;

	qsort(rows, n, sizeof(*rows), by_key);
	for (i = 0; i < n; i++) {
		if (!kept || by_key(&rows[kept - 1], &rows[i])) {
			rows[kept++] = rows[i];
			continue;
		}
		rows[kept - 1].has.conns += rows[i].has.conns;
		rows[kept - 1].has.client_ids += rows[i].has.client_ids;
		rows[kept - 1].has.softwares += rows[i].has.softwares;
	}
	return kept;
}

static int count(const struct rz_snapshot *snap, const struct rz_clients_kept *kept,
		 struct row **ret, size_t *ret_n)
{
	struct row *rows =
		malloc((snap->alike.n + kept->n_ids + kept->n_softwares + 1) * sizeof(*rows));
	size_t i, n = 0;

	if (!rows)
		return -ENOMEM;
	for (i = 0; i < snap->alike.n; i++) {
		const struct rz_alike *a = &snap->alike.rows[i];

		add(rows, &n, a->key.client_addr)->has.conns = a->conns;
	}
	for (i = 0; i < kept->n_ids; i++)
		add(rows, &n, kept->ids[i].addr)->has.client_ids = 1;
	for (i = 0; i < kept->n_softwares; i++)
		add(rows, &n, kept->softwares[i].addr)->has.softwares = 1;
	*ret = rows;
	*ret_n = add_up(rows, n);
	return 0;
}

/* Writes what differs, and removes who has nothing any more. The shared row (address ::) is there
 * as long as the map is: what connections without a socket yet, and addresses without a row of
 * their own, may take together. Of the latter only what came since the last count is in it. */
static int write_rows(int fd, const struct row *rows, size_t n)
{
	static const struct rz_peer_key shared;
	const struct rz_peer nothing = {};
	_cleanup_free_ struct rz_peer_key *keys = NULL;
	_cleanup_free_ struct rz_peer *values = NULL;
	const struct row *of_shared;
	size_t i, n_old;
	int err = rz_batch_read(fd, sizeof(*keys), sizeof(*values), 0, (void **)&keys,
				(void **)&values, &n_old);

	if (err)
		return err;
	for (i = 0; i < n_old; i++) {
		const struct row *r = n ? bsearch(&keys[i], rows, n, sizeof(*rows), by_key) : NULL;

		if (r && memcmp(&r->has, &values[i], sizeof(r->has)))
			bpf_map_update_elem(fd, &keys[i], &r->has, BPF_EXIST);
		else if (!r && by_key(&keys[i], &shared))
			bpf_map_delete_elem(fd, &keys[i]);
	}
	of_shared = n ? bsearch(&shared, rows, n, sizeof(*rows), by_key) : NULL;
	bpf_map_update_elem(fd, &shared, of_shared ? &of_shared->has : &nothing, BPF_ANY);
	return 0;
}

bool rz_rooms_is_stranger(const struct rz_topo *topo, const struct rz_alike *a)
{
	struct rz_endpoint at = {.port = a->key.agent_port};
	const struct rz_topo_agent *agent;

	memcpy(at.addr, a->key.agent_addr, sizeof(at.addr));
	agent = rz_topo_agent_at(topo, &at);
	return !agent || agent->home == RZ_HOME_OTHER_NODE;
}

/* A hold goes by what its entry says. */
static bool is_held(const struct rz_maps *m, uint64_t cookie)
{
	struct rz_hold h;

	return !bpf_map_lookup_elem(m->holds, &cookie, &h);
}

bool rz_rooms_take_stranger(struct rz_kern *k, const struct rz_conn *c, uint32_t *n)
{
	if (*n >= rz_kern_strangers_max(k) && !is_held(rz_kern_maps(k), c->cookie)) {
		rz_kern_forget_stranger(k, c);
		return false;
	}
	++*n;
	return true;
}

int rz_rooms_count(const struct rz_maps *m, const struct rz_snapshot *snap,
		   const struct rz_clients_kept *kept)
{
	_cleanup_free_ struct row *rows = NULL;
	size_t n = 0;
	int err;

	err = count(snap, kept, &rows, &n);
	if (!err)
		err = write_rows(m->peers, rows, n);
	return err ? rz_err(err, "peers: cannot count them: %s", strerror(-err)) : 0;
}
