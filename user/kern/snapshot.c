// SPDX-License-Identifier: Apache-2.0
/* Look-ups in what was read in one go, see snapshot.h. */
#include "kern/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/proxy.h"
#include "kern/rows.h"

static int by_member(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct rz_member, cookie));
}

const struct rz_conn *rz_snapshot_conn(const struct rz_snapshot *s, uint64_t cookie)
{
	struct rz_conn key = {.cookie = cookie};

	return s->n_conns
		       ? bsearch(&key, s->conns, s->n_conns, sizeof(*s->conns), rz_rows_by_cookie)
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
		at = bsearch(&hash, s->client_hashes, s->n_clients, sizeof(hash), rz_rows_by_key);
		return at ? &s->clients[at - s->client_hashes].client : NULL;
	}
	r = bsearch(&hash, s->clients, s->n_clients, sizeof(*r), rz_rows_by_key);
	return r ? &r->client : NULL;
}

const struct rz_move *rz_snapshot_move(const struct rz_snapshot *s, uint64_t cookie)
{
	const struct rz_move_row *r =
		s->n_moves ? bsearch(&cookie, s->moves, s->n_moves, sizeof(*r), rz_rows_by_key)
			   : NULL;

	return r ? &r->move : NULL;
}

static const struct rz_held *held_of(const struct rz_snapshot *s, const struct rz_conn *c)
{
	const struct rz_held_row *r =
		s->n_held ? bsearch(&c->cookie, s->held, s->n_held, sizeof(*r), rz_rows_by_key)
			  : NULL;

	return r ? &r->held : NULL;
}

bool rz_snapshot_is_held(const struct rz_snapshot *s, const struct rz_conn *c)
{
	return held_of(s, c);
}

bool rz_snapshot_left(const struct rz_snapshot *s, const struct rz_conn *c)
{
	const struct rz_held *e = held_of(s, c);

	return e && e->left_ns;
}

/* One that writes stands there itself, once. */
bool rz_snapshot_other_writer(const struct rz_snapshot *s, const struct rz_conn *c)
{
	struct rz_member key = rz_member_of(c);
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
			? bsearch(&key, s->softwares, s->n_softwares, sizeof(*r), rz_rows_by_key)
			: NULL;

	return r ? &r->software : NULL;
}

static const struct rz_print_row *print_of(const struct rz_snapshot *s, uint64_t cookie)
{
	return s->n_prints ? bsearch(&cookie, s->prints, s->n_prints, sizeof(s->prints[0]),
				     rz_rows_by_key)
			   : NULL;
}

const struct rz_print_row *rz_snapshot_print(const struct rz_snapshot *s, const struct rz_conn *c)
{
	return print_of(s, c->cookie);
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

bool rz_snapshot_group_print(const struct rz_snapshot *s, const struct rz_conn *c, size_t i,
			     const struct rz_print_row **ret)
{
	struct rz_member key = rz_member_of(c);
	const struct rz_member *m = find_member(s, &key, i);

	*ret = m ? print_of(s, m->cookie) : NULL;
	return m;
}

bool rz_snapshot_grouped(const struct rz_snapshot *s, const struct rz_conn *c)
{
	struct rz_member key = rz_member_of(c);

	return find_member(s, &key, 0);
}

bool rz_snapshot_peer_proxies(const struct rz_snapshot *s, const struct rz_conn *c)
{
	struct rz_member key = rz_member_of(c);

	key.client = RZ_MEMBER_PROXY;
	return find_member(s, &key, 0);
}

int rz_snapshot_proxied(const struct rz_snapshot *s, const struct rz_conn *c,
			struct rz_endpoint *ret)
{
	const struct rz_proxied_row *r =
		c->frame.via == RZ_VIA_PROXY && s->n_proxied
			? bsearch(&c->cookie, s->proxied, s->n_proxied, sizeof(*r), rz_rows_by_key)
			: NULL;

	return r && !rz_proxy_read(&r->proxied, ret) ? 0 : -ENOENT;
}
