// SPDX-License-Identifier: Apache-2.0
/*
 * The world that connections are judged by: topology, settings, status, exclusions, time.
 *
 * Comes in: the daemon. Goes out: a value that borrows from it, good until the next topology.
 * Called by tick.c, and by moves.c and operator.c, which judge again.
 */
#include "daemon/daemon.h"

struct rz_world rz_daemon_world(const struct rz_daemon *d, uint64_t now_ns)
{
	static const struct rz_topo no_topo;
	static const struct rz_topo_zones no_zones;

	return (struct rz_world){.topo = d->topo ? d->topo : &no_topo,
				 .zones = d->topo ? d->zones : &no_zones,
				 .settings = &d->settings,
				 .status = &d->status,
				 .now_ns = now_ns,
				 .blocks = d->blocks,
				 .exclude = d->exclude};
}
