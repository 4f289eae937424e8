/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups by their ids: a cgroup's id is its directory's inode number (on 64 bits).
 *
 * Comes in: the path of a cgroup v2 directory. Goes out: the ids of those below it, or the
 * descriptor of one. open_by_handle_at(2) would find one at once, but needs a capability
 * (CAP_DAC_READ_SEARCH) that rezone has no other use for. Called by kern/listen.c, kern/watch.c.
 */
#ifndef RZ_KERN_CGROUPS_H
#define RZ_KERN_CGROUPS_H

#include <stdint.h>

#define RZ_CGROUP_DEPTH_MAX 32 /* as bpf/conn.bpf.h */

/*
 * Calls `fn` for each cgroup below `path`, the parents first, until it returns something else than
 * 0, and returns that. A cgroup that is removed meanwhile is passed over.
 */
int rz_cgroups_each(const char *path, int (*fn)(void *arg, uint64_t id, const char *path),
		    void *arg);

/* Opens the cgroup with this id, `path` itself or one below it. A descriptor, or -ENOENT: there is
 * none, or it was removed. */
int rz_cgroups_open(const char *path, uint64_t id);

#endif
