/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each client address has in the maps that all share, counted anew (bpf/room.bpf.h counts as
 * connections come and go, but not what user space removes).
 *
 * Comes in: a snapshot, the client ids and libraries that are kept, the topology. Goes out: map
 * `peers`, the number of strangers; strangers beyond their room are forgotten. Called by
 * daemon/tick.c at each tick.
 */
#ifndef RZ_KERN_ROOMS_H
#define RZ_KERN_ROOMS_H

#include "kern/clients.h"
#include "kern/load.h"
#include "kern/snapshot.h"

/* `topo` is NULL until the first whole topology: then nobody is a stranger. 0 or -errno (logged).
 */
int rz_rooms_count(struct rz_kern *k, const struct rz_snapshot *snap,
		   const struct rz_clients_kept *kept, const struct rz_topo *topo);

#endif
