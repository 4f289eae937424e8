// SPDX-License-Identifier: Apache-2.0
/*
 * Verdicts of one tick, see verdicts.h. Pure.
 *
 * Rules look at what a connection is, and at two times of its own: when it was opened, and since
 * when it is read again if it was parked. So what it is, is the key of a row. The row is judged as
 * a connection that has nothing but that, and was opened long ago. It stands for those that are
 * old, in the sense of is_old(), and are not parked. All others are judged by themselves. A rule
 * that looks at something else would not see it here: unit/test_verdicts finds that out.
 */
#include "policy/verdicts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define ROWS_MAX  RZ_VERDICTS_MAX
#define ROWS_EACH 256
#define PLACES	  (2 * ROWS_MAX)

/* No hidden padding: it is compared as bytes. */
struct key {
	struct rz_judged_conn judged; /* conn is NULL */
	struct rz_frame frame;	      /* what changes with each request is 0 */
	struct rz_tuple tuple;	      /* client_port is 0 */
	uint32_t netns;
};
_Static_assert(sizeof(struct key) == sizeof(struct rz_judged_conn) + sizeof(struct rz_frame) +
					     sizeof(struct rz_tuple) + sizeof(uint32_t),
	       "key has no hidden padding");

struct row {
	struct key key;
	struct rz_verdict verdict;
};

struct rz_verdicts {
	const struct rz_world *world;
	struct row *rows;
	size_t n;
	uint16_t places[PLACES]; /* a row's number + 1; 0: nobody's place */
};
_Static_assert(ROWS_MAX < UINT16_MAX, "a row's number fits its place");

int rz_verdicts_new(const struct rz_world *world, struct rz_verdicts **ret)
{
	struct rz_verdicts *v = calloc(1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	v->world = world;
	*ret = v;
	return 0;
}

void rz_verdicts_free(struct rz_verdicts *v)
{
	if (!v)
		return;
	free(v->rows);
	free(v);
}

static struct key key_of(const struct rz_judged_conn *c)
{
	struct key k = {.judged = *c,
			.frame = c->conn->frame,
			.tuple = c->conn->tuple,
			.netns = c->conn->netns};
	struct rz_frame *f = &k.frame;

	k.judged.conn = NULL;
	k.tuple.client_port = 0;
	f->generation = f->owner = f->have = f->skip = 0;
	f->next_seq = f->requests = f->answerable = f->correlation_id = f->read_end = 0;
	f->api_key = 0;
	return k;
}

_Static_assert(sizeof(struct key) % sizeof(uint64_t) == 0, "all of a key is hashed");

/* The place of this key, its own or a free one: there always is one. */
static uint16_t *place_of(struct rz_verdicts *v, const struct key *k)
{
	size_t i = rz_hash_of(k, sizeof(*k)) % PLACES;

	while (v->places[i] && memcmp(&v->rows[v->places[i] - 1].key, k, sizeof(*k)))
		i = (i + 1) % PLACES;
	return &v->places[i];
}

static struct rz_verdict judge(const struct rz_verdicts *v, const struct key *k)
{
	struct rz_conn conn = {.frame = k->frame, .tuple = k->tuple, .netns = k->netns};
	struct rz_judged_conn judged = k->judged;

	judged.conn = &conn;
	return rz_classify(&judged, v->world);
}

/* NULL: no room. */
static const struct row *row_of(struct rz_verdicts *v, const struct key *k)
{
	uint16_t *place = place_of(v, k);
	struct row *rows = v->rows;

	if (*place)
		return &rows[*place - 1];
	if (v->n == ROWS_MAX)
		return NULL;
	if (v->n % ROWS_EACH == 0)
		rows = realloc(rows, (v->n + ROWS_EACH) * sizeof(*rows));
	if (!rows)
		return NULL;
	v->rows = rows;
	rows[v->n] = (struct row){*k, judge(v, k)};
	*place = (uint16_t)++v->n;
	return &rows[v->n - 1];
}

/* Would it be judged alike if it had been opened before everything? It is as old as --min-age asks,
 * and its client's zone became ready after it was opened: from then on its library has time to
 * bring it home (rz_rules_expected_ns), and nobody chose this agent in spite of the zone. */
static bool is_old(const struct rz_conn *c, const struct rz_verdict *of_row,
		   const struct rz_world *w)
{
	return c->opened_ns + w->settings->min_age_ns <= w->now_ns &&
	       (!of_row->there || c->opened_ns <= of_row->there->ready_since_ns);
}

struct rz_verdict rz_verdicts_of(struct rz_verdicts *v, const struct rz_judged_conn *c,
				 size_t *ret_number)
{
	const struct row *row;
	struct key k;

	*ret_number = RZ_VERDICTS_MAX;
	/* a true client behind a PROXY header is each connection's own */
	if (c->conn->park != RZ_PARK_NO || c->client_addr)
		return rz_classify(c, v->world);
	k = key_of(c);
	row = row_of(v, &k);
	if (!row || !is_old(c->conn, &row->verdict, v->world))
		return rz_classify(c, v->world);
	*ret_number = (size_t)(row - v->rows);
	return row->verdict;
}
