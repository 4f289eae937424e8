// SPDX-License-Identifier: Apache-2.0
/* Connections that rezone listens to, see listen.h. */
#include "move/listen.h"

#include <string.h>

static struct rz_watched *find(struct rz_listening *l, uint64_t cookie)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->rows[i].cookie == cookie)
			return &l->rows[i];
	return NULL;
}

bool rz_listening_has(const struct rz_listening *l, uint64_t cookie)
{
	return find((struct rz_listening *)l, cookie);
}

static bool has_room(const struct rz_listening *l, const uint8_t addr[16])
{
	size_t i, of_address = 0;

	for (i = 0; i < l->n; i++)
		of_address += !memcmp(l->rows[i].addr, addr, sizeof(l->rows[i].addr));
	return of_address < RZ_LISTEN_MAX - l->n;
}

bool rz_listening_add(struct rz_listening *l, const struct rz_watched *row)
{
	struct rz_watched *r = find(l, row->cookie);

	if (!r && !has_room(l, row->addr))
		return false;
	if (!r)
		r = &l->rows[l->n++];
	*r = *row;
	return true;
}

void rz_listening_end(struct rz_listening *l, uint64_t cookie)
{
	struct rz_watched *r = find(l, cookie);

	if (r)
		*r = l->rows[--l->n];
}

void rz_listening_end_old(struct rz_listening *l, uint64_t now_ns)
{
	size_t i = l->n;

	while (i--)
		if (now_ns >= l->rows[i].until_ns)
			l->rows[i] = l->rows[--l->n];
}
