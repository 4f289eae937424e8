// SPDX-License-Identifier: Apache-2.0
/* Connections that are alike, see alike.h. Pure. */
#include "kern/alike.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define ROOM_FIRST 256

static struct rz_alike_key key_of(const struct rz_conn *c)
{
	struct rz_alike_key k = {.client = c->frame.client,
				 .netns = c->netns,
				 .software = c->frame.software,
				 .agent_port = c->tuple.agent_port,
				 .state = c->frame.state,
				 .tentative = c->frame.tentative,
				 .several = c->frame.several};

	memcpy(k.client_addr, c->tuple.client_addr, sizeof(k.client_addr));
	memcpy(k.agent_addr, c->tuple.agent_addr, sizeof(k.agent_addr));
	return k;
}

struct rz_conn rz_alike_conn(const struct rz_alike *a)
{
	const struct rz_alike_key *k = &a->key;
	struct rz_conn c = {.netns = k->netns, .tuple.agent_port = k->agent_port};

	c.frame.client = k->client;
	c.frame.software = k->software;
	c.frame.state = (enum rz_state)k->state;
	c.frame.tentative = k->tentative;
	c.frame.several = k->several;
	memcpy(c.tuple.client_addr, k->client_addr, sizeof(k->client_addr));
	memcpy(c.tuple.agent_addr, k->agent_addr, sizeof(k->agent_addr));
	return c;
}

/* The place of this key in the index, its own or a free one. */
static uint32_t *place_of(const struct rz_alikes *a, const struct rz_alike_key *k)
{
	size_t i = rz_hash_of(k, sizeof(*k)) & (a->n_index - 1);

	while (a->index[i] && memcmp(&a->rows[a->index[i] - 1].key, k, sizeof(*k)))
		i = (i + 1) & (a->n_index - 1);
	return &a->index[i];
}

/* Twice as many places as rows. 0 or -ENOMEM. */
static int make_room(struct rz_alikes *a)
{
	size_t i, room = a->room ? 2 * a->room : ROOM_FIRST;
	struct rz_alike *rows = realloc(a->rows, room * sizeof(*rows));
	uint32_t *index;

	if (!rows)
		return -ENOMEM;
	a->rows = rows;
	index = calloc(2 * room, sizeof(*index));
	if (!index)
		return -ENOMEM;
	free(a->index);
	a->index = index;
	a->n_index = 2 * room;
	a->room = room;
	for (i = 0; i < a->n; i++)
		*place_of(a, &rows[i].key) = (uint32_t)i + 1;
	return 0;
}

size_t rz_alikes_see(struct rz_alikes *a, const struct rz_conn *c)
{
	struct rz_alike_key k = key_of(c);
	uint32_t *place;

	if (a->n == a->room && make_room(a))
		return SIZE_MAX;
	place = place_of(a, &k);
	if (!*place) {
		a->rows[a->n] = (struct rz_alike){.key = k};
		*place = (uint32_t)++a->n;
	}
	a->rows[*place - 1].conns++;
	return *place - 1;
}

void rz_alikes_free(struct rz_alikes *a)
{
	free(a->rows);
	free(a->index);
	*a = (struct rz_alikes){};
}
