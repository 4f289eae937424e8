// SPDX-License-Identifier: Apache-2.0
/* Another rezone on the same cgroup, see rival.h. */
#include "kern/rival.h"

#include <dirent.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "kern/enter.h"
#include "kern/fd_info.h"
#include "kern/load_inside.h"
#include "rezone/config.h"

_Static_assert(offsetof(struct rezone_bpf__rodata, rz_config) == 0,
	       "enter/rival.c expects the configuration there");

/* The links that are pinned as link_segment in any version's directory. */
static size_t own_links(const char *pin_dir, uint32_t ids[RZ_ENTER_LINKS])
{
	struct bpf_link_info info;
	char path[4400];
	struct dirent *e;
	DIR *d = pin_dir ? opendir(pin_dir) : NULL;
	size_t n = 0;

	while (d && n < RZ_ENTER_LINKS && (e = readdir(d))) {
		_cleanup_close_ int fd = -1;

		if (e->d_name[0] != 'v')
			continue;
		snprintf(path, sizeof(path), "%s/%s/link_segment", pin_dir, e->d_name);
		fd = bpf_obj_get(path);
		if (fd >= 0 && rz_fd_link(fd, &info))
			ids[n++] = info.id;
	}
	if (d)
		closedir(d);
	return n;
}

uint32_t rz_rival_find(int cgroup_fd, const char *pin_dir, uint32_t own)
{
	struct rz_enter_rival r = {.own = own};
	uint32_t id = 0;

	r.n = (uint32_t)own_links(pin_dir, r.links);
	return rz_enter_rival(&r, cgroup_fd, &id) ? 0 : id;
}
