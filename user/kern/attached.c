// SPDX-License-Identifier: Apache-2.0
/* Whether the programs are where they were put, see attached.h. */
#include "kern/attached.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "kern/fd_info.h"
#include "kern/load_inside.h"
#include "kern/pins.h"
#include "kern/rival.h"
#include "kern/watch.h"
#include "rezone/config.h"

/* Is the map at `path` the one that `fd` is? */
static bool is_pinned(const char *path, int fd)
{
	_cleanup_close_ int there = bpf_obj_get(path);
	struct bpf_map_info m = {}, n = {};
	__u32 len = sizeof(m);

	if (there < 0 || bpf_obj_get_info_by_fd(there, &m, &len))
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
	if (!err)
		err = fn(k, "closed", bpf_map__fd(k->skel->maps.closed), arg);
	for (i = 0; i < rz_map_count && !err; i++)
		err = fn(k, rz_map_names[i], *rz_maps_fd(&maps, i), arg);
	return err;
}

static int count_lost(const struct rz_kern *k, const char *name, int fd, void *arg)
{
	char path[4200];

	rz_pins_path(path, sizeof(path), k->pin_dir, name);
	*(uint32_t *)arg += !is_pinned(path, fd);
	return 0;
}

static int pin_map(const struct rz_kern *k, const char *name, int fd, void *arg)
{
	char path[4200];
	int err = 0;

	(void)arg;
	rz_pins_path(path, sizeof(path), k->pin_dir, name);
	if (is_pinned(path, fd))
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

	if (!err && rz_claim_lost(&k->claim, k->state, "link_state"))
		err = rz_claim_link(&k->claim, k->state, "link_state");
	if (!err && rz_claim_lost(&k->claim, k->segment, "link_segment"))
		err = rz_claim_link(&k->claim, k->segment, "link_segment");
	return err ? err : rz_kern_watch_pin_again(k);
}

static uint64_t state_skipped(const struct rz_kern *k)
{
	const struct bpf_program *p = bpf_program__autoload(k->skel->progs.rz_state)
					      ? k->skel->progs.rz_state
					      : k->skel->progs.rz_state_old;
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len) ? 0 : info.recursion_misses;
}

int rz_kern_look(const struct rz_kern *k, struct rz_attached *ret)
{
	struct rz_attached a = {.cgroup = rz_fd_inode(k->cgroup_fd)};
	struct bpf_link_info info;
	struct stat st;

	if (!rz_fd_link(bpf_link__fd(k->segment), &info))
		return -errno;
	a.link_cgroup = info.cgroup.cgroup_id;
	a.path_cgroup = stat(k->cgroup, &st) ? 0 : st.st_ino;
	a.other = rz_rival_find(k->cgroup_fd, k->pin_dir[0] ? k->pin_dir : NULL, info.prog_id);
	a.state_skipped = state_skipped(k);
	if (k->pin_dir[0]) {
		each_pinned_map(k, count_lost, &a.pins_lost);
		a.pins_lost += rz_claim_lost(&k->claim, k->state, "link_state");
		a.pins_lost += rz_claim_lost(&k->claim, k->segment, "link_segment");
		a.pins_lost += rz_kern_watch_lost(k);
	}
	*ret = a;
	return 0;
}

int rz_kern_attach_again(struct rz_kern *k)
{
	struct bpf_link *fresh;
	char path[sizeof(k->cgroup)];
	bool watching = k->n_watches;
	int fd = rz_cgroup_open(k->cgroup, path, sizeof(path)), old = k->cgroup_fd, err;

	if (fd < 0)
		return fd;
	fresh = bpf_program__attach_cgroup(k->skel->progs.rz_segment, fd);
	if (!fresh) {
		close(fd);
		return rz_err(-errno, "attach: cannot attach to cgroup %s again: %s", k->cgroup,
			      strerror(errno));
	}
	rz_kern_watch_end(k);
	bpf_link__destroy(k->segment);
	k->segment = fresh;
	k->cgroup_fd = fd;
	close(old);
	rz_kern_name_cgroup(k);
	k->skel->bss->rz_attached_ns = rz_now_ns();
	err = rz_claim_link(&k->claim, k->segment, "link_segment");
	return err || !watching ? err : rz_kern_watch(k, 0);
}
