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

/* Of a pass. 0 or -errno (logged). */
int rz_rooms_count(const struct rz_maps *m, const struct rz_snapshot *snap,
		   const struct rz_clients_kept *kept);

/* Were these accepted by no agent of this node? */
bool rz_rooms_is_stranger(const struct rz_topo *topo, const struct rz_alike *a);
/* One more of them in a pass, which has met *n. Those beyond their room, which were there before
 * the topology said so, are forgotten: false. The caller tells rz_kern_count_strangers(). */
bool rz_rooms_take_stranger(struct rz_kern *k, const struct rz_conn *c, uint32_t *n);

#endif
