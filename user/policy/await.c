// SPDX-License-Identifier: Apache-2.0
/* Clients that come home by themselves, see await.h. */
#include "policy/await.h"

#include <errno.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/str.h"

struct client {
	struct rz_client_key key;
	struct rz_await_row row;
	/* Ticks: the latest in which it worked here, ... was waited for, ... had an idle connection
	 * here, ... a data connection at home */
	uint64_t works_tick, awaited_tick, idle_tick, home_tick;
	bool awaited;	  /* when it was last seen at work here */
	bool told;	  /* that it did not come in time */
	uint64_t here_ns; /* the latest tick with a connection here */
	UT_hash_handle hh;
};

struct rz_await {
	struct client *clients;
	uint64_t tick, now_ns;
	struct rz_await_row *told;
	size_t n_told;
};

int rz_await_new(struct rz_await **ret)
{
	struct rz_await *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	*ret = a;
	return 0;
}

static void forget(struct rz_await *a, struct client *c)
{
	HASH_DEL(a->clients, c);
	free(c);
}

void rz_await_free(struct rz_await *a)
{
	struct client *c, *next;

	if (!a)
		return;
	HASH_ITER (hh, a->clients, c, next)
		forget(a, c);
	free(a->told);
	free(a);
}

void rz_await_begin(struct rz_await *a, uint64_t now_ns)
{
	a->tick++;
	a->now_ns = now_ns;
	free(a->told);
	a->told = NULL;
	a->n_told = 0;
}

/* NULL: no room, or no memory. */
static struct client *remember(struct rz_await *a, const struct rz_client_key *key)
{
	struct client *c = HASH_COUNT(a->clients) < RZ_AWAIT_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (!c)
		return NULL;
	c->key = *key;
	c->row.client = key->id;
	HASH_ADD(hh, a->clients, key, sizeof(c->key), c);
	if (c->hh.tbl)
		return c;
	free(c);
	return NULL;
}

/* A client may have several connections: it is waited for until the earliest of their times. */
static void expect(struct rz_await *a, struct client *c, uint64_t until_ns)
{
	bool first = !c->awaited; /* or again, after a while in which it was not waited for */

	if (first && until_ns > c->row.until_ns) {
		c->told = false;
		c->row.since_ns = a->now_ns;
		c->row.until_ns = until_ns;
	} else if (c->row.since_ns == a->now_ns && until_ns < c->row.until_ns) {
		c->row.until_ns = until_ns;
	}
	c->awaited = true;
	c->awaited_tick = a->tick;
}

bool rz_await_has(const struct rz_await *a, uint64_t client, const uint8_t addr[16])
{
	struct rz_client_key key = rz_client_key(client, addr);
	struct client *c;

	HASH_FIND(hh, a->clients, &key, sizeof(key), c);
	return c;
}

void rz_await_see(struct rz_await *a, const struct rz_await_conn *conn)
{
	bool works = conn->data_ns && a->now_ns < conn->data_ns + RZ_AWAIT_WORKS_NS;
	struct client *c;

	HASH_FIND(hh, a->clients, &conn->key, sizeof(conn->key), c);
	if (!c && works && !conn->home && conn->expected_ns)
		c = remember(a, &conn->key);
	if (!c)
		return;
	if (!conn->home)
		c->here_ns = a->now_ns;
	if (conn->home) {
		c->home_tick = a->tick;
	} else if (!works) {
		c->idle_tick = a->tick;
	} else {
		c->works_tick = a->tick;
		c->row.cookie = conn->cookie;
		c->row.tuple = conn->tuple;
		rz_str_copy(c->row.from_zone, sizeof(c->row.from_zone),
			    conn->from_zone ? conn->from_zone : "");
		rz_str_copy(c->row.to_zone, sizeof(c->row.to_zone),
			    conn->to_zone ? conn->to_zone : "");
		c->row.reason = conn->reason;
		if (conn->expected_ns)
			expect(a, c, conn->expected_ns);
	}
}

static void tell(struct rz_await *a, const struct client *c, enum rz_outcome outcome)
{
	if (!a->told)
		return; /* without memory nothing is told of it */
	a->told[a->n_told] = c->row;
	a->told[a->n_told++].outcome = outcome;
}

static bool has_left(const struct rz_await *a, const struct client *c)
{
	if (c->idle_tick == a->tick)
		return a->now_ns >= c->row.until_ns;
	return a->now_ns >= c->here_ns + RZ_AWAIT_GONE_NS;
}

static void settle_client(struct rz_await *a, struct client *c)
{
	bool late = a->now_ns >= c->row.until_ns;

	if (c->works_tick == a->tick) {
		c->row.cancelled = c->awaited && c->awaited_tick != a->tick;
		c->awaited = c->awaited_tick == a->tick;
		if (c->row.cancelled && !c->told)
			tell(a, c, RZ_OUTCOME_NONE);
		c->row.cancelled = false;
		if (c->awaited && late && !c->told) {
			c->told = true;
			tell(a, c, RZ_OUTCOME_NONE);
		}
	} else if (!c->awaited) {
		forget(a, c);
	} else if (c->home_tick == a->tick) {
		tell(a, c, RZ_OUTCOME_HOME);
		forget(a, c);
	} else if (has_left(a, c)) {
		tell(a, c, RZ_OUTCOME_LEFT);
		forget(a, c);
	}
}

const struct rz_await_row *rz_await_settle(struct rz_await *a, size_t *ret_n)
{
	struct client *c, *next;

	a->told = calloc(HASH_COUNT(a->clients) + 1, sizeof(*a->told));
	HASH_ITER (hh, a->clients, c, next)
		settle_client(a, c);
	*ret_n = a->n_told;
	return a->told;
}

size_t rz_await_count(const struct rz_await *a)
{
	return HASH_COUNT(a->clients);
}
