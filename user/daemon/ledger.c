// SPDX-License-Identifier: Apache-2.0
/*
 * What connections have carried, from tick to tick.
 *
 * Comes in: a tick's snapshot, the records of connections that have closed. Goes out: the maps of
 * include/rezone/ledger.h, and to the snapshot the libraries that closed connections have named
 * (kern/named.h). Called by daemon/tick.c. saved.c has what moves have saved.
 *
 * The records are read before the snapshot. A record can be read once its connection has left map
 * conns, so no connection is met in both; one that closes in between is met in neither, and its
 * record comes with the next tick.
 */
#include "daemon/ledger_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cure.h"
#include "base/json.h"
#include "base/log.h"
#include "kern/ledger.h"
#include "kern/live.h"
#include "kern/named.h"
#include "policy/ledger.h"

#define CLOSED_MAX                                                                    \
	65536 /* records that are kept for the next tick; half of them bring it about \
	       */

/* ---- records of closed connections ---- */

static void keep(void *arg, const struct rz_closed *c)
{
	struct rz_daemon_ledger *b = arg;
	size_t room = b->closed_room ? b->closed_room * 2 : 256;
	struct rz_closed *grown;

	if (b->n_closed == b->closed_room && room <= CLOSED_MAX) {
		grown = realloc(b->closed, room * sizeof(*grown));
		if (grown) {
			b->closed = grown;
			b->closed_room = room;
		}
	}
	if (b->n_closed == b->closed_room)
		b->dropped++;
	else
		b->closed[b->n_closed++] = *c;
}

void rz_daemon_ledger_drain(struct rz_daemon *d)
{
	rz_kern_closed_read(d->kern);
}

/* ---- counting ---- */

static void add(struct rz_daemon_ledger *b, const struct rz_judged_conn *c,
		const struct rz_world *world, struct rz_ledger_more more)
{
	struct rz_where at = rz_where_of(c, world);
	const struct rz_frame *f = &c->conn->frame;
	bool known = c->client && !f->tentative && !f->several;
	struct rz_ledger_entry e = {.group = at.group,
				    .client_zone = at.client_zone,
				    .agent_zone = at.agent_zone,
				    .client = known ? f->client : 0,
				    .id = known && !c->client->is_null ? c->client->id : "",
				    .more = more};

	rz_ledger_add(b->l, &e);
}

static void count_closed(struct rz_daemon_ledger *b, const struct rz_closed *r,
			 const struct rz_snapshot *snap, const struct rz_world *world)
{
	struct rz_conn c = {.cookie = r->cookie, .netns = r->netns, .tuple = r->tuple};
	struct rz_judged_conn j = {&c, r->client ? rz_snapshot_client(snap, r->client) : NULL};

	c.frame.client = r->client;
	if (r->proxied) /* the tuple's client is a load balancer */
		memset(c.tuple.client_addr, 0, sizeof(c.tuple.client_addr));
	add(b, &j, world, rz_ledger_closed(b->l, r));
}

struct rz_ledger_more rz_daemon_ledger_open(struct rz_daemon *d, const struct rz_snapshot *snap,
					    const struct rz_conn *c, uint32_t *ret_place)
{
	struct rz_ledger_more more = rz_ledger_open(d->ledger->l, c, ret_place);
	struct rz_world world;
	struct rz_endpoint proxied;
	struct rz_judged_conn j;

	if (rz_ledger_more_is_none(&more) || rz_snapshot_proxied(snap, c, &proxied))
		return more;
	world = rz_daemon_world(d, snap->now_ns);
	j = (struct rz_judged_conn){c, rz_snapshot_client(snap, c->frame.client), proxied.addr};
	add(d->ledger, &j, &world, more);
	return (struct rz_ledger_more){};
}

void rz_daemon_ledger_add(struct rz_daemon *d, const struct rz_snapshot *snap, size_t alike,
			  struct rz_ledger_more more)
{
	struct rz_world world = rz_daemon_world(d, snap->now_ns);
	struct rz_conn c = rz_alike_conn(&snap->alike.rows[alike]);
	struct rz_judged_conn j = {&c, rz_snapshot_client(snap, c.frame.client)};

	if (!rz_ledger_more_is_none(&more))
		add(d->ledger, &j, &world, more);
}

/* ---- the maps ---- */

static bool write_entry(struct rz_daemon *d, const char *map, int fd, const void *key,
			const void *value)
{
	int err = bpf_map_update_elem(fd, key, value, BPF_ANY) ? -errno : 0;

	if (err)
		rz_daemon_ledger_failed(d, map, err, 1);
	return !err;
}

/* What of each connection is counted is in map counted already: a daemon that is killed before this
 * leaves out a tick's bytes, and counts none twice. */
static void publish_rows(struct rz_daemon *d)
{
	struct rz_ledger_client_row *c, *next_c;
	struct rz_ledger *l = d->ledger->l;
	struct rz_ledger_zone_row *z, *next_z;
	size_t i;

	for (i = 0; i < l->n_evicted; i++)
		bpf_map_delete_elem(d->maps->client_bytes, &l->evicted[i]);
	HASH_ITER (hh, l->zones, z, next_z)
		if (z->changed)
			z->changed = !write_entry(d, "zone_bytes", d->maps->zone_bytes, &z->key,
						  &z->sum);
	HASH_ITER (hh, l->clients, c, next_c) {
		if (!c->changed)
			continue;
		c->changed =
			!write_entry(d, "client_bytes", d->maps->client_bytes, &c->key, &c->value);
		c->stored |= !c->changed;
	}
}

static void publish_state(struct rz_daemon *d, uint64_t unix_ns)
{
	struct rz_daemon_ledger *b = d->ledger;
	__u32 zero = 0;

	b->state.updated_unix_ns = unix_ns;
	b->state.updated_ns = rz_now_ns();
	b->state.unplaced_ns = rz_roll_is_whole(d->roll) ? 0 : b->state.updated_ns;
	b->state.lost += b->l->lost + b->dropped;
	b->l->lost = b->dropped = 0;
	write_entry(d, "ledger", d->maps->ledger, &zero, &b->state);
}

static void publish(struct rz_daemon *d)
{
	publish_rows(d);
	publish_state(d, rz_wall_ns());
}

/* A quarter of the ring is taken. */
int rz_daemon_ledger_wake(void *daemon)
{
	struct rz_daemon *d = daemon;
	struct rz_snapshot *snap = NULL;

	rz_daemon_ledger_drain(d);
	if (d->ledger->n_closed < CLOSED_MAX / 2 || rz_snapshot_begin(d->maps, &snap))
		return 0;
	rz_daemon_ledger_begin(d, snap);
	publish(d);
	rz_named_read(d->maps, snap);
	rz_named_write(d->maps, snap);
	rz_snapshot_free(snap);
	return 0;
}

/* ---- the tick ---- */

void rz_daemon_ledger_begin(struct rz_daemon *d, struct rz_snapshot *snap)
{
	struct rz_world world = rz_daemon_world(d, snap->now_ns);
	struct rz_daemon_ledger *b = d->ledger;
	size_t i;

	rz_ledger_begin(b->l, rz_ledger_hour(rz_wall_ns()));
	for (i = 0; i < b->n_closed; i++) {
		count_closed(b, &b->closed[i], snap, &world);
		rz_named_closed(snap, &b->closed[i]);
	}
	b->n_closed = 0;
}

void rz_daemon_ledger_end(struct rz_daemon *d, bool whole)
{
	struct rz_daemon_ledger *b = d->ledger;

	if (whole)
		rz_ledger_end(b->l);
	publish(d);
	if (b->hour != b->l->hour)
		rz_daemon_saved_forget(d, rz_wall_ns());
	b->hour = b->l->hour;
}

/* ---- begin and end ---- */

static int restore(struct rz_daemon *d)
{
	struct rz_daemon_ledger *b = d->ledger;
	struct rz_ledger_rows rows;
	size_t i;
	int err = rz_ledger_rows_read(d->maps, &rows);

	if (!err) {
		b->state = rows.state;
		b->l->unplaced_ns = rows.state.unplaced_ns;
	}
	for (i = 0; !err && i < rows.n_zones; i++)
		err = rz_ledger_restore_zone(b->l, &rows.zones[i], &rows.zones_sums[i]);
	for (i = 0; !err && i < rows.n_clients; i++)
		err = rz_ledger_restore_client(b->l, &rows.clients[i], &rows.clients_values[i]);
	rz_ledger_rows_free(&rows);
	return err;
}

/* rz_roll_grow. A connection may take two places. */
static int grow(void *arg, struct rz_counted_entry **places, size_t *n)
{
	struct rz_daemon *d = arg;
	struct rz_daemon_ledger *b = d->ledger;
	int err = rz_ledger_counted_grow(d->maps, d->conf.pin_dir,
					 2 * (size_t)d->conf.max_connections, &b->places,
					 &b->n_places);

	*places = b->places;
	*n = b->n_places;
	if (err && err != -ENOSPC)
		rz_log_fields(
			RZ_LOG_WARN, json_pack("{s:o}", "error", rz_json_error(err)),
			"ledger: map counted cannot grow beyond %zu places: %s; %s; of further "
			"connections the next daemon leaves out what they carry until then",
			b->n_places, strerror(-err), rz_cure(err));
	return err;
}

int rz_daemon_ledger_start(struct rz_daemon *d)
{
	struct rz_daemon_ledger *b = calloc(1, sizeof(*b));
	int err = b ? rz_ledger_counted_map(d->maps, &b->places, &b->n_places) : -ENOMEM;

	d->ledger = b;
	rz_kern_closed_to(d->kern, keep, b);
	if (!err)
		err = rz_roll_new(b->places, b->n_places, &d->roll);
	if (!err)
		rz_roll_grows(d->roll, grow, d);
	if (!err)
		err = rz_ledger_new(RZ_ZONE_BYTES_MAX, RZ_CLIENT_BYTES_MAX, d->roll, &b->l);
	if (!err)
		err = restore(d);
	if (err)
		return rz_err(err, "run: what connections have carried: %s; %s", strerror(-err),
			      rz_cure(err));
	if (!b->state.since_unix_ns) {
		b->state.since_unix_ns = rz_wall_ns();
		b->state.since_ns = rz_now_ns();
	}
	return 0;
}

void rz_daemon_ledger_stop(struct rz_daemon *d)
{
	if (!d->ledger)
		return;
	rz_ledger_free(d->ledger->l);
	rz_roll_free(d->roll);
	d->roll = NULL;
	rz_ledger_counted_unmap(d->ledger->places, d->ledger->n_places);
	free(d->ledger->closed);
	free(d->ledger->moved);
	free(d->ledger);
	d->ledger = NULL;
}
