// SPDX-License-Identifier: Apache-2.0
/* Reading for `rezone top`, see top_read.h. */
#include "cmd/top_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/node.h"
#include "cmd/conns.h"
#include "kern/events.h"
#include "kern/pause.h"

struct rz_top_reader {
	const struct rz_ask *ask;
	struct rz_maps maps;
	struct rz_event_ring rings[2];
	struct rz_top_counts counts;
};

static int rewind_events(struct rz_top_reader *r)
{
	int err = rz_event_ring_rewind(r->maps.events, &r->rings[0]);

	if (!err)
		err = rz_event_ring_rewind(r->maps.verdicts, &r->rings[1]);
	return err ? rz_err(err, "top: cannot read the events: %s", strerror(-err)) : 0;
}

int rz_top_reader_new(const struct rz_ask *a, struct rz_top_reader **ret)
{
	struct rz_top_reader *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return rz_err(-ENOMEM, "top: out of memory");
	r->ask = a;
	err = rz_ask_open(a, "top", &r->maps);
	if (err) {
		free(r);
		return err;
	}
	err = rewind_events(r);
	if (err) {
		rz_top_reader_free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void rz_top_reader_free(struct rz_top_reader *r)
{
	if (!r)
		return;
	rz_top_counts_free(&r->counts);
	rz_maps_close(&r->maps);
	free(r);
}

static void read_events(struct rz_top_reader *r, struct rz_top_frame *t)
{
	struct rz_event e;
	uint64_t missed = 0;
	int i;

	for (i = 0; i < 2; i++)
		while (rz_event_ring_next(&r->rings[i], &e, &missed) > 0)
			if (rz_top_tells(e.type))
				rz_top_add_event(t, &e);
}

/* What is wrong first, as `rezone status` says it. */
static int read_health(const struct rz_top_reader *r, const struct rz_conns *c,
		       struct rz_top_frame *t)
{
	_cleanup_free_ struct rz_source_val *sources = NULL;
	struct rz_status_view v = {.pin_dir = r->ask->pin_dir,
				   .alive = rz_maps_daemon_alive(r->ask->pin_dir),
				   .wall_ns = t->wall_ns,
				   .snap = c->snap,
				   .topo = c->topo,
				   .zones = c->zones,
				   .totals = t->totals,
				   .conns_max = rz_maps_room(r->maps.conns),
				   .clients_max = rz_maps_room(r->maps.clients)};
	struct rz_pause pause;
	struct rz_health h;
	int err = rz_maps_read_sources(&r->maps, &sources, &v.n_sources);

	if (err)
		return err;
	v.sources = sources;
	if (rz_pause_get(r->ask->pin_dir, &pause))
		v.pause = &pause;
	h = rz_health_judge(&v);
	t->why[0] = 0;
	if (h.n)
		snprintf(t->why, sizeof(t->why), "%s: %s", rz_fault_word(h.rows[0].fault),
			 h.rows[0].text);
	t->running_s = -1;
	if (v.alive && c->snap->now_ns > c->snap->status.started_ns)
		t->running_s = (double)(c->snap->now_ns - c->snap->status.started_ns) / 1e9;
	return 0;
}

/* How often the daemon reads what parked connections have carried (daemon/park.c). */
static uint64_t tick_ns(const struct rz_snapshot *snap)
{
	uint64_t least_ns = 10 * RZ_SECOND_NS;

	return snap->settings.interval_ns > least_ns ? snap->settings.interval_ns : least_ns;
}

static int fill(struct rz_top_reader *r, const struct rz_conns *c, struct rz_top_frame *t)
{
	static const struct rz_conn_filter all = RZ_CONN_FILTER_ALL;
	_cleanup_free_ struct rz_conn_row *rows = NULL;
	const struct rz_status *s = &c->snap->status;
	int err = rz_conn_rows_make(c->snap, &c->world, &all, &rows, &t->totals);

	if (!err)
		err = rz_top_add_up(rows, t->totals.shown, c->snap->now_ns, tick_ns(c->snap),
				    &r->counts, t);
	if (!err)
		err = read_health(r, c, t);
	if (err)
		return rz_err(err, "top: cannot read the maps: %s", strerror(-err));
	rz_node_name(t->node, s->node);
	rz_str_copy(t->own_zone, sizeof(t->own_zone), s->own_zone);
	t->mode = c->snap->settings.mode;
	t->moved = c->snap->counters.moved;
	read_events(r, t);
	return 0;
}

/* Goes on with the maps of a daemon that was restarted: rates begin with their second look. */
static int renew(struct rz_top_reader *r)
{
	struct rz_maps fresh;

	if (!rz_maps_newer(r->ask->pin_dir, &r->maps, &fresh))
		return 0;
	rz_maps_close(&r->maps);
	r->maps = fresh;
	rz_ask_name_node(&r->maps);
	rz_top_counts_free(&r->counts);
	return rewind_events(r);
}

int rz_top_read(struct rz_top_reader *r, struct rz_top_frame *ret)
{
	struct rz_conns conns = {};
	int err = renew(r);

	if (!err)
		err = rz_conns_read(&r->maps, &conns);
	ret->wall_ns = rz_wall_ns();
	if (!err)
		err = fill(r, &conns, ret);
	rz_conns_free(&conns);
	return err;
}
