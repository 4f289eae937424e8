/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading: BPF programs into the kernel, their maps pinned, the pins of an earlier run taken over.
 *
 * Comes in: the configuration and what the kernel can do. Goes out: running programs and the
 * descriptors of their maps. Called by daemon/life.c and cmd/check.c.
 */
#ifndef RZ_KERN_LOAD_H
#define RZ_KERN_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/maps.h"
#include "kern/probe.h"

struct rz_load_opts {
	const char *pin_dir; /* NULL: nothing is pinned */
	const char *cgroup;  /* NULL: found */
	const uint16_t *ports;
	uint16_t n_ports;
	uint32_t max_connections;
	uint32_t max_clients;
};

struct rz_kern; /* the loaded programs */

/*
 * Loads and attaches. With a pin directory: maps that an earlier run left there are taken over with
 * what is in them (if sizes differ they are made anew: connections are adopted again), the new
 * programs run before the old ones stop, so that no segment goes unseen.
 * -errno, logged with the cure.
 */
int rz_kern_load(const struct rz_load_opts *opts, const struct rz_lacks *lacks,
		 struct rz_kern **ret);

/* The start succeeded: an earlier run's maps of another size, which were set aside, go. */
void rz_kern_keep(struct rz_kern *k);
/* It failed: what it pinned is removed; what an earlier run pinned stays as it was. Takes NULL. */
void rz_kern_free_failed(struct rz_kern *k);

/* Lets go. Pins, and with them the programs, stay if `keep_pins`, else all is detached. Takes NULL.
 */
void rz_kern_free(struct rz_kern *k, bool keep_pins);

const struct rz_maps *rz_kern_maps(const struct rz_kern *k);

/* Where it is attached, for the log. */
const char *rz_kern_cgroup(const struct rz_kern *k);

/*
 * Runs the reset program over every TCP socket of the network namespace the thread is in now.
 * -EOPNOTSUPP if this kernel has no bpf_sock_destroy.
 */
int rz_kern_walk(struct rz_kern *k);
/* Likewise the census (bpf/census.bpf.h), which leaves `number` in every entry it meets.
 * -EOPNOTSUPP before Linux 5.12. */
void rz_kern_census_begin(struct rz_kern *k, uint32_t number);
int rz_kern_census(struct rz_kern *k);
bool rz_kern_can_walk(const struct rz_kern *k);

/* Watches the responses of the connections in map holds (bpf/response.bpf.h), or stops it: a
 * program on the way out that is there only meanwhile. 0 or -errno, logged. */
int rz_kern_watch(struct rz_kern *k, bool on);

/* No move is under way: stops watching, unless it is for one that may have to be closed
 * (kern/held.h). */
void rz_kern_watch_no_more(struct rz_kern *k);
/* Map held was found empty: its programs need not look there, until they add one themselves. */
void rz_kern_held_none(struct rz_kern *k);
/* Map follow has entries, or is about to; or was found empty: its programs need not look there. */
void rz_kern_follow(struct rz_kern *k, bool on);
/* Agents are known, and map conns has `n` connections that none of them accepted; how many it may
 * have (bpf/room.bpf.h). */
void rz_kern_count_strangers(struct rz_kern *k, uint32_t n);
uint32_t rz_kern_strangers_max(const struct rz_kern *k);
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

#endif
