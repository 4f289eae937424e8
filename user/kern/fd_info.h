/* SPDX-License-Identifier: Apache-2.0 */
/* What a descriptor of this process stands for. Called by modules of kern/ that compare links and
 * cgroups. */
#ifndef RZ_KERN_FD_INFO_H
#define RZ_KERN_FD_INFO_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <bpf/bpf.h>

/* A cgroup's id is its directory's inode number. 0 if `fd` cannot be asked. */
static inline uint64_t rz_fd_inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/* False, with errno, if `fd` is no BPF link. */
static inline bool rz_fd_link(int fd, struct bpf_link_info *ret)
{
	__u32 len = sizeof(*ret);

	memset(ret, 0, sizeof(*ret));
	return !bpf_obj_get_info_by_fd(fd, ret, &len);
}

#endif
