/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does what the settings ask for fit into the memory that this process may use? The kernel charges
 * BPF maps to the memory cgroup of the process that makes them (since Linux 5.11), and ends the
 * process when the limit is reached: in the middle of a start that leaves pins behind.
 *
 * Called by kern/load.c once the maps have their sizes and before they are made.
 */
#ifndef RZ_KERN_MEMORY_H
#define RZ_KERN_MEMORY_H

#include <stdint.h>

struct bpf_object;

struct rz_memory_need {
	uint64_t start; /* bytes, to load the programs and make the maps */
	uint64_t full;	/* with every map full, and read whole by a tick */
};

struct rz_memory_need rz_memory_need(const struct bpf_object *obj);

/*
 * The lowest memory limit of the cgroup in /proc/self/cgroup (v2's memory.max, v1's
 * memory.limit_in_bytes) and of those above it, as far as they can be seen; UINT64_MAX: none.
 * `cgroups` and `mounts` are the files /proc/self/cgroup and /proc/self/mountinfo, or a test's.
 */
uint64_t rz_memory_limit(const char *cgroups, const char *mounts);

/* 0; -ENOMEM, logged with the cure: the start cannot fit. Warns if full maps do not. */
int rz_memory_check(const struct bpf_object *obj);

#endif
