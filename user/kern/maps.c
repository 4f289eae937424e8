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

static int open_failed(int err, const char *pin_dir, const char *path)
{
	int abi = err == -ENOENT ? rz_pins_other_abi(pin_dir) : -1;

	if (abi >= 0)
		return rz_err(err,
			      "maps: no %s: the pins there have map ABI %d, this program's is %d; "
			      "use the program of that version, or start this one with `rezone "
			      "run`",
			      path, abi, RZ_ABI);
	if (err == -ENOENT)
		return rz_err(err,
			      "maps: no %s: no rezone has run with this --pin-dir; start one with "
			      "`rezone run`",
			      path);
	if (err == -EPERM || err == -EACCES)
		return rz_err(-EPERM, "maps: may not open %s; run as root", path);
	return rz_err(err, "maps: cannot open %s: %s; %s", path, strerror(-err), rz_cure(err));
}

/* The path of what failed is in `path`. 0 or -errno. */
static int try_all(const char *pin_dir, uint32_t flags, char path[static 4200], struct rz_maps *ret)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = flags);
	struct rz_maps m;
	size_t i;

	for (i = 0; i < rz_map_count; i++)
		*rz_maps_fd(&m, i) = -1;
	for (i = 0; i < rz_map_count; i++) {
		rz_pins_path(path, 4200, pin_dir, rz_map_names[i]);
		*rz_maps_fd(&m, i) = bpf_obj_get_opts(path, &opts);
		if (*rz_maps_fd(&m, i) < 0) {
			int err = -errno;

			rz_maps_close(&m);
			return err;
		}
	}
	*ret = m;
	return 0;
}

static int open_all(const char *pin_dir, uint32_t flags, struct rz_maps *ret)
{
	char path[4200];
	int err = try_all(pin_dir, flags, path, ret);

	return err ? open_failed(err, pin_dir, path) : 0;
}

int rz_maps_open(const char *pin_dir, struct rz_maps *ret)
{
	return open_all(pin_dir, 0, ret);
}

int rz_maps_open_to_read(const char *pin_dir, struct rz_maps *ret)
{
	return open_all(pin_dir, BPF_F_RDONLY, ret);
}

static uint32_t id_of(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* Is another map than this one pinned by that name? A pin that is not there is none. */
static bool is_another(const char *pin_dir, const char *name, int known)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = BPF_F_RDONLY);
	_cleanup_close_ int fd = -1;
	char path[4200];

	rz_pins_path(path, sizeof(path), pin_dir, name);
	fd = bpf_obj_get_opts(path, &opts);
	return fd >= 0 && id_of(fd) != id_of(known);
}

bool rz_maps_newer(const char *pin_dir, const struct rz_maps *m, struct rz_maps *ret)
{
	char path[4200];

	/* a start replaces all, or those whose size is another now */
	return (is_another(pin_dir, "status", m->status) ||
		is_another(pin_dir, "events", m->events) ||
		is_another(pin_dir, "conns", m->conns)) &&
	       !try_all(pin_dir, 0, path, ret);
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

	return fd >= 0 && rz_maps_daemon_alive_at(fd);
}

bool rz_maps_daemon_alive_at(int dir_fd)
{
	if (flock(dir_fd, LOCK_SH | LOCK_NB))
		return errno == EWOULDBLOCK;
	flock(dir_fd, LOCK_UN); /* at once; rz_pins_lock() allows for it */
	return false;
}

static uint32_t count_keys(int fd, uint32_t room)
{
	char keys[2][512]; /* the longest key of a map has 336 bytes */
	const void *prev = NULL;
	uint32_t n = 0;

	/* a key that is deleted meanwhile lets the walk begin again: no longer than the map */
	while (n < room && !bpf_map_get_next_key(fd, prev, keys[n % 2]))
		prev = keys[n++ % 2];
	return n;
}

bool rz_maps_fill(int fd, uint32_t *ret_entries, uint32_t *ret_room)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.key_size > 512 ||
	    (info.type != BPF_MAP_TYPE_HASH && info.type != BPF_MAP_TYPE_LRU_HASH &&
	     info.type != BPF_MAP_TYPE_LPM_TRIE))
		return false;
	*ret_entries = count_keys(fd, info.max_entries);
	*ret_room = info.max_entries;
	return true;
}

uint32_t rz_maps_room(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.max_entries;
}
