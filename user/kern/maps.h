/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pinned maps as user space sees them: open, read whole, write.
 *
 * Comes in: a pin directory or the loader's descriptors. Goes out: arrays of the ABI's structures.
 * Called by cmd/list.c and cmd/topology.c (which need no daemon) and by the daemon's tick.
 */
#ifndef RZ_KERN_MAPS_H
#define RZ_KERN_MAPS_H

#include <stddef.h>

#include "topo/topo.h"

struct rz_maps {
	int conns, client_ids, clients, agents, zones, aliases, moves, settings, stats, errors;
};

#define RZ_MAPS_NONE ((struct rz_maps){-1, -1, -1, -1, -1, -1, -1, -1, -1, -1})

/*
 * Opens every map pinned under `pin_dir`/v<RZ_ABI>. -ENOENT: no daemon has run here (logged with
 * the cure); -EPERM: not root. On failure nothing stays open.
 */
int rz_maps_open(const char *pin_dir, struct rz_maps *ret);
void rz_maps_close(struct rz_maps *m);

/* True while a daemon holds the pin directory. */
bool rz_maps_daemon_alive(const char *pin_dir);

struct rz_client_row {
	uint64_t hash;
	struct rz_client client;
};
struct rz_move_row {
	uint64_t cookie;
	struct rz_move move;
};

/* Everything `list` and the policy look at, read in one go. Sorted by cookie or hash. */
struct rz_snapshot {
	struct rz_conn *conns;
	size_t n_conns;
	struct rz_client_row *clients;
	size_t n_clients;
	struct rz_move_row *moves;
	size_t n_moves;
	struct rz_settings settings; /* all zero if no daemon has ever written it */
	struct rz_stats stats;	     /* added up over the CPUs */
	uint64_t now_ns;	     /* CLOCK_MONOTONIC when it was read */
};

int rz_snapshot_read(const struct rz_maps *m, struct rz_snapshot **ret);
void rz_snapshot_free(struct rz_snapshot *s); /* takes NULL */
const struct rz_client *rz_snapshot_client(const struct rz_snapshot *s, uint64_t hash);
const struct rz_move *rz_snapshot_move(const struct rz_snapshot *s, uint64_t cookie);

/*
 * The topology as the maps have it (agents, aliases, own zone from settings; zones as counted by
 * the daemon). 0 or -errno; written on success only.
 */
int rz_maps_read_topology(const struct rz_maps *m, struct rz_topo **ret_topo,
			  struct rz_topo_zones **ret_zones);

/* Makes the maps agents, zones and aliases equal to these: entries are added and changed first,
 * then what is no longer there is removed, so that a reader never finds them empty in between. */
int rz_maps_write_topology(const struct rz_maps *m, const struct rz_topo *topo,
			   const struct rz_topo_zones *zones);

#endif
