// SPDX-License-Identifier: Apache-2.0
/*
 * The topology's way into the maps.
 *
 * Comes in: struct rz_topo from the file. Goes out: maps agents, zones, aliases, and in map
 * settings since when it is known to be current. Called by cmd/run.c every second.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"

int rz_daemon_write_settings(struct rz_daemon *d)
{
	__u32 zero = 0;

	return bpf_map_update_elem(d->maps->settings, &zero, &d->settings, BPF_ANY) ? -errno : 0;
}

/* Counts the zones of `topo` and writes all three maps. */
static int publish(struct rz_daemon *d, const struct rz_topo *topo)
{
	struct rz_topo_zones *zones = NULL;
	int err = rz_topo_zones_count(topo, d->zones, d->conf.min_agents, rz_now_ns(), &zones);

	if (!err)
		err = rz_maps_write_topology(d->maps, topo, zones);
	if (err) {
		rz_topo_zones_free(zones);
		return err;
	}
	rz_topo_zones_free(d->zones);
	d->zones = zones;
	return 0;
}

/* Takes over d->pending; the old topology stays for as long as it cannot be published whole. */
static int take(struct rz_daemon *d)
{
	int err = publish(d, d->pending);

	if (err)
		return err;
	rz_topo_free(d->topo);
	d->topo = RZ_TAKE_PTR(d->pending);
	rz_str_copy(d->settings.own_zone, sizeof(d->settings.own_zone), d->topo->own_zone);
	rz_info("topology: %zu agents in %zu zones, own zone %s", d->topo->n_agents, d->zones->n,
		d->topo->own_zone[0] ? d->topo->own_zone : "not given");
	return 0;
}

void rz_daemon_poll_topology(struct rz_daemon *d)
{
	struct rz_topo *fresh = NULL;
	int n = rz_topo_file_poll(d->file, &fresh);

	if (n > 0) {
		rz_topo_free(d->pending);
		d->pending = fresh;
	}
	if (n < 0 || (d->pending && take(d)))
		return;
	d->settings.topology_proved_ns = rz_now_ns();
	rz_daemon_write_settings(d);
}
