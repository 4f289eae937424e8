// SPDX-License-Identifier: Apache-2.0
/* The operator's pause, see pause.h. */
#include "kern/pause.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cure.h"
#include "base/log.h"
#include "base/str.h"
#include "kern/pins.h"

#define PIN_PATH 4200

static void path_of(char path[static PIN_PATH], const char *pin_dir)
{
	snprintf(path, PIN_PATH, "%s/pause", pin_dir);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int write_value(int fd, const struct rz_pause *p)
{
	__u32 zero = 0;

	return bpf_map_update_elem(fd, &zero, p, BPF_ANY) ? -errno : 0;
}

int rz_pause_set(const char *pin_dir, const struct rz_pause *p)
{
	_cleanup_close_ int fd = -1;
	char path[PIN_PATH];
	int err = rz_pins_prepare(pin_dir);

	if (err)
		return err;
	path_of(path, pin_dir);
	fd = bpf_obj_get(path);
	if (fd >= 0) {
		err = write_value(fd, p);
		return err ? rz_err(err, "pause: cannot write %s: %s; %s", path, strerror(-err),
				    rz_cure(err))
			   : 0;
	}
	if (errno != ENOENT)
		return rz_err(-errno, "pause: cannot open %s: %s; %s", path, strerror(errno),
			      errno == EPERM || !is_dir(path) ? rz_cure(-errno)
							      : "it is a directory: remove it");
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rezone_pause", sizeof(__u32), sizeof(*p), 1, NULL);
	if (fd < 0)
		return rz_err(-errno, "pause: cannot make a map: %s; %s", strerror(errno),
			      rz_cure(-errno));
	err = write_value(fd, p);
	if (!err && bpf_obj_pin(fd, path))
		err = -errno;
	return err ? rz_err(err, "pause: cannot pin %s: %s; %s", path, strerror(-err), rz_cure(err))
		   : 0;
}

int rz_pause_remove(const char *pin_dir, const struct rz_pause *ended)
{
	struct rz_pause now;
	char path[PIN_PATH];

	if (!rz_pause_read(pin_dir, &now) &&
	    (now.since_ns != ended->since_ns || now.until_ns != ended->until_ns))
		return -EEXIST;
	path_of(path, pin_dir);
	if (!unlink(path)) {
		rz_pins_rmdir(pin_dir); /* nothing else may be there */
		return 0;
	}
	if (errno == ENOENT)
		return -ENOENT;
	return rz_err(-errno, "resume: cannot remove %s: %s; %s", path, strerror(errno),
		      rz_cure(-errno));
}

int rz_pause_read(const char *pin_dir, struct rz_pause *ret)
{
	_cleanup_close_ int fd = -1;
	struct bpf_map_info info = {};
	__u32 zero = 0, len = sizeof(info);
	char path[PIN_PATH];

	path_of(path, pin_dir);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	/* somebody else's map of that name would be read past its end */
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.value_size != sizeof(*ret))
		return -ENOENT;
	if (bpf_map_lookup_elem(fd, &zero, ret))
		return -errno;
	ret->by[sizeof(ret->by) - 1] = ret->why[sizeof(ret->why) - 1] = 0;
	return 0;
}

bool rz_pause_stands(const struct rz_pause *p)
{
	return p->since_ns && (!p->until_ns || rz_wall_ns() < p->until_ns);
}

bool rz_pause_get(const char *pin_dir, struct rz_pause *ret)
{
	return !rz_pause_read(pin_dir, ret) && rz_pause_stands(ret);
}

int rz_pause_end(const char *pin_dir, const char *by, struct rz_pause *ret)
{
	_cleanup_close_ int fd = -1;
	char path[PIN_PATH];
	int err = rz_pause_read(pin_dir, ret);

	if (err == -ENOENT)
		return err;
	path_of(path, pin_dir);
	if (!err) {
		ret->until_ns = rz_wall_ns();
		rz_str_copy(ret->by, sizeof(ret->by), by);
		fd = bpf_obj_get(path);
		err = fd < 0 ? -errno : write_value(fd, ret);
	}
	return err ? rz_err(err, "resume: cannot write %s: %s; %s", path, strerror(-err),
			    rz_cure(err))
		   : 0;
}

static void time_text(char *dst, size_t size, uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000ULL);
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(dst, size, "%Y-%m-%d %H:%M:%S UTC", &tm);
}

void rz_pause_format_event(char *dst, size_t size, const struct rz_pause *p)
{
	char until[48] = "";

	if (p->until_ns) {
		memcpy(until, ", until ", 8);
		time_text(until + 8, sizeof(until) - 8, p->until_ns);
	}
	snprintf(dst, size, "by %s%s%s%s", p->by, until, *p->why ? ": " : "", p->why);
}

void rz_pause_format(char *dst, size_t size, const struct rz_pause *p)
{
	char since[32], rest[RZ_PAUSE_TEXT + 128];

	time_text(since, sizeof(since), p->since_ns);
	rz_pause_format_event(rest, sizeof(rest), p);
	snprintf(dst, size, "since %s %s", since, rest);
}
