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
#include "client/proxy.h"
#include "kern/batch.h"

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct rz_conn *)a)->cookie, y = ((const struct rz_conn *)b)->cookie;

	return x < y ? -1 : x > y;
}

/* Rows that begin with their 64-bit key. */
static int by_key(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

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
	qsort(out, n, row_size, by_key);
	*ret = out;
	*ret_n = n;
	return 0;
}

_Static_assert(sizeof(struct rz_client_row) == sizeof(uint64_t) + sizeof(struct rz_client),
	       "packed");
_Static_assert(sizeof(struct rz_held_row) == sizeof(uint64_t) + sizeof(struct rz_held), "packed");
_Static_assert(sizeof(struct rz_print_row) == sizeof(uint64_t) + sizeof(struct rz_print), "packed");
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
	qsort(s->proxied, s->n_proxied, sizeof(*s->proxied), by_key);
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
	qsort(s->softwares, s->n_softwares, sizeof(*s->softwares), by_key);
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
	qsort(s->conns, s->n_conns, sizeof(*s->conns), by_cookie);
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

static struct rz_member member_of(const struct rz_conn *c)
{
	struct rz_member m = {.client = c->frame.client, .cookie = c->cookie};

	memcpy(m.addr, c->tuple.client_addr, sizeof(m.addr));
	return m;
}

static int by_member(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct rz_member, cookie));
}

int rz_snapshot_find_members(struct rz_snapshot *s)
{
	size_t i;

	s->members = calloc(2 * s->n_conns + s->n_peers + 1, sizeof(*s->members));
	if (!s->members)
		return -ENOMEM;
	for (i = 0; i < s->n_conns; i++) {
		if (s->conns[i].frame.coordinator)
			s->members[s->n_members++] = member_of(&s->conns[i]);
		if (s->conns[i].frame.via != RZ_VIA_PROXY)
			continue;
		s->members[s->n_members] = member_of(&s->conns[i]);
		s->members[s->n_members++].client = RZ_MEMBER_PROXY;
	}
	for (i = 0; i < s->n_peers; i++) {
		s->members[s->n_members].client = RZ_MEMBER_PROXY;
		memcpy(s->members[s->n_members++].addr, s->peers[i], 16);
	}
	qsort(s->members, s->n_members, sizeof(*s->members), by_member);
	return 0;
}

int rz_snapshot_find_writers(struct rz_snapshot *s)
{
	size_t i;

	s->writers = calloc(s->n_conns + 1, sizeof(*s->writers));
	if (!s->writers)
		return -ENOMEM;
	for (i = 0; i < s->n_conns; i++)
		if (s->conns[i].frame.produce)
			s->writers[s->n_writers++] = member_of(&s->conns[i]);
	qsort(s->writers, s->n_writers, sizeof(*s->writers), by_member);
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

int rz_snapshot_read(const struct rz_maps *m, struct rz_snapshot **ret)
{
	struct rz_snapshot *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	err = read_conns(m->conns, s);
	if (!err)
		err = read_peers(m->proxy_peers, s);
	if (!err)
		err = rz_snapshot_find_members(s);
	if (!err)
		err = rz_snapshot_find_writers(s);
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
		err = read_keyed(m->prints, sizeof(struct rz_print), (void **)&s->prints,
				 &s->n_prints);
	if (!err)
		err = read_daemon(m, s);
	if (!err)
		err = read_stats(m->stats, &s->stats);
	if (err) {
		rz_snapshot_free(s);
		return rz_err(err, "maps: cannot read the maps: %s; %s", strerror(-err),
			      rz_cure(err));
	}
	s->now_ns = rz_now_ns();
	*ret = s;
	return 0;
}

int rz_snapshot_read_daemon(const struct rz_maps *m, struct rz_snapshot **ret)
{
	struct rz_snapshot *s = calloc(1, sizeof(*s));
	int err = s ? read_daemon(m, s) : -ENOMEM;

	if (err) {
		free(s);
		return rz_err(err, "maps: cannot read the maps: %s; %s", strerror(-err),
			      rz_cure(err));
	}
	s->now_ns = rz_now_ns();
	*ret = s;
	return 0;
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
	free(s->named);
	free(s->members);
	free(s->writers);
	free(s->peers);
	free(s);
}

const struct rz_conn *rz_snapshot_conn(const struct rz_snapshot *s, uint64_t cookie)
{
	struct rz_conn key = {.cookie = cookie};

	return s->n_conns ? bsearch(&key, s->conns, s->n_conns, sizeof(*s->conns), by_cookie)
			  : NULL;
}

/* Of each connection at each tick: among hashes that lie side by side, if they do. */
const struct rz_client *rz_snapshot_client(const struct rz_snapshot *s, uint64_t hash)
{
	const struct rz_client_row *r;
	const uint64_t *at;

	if (!s->n_clients)
		return NULL;
	if (s->client_hashes) {
		at = bsearch(&hash, s->client_hashes, s->n_clients, sizeof(hash), by_key);
		return at ? &s->clients[at - s->client_hashes].client : NULL;
	}
	r = bsearch(&hash, s->clients, s->n_clients, sizeof(*r), by_key);
	return r ? &r->client : NULL;
}

const struct rz_move *rz_snapshot_move(const struct rz_snapshot *s, uint64_t cookie)
{
	const struct rz_move_row *r =
		s->n_moves ? bsearch(&cookie, s->moves, s->n_moves, sizeof(*r), by_key) : NULL;

	return r ? &r->move : NULL;
}

static const struct rz_held *held_of(const struct rz_snapshot *s, const struct rz_conn *c)
{
	const struct rz_held_row *r =
		s->n_held ? bsearch(&c->cookie, s->held, s->n_held, sizeof(*r), by_key) : NULL;

	return r ? &r->held : NULL;
}

bool rz_snapshot_left(const struct rz_snapshot *s, const struct rz_conn *c)
{
	const struct rz_held *e = held_of(s, c);

	return e && e->left_ns;
}

/* One that writes stands there itself, once. */
bool rz_snapshot_other_writer(const struct rz_snapshot *s, const struct rz_conn *c)
{
	struct rz_member key = member_of(c);
	const struct rz_member *found =
		s->n_writers ? bsearch(&key, s->writers, s->n_writers, sizeof(key), by_member)
			     : NULL;
	size_t i = found ? (size_t)(found - s->writers) : 0;

	if (!found || !c->frame.produce)
		return found;
	return (i && !by_member(&s->writers[i - 1], &key)) ||
	       (i + 1 < s->n_writers && !by_member(&s->writers[i + 1], &key));
}

bool rz_snapshot_followed(const struct rz_snapshot *s, const struct rz_conn *c)
{
	const struct rz_held *e = held_of(s, c);

	return e && e->followed && !c->frame.produce;
}

const struct rz_software *rz_snapshot_software(const struct rz_snapshot *s, const struct rz_conn *c)
{
	uint64_t key = c->frame.software;
	const struct rz_software_row *r =
		key && s->n_softwares
			? bsearch(&key, s->softwares, s->n_softwares, sizeof(*r), by_key)
			: NULL;

	return r ? &r->software : NULL;
}

const struct rz_print *rz_snapshot_print(const struct rz_snapshot *s, const struct rz_conn *c)
{
	const struct rz_print_row *r =
		s->n_prints ? bsearch(&c->cookie, s->prints, s->n_prints, sizeof(*r), by_key)
			    : NULL;

	return r ? &r->print : NULL;
}

/* The `i`th member that is this one; NULL: there are no more. */
static const struct rz_member *find_member(const struct rz_snapshot *s, const struct rz_member *key,
					   size_t i)
{
	size_t from = 0, to = s->n_members;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (by_member(&s->members[mid], key) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	from += i;
	return from < s->n_members && !by_member(&s->members[from], key) ? &s->members[from] : NULL;
}

const struct rz_conn *rz_snapshot_group_conn(const struct rz_snapshot *s, const struct rz_conn *c,
					     size_t i)
{
	struct rz_member key = member_of(c);
	const struct rz_member *m = find_member(s, &key, i);

	return m ? rz_snapshot_conn(s, m->cookie) : NULL;
}

bool rz_snapshot_grouped(const struct rz_snapshot *s, const struct rz_conn *c)
{
	return rz_snapshot_group_conn(s, c, 0);
}

bool rz_snapshot_peer_proxies(const struct rz_snapshot *s, const struct rz_conn *c)
{
	struct rz_member key = member_of(c);

	key.client = RZ_MEMBER_PROXY;
	return find_member(s, &key, 0);
}

int rz_snapshot_proxied(const struct rz_snapshot *s, const struct rz_conn *c,
			struct rz_endpoint *ret)
{
	const struct rz_proxied_row *r =
		c->frame.via == RZ_VIA_PROXY && s->n_proxied
			? bsearch(&c->cookie, s->proxied, s->n_proxied, sizeof(*r), by_key)
			: NULL;

	return r && !rz_proxy_read(&r->proxied, ret) ? 0 : -ENOENT;
}
