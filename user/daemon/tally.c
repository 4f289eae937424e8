// SPDX-License-Identifier: Apache-2.0
/*
 * What the daemon counts for `/metrics`: moves and arrivals by zone, and how long things took.
 *
 * Comes in: moves that ended, connections at a tick. Goes out: maps moved, arrivals and spans
 * (kern/tally.h). A zone that the topology does not know is counted as "", so that no client
 * decides how many entries there are.
 */
#include "daemon/daemon.h"

#include <string.h>

#include "base/str.h"
#include "kern/tally.h"

static const char *known_zone(const struct rz_daemon *d, const char *zone)
{
	bool known = zone && *zone && d->topo && rz_topo_zone_known(d->topo, d->zones, zone);

	return known ? zone : "";
}

void rz_daemon_tally_moved(struct rz_daemon *d, enum rz_moved_result result, enum rz_close method,
			   enum rz_trigger trigger, const char *to_zone)
{
	struct rz_moved_key key = {.result = result, .method = method, .trigger = trigger};

	rz_str_copy(key.to_zone, sizeof(key.to_zone), known_zone(d, to_zone));
	if (memcmp(&key, &d->moved_alike, sizeof(key)))
		rz_daemon_tally_write(d);
	d->moved_alike = key;
	d->n_moved_alike++;
}

void rz_daemon_tally_write(struct rz_daemon *d)
{
	if (d->n_moved_alike)
		rz_tally_moved(d->maps, &d->moved_alike, d->n_moved_alike);
	d->n_moved_alike = 0;
	rz_tally_write_spans(d->maps, d->spans);
}

void rz_daemon_tally_span(struct rz_daemon *d, enum rz_span span, uint64_t from_ns, uint64_t to_ns)
{
	rz_histogram_add(&d->spans[span], to_ns > from_ns ? to_ns - from_ns : 0);
}

bool rz_daemon_tally_arrival(struct rz_daemon *d, const struct rz_snapshot *snap,
			     const struct rz_conn *c, const struct rz_tick_verdict *v)
{
	enum rz_kind kind = rz_frame_kind(&c->frame);
	struct rz_arrival_key key = {.home_was_ready = v->home_ready};

	if (c->opened_ns < d->status.started_ns)
		return true; /* nobody knows what was ready then */
	if (!rz_frame_identified(&c->frame, rz_snapshot_client(snap, c->frame.client)) ||
	    (kind != RZ_KIND_DATA && kind != RZ_KIND_SHARED && kind != RZ_KIND_ACKS0))
		return false;
	rz_str_copy(key.client_zone, sizeof(key.client_zone), known_zone(d, v->to_zone));
	rz_tally_arrival(d->maps, &key);
	return true;
}
