// SPDX-License-Identifier: Apache-2.0
/* Clients whose next connection a move waits for, see catch.h. */
#include "move/catch.h"

#include <string.h>

static struct rz_caught *find(struct rz_catching *l, const struct rz_follow_key *key)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!memcmp(&l->rows[i].key, key, sizeof(*key)))
			return &l->rows[i];
	return NULL;
}

const struct rz_caught *rz_catching_find(const struct rz_catching *l,
					 const struct rz_follow_key *key)
{
	return find((struct rz_catching *)l, key);
}

bool rz_catching_has_room(const struct rz_catching *l, const struct rz_follow_key *key)
{
	size_t i, of_address = 0;

	for (i = 0; i < l->n; i++)
		of_address += !memcmp(l->rows[i].key.client_addr, key->client_addr,
				      sizeof(key->client_addr));
	return of_address < RZ_CATCH_MAX - l->n || rz_catching_find(l, key);
}

bool rz_catching_add(struct rz_catching *l, const struct rz_caught *row)
{
	struct rz_caught *r = find(l, &row->key);

	if (!r && !rz_catching_has_room(l, &row->key))
		return false;
	if (!r)
		r = &l->rows[l->n++];
	*r = *row;
	return true;
}

void rz_catching_note(struct rz_catching *l, const struct rz_follow_key *key,
		      const struct rz_saved *carried)
{
	struct rz_caught *r = find(l, key);

	if (r)
		r->carried = *carried;
}

void rz_catching_end(struct rz_catching *l, const struct rz_follow_key *key)
{
	struct rz_caught *r = find(l, key);

	if (r)
		*r = l->rows[--l->n];
}

enum rz_follow_act rz_catch_decide(const struct rz_follow *e, const struct rz_follow_seen *s,
				   uint64_t now_ns)
{
	if (now_ns >= e->until_ns)
		return RZ_FOLLOW_END;
	if (!e->cookie)
		return RZ_FOLLOW_WAIT;
	return s->there && !s->left ? RZ_FOLLOW_CLOSE : RZ_FOLLOW_END;
}
