/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payload that holds have kept back and that has not come since (map held), and the entries of map
 * holds that outlive their move for its sake: should the client leave, its socket can be closed
 * once the answers are out, and that is known only of a connection whose answers were followed.
 *
 * Comes in: the maps. Called by kern/load.c at start, move/jobs.c when moves end, daemon/left.c
 * every second.
 */
#ifndef RZ_KERN_HELD_H
#define RZ_KERN_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/snapshot.h"

/* All of map held; the caller frees. 0 or -errno. */
int rz_held_read(const struct rz_maps *maps, struct rz_held_row **ret, size_t *ret_n);

/* Has any client left while it was held, whose connection is still open? */
bool rz_held_any_left(const struct rz_maps *maps);

/* Removes the old ones of `rows` whose connection is not tracked any more. BPF removes an entry
 * when its socket leaves ESTABLISHED; one can stay that was made in that very instant, or whose
 * port this daemon does not watch, and it would keep the programs in place for ever. */
void rz_held_sweep(const struct rz_maps *maps, const struct rz_held_row *rows, size_t n,
		   uint64_t now_ns);

/* Is this entry of map holds still of use when its move is over? */
bool rz_held_needs_watch(const struct rz_maps *maps, uint64_t cookie, uint64_t now_ns);

/* A connection whose responses go on being followed until then, though no move of it is under way
 * (move/listen.h). */
struct rz_watched {
	uint64_t cookie;
	uint64_t cgroup; /* whose programs see its responses (kern/destroy.h) */
	uint64_t until_ns;
	uint8_t addr[16]; /* of its client */
};

/* Removes the entries of map holds that are neither of use nor among `keep`; never called while a
 * move is under way, for it would take that one's too. Returns how many stay that are of use. */
size_t rz_held_forget_holds(const struct rz_maps *maps, const struct rz_watched *keep,
			    size_t n_keep, uint64_t now_ns);

#endif
