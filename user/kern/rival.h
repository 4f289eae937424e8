/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another rezone on the same cgroup, for the same port: two that move the clients of one agent
 * would each keep half of the limits.
 *
 * Comes in: a cgroup, and what this rezone was asked to load. Goes out: the other one's program.
 * Called by kern/load.c before it attaches, and by kern/attached.c at each look.
 */
#ifndef RZ_KERN_RIVAL_H
#define RZ_KERN_RIVAL_H

#include <stdint.h>

/*
 * The id of another rezone's segment program on the cgroup open as `cgroup_fd`, that shares a port
 * with this one's; 0 if there is none, or if rezone-enter, which looks, does not run. Those that
 * are pinned under `pin_dir` (NULL: none) are an earlier run's, and do not count; nor does `own` (a
 * program's id, or 0).
 */
uint32_t rz_rival_find(int cgroup_fd, const char *pin_dir, uint32_t own);

#endif
