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
	bool parks; /* connections that nobody would move: they need no room in map prints */
	/* NULL, or called once the programs are loaded, before anything is attached: what has been
	 * started meanwhile must be ready when it returns */
	void (*loaded)(void *arg);
	void *loaded_arg;
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
/*
 * The same where it is not known what the kernel lacks, as if it lacked nothing: the newest kernels
 * (6.5) need no probe then, which takes a tenth of the time of a start. RZ_LOAD_LACKS, with nothing
 * left behind: it does not take all programs, so the caller probes and calls rz_kern_load(). Before
 * anything is attached: -EXDEV, not logged, in a time namespace (struct rz_lacks, `clock`).
 */
#define RZ_LOAD_LACKS 1
int rz_kern_load_all(const struct rz_load_opts *opts, struct rz_kern **ret);

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

/* Has this kernel bpf_sock_destroy? Then rz_kern_walk (live.h) resets. */
bool rz_kern_can_walk(const struct rz_kern *k);

#endif
