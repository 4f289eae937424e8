/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loaded programs at work: run over all sockets, waking the daemon. And what of their state is
 * the daemon's to change.
 *
 * Comes in: the loaded programs (load.h). Goes out: entries of maps, sockets that were reset.
 * Called by daemon/ and move/.
 */
#ifndef RZ_KERN_LIVE_H
#define RZ_KERN_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/load.h"

/*
 * Runs the reset program over every TCP socket of a network namespace. `fn` has what it says of
 * each connection that it judged; where the walk fails half-way, not of all. Ring closed is read
 * meanwhile, for it has less room than a walk may close connections. 0; -EOPNOTSUPP if this kernel
 * has no bpf_sock_destroy; -ENOENT if nobody is in the namespace; -EOWNERDEAD if rezone-enter,
 * which enters it, does not run; other -errno, logged.
 */
typedef void (*rz_kern_walked_fn)(void *arg, const struct rz_walked *w);
int rz_kern_walk(struct rz_kern *k, uint32_t netns, rz_kern_walked_fn fn, void *arg);
/* Likewise the census (bpf/census.bpf.h), which leaves `number` in every entry it meets.
 * -EOPNOTSUPP before Linux 5.12. */
void rz_kern_census_begin(struct rz_kern *k, uint32_t number);
int rz_kern_census(struct rz_kern *k, uint32_t netns);
/* Likewise the look at parked connections (kern/park.h). */
int rz_kern_iterate_parked(struct rz_kern *k, uint32_t netns);

/* Map held was found empty: its programs need not look there, until they add one themselves. */
void rz_kern_held_none(struct rz_kern *k);
/* Map follow has entries, or is about to; or was found empty: its programs need not look there. */
void rz_kern_follow(struct rz_kern *k, bool on);
/* Agents are known, and map conns has `n` connections that none of them accepted; how many it may
 * have (bpf/room.bpf.h). */
void rz_kern_count_strangers(struct rz_kern *k, uint32_t n);
uint32_t rz_kern_strangers_max(const struct rz_kern *k);
/* Map prints has `n` entries: BPF, which counts them as they come and go, starts from there. */
void rz_kern_count_prints(struct rz_kern *k, size_t n);
/* The same of map partial, whose entries are counted here. */
void rz_kern_count_partials(struct rz_kern *k);
/* Removes a connection's entry, and what BPF keeps of it elsewhere. Returns whether there was one.
 */
bool rz_kern_forget_conn(struct rz_kern *k, const struct rz_conn *c);
/* The same of one that goes on. What it says from now on nobody reads: found again it may have a
 * request in flight that is not known (rz_frame.unseen). */
void rz_kern_forget_stranger(struct rz_kern *k, const struct rz_conn *c);

/* The `wake` ring: a descriptor to poll, and what to call when it is readable. `fn` gets the hash
 * of a client.id that nobody has read yet. */
int rz_kern_wake_fd(const struct rz_kern *k);
typedef void (*rz_kern_wake_fn)(void *arg, uint64_t client);
int rz_kern_wake_read(struct rz_kern *k, rz_kern_wake_fn fn, void *arg);

/* Ring `closed`: a descriptor that is readable when a quarter is taken, what to call with each
 * record (NULL: nobody, it stays there), and to read all that there are (kern/closed.c). 0 or
 * -errno, logged. */
int rz_kern_closed_fd(const struct rz_kern *k);
typedef void (*rz_kern_closed_fn)(void *arg, const struct rz_closed *c);
void rz_kern_closed_to(struct rz_kern *k, rz_kern_closed_fn fn, void *arg);
int rz_kern_closed_read(struct rz_kern *k);

#endif
