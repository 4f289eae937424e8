// SPDX-License-Identifier: Apache-2.0
/* Which library each client has named, see named.h. */
#include "kern/named.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "kern/batch.h"

#define WRITE_AGAIN_NS (60 * 1000000000ULL)

static struct rz_named_key key_of(const struct rz_conn *c)
{
	struct rz_named_key key = {.client = c->frame.client, .netns = c->netns};

	memcpy(key.addr, c->tuple.client_addr, sizeof(key.addr));
	return key;
}

static int by_key(const void *a, const void *b)
{
	const struct rz_named_row *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

static int latest_first(const void *a, const void *b)
{
	const struct rz_named_row *x = a, *y = b;

	if (x->named.seen_ns != y->named.seen_ns)
		return x->named.seen_ns < y->named.seen_ns ? 1 : -1;
	return by_key(a, b);
}

static int by_addr_latest_first(const void *a, const void *b)
{
	const struct rz_named_row *x = a, *y = b;
	int d = memcmp(x->key.addr, y->key.addr, sizeof(x->key.addr));

	return d ? d : latest_first(a, b);
}

/* Is it one client's? One that carries several clients' requests speaks for nobody. */
static bool is_one_clients(const struct rz_conn *c)
{
	return c->frame.client && !c->frame.tentative && !c->frame.several;
}

static bool speaks(const struct rz_conn *c)
{
	return c->frame.software && is_one_clients(c);
}

/* Of one that has carried data; 0: it has not. */
static uint64_t opened_ns(const struct rz_conn *c)
{
	if (!c->frame.produce && !c->frame.fetch)
		return 0;
	return c->frame.adopted ? 1 : c->opened_ns;
}

/* A connection that is open, or all that are alike. */
struct open {
	struct rz_conn conn;
	uint64_t asked_ns, oldest_ns; /* as struct rz_alike has them */
};

/* A name that could not be kept may be any: it differs from all others. */
static struct rz_named_row row_of(const struct rz_snapshot *s, const struct open *o)
{
	const struct rz_software *said = rz_snapshot_software(s, &o->conn);
	struct rz_named_row row = {.key = key_of(&o->conn),
				   .named.seen_ns = s->now_ns,
				   .named.since_ns = s->now_ns,
				   .named.asked_ns = o->asked_ns,
				   .named.oldest_ns = o->oldest_ns};

	if (said)
		row.named.software = *said;
	else
		row.named.differ_ns = s->now_ns;
	return row;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t older(uint64_t a, uint64_t b)
{
	return a && (!b || a < b) ? a : b;
}

/* Two rows of one client become one: the latest name, and when another one was last said. */
static void fold(struct rz_named *to, const struct rz_named *from)
{
	bool same = !memcmp(&to->software, &from->software, sizeof(to->software));
	uint64_t other_ns = earlier(to->seen_ns, from->seen_ns);

	to->differ_ns = later(to->differ_ns, from->differ_ns);
	if (!same)
		to->differ_ns = later(to->differ_ns, other_ns);
	if (from->seen_ns > to->seen_ns)
		to->software = from->software;
	to->seen_ns = later(to->seen_ns, from->seen_ns);
	to->since_ns = earlier(to->since_ns, from->since_ns);
	to->asked_ns = later(to->asked_ns, from->asked_ns);
	to->oldest_ns = older(to->oldest_ns, from->oldest_ns);
}

static size_t fold_all(struct rz_named_row *rows, size_t n)
{
	size_t i, kept = 0;

	qsort(rows, n, sizeof(*rows), by_key);
	for (i = 0; i < n; i++)
		if (kept && !by_key(&rows[kept - 1], &rows[i]))
			fold(&rows[kept - 1].named, &rows[i].named);
		else
			rows[kept++] = rows[i];
	return kept;
}

/* No address may push out what the others said. */
static size_t cut(struct rz_named_row *rows, size_t n)
{
	size_t i, kept = 0, same = 0;

	if (n <= RZ_NAMED_MAX / RZ_PEER_SHARE)
		return n;
	qsort(rows, n, sizeof(*rows), by_addr_latest_first);
	for (i = 0; i < n; i++) {
		bool next = i && !memcmp(rows[i].key.addr, rows[i - 1].key.addr,
					 sizeof(rows[i].key.addr));

		same = next ? same + 1 : 1;
		if (same <= RZ_NAMED_MAX / RZ_PEER_SHARE)
			rows[kept++] = rows[i];
	}
	qsort(rows, kept, sizeof(*rows), latest_first);
	if (kept > RZ_NAMED_MAX)
		kept = RZ_NAMED_MAX;
	qsort(rows, kept, sizeof(*rows), by_key);
	return kept;
}

static bool is_remembered(uint64_t at_ns, uint64_t now_ns)
{
	return at_ns && now_ns < at_ns + RZ_NAMED_KEEP_NS;
}

static struct rz_named_row *find(struct rz_named_row *rows, size_t n,
				 const struct rz_named_row *key)
{
	return n ? bsearch(key, rows, n, sizeof(*rows), by_key) : NULL;
}

/* A connection that says no name is of a library that its client has named: all that is known of
 * the client stays known. Of two names either may be its. */
static void keep(const struct rz_snapshot *s, const struct open *o)
{
	struct rz_named_row key = {.key = key_of(&o->conn)};
	struct rz_named_row *r = find(s->named, s->n_named, &key);

	if (!r)
		return;
	r->named.seen_ns = s->now_ns;
	r->named.asked_ns = later(r->named.asked_ns, o->asked_ns);
	r->named.oldest_ns = older(r->named.oldest_ns, o->oldest_ns);
	if (is_remembered(r->named.differ_ns, s->now_ns))
		r->named.differ_ns = s->now_ns;
}

static struct open open_one(const struct rz_conn *c)
{
	return (struct open){*c, rz_conn_time_ns(c, c->metadata_cs), opened_ns(c)};
}

void rz_named_note(struct rz_alike *a, const struct rz_conn *c)
{
	a->asked_ns = later(a->asked_ns, rz_conn_time_ns(c, c->metadata_cs));
	a->oldest_ns = older(a->oldest_ns, opened_ns(c));
}

/* All that are open: of a pass, all kinds of them. */
static struct open open_conn(const struct rz_snapshot *s, size_t i)
{
	const struct rz_alike *a;

	if (i < s->n_conns)
		return open_one(&s->conns[i]);
	a = &s->alike.rows[i - s->n_conns];
	return (struct open){rz_alike_conn(a), a->asked_ns, a->oldest_ns};
}

int rz_named_closed(struct rz_snapshot *s, const struct rz_closed *r)
{
	struct open o = {.conn = {.netns = r->netns, .tuple = r->tuple}};
	struct rz_named_row *grown = s->said;

	o.conn.frame.client = r->client;
	o.conn.frame.software = r->software;
	if (!speaks(&o.conn))
		return 0;
	if (!(s->n_said & (s->n_said - 1))) { /* a power of two: full */
		grown = realloc(s->said, 2 * (s->n_said + 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->said = grown;
	}
	grown[s->n_said] = row_of(s, &o);
	grown[s->n_said++].named.seen_ns--; /* cut() keeps the latest */
	return 0;
}

int rz_named_learn(struct rz_snapshot *s)
{
	size_t i, n = 0, n_open = s->n_conns + s->alike.n;
	struct rz_named_row *rows = calloc(n_open + s->n_said + s->n_named + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (i = 0; i < s->n_named; i++)
		if (is_remembered(s->named[i].named.seen_ns, s->now_ns)) {
			rows[n] = s->named[i];
			rows[n++].named.oldest_ns = 0;
		}
	for (i = 0; i < s->n_said; i++)
		rows[n++] = s->said[i];
	for (i = 0; i < n_open; i++) {
		struct open o = open_conn(s, i);

		if (speaks(&o.conn))
			rows[n++] = row_of(s, &o);
	}
	free(s->named);
	s->named = rows;
	s->n_named = fold_all(rows, n);
	for (i = 0; i < n_open; i++) {
		struct open o = open_conn(s, i);

		if (!o.conn.frame.software && is_one_clients(&o.conn))
			keep(s, &o);
	}
	s->n_named = cut(rows, s->n_named);
	return 0;
}

/* All of map named, sorted. 0 or -errno. */
static int read_rows(const struct rz_maps *m, struct rz_named_row **ret, size_t *ret_n)
{
	struct rz_batch_row row = RZ_BATCH_ROW(struct rz_named_row, key, named);
	int err = rz_batch_read_rows(m->named, &row, 0, (void **)ret, ret_n);

	if (!err)
		qsort(*ret, *ret_n, sizeof(**ret), by_key);
	return err;
}

void rz_named_read(const struct rz_maps *m, struct rz_snapshot *s)
{
	int err = read_rows(m, &s->named, &s->n_named);

	if (!err)
		err = rz_named_learn(s);
	if (err)
		rz_err(err, "map named: cannot be read: %s", strerror(-err));
}

bool rz_named_is_written(const struct rz_named *was, const struct rz_named *now)
{
	return !memcmp(&was->software, &now->software, sizeof(now->software)) &&
	       now->since_ns == was->since_ns && now->asked_ns == was->asked_ns &&
	       now->seen_ns < was->seen_ns + WRITE_AGAIN_NS &&
	       now->differ_ns < was->differ_ns + WRITE_AGAIN_NS;
}

int rz_named_write(const struct rz_maps *m, const struct rz_snapshot *s)
{
	_cleanup_free_ struct rz_named_row *was = NULL;
	size_t i, n = 0;
	int err = read_rows(m, &was, &n);

	/* what is to go first, so that there is room for what comes */
	for (i = 0; i < n; i++)
		if (!find(s->named, s->n_named, &was[i]))
			bpf_map_delete_elem(m->named, &was[i].key);
	for (i = 0; !err && i < s->n_named; i++) {
		const struct rz_named_row *old = find(was, n, &s->named[i]);

		if ((!old || !rz_named_is_written(&old->named, &s->named[i].named)) &&
		    bpf_map_update_elem(m->named, &s->named[i].key, &s->named[i].named, BPF_ANY))
			err = -errno;
	}
	return err ? rz_err(err, "map named: cannot be written: %s", strerror(-err)) : 0;
}

const struct rz_named *rz_named_of(const struct rz_snapshot *s, const struct rz_conn *c)
{
	struct rz_named_row key = {.key = key_of(c)};
	const struct rz_named_row *r = find(s->named, s->n_named, &key);

	return r ? &r->named : NULL;
}

const struct rz_software *rz_named_find(const struct rz_snapshot *s, const struct rz_conn *c)
{
	const struct rz_named *n = rz_named_of(s, c);

	if (!n || !n->software.name[0])
		return NULL;
	return is_remembered(n->differ_ns, s->now_ns) ? NULL : &n->software;
}
