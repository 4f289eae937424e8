// SPDX-License-Identifier: Apache-2.0
/* The settings that hold now, as a map, see conf_map.h. */
#include "kern/conf_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/cure.h"
#include "base/log.h"
#include "kern/pins.h"

#define NAME "config"

/* Of an earlier daemon, and of the same layout? */
static int open_old(const char *path)
{
	_cleanup_close_ int fd = bpf_obj_get(path);
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) ||
	    info.value_size != sizeof(struct rz_conf_map_row) ||
	    info.max_entries != RZ_CONF_MAP_ROWS)
		return -ENOENT;
	return RZ_TAKE_FD(fd);
}

int rz_conf_map_pin(const char *pin_dir, int fd)
{
	char path[4200];

	rz_pins_path(path, sizeof(path), pin_dir, NAME);
	return bpf_obj_pin(fd, path) && errno != EEXIST ? -errno : 0;
}

int rz_conf_map_open(const char *pin_dir)
{
	_cleanup_close_ int fd = -1;
	char path[4200];
	int err;

	rz_pins_path(path, sizeof(path), pin_dir, NAME);
	fd = open_old(path);
	if (fd >= 0)
		return RZ_TAKE_FD(fd);
	unlink(path);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rezone_config", sizeof(__u32),
			    sizeof(struct rz_conf_map_row), RZ_CONF_MAP_ROWS, NULL);
	err = fd < 0 ? -errno : rz_conf_map_pin(pin_dir, fd);
	if (err)
		return rz_err(err, "run: cannot make %s: %s; %s", path, strerror(-err),
			      rz_cure(err));
	err = rz_pins_link(pin_dir, NAME);
	if (err < 0) {
		unlink(path);
		return err;
	}
	return RZ_TAKE_FD(fd);
}

int rz_conf_map_write(int fd, const struct rz_conf_map_row *rows, size_t n)
{
	static const struct rz_conf_map_row none;
	__u32 i;

	for (i = 0; i < RZ_CONF_MAP_ROWS; i++)
		if (bpf_map_update_elem(fd, &i, i < n ? &rows[i] : &none, BPF_ANY))
			return rz_err(-errno, "run: map config: %s", strerror(errno));
	return 0;
}

int rz_conf_map_read(const char *pin_dir, struct rz_conf_map_row **ret, size_t *ret_n)
{
	_cleanup_free_ struct rz_conf_map_row *rows = calloc(RZ_CONF_MAP_ROWS, sizeof(*rows));
	_cleanup_close_ int fd = -1;
	char path[4200];
	size_t n = 0;
	__u32 i;

	if (!rows)
		return -ENOMEM;
	rz_pins_path(path, sizeof(path), pin_dir, NAME);
	fd = open_old(path);
	if (fd < 0)
		return fd;
	for (i = 0; i < RZ_CONF_MAP_ROWS; i++)
		if (!bpf_map_lookup_elem(fd, &i, &rows[n]) && rows[n].name[0])
			n++;
	*ret = RZ_TAKE_PTR(rows);
	*ret_n = n;
	return 0;
}
