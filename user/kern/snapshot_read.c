// SPDX-License-Identifier: Apache-2.0
/* What changes by itself, read in one go, see snapshot.h. */
#include "kern/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cure.h"
#include "base/log.h"
#include "kern/batch.h"
#include "kern/rows.h"

/* Reads a map with 64-bit keys into an array of {key, value}, sorted. */
static int read_keyed(int fd, size_t value_size, void **ret, size_t *ret_n)
{
	_cleanup_free_ void *keys = NULL, *values = NULL;
	size_t i, n, row_size = sizeof(uint64_t) + value_size;
	char *out;
	int err = rz_batch_read(fd, sizeof(uint64_t), value_size, 0, &keys, &values, &n);

	if (err)
		return err;
	out = malloc(n * row_size + 1);
	if (!out)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		memcpy(out + i * row_size, (char *)keys + i * sizeof(uint64_t), sizeof(uint64_t));
		memcpy(out + i * row_size + sizeof(uint64_t), (char *)values + i * value_size,
		       value_size);
	}
	qsort(out, n, row_size, rz_rows_by_key);
	*ret = out;
	*ret_n = n;
	return 0;
}

_Static_assert(sizeof(struct rz_client_row) == sizeof(uint64_t) + sizeof(struct rz_client),
	       "packed");
_Static_assert(sizeof(struct rz_held_row) == sizeof(uint64_t) + sizeof(struct rz_held), "packed");
_Static_assert(sizeof(struct rz_told_row) == sizeof(uint64_t) + sizeof(struct rz_told), "packed");
_Static_assert(sizeof(struct rz_move_row) == sizeof(uint64_t) + sizeof(struct rz_move), "packed");

static int read_clients(int fd, struct rz_snapshot *s)
{
	int err = read_keyed(fd, sizeof(struct rz_client), (void **)&s->clients, &s->n_clients);
	size_t i;

	if (err)
		return err;
	s->client_hashes = calloc(s->n_clients + 1, sizeof(*s->client_hashes));
	for (i = 0; s->client_hashes && i < s->n_clients; i++)
		s->client_hashes[i] = s->clients[i].hash;
	return 0;
}

/* The value is no multiple of eight bytes long: read_keyed() would leave no room for padding. */
static int read_proxied(int fd, struct rz_snapshot *s)
{
	_cleanup_free_ struct rz_proxied *values = NULL;
	_cleanup_free_ uint64_t *keys = NULL;
	size_t i;
	int err = rz_batch_read(fd, sizeof(*keys), sizeof(*values), 0, (void **)&keys,
				(void **)&values, &s->n_proxied);

	if (err)
		return err;
	s->proxied = calloc(s->n_proxied + 1, sizeof(*s->proxied));
	if (!s->proxied)
		return -ENOMEM;
	for (i = 0; i < s->n_proxied; i++)
		s->proxied[i] = (struct rz_proxied_row){keys[i], values[i]};
	qsort(s->proxied, s->n_proxied, sizeof(*s->proxied), rz_rows_by_key);
	return 0;
}

static int read_softwares(int fd, struct rz_snapshot *s)
{
	_cleanup_free_ struct rz_software *values = NULL;
	_cleanup_free_ uint32_t *keys = NULL;
	size_t i;
	int err = rz_batch_read(fd, sizeof(*keys), sizeof(*values), 0, (void **)&keys,
				(void **)&values, &s->n_softwares);

	if (err)
		return err;
	s->softwares = calloc(s->n_softwares + 1, sizeof(*s->softwares));
	if (!s->softwares)
		return -ENOMEM;
	for (i = 0; i < s->n_softwares; i++)
		s->softwares[i] = (struct rz_software_row){keys[i], values[i]};
	qsort(s->softwares, s->n_softwares, sizeof(*s->softwares), rz_rows_by_key);
	return 0;
}

static int read_conns(int fd, struct rz_snapshot *s)
{
	_cleanup_free_ void *keys = NULL;
	void *values = NULL;
	int err = rz_batch_read(fd, sizeof(uint64_t), sizeof(struct rz_conn), BPF_F_LOCK, &keys,
				&values, &s->n_conns);

	if (err)
		return err;
	s->conns = values;
	qsort(s->conns, s->n_conns, sizeof(*s->conns), rz_rows_by_cookie);
	return 0;
}

/* The record of map `stats`, added up over all CPUs; it is made of 64-bit counters only. */
static int read_stats(int fd, struct rz_stats *ret)
{
	int cpu, cpus = libbpf_num_possible_cpus();
	size_t i, fields = sizeof(*ret) / sizeof(uint64_t);
	_cleanup_free_ uint64_t *all = cpus > 0 ? calloc(cpus, sizeof(*ret)) : NULL;
	__u32 zero = 0;

	if (!all)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, all))
		return -errno;
	for (cpu = 0; cpu < cpus; cpu++)
		for (i = 0; i < fields; i++)
			((uint64_t *)ret)[i] += all[cpu * fields + i];
	return 0;
}

/* What the daemon says of itself: maps with one entry each. */
static int read_daemon(const struct rz_maps *m, struct rz_snapshot *s)
{
	__u32 zero = 0;

	if (bpf_map_lookup_elem(m->settings, &zero, &s->settings) ||
	    bpf_map_lookup_elem(m->status, &zero, &s->status) ||
	    bpf_map_lookup_elem(m->counters, &zero, &s->counters))
		return -errno;
	return 0;
}

/* One that goes, or comes, meanwhile is met at the next reading. */
static int read_peers(int fd, struct rz_snapshot *s)
{
	__u8 *prev = NULL;

	s->peers = calloc(RZ_PROXY_PEERS_MAX + 1, sizeof(*s->peers));
	if (!s->peers)
		return -ENOMEM;
	for (; s->n_peers < RZ_PROXY_PEERS_MAX; prev = s->peers[s->n_peers++])
		if (bpf_map_get_next_key(fd, prev, s->peers[s->n_peers]))
			break;
	return 0;
}

/* All that is read whole, but for the connections and what is of one connection each. */
static int read_others(const struct rz_maps *m, struct rz_snapshot *s)
{
	int err = read_peers(m->proxy_peers, s);

	if (!err)
		err = read_clients(m->clients, s);
	if (!err)
		err = read_keyed(m->moves, sizeof(struct rz_move), (void **)&s->moves, &s->n_moves);
	if (!err)
		err = read_keyed(m->held, sizeof(struct rz_held), (void **)&s->held, &s->n_held);
	if (!err)
		err = read_proxied(m->proxied, s);
	if (!err)
		err = read_softwares(m->softwares, s);
	if (!err)
		err = read_daemon(m, s);
	if (!err)
		err = read_stats(m->stats, &s->stats);
	return err;
}

static const struct rz_told_row *find_told(const struct rz_snapshot *s, uint64_t cookie)
{
	return s->n_told ? bsearch(&cookie, s->told, s->n_told, sizeof(s->told[0]), rz_rows_by_key)
			 : NULL;
}

/* Of maps prints and told. */
static int read_prints(const struct rz_maps *m, struct rz_snapshot *s)
{
	struct rz_batch_row row = RZ_BATCH_ROW(struct rz_print_row, cookie, print);
	int err = rz_batch_read_rows(m->prints, &row, 0, (void **)&s->prints, &s->n_prints);
	size_t i;

	if (!err)
		err = read_keyed(m->told, sizeof(struct rz_told), (void **)&s->told, &s->n_told);
	if (err)
		return err;
	qsort(s->prints, s->n_prints, sizeof(s->prints[0]), rz_rows_by_key);
	for (i = 0; i < s->n_prints; i++) {
		const struct rz_told_row *t = find_told(s, s->prints[i].cookie);

		s->prints[i].told = t ? t->told : (struct rz_told){};
	}
	return 0;
}

/* What was read goes out, or is freed. */
static int hand_out(struct rz_snapshot *s, int err, struct rz_snapshot **ret)
{
	if (err) {
		rz_snapshot_free(s);
		return rz_err(err, "maps: cannot read the maps: %s; %s", strerror(-err),
			      rz_cure(err));
	}
	*ret = s;
	return 0;
}

int rz_snapshot_read(const struct rz_maps *m, struct rz_snapshot **ret)
{
	struct rz_snapshot *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	err = read_conns(m->conns, s);
	if (!err)
		err = read_others(m, s);
	if (!err)
		err = rz_snapshot_find_members(s);
	if (!err)
		err = read_prints(m, s);
	s->now_ns = rz_now_ns();
	return hand_out(s, err, ret);
}

int rz_snapshot_begin(const struct rz_maps *m, struct rz_snapshot **ret)
{
	struct rz_snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->now_ns = rz_now_ns();
	return hand_out(s, read_others(m, s), ret);
}

struct pass {
	struct rz_snapshot *s;
	rz_snapshot_fn fn;
	void *arg;
};

static int take(struct rz_snapshot *s, const struct rz_conn *c, size_t *ret_alike)
{
	*ret_alike = rz_alikes_see(&s->alike, c);
	if (*ret_alike == SIZE_MAX)
		return -ENOMEM;
	s->n_all++;
	return rz_snapshot_note_member(s, &s->alike.rows[*ret_alike], c);
}

static int on_batch(void *arg, const void *keys, const void *values, size_t n)
{
	const struct rz_conn *rows = values;
	struct pass *p = arg;
	size_t i, alike;
	int err = 0;

	(void)keys;
	for (i = 0; i < n && !err; i++) {
		err = take(p->s, &rows[i], &alike);
		if (!err)
			err = p->fn(p->arg, &rows[i], alike);
	}
	return err;
}

int rz_snapshot_pass(const struct rz_maps *m, struct rz_snapshot *s, rz_snapshot_fn fn, void *arg)
{
	struct pass p = {s, fn, arg};
	int err = rz_batch_each(m->conns, sizeof(uint64_t), sizeof(struct rz_conn), BPF_F_LOCK,
				on_batch, &p);

	if (!err)
		err = rz_snapshot_note_peers(s);
	if (!err && s->n_kept)
		err = read_prints(m, s);
	return err ? rz_err(err, "maps: cannot read the connections: %s; %s", strerror(-err),
			    rz_cure(err))
		   : 0;
}

int rz_snapshot_read_daemon(const struct rz_maps *m, struct rz_snapshot **ret)
{
	struct rz_snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->now_ns = rz_now_ns();
	return hand_out(s, read_daemon(m, s), ret);
}

void rz_snapshot_free(struct rz_snapshot *s)
{
	if (!s)
		return;
	free(s->conns);
	free(s->clients);
	free(s->client_hashes);
	free(s->moves);
	free(s->held);
	free(s->proxied);
	free(s->softwares);
	free(s->prints);
	free(s->told);
	free(s->named);
	free(s->said);
	free(s->members);
	free(s->writers);
	free(s->peers);
	rz_alikes_free(&s->alike);
	free(s);
}
