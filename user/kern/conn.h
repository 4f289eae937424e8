/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of map `conns`, read so that its frame is one frame.
 *
 * BPF_F_LOCK keeps out all who change an entry but the fast path, which takes a claim on it instead
 * (bpf/claim.bpf.h). The fields that it changes (counts, times, bytes, where the next request
 * begins) may be old in one place of a reading and new in another. Each of these is true by itself,
 * so a tick, which reads all entries in batches, looks at each alone. Whoever puts two of them
 * together, or compares one with what TCP says, reads here.
 *
 * Comes in: a connection's cookie. Goes out: its entry. Called by daemon/follow.c, daemon/left.c,
 * move/close.c and move/evidence.c.
 */
#ifndef RZ_KERN_CONN_H
#define RZ_KERN_CONN_H

#include <rezone/types.h>

/*
 * Reads the connection's entry until three readings in a row are the same, and nobody has the
 * claim: then no change was under way when the second was made. After some tries *ret is the last
 * reading, with `claim` not 0: its frame is in doubt, what never changes is true. 0; -ENOENT: there
 * is none; -errno. *ret is written on success only.
 */
int rz_conn_read(int conns_fd, __u64 cookie, struct rz_conn *ret);

#endif
