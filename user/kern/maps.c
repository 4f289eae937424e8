// SPDX-License-Identifier: Apache-2.0
/* The pinned maps: opening them, see maps.h. The topology's maps are in maps_topo.c. */
#include "kern/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/cure.h"
#include "base/log.h"
#include "kern/pins.h"

#define NAME(name)   #name,
#define OFFSET(name) offsetof(struct rz_maps, name),
const char *const rz_map_names[] = {RZ_MAPS(NAME)};
static const size_t offsets[] = {RZ_MAPS(OFFSET)};
const size_t rz_map_count = sizeof(offsets) / sizeof(offsets[0]);

int *rz_maps_fd(struct rz_maps *m, size_t i)
{
	return (int *)((char *)m + offsets[i]);
}

static int open_failed(int err, const char *path)
{
	if (err == -ENOENT)
		return rz_err(err,
			      "maps: no %s: no rezone has run with this --pin-dir; start one with "
			      "`rezone run`",
			      path);
	if (err == -EPERM || err == -EACCES)
		return rz_err(-EPERM, "maps: may not open %s; run as root", path);
	return rz_err(err, "maps: cannot open %s: %s; %s", path, strerror(-err), rz_cure(err));
}

int rz_maps_open(const char *pin_dir, struct rz_maps *ret)
{
	struct rz_maps m;
	char path[4200];
	size_t i;

	for (i = 0; i < rz_map_count; i++)
		*rz_maps_fd(&m, i) = -1;
	for (i = 0; i < rz_map_count; i++) {
		rz_pins_path(path, sizeof(path), pin_dir, rz_map_names[i]);
		*rz_maps_fd(&m, i) = bpf_obj_get(path);
		if (*rz_maps_fd(&m, i) < 0) {
			int err = -errno;

			rz_maps_close(&m);
			return open_failed(err, path);
		}
	}
	*ret = m;
	return 0;
}

void rz_maps_close(struct rz_maps *m)
{
	size_t i;

	for (i = 0; i < rz_map_count; i++) {
		if (*rz_maps_fd(m, i) >= 0)
			close(*rz_maps_fd(m, i));
		*rz_maps_fd(m, i) = -1;
	}
}

bool rz_maps_are_there(const char *pin_dir)
{
	char path[4200];

	rz_pins_path(path, sizeof(path), pin_dir, "status");
	return !access(path, F_OK) || errno != ENOENT;
}

bool rz_maps_daemon_alive(const char *pin_dir)
{
	_cleanup_close_ int fd = open(pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* closing gives the lock back at once; rz_pins_lock() allows for it */
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
}

uint32_t rz_maps_room(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.max_entries;
}
