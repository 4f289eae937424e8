// SPDX-License-Identifier: Apache-2.0
/* Another rezone on the same cgroup, see rival.h. */
#include "enter/rival.h"

#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "kern/fd_info.h"
#include "rezone/config.h"

#define SEGMENT	      "rz_segment"
#define PROG_MAPS_MAX 64

/* The configuration at the beginning of a program's read-only data; false if it does not look like
 * one: another version may have another. */
static bool read_config(int map_fd, struct rz_config *ret)
{
	_cleanup_free_ char *value = NULL;
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), zero = 0, i;

	if (bpf_obj_get_info_by_fd(map_fd, &info, &len) || !strstr(info.name, ".rodata") ||
	    info.value_size < sizeof(*ret))
		return false;
	value = malloc(info.value_size);
	if (!value || bpf_map_lookup_elem(map_fd, &zero, value))
		return false;
	memcpy(ret, value, sizeof(*ret));
	for (i = 0; i < RZ_PORTS_MAX; i++)
		if ((i < ret->n_ports) != (ret->ports[i] != 0))
			return false;
	return ret->n_ports >= 1 && ret->n_ports <= RZ_PORTS_MAX;
}

/* Does this program watch a port of ours? One of another version cannot be asked: it may. */
static bool shares_port(const struct bpf_prog_info *prog, const uint32_t *maps,
			const struct rz_enter_ports *ours)
{
	struct rz_config c;
	uint32_t i, k;

	for (i = 0; i < prog->nr_map_ids && i < PROG_MAPS_MAX; i++) {
		_cleanup_close_ int fd = bpf_map_get_fd_by_id(maps[i]);

		if (fd < 0 || !read_config(fd, &c))
			continue;
		for (i = 0; i < c.n_ports && i < RZ_PORTS_MAX; i++)
			for (k = 0; k < ours->n; k++)
				if (c.ports[i] == ours->ports[k])
					return true;
		return false;
	}
	return true;
}

static bool is_rival(uint32_t prog_id, const struct rz_enter_ports *ours)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(prog_id);
	uint32_t maps[PROG_MAPS_MAX];
	struct bpf_prog_info info = {.nr_map_ids = PROG_MAPS_MAX,
				     .map_ids = (__u64)(uintptr_t)maps};
	__u32 len = sizeof(info);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(info.name, SEGMENT) &&
	       shares_port(&info, maps, ours);
}

uint32_t rz_rival_search(int cgroup_fd, const struct rz_enter_rival *r,
			 const struct rz_enter_ports *ours)
{
	uint64_t cgroup = rz_fd_inode(cgroup_fd);
	uint32_t id = 0, i;

	while (!bpf_link_get_next_id(id, &id)) {
		_cleanup_close_ int fd = bpf_link_get_fd_by_id(id);
		struct bpf_link_info info;

		if (fd < 0 || !rz_fd_link(fd, &info) || info.type != BPF_LINK_TYPE_CGROUP ||
		    info.cgroup.cgroup_id != cgroup ||
		    info.cgroup.attach_type != BPF_CGROUP_INET_INGRESS || info.prog_id == r->own)
			continue;
		for (i = 0; i < r->n && r->links[i] != info.id; i++)
			;
		if (i == r->n && is_rival(info.prog_id, ours))
			return info.prog_id;
	}
	return 0;
}
