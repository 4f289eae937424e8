// SPDX-License-Identifier: Apache-2.0
/* The connections of one tick, see rows.h. Pure. */
#include "policy/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "kern/snapshot.h"
#include "policy/park.h"

#define ROOM_FIRST 64

/* Room for one more in an array that doubles. 0 or -ENOMEM. */
static int make_room(void **array, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : ROOM_FIRST;
	void *grown;

	if (n < *room)
		return 0;
	grown = realloc(*array, more * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = more;
	return 0;
}

void rz_rows_free(struct rz_rows *r)
{
	free(r->rows);
	free(r->conns);
	free(r->index);
	free(r->kinds);
	*r = (struct rz_rows){};
}

/* ---- templates ---- */

/* Fields that change with each request, or that one connection alone has, are 0. So is the moment
 * of parking, for else each parked connection would have a template of its own. Only
 * policy/park.c asks for that moment, and not of a connection that is parked or is to be. */
static struct rz_conn template_of(const struct rz_conn *c)
{
	struct rz_conn t = {
		.park = c->park, .tuple = c->tuple, .frame = c->frame, .netns = c->netns};
	struct rz_frame *f = &t.frame;

	if (c->park == RZ_PARK_NO || c->park == RZ_PARK_ENDED)
		t.park_cs = c->park_cs;
	t.tuple.client_port = 0;
	f->generation = f->owner = f->have = f->skip = 0;
	f->next_seq = f->answerable = f->correlation_id = f->read_end = 0;
	f->api_key = 0;
	f->requests = f->requests < RZ_PARK_REQUESTS ? 0 : RZ_PARK_REQUESTS;
	return t;
}

_Static_assert(sizeof(struct rz_conn) % sizeof(uint64_t) == 0, "all of a template is hashed");

/* Its own place in the index, or a free one: there always is one. */
static uint32_t *place_of(const struct rz_rows *r, const struct rz_conn *t)
{
	size_t i = rz_hash_of(t, sizeof(*t)) & (r->n_index - 1);

	while (r->index[i] && memcmp(&r->conns[r->index[i] - 1], t, sizeof(*t)))
		i = (i + 1) & (r->n_index - 1);
	return &r->index[i];
}

/* Twice as many places as templates. 0 or -ENOMEM: then there is as much room as before. */
static int make_conns_room(struct rz_rows *r)
{
	size_t i, room = r->conns_room ? 2 * r->conns_room : ROOM_FIRST;
	uint32_t *index;

	if (r->n_conns < r->conns_room)
		return 0;
	index = calloc(2 * room, sizeof(*index));
	if (!index)
		return -ENOMEM;
	if (make_room((void **)&r->conns, r->n_conns, &r->conns_room, sizeof(*r->conns))) {
		free(index);
		return -ENOMEM;
	}
	free(r->index);
	r->index = index;
	r->n_index = 2 * room;
	for (i = 0; i < r->n_conns; i++)
		*place_of(r, &r->conns[i]) = (uint32_t)i + 1;
	return 0;
}

/* 0 or -ENOMEM. */
static int find_template(struct rz_rows *r, const struct rz_conn *c, uint32_t *like)
{
	struct rz_conn t = template_of(c);
	uint32_t *place;

	if (*like && !memcmp(&r->conns[*like - 1], &t, sizeof(t)))
		return 0;
	if (make_conns_room(r))
		return -ENOMEM;
	place = place_of(r, &t);
	if (!*place) {
		r->conns[r->n_conns] = t;
		*place = (uint32_t)++r->n_conns;
	}
	*like = *place;
	return 0;
}

/* ---- rows ---- */

int rz_rows_add(struct rz_rows *r, const struct rz_conn *c, uint32_t place, uint32_t *like)
{
	struct rz_row row = {.cookie = c->cookie,
			     .opened_ns = c->opened_ns,
			     .request_ns = c->last_request_ns,
			     .data_ns = rz_conn_time_ns(c, c->data_cs),
			     .place = place,
			     .client_port = c->tuple.client_port};
	int err = make_room((void **)&r->rows, r->n, &r->room, sizeof(*r->rows));

	if (!err)
		err = find_template(r, c, like);
	if (err)
		return err;
	row.kind = *like - 1;
	r->rows[r->n++] = row;
	return 0;
}

static uint32_t conn_of(const struct rz_rows *r, const struct rz_row *row)
{
	return row->judged ? r->kinds[row->kind].conn : row->kind;
}

struct rz_conn rz_rows_conn(const struct rz_rows *r, const struct rz_row *row)
{
	struct rz_conn c = r->conns[conn_of(r, row)];

	c.cookie = row->cookie;
	c.tuple.client_port = row->client_port;
	c.opened_ns = row->opened_ns;
	c.last_request_ns = row->request_ns;
	if (row->data_ns)
		c.data_cs = (uint32_t)((row->data_ns - row->opened_ns) / RZ_CS_NS) + 1;
	return c;
}

/* ---- in the order of their cookies ---- */

#define FEW 24 /* so few are sorted by insertion */

static void sort_few(struct rz_row *rows, size_t n)
{
	size_t i, k;

	for (i = 1; i < n; i++) {
		struct rz_row row = rows[i];

		for (k = i; k && rows[k - 1].cookie > row.cookie; k--)
			rows[k] = rows[k - 1];
		rows[k] = row;
	}
}

static unsigned digit(const struct rz_row *row, unsigned shift)
{
	return row->cookie >> shift & 0xff;
}

/* Puts each row into the bucket of its cookie's byte, in place: an array beside this one would take
 * as much memory again. The ends of the buckets go to `ends`. */
static void put_by_digit(struct rz_row *rows, size_t n, unsigned shift, size_t ends[256])
{
	size_t at[256] = {}, i, count, sum = 0;

	for (i = 0; i < n; i++)
		at[digit(&rows[i], shift)]++;
	for (i = 0; i < 256; i++) {
		count = at[i];
		at[i] = sum;
		ends[i] = sum += count;
	}
	for (i = 0; i < 256; i++)
		while (at[i] < ends[i]) {
			struct rz_row row = rows[at[i]];
			size_t *to = &at[digit(&row, shift)];

			rows[at[i]] = rows[*to];
			rows[(*to)++] = row;
		}
}

/* By the byte at `shift` and all below it. */
static void sort_from(struct rz_row *rows, size_t n, unsigned shift)
{
	size_t ends[256], i, from = 0;

	if (n <= FEW) {
		sort_few(rows, n);
		return;
	}
	put_by_digit(rows, n, shift, ends);
	for (i = 0; shift && i < 256; from = ends[i++])
		sort_from(rows + from, ends[i] - from, shift - 8);
}

void rz_rows_sort(struct rz_rows *r)
{
	uint64_t differ = 0;
	unsigned shift = 56;
	size_t i;

	for (i = 0; i < r->n; i++)
		differ |= r->rows[i].cookie ^ r->rows[0].cookie;
	while (shift && !(differ >> shift))
		shift -= 8;
	sort_from(r->rows, r->n, shift);
}

static int by_cookie(const void *key, const void *row)
{
	uint64_t a = *(const uint64_t *)key, b = ((const struct rz_row *)row)->cookie;

	return a < b ? -1 : a > b;
}

struct rz_row *rz_rows_find(const struct rz_rows *r, uint64_t cookie)
{
	struct rz_row *row =
		r->n ? bsearch(&cookie, r->rows, r->n, sizeof(*r->rows), by_cookie) : NULL;

	return row && rz_rows_is_candidate(r, row) ? row : NULL;
}

/* ---- kinds ---- */

size_t rz_rows_add_kind(struct rz_rows *r, const struct rz_row_kind *kind)
{
	if (make_room((void **)&r->kinds, r->n_kinds, &r->kinds_room, sizeof(*r->kinds)))
		return SIZE_MAX;
	r->kinds[r->n_kinds] = *kind;
	return r->n_kinds++;
}

void rz_rows_judged(struct rz_rows *r, struct rz_row *row, size_t kind)
{
	row->kind = (uint32_t)kind;
	row->judged = 1;
	row->reason = (uint8_t)r->kinds[kind].verdict.reason;
	r->kinds[kind].rows++;
}

struct rz_candidate rz_rows_candidate(const struct rz_rows *r, const struct rz_row *row)
{
	struct rz_candidate c = r->kinds[row->kind].candidate;

	c.cookie = row->cookie;
	c.opened_ns = row->opened_ns;
	c.request_ns = row->request_ns;
	c.data_ns = row->data_ns;
	c.tuple.client_port = row->client_port;
	c.reason = (enum rz_reason)row->reason;
	return c;
}

struct rz_tick_verdict rz_rows_verdict(const struct rz_rows *r, const struct rz_row *row)
{
	struct rz_tick_verdict v = r->kinds[row->kind].verdict;

	v.reason = (enum rz_reason)row->reason;
	return v;
}

bool rz_rows_is_candidate(const struct rz_rows *r, const struct rz_row *row)
{
	const struct rz_row_kind *k = &r->kinds[row->kind];

	return k->wanted && !k->candidate.same_zone && !k->candidate.witness;
}

int rz_rows_of(const struct rz_candidate *candidates, size_t n, struct rz_rows *ret)
{
	struct rz_rows r = {.rows = calloc(n + 1, sizeof(*r.rows)),
			    .kinds = calloc(n + 1, sizeof(*r.kinds))};

	if (!r.rows || !r.kinds) {
		rz_rows_free(&r);
		return -ENOMEM;
	}
	for (r.n = 0; r.n < n; r.n++) {
		const struct rz_candidate *c = &candidates[r.n];

		r.kinds[r.n] = (struct rz_row_kind){.candidate = *c, .rows = 1, .wanted = true};
		r.rows[r.n] = (struct rz_row){.cookie = c->cookie,
					      .opened_ns = c->opened_ns,
					      .request_ns = c->request_ns,
					      .data_ns = c->data_ns,
					      .kind = (uint32_t)r.n,
					      .client_port = c->tuple.client_port,
					      .judged = 1};
	}
	r.n_kinds = r.room = r.kinds_room = n;
	*ret = r;
	return 0;
}
