// SPDX-License-Identifier: Apache-2.0
/* The rows of the ledger, by zones and by client, see ledger.h. Pure. */
#include "policy/ledger.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"

int rz_ledger_new(size_t zones_max, size_t clients_max, struct rz_roll *roll,
		  struct rz_ledger **ret)
{
	struct rz_ledger *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->evicted = calloc(clients_max + 1, sizeof(*l->evicted));
	l->roll = roll;
	if (!l->evicted) {
		rz_ledger_free(l);
		return -ENOMEM;
	}
	l->zones_max = zones_max;
	l->clients_max = clients_max;
	*ret = l;
	return 0;
}

void rz_ledger_free(struct rz_ledger *l)
{
	struct rz_ledger_client_row *c, *next_c;
	struct rz_ledger_zone_row *z, *next_z;

	if (!l)
		return;
	HASH_ITER (hh, l->zones, z, next_z) {
		HASH_DEL(l->zones, z);
		free(z);
	}
	HASH_ITER (hh, l->clients, c, next_c) {
		HASH_DEL(l->clients, c);
		free(c);
	}
	free(l->evicted);
	free(l);
}

/* FNV-1a over the texts: of a key's 328 bytes nearly all are zero. */
static unsigned text_hash(unsigned h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619U;
	return h * 16777619U;
}

static unsigned key_hash(const struct rz_ledger_key *k)
{
	return text_hash(text_hash(text_hash(2166136261U, k->group), k->client_zone),
			 k->agent_zone);
}

/* The client's hash is the keyed one of map client_ids: no client can look for collisions. */
static unsigned client_key_hash(const struct rz_ledger_client_key *k)
{
	return key_hash(&k->zones) ^ (unsigned)k->client ^ (unsigned)(k->client >> 32);
}

/* ---- by zones ---- */

static struct rz_ledger_zone_row *find_zone(const struct rz_ledger *l,
					    const struct rz_ledger_key *key)
{
	struct rz_ledger_zone_row *r;

	HASH_FIND_BYHASHVALUE(hh, l->zones, key, sizeof(*key), key_hash(key), r);
	return r;
}

static struct rz_ledger_zone_row *new_zone(struct rz_ledger *l, const struct rz_ledger_key *key)
{
	struct rz_ledger_zone_row *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->key = *key;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, l->zones, &r->key, sizeof(r->key), key_hash(key), r);
	if (!r->hh.tbl) {
		free(r);
		return NULL;
	}
	return r;
}

/* One place is kept for what is not known; where no other is left, all else belongs there. */
static struct rz_ledger_zone_row *need_zone(struct rz_ledger *l, struct rz_ledger_key *key)
{
	struct rz_ledger_zone_row *r = find_zone(l, key);
	bool known = *key->group || *key->client_zone || *key->agent_zone;

	if (!r && known && HASH_COUNT(l->zones) + 1 >= l->zones_max) {
		*key = (struct rz_ledger_key){};
		r = find_zone(l, key);
	}
	return r ? r : new_zone(l, key);
}

int rz_ledger_restore_zone(struct rz_ledger *l, const struct rz_ledger_key *key,
			   const struct rz_ledger_sum *sum)
{
	struct rz_ledger_zone_row *r = new_zone(l, key);

	if (!r)
		return -ENOMEM;
	r->sum = *sum;
	return 0;
}

/* ---- by client ---- */

static struct rz_ledger_client_row *new_client(struct rz_ledger *l,
					       const struct rz_ledger_client_key *key)
{
	struct rz_ledger_client_row *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->key = *key;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, l->clients, &r->key, sizeof(r->key), client_key_hash(key),
				    r);
	if (!r->hh.tbl) {
		free(r);
		return NULL;
	}
	return r;
}

static struct rz_ledger_client_row *least_busy(const struct rz_ledger *l)
{
	struct rz_ledger_client_row *r, *next, *least = NULL;

	HASH_ITER (hh, l->clients, r, next)
		if (!least || r->recent < least->recent)
			least = r;
	return least;
}

/* Makes room for a client that has just carried `bytes`, if another one's row has had less in all
 * the hours. Rows only grow within a tick, so a floor that was found once holds for it. */
static bool make_room(struct rz_ledger *l, uint64_t bytes)
{
	struct rz_ledger_client_row *r;

	if (HASH_COUNT(l->clients) < l->clients_max)
		return true;
	if (l->floor && bytes <= l->floor)
		return false;
	r = least_busy(l);
	if (!r || r->recent >= bytes) {
		l->floor = r ? r->recent : 0;
		return false;
	}
	l->floor = 0;
	if (r->stored && l->n_evicted < l->clients_max)
		l->evicted[l->n_evicted++] = r->key;
	HASH_DEL(l->clients, r);
	free(r);
	return true;
}

static void add_client(struct rz_ledger *l, const struct rz_ledger_entry *e,
		       const struct rz_ledger_key *zones)
{
	struct rz_ledger_client_key key = {.client = e->client, .zones = *zones};
	uint64_t bytes = e->more.rx_bytes + e->more.tx_bytes;
	struct rz_ledger_client_row *r;

	HASH_FIND_BYHASHVALUE(hh, l->clients, &key, sizeof(key), client_key_hash(&key), r);
	if (!r) {
		if (!bytes || !make_room(l, bytes))
			return;
		r = new_client(l, &key);
		if (!r)
			return; /* its bytes are among the others' */
		rz_str_copy(r->value.id, sizeof(r->value.id), e->id ? e->id : "");
	}
	rz_ledger_sum_add(&r->value.sum, l->hour, &e->more);
	r->recent += bytes;
	r->changed = true;
}

int rz_ledger_restore_client(struct rz_ledger *l, const struct rz_ledger_client_key *key,
			     const struct rz_ledger_client *value)
{
	struct rz_ledger_client_row *r = new_client(l, key);

	if (!r)
		return -ENOMEM;
	r->value = *value;
	r->stored = true;
	return 0;
}

int rz_ledger_add(struct rz_ledger *l, const struct rz_ledger_entry *e)
{
	struct rz_ledger_key key = {};
	struct rz_ledger_zone_row *z;

	rz_str_copy(key.group, sizeof(key.group), e->group);
	rz_str_copy(key.client_zone, sizeof(key.client_zone), e->client_zone);
	rz_str_copy(key.agent_zone, sizeof(key.agent_zone), e->agent_zone);
	z = need_zone(l, &key);
	if (!z)
		return -ENOMEM;
	rz_ledger_sum_add(&z->sum, l->hour, &e->more);
	z->changed = true;
	add_client(l, e, &key);
	return 0;
}
