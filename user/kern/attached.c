// SPDX-License-Identifier: Apache-2.0
/* Whether the programs are where they were put, see attached.h. */
#include "kern/attached.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "kern/load_inside.h"
#include "kern/pins.h"
#include "rezone/config.h"

#define SEGMENT	      "rz_segment"
#define OWN_LINKS     8 /* pinned ones of all versions that are looked at */
#define PROG_MAPS_MAX 64

static uint64_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

static bool link_info(int fd, struct bpf_link_info *ret)
{
	__u32 len = sizeof(*ret);

	memset(ret, 0, sizeof(*ret));
	return !bpf_obj_get_info_by_fd(fd, ret, &len);
}

/* ---- another segment program ---- */

/* The links that are pinned as link_segment in any version's directory. */
static size_t own_links(const char *pin_dir, uint32_t ids[OWN_LINKS])
{
	struct bpf_link_info info;
	char path[4400];
	struct dirent *e;
	DIR *d = pin_dir ? opendir(pin_dir) : NULL;
	size_t n = 0;

	while (d && n < OWN_LINKS && (e = readdir(d))) {
		_cleanup_close_ int fd = -1;

		if (e->d_name[0] != 'v')
			continue;
		snprintf(path, sizeof(path), "%s/%s/link_segment", pin_dir, e->d_name);
		fd = bpf_obj_get(path);
		if (fd >= 0 && link_info(fd, &info))
			ids[n++] = info.id;
	}
	if (d)
		closedir(d);
	return n;
}

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

_Static_assert(offsetof(struct rezone_bpf__rodata, rz_config) == 0, "read_config() expects it");

/* Does this program watch a port of ours? One of another version cannot be asked: it may. */
static bool shares_port(const struct bpf_prog_info *prog, const uint32_t *maps,
			const struct rz_load_opts *o)
{
	struct rz_config c;
	uint32_t i, k;

	for (i = 0; i < prog->nr_map_ids && i < PROG_MAPS_MAX; i++) {
		_cleanup_close_ int fd = bpf_map_get_fd_by_id(maps[i]);

		if (fd < 0 || !read_config(fd, &c))
			continue;
		for (i = 0; i < c.n_ports && i < RZ_PORTS_MAX; i++)
			for (k = 0; k < o->n_ports; k++)
				if (c.ports[i] == o->ports[k])
					return true;
		return false;
	}
	return true;
}

static bool is_rival(uint32_t prog_id, const struct rz_load_opts *o)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(prog_id);
	uint32_t maps[PROG_MAPS_MAX];
	struct bpf_prog_info info = {.nr_map_ids = PROG_MAPS_MAX,
				     .map_ids = (__u64)(uintptr_t)maps};
	__u32 len = sizeof(info);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(info.name, SEGMENT) &&
	       shares_port(&info, maps, o);
}

uint32_t rz_kern_find_other(int cgroup_fd, const struct rz_load_opts *opts, uint32_t own)
{
	uint64_t cgroup = inode_of(cgroup_fd);
	uint32_t ours[OWN_LINKS], id = 0;
	size_t i, n = own_links(opts->pin_dir, ours);

	while (!bpf_link_get_next_id(id, &id)) {
		_cleanup_close_ int fd = bpf_link_get_fd_by_id(id);
		struct bpf_link_info info;

		if (fd < 0 || !link_info(fd, &info) || info.type != BPF_LINK_TYPE_CGROUP ||
		    info.cgroup.cgroup_id != cgroup ||
		    info.cgroup.attach_type != BPF_CGROUP_INET_INGRESS || info.prog_id == own)
			continue;
		for (i = 0; i < n && ours[i] != info.id; i++)
			;
		if (i == n && is_rival(info.prog_id, opts))
			return info.prog_id;
	}
	return 0;
}

/* ---- pins ---- */

/* Is the object at `path` the one that `fd` is? Both kinds have their id in the same place. */
static bool is_pinned(const char *path, int fd, bool link)
{
	_cleanup_close_ int there = bpf_obj_get(path);
	struct bpf_link_info a, b;
	struct bpf_map_info m = {}, n = {};
	__u32 len = sizeof(m);

	if (there < 0)
		return false;
	if (link)
		return link_info(there, &a) && link_info(fd, &b) && a.id == b.id;
	if (bpf_obj_get_info_by_fd(there, &m, &len))
		return false;
	len = sizeof(n);
	return !bpf_obj_get_info_by_fd(fd, &n, &len) && m.id == n.id;
}

/* Calls `fn` for each map that is pinned. */
static int each_pinned_map(const struct rz_kern *k,
			   int (*fn)(const struct rz_kern *k, const char *name, int fd, void *arg),
			   void *arg)
{
	int err = fn(k, "partial", bpf_map__fd(k->skel->maps.partial), arg);
	struct rz_maps maps = k->maps;
	size_t i;

	if (!err)
		err = fn(k, "undo", bpf_map__fd(k->skel->maps.undo), arg);
	for (i = 0; i < rz_map_count && !err; i++)
		err = fn(k, rz_map_names[i], *rz_maps_fd(&maps, i), arg);
	return err;
}

static int count_lost(const struct rz_kern *k, const char *name, int fd, void *arg)
{
	char path[4200];

	rz_pins_path(path, sizeof(path), k->pin_dir, name);
	*(uint32_t *)arg += !is_pinned(path, fd, false);
	return 0;
}

static uint32_t lost_link(const struct rz_kern *k, const struct bpf_link *link, const char *name)
{
	char path[4200];

	rz_pins_path(path, sizeof(path), k->pin_dir, name);
	return link && !is_pinned(path, bpf_link__fd(link), true);
}

static int pin_map(const struct rz_kern *k, const char *name, int fd, void *arg)
{
	char path[4200];
	int err = 0;

	(void)arg;
	rz_pins_path(path, sizeof(path), k->pin_dir, name);
	if (is_pinned(path, fd, false))
		return 0;
	unlink(path); /* what a daemon left there that is no more: the directory is locked */
	if (bpf_obj_pin(fd, path))
		err = rz_err(-errno, "pins: cannot pin %s: %s", path, strerror(errno));
	if (!err)
		err = rz_pins_link(k->pin_dir, name);
	return err < 0 ? err : 0;
}

int rz_kern_pin_again(struct rz_kern *k)
{
	int err = each_pinned_map(k, pin_map, NULL);

	if (!err && lost_link(k, k->state, "link_state"))
		err = rz_claim_link(&k->claim, k->state, "link_state");
	if (!err && lost_link(k, k->segment, "link_segment"))
		err = rz_claim_link(&k->claim, k->segment, "link_segment");
	if (!err && lost_link(k, k->answer, "link_answer"))
		err = rz_claim_link(&k->claim, k->answer, "link_answer");
	return err;
}

/* ---- all of it ---- */

int rz_kern_look(const struct rz_kern *k, struct rz_attached *ret)
{
	const struct rz_config *c = (const struct rz_config *)&k->skel->rodata->rz_config;
	struct rz_load_opts opts = {.pin_dir = k->pin_dir[0] ? k->pin_dir : NULL,
				    .ports = c->ports,
				    .n_ports = (uint16_t)c->n_ports};
	struct rz_attached a = {.cgroup = inode_of(k->cgroup_fd)};
	struct bpf_link_info info;
	struct stat st;

	if (!link_info(bpf_link__fd(k->segment), &info))
		return -errno;
	a.link_cgroup = info.cgroup.cgroup_id;
	a.path_cgroup = stat(k->cgroup, &st) ? 0 : st.st_ino;
	a.other = rz_kern_find_other(k->cgroup_fd, &opts, info.prog_id);
	if (k->pin_dir[0]) {
		each_pinned_map(k, count_lost, &a.pins_lost);
		a.pins_lost += lost_link(k, k->state, "link_state");
		a.pins_lost += lost_link(k, k->segment, "link_segment");
		a.pins_lost += lost_link(k, k->answer, "link_answer");
	}
	*ret = a;
	return 0;
}

int rz_kern_attach_again(struct rz_kern *k)
{
	struct bpf_link *fresh;
	char path[sizeof(k->cgroup)];
	bool watching = k->answer;
	int fd = rz_cgroup_open(k->cgroup, path, sizeof(path)), old = k->cgroup_fd, err;

	if (fd < 0)
		return fd;
	fresh = bpf_program__attach_cgroup(k->skel->progs.rz_segment, fd);
	if (!fresh) {
		close(fd);
		return rz_err(-errno, "attach: cannot attach to cgroup %s again: %s", k->cgroup,
			      strerror(errno));
	}
	rz_kern_watch(k, false);
	bpf_link__destroy(k->segment);
	k->segment = fresh;
	k->cgroup_fd = fd;
	close(old);
	rz_kern_name_cgroup(k);
	k->skel->bss->rz_attached_ns = rz_now_ns();
	err = rz_claim_link(&k->claim, k->segment, "link_segment");
	return err || !watching ? err : rz_kern_watch(k, true);
}
