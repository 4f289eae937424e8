/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pinned maps as user space sees them: open them; the topology, read and written. What changes
 * by itself is read by kern/snapshot.h.
 *
 * Comes in: a pin directory or the loader's descriptors. Goes out: descriptors, and the topology.
 * Called by cmd/list.c and cmd/topology.c (which need no daemon) and by the daemon's tick.
 */
#ifndef RZ_KERN_MAPS_H
#define RZ_KERN_MAPS_H

#include <stddef.h>

#include <rezone/ipc.h>

#include "topo/blocks.h"
#include "topo/source.h"
#include "topo/topo.h"

/* Descriptors. Each map's name, in the BPF object and as a pin, is the field's. */
/* clang-format off */
#define RZ_MAPS(X)                                                                             \
	X(conns) X(client_ids) X(clients) X(proxied) X(prints) X(told) X(proxy_peers) X(softwares) X(software_keys)       \
	X(secret) X(peers) X(named)                                                       \
	X(agents) X(zones) X(aliases) X(sources) X(blocks) X(moves) X(holds) X(held) X(follow) X(settings)                   \
	X(status) X(counters) X(stats) X(errors) X(client_traffic) X(events) X(verdicts) X(orders)  \
	X(moved) X(arrivals) X(spans) \
	X(ledger) X(zone_bytes) X(client_bytes) X(counted) X(saved)
/* clang-format on */
struct rz_maps {
#define RZ_MAP_FIELD(name) int name;
	RZ_MAPS(RZ_MAP_FIELD)
#undef RZ_MAP_FIELD
};
extern const char *const rz_map_names[];
extern const size_t rz_map_count;

int *rz_maps_fd(struct rz_maps *m, size_t i); /* of rz_map_names[i] */

/*
 * Opens every map pinned under `pin_dir`/v<RZ_ABI>. -ENOENT: no daemon has run here (logged with
 * the cure); -EPERM: not root. On failure nothing stays open.
 */
int rz_maps_open(const char *pin_dir, struct rz_maps *ret);
/* The same, to read alone: the kernel refuses writes by these descriptors. */
int rz_maps_open_to_read(const char *pin_dir, struct rz_maps *ret);
/* A daemon that was restarted may have made other maps, and those that a command has open stay as
 * they were for ever. True: there are others, whole, and *ret has them. For commands that go on. */
bool rz_maps_newer(const char *pin_dir, const struct rz_maps *m, struct rz_maps *ret);
void rz_maps_close(struct rz_maps *m);

/* False: no daemon of this ABI has left maps there, and none has begun to. */
bool rz_maps_are_there(const char *pin_dir);
/* How many entries a map has room for; 0: that cannot be read. */
uint32_t rz_maps_room(int fd);
/* True while a daemon holds the pin directory; the same by a descriptor of that directory. */
bool rz_maps_daemon_alive(const char *pin_dir);
bool rz_maps_daemon_alive_at(int dir_fd);
/* Is it a map whose entries come and go, and which may become full? Then how many there are, and
 * room for how many. */
bool rz_maps_fill(int fd, uint32_t *ret_entries, uint32_t *ret_room);

/*
 * The topology as the maps have it (agents, aliases, own zone from status; zones as counted by
 * the daemon). 0 or -errno; written on success only.
 */
int rz_maps_read_topology(const struct rz_maps *m, struct rz_topo **ret_topo,
			  struct rz_topo_zones **ret_zones);

/* Map blocks, and the other way. 0 or -errno (logged by the latter). */
int rz_maps_read_blocks(const struct rz_maps *m, struct rz_blocks **ret);
int rz_maps_write_blocks(const struct rz_maps *m, const struct rz_blocks *blocks);

/* Makes the maps agents, zones and aliases equal to these: entries are added and
 * changed first, then what is no longer there is removed, so that a reader never finds them empty
 * in between. */
int rz_maps_write_topology(const struct rz_maps *m, const struct rz_topo *topo,
			   const struct rz_topo_zones *zones);

/* The sources of the topology, likewise; `rows` of the reader is for free(). 0 or -errno. */
int rz_maps_write_sources(const struct rz_maps *m, const struct rz_source_row *rows, size_t n);
int rz_maps_read_sources(const struct rz_maps *m, struct rz_source_val **ret, size_t *ret_n);

#endif
