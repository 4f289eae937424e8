/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of a client.id (map `client_ids`, BPF's) to what they say (map `clients`, ours).
 *
 * Called by daemon/life.c at the start for all, by daemon/wake.c at each wake for one new id, by
 * daemon/tick.c at each tick for all that are not learnt, so that a lost wake costs time and
 * nothing else.
 */
#ifndef RZ_KERN_CLIENTS_H
#define RZ_KERN_CLIENTS_H

#include "client/tags.h"
#include "kern/snapshot.h"

/* Reads the tags of one id and stores them; `custom` may be NULL. 0, -ENOENT if the id is gone, or
 * -errno (logged). */
int rz_clients_learn(const struct rz_maps *m, const struct rz_tags_custom *custom, uint64_t hash);

/* Who brought what is kept in the maps client_ids and softwares. */
struct rz_clients_kept {
	struct rz_peer_key *ids, *softwares;
	size_t n_ids, n_softwares;
};

/* The same of every id. Before the first tick: an earlier run may have read them by other keys. One
 * that cannot be stored is forgotten (logged), so nobody is judged by those. 0 or -errno, logged.
 */
int rz_clients_learn_all(const struct rz_maps *m, const struct rz_tags_custom *custom);

struct rz_clients_sweep; /* which ids were seen unused at the last tick */

/* `custom` may be NULL, and is the caller's. */
int rz_clients_sweep_new(const struct rz_tags_custom *custom, struct rz_clients_sweep **ret);
void rz_clients_sweep_free(struct rz_clients_sweep *s);

/*
 * Learns every id that is not learnt yet, and forgets ids that no connection of the pass `snap`
 * uses, was not used at the previous call either, and is older than `keep_ns`, or of any age once
 * more than half of the `room` entries are taken. A connection that began since `snap` may have one
 * of these: its next request enters the id again (rz_effort_looks_again), and until then it is not
 * identified. The busiest ids by the bytes of their closed connections stay, so that those bytes
 * keep their name. Libraries that no connection has are forgotten likewise.
 */
int rz_clients_sweep_run(struct rz_clients_sweep *s, const struct rz_maps *m,
			 const struct rz_snapshot *snap, uint64_t keep_ns, size_t room);

/* As of the latest run. */
const struct rz_clients_kept *rz_clients_sweep_kept(const struct rz_clients_sweep *s);

#endif
