/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that are followed after the close (map follow): entries that user space makes and
 * removes, and BPF fills (bpf/follow.bpf.h).
 *
 * Comes in: connections, the maps. Called by move/jobs.c around the close, by daemon/follow.c, and
 * by commands, to show whom a move waits for.
 */
#ifndef RZ_KERN_FOLLOW_H
#define RZ_KERN_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/load.h"

struct rz_follow_row {
	struct rz_follow_key key;
	struct rz_follow follow;
};

/* The three that stand for a client at an agent; `client` is the client.id's hash. */
struct rz_follow_key rz_follow_key_of(uint64_t client, const struct rz_tuple *t, uint32_t netns);

/* Of struct rz_follow, as user space says it. */
struct rz_follow_terms {
	uint64_t moved; /* the connection that is about to be closed, or whose next one is waited
			   for */
	uint64_t for_ns, hold_ns, idle_ns;
	uint32_t software; /* 0: a connection is about to be closed */
};

/*
 * From now on connections that this client opens to the agent are followed. -EBUSY: its client is
 * followed already, under the same key; other -errno: there is no room.
 */
int rz_follow_begin(struct rz_kern *k, const struct rz_follow_key *key,
		    const struct rz_follow_terms *terms);
/* The connection that is followed is about to be closed: takes note of the time. While it is there
 * BPF binds no other one, so nothing that BPF wrote is lost; if it goes in this moment, BPF binds
 * the next one once more. */
void rz_follow_closes(const struct rz_maps *maps, const struct rz_follow_row *r, uint64_t now_ns);
/* Nobody is held under this key any more. */
void rz_follow_end(const struct rz_maps *maps, const struct rz_follow_key *key);

/* Has the connection come that this entry is for? */
bool rz_follow_has_come(const struct rz_maps *maps, const struct rz_follow_key *key);

/* All of map follow; the caller frees. 0 or -errno. */
int rz_follow_read(const struct rz_maps *maps, struct rz_follow_row **ret, size_t *ret_n);
/* Only those whose next connection a move waits for, the one that is waited for longest first. */
int rz_follow_read_next(const struct rz_maps *maps, struct rz_follow_row **ret, size_t *ret_n);

#endif
