// SPDX-License-Identifier: Apache-2.0
/*
 * The BPF file system and the cgroup v2 root, see pins.h. Called by kern/load.c, kern/maps.c,
 * cmd/check.c.
 */
#include "kern/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cure.h"
#include "base/json.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "rezone/types.h"

#define BPFFS "/sys/fs/bpf"

void rz_pins_path(char *dst, size_t dst_size, const char *pin_dir, const char *name)
{
	snprintf(dst, dst_size, "%s/v%d%s%s", pin_dir, RZ_ABI, *name ? "/" : "", name);
}

static bool is_bpffs(const char *path)
{
	struct statfs st;

	return !statfs(path, &st) && (unsigned long)st.f_type == BPF_FS_MAGIC;
}

/* /sys/fs/bpf is mounted with mode 1777 where nobody says otherwise: a user of the node may have
 * made the directory first, or a symbolic link to one of his own, and could then put maps of his
 * own in the place of pins. */
static bool is_ours(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && st.st_uid == geteuid() && !stat(path, &st) &&
	       st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static int not_ours(const char *path)
{
	return rz_err(-EPERM,
		      "pins: %s is another user's, or others may write to it, and could put pins "
		      "of their own there; remove it, or choose another --pin-dir under " BPFFS,
		      path);
}

static int not_dir(const char *path)
{
	return rz_err(-EEXIST,
		      "pins: %s is no directory; remove it, or choose another --pin-dir "
		      "under " BPFFS,
		      path);
}

static int make_dir(const char *path)
{
	struct stat st;

	if (!mkdir(path, 0700))
		return 0;
	if (errno == EEXIST && !stat(path, &st) && S_ISDIR(st.st_mode))
		return is_ours(path) ? 0 : not_ours(path);
	if (errno == EROFS)
		return rz_err(-errno, "pins: cannot create %s: %s; %s", path, strerror(errno),
			      rz_cure(-errno));
	if (errno == EPERM || errno == EACCES)
		return rz_err(-errno, "pins: may not create %s: %s; run as root", path,
			      strerror(errno));
	if (errno == EEXIST)
		return not_dir(path);
	return rz_err(-errno, "pins: cannot create %s: %s; choose another --pin-dir under " BPFFS,
		      path, strerror(errno));
}

/* pin_dir itself need not exist yet: its parent must be on a BPF file system. */
static int check_parent(const char *pin_dir)
{
	char parent[4096];
	char *slash;

	if (!rz_str_copy(parent, sizeof(parent), pin_dir))
		return rz_err(-ENAMETOOLONG, "pins: --pin-dir is longer than %zu bytes",
			      sizeof(parent) - 1);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent || !slash[1])
		return rz_err(-EINVAL,
			      "pins: %s is no path below " BPFFS "; give --pin-dir " BPFFS "/NAME",
			      pin_dir);
	*slash = '\0';
	if (access(parent, F_OK))
		return rz_err(-errno,
			      "pins: cannot open %s: %s; create it, or give --pin-dir " BPFFS
			      "/NAME",
			      parent, strerror(errno));
	if (!is_bpffs(parent))
		return rz_err(-EINVAL,
			      "pins: %s is not on a BPF file system; give --pin-dir " BPFFS
			      "/NAME, or mount one there: mount -t bpf bpf " BPFFS,
			      parent);
	return 0;
}

int rz_pins_check(const char *pin_dir)
{
	struct stat st;
	int err = check_parent(pin_dir);

	if (err)
		return err;
	if (stat(pin_dir, &st))
		return rz_err(-errno, "pins: cannot open %s: %s; %s", pin_dir, strerror(errno),
			      rz_cure(-errno));
	if (!S_ISDIR(st.st_mode))
		return not_dir(pin_dir);
	if (!is_bpffs(pin_dir))
		return rz_err(-EINVAL,
			      "pins: %s is not on a BPF file system; give the --pin-dir of the "
			      "daemon",
			      pin_dir);
	return is_ours(pin_dir) ? 0 : not_ours(pin_dir);
}

int rz_pins_prepare(const char *pin_dir)
{
	char dir[4096];
	int err;

	if (!strncmp(pin_dir, BPFFS "/", strlen(BPFFS) + 1) && !is_bpffs(BPFFS) &&
	    mount("bpf", BPFFS, "bpf", 0, "mode=0700"))
		return rz_err(-errno,
			      "pins: cannot mount a BPF file system at " BPFFS ": %s; run as "
			      "root on the host, or mount it into the container",
			      strerror(errno));
	err = check_parent(pin_dir);
	if (!err)
		err = make_dir(pin_dir);
	rz_pins_path(dir, sizeof(dir), pin_dir, "");
	return err ? err : make_dir(dir);
}

/* " (process N)" of the daemon that holds the lock; "" where /proc/locks does not show it, as of
 * one in another PID namespace. */
static void name_holder(const char *pin_dir, char *dst, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/locks", "re");
	unsigned int device[2];
	unsigned long ino;
	char line[256];
	struct stat st;
	int pid;

	*dst = '\0';
	if (!f || stat(pin_dir, &st))
		return;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &device[0], &device[1],
			   &ino) == 4 &&
		    ino == st.st_ino && makedev(device[0], device[1]) == st.st_dev && pid > 0)
			snprintf(dst, size, " (process %d)", pid);
}

/* A reader asks for the lock for an instant (rz_maps_daemon_alive), so one refusal proves nothing.
 * -EBUSY: another daemon has it; -ESTALE: one that ended has removed the directory meanwhile. */
static int try_lock(const char *pin_dir)
{
	_cleanup_close_ int fd = open(pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat locked, named;
	int i;

	if (fd < 0)
		return errno == ENOENT ? -ESTALE
				       : rz_err(-errno, "pins: cannot open %s: %s; %s", pin_dir,
						strerror(errno), rz_cure(-errno));
	for (i = 0; i < 20; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			usleep(10 * 1000);
			continue;
		}
		if (fstat(fd, &locked) || stat(pin_dir, &named) || locked.st_ino != named.st_ino ||
		    locked.st_dev != named.st_dev)
			return -ESTALE;
		return RZ_TAKE_FD(fd);
	}
	return -EBUSY;
}

/* Says why try_lock() failed, where it has not. */
static int tell_lock(const char *pin_dir, int err)
{
	char who[32];

	if (err == -ESTALE)
		return rz_err(err, "pins: %s was removed by a rezone that just ended; start again",
			      pin_dir);
	if (err != -EBUSY)
		return err;
	name_holder(pin_dir, who, sizeof(who));
	return rz_err(err,
		      "run: another rezone%s runs with %s; stop it, or give this one its own "
		      "--pin-dir and --port",
		      who, pin_dir);
}

int rz_pins_lock(const char *pin_dir)
{
	int fd = try_lock(pin_dir);

	return fd < 0 ? tell_lock(pin_dir, fd) : fd;
}

/* It may be about to end: Kubernetes starts a pod's successor at once if the pod was deleted by
 * force. */
static void tell_waiting(const char *pin_dir)
{
	char who[32];

	name_holder(pin_dir, who, sizeof(who));
	rz_info("run: another rezone%s runs with %s: waiting up to %llu s for its end", who,
		pin_dir, RZ_PINS_WAIT_NS / RZ_SECOND_NS);
}

/* try_lock() until it is no use. The directory is there, but for one that was removed again. */
static int wait_for_lock(const char *pin_dir)
{
	uint64_t until_ns = rz_now_ns() + RZ_PINS_WAIT_NS;
	bool told = false;
	int fd, err = 0;

	while (!err) {
		fd = try_lock(pin_dir);
		if ((fd != -EBUSY && fd != -ESTALE) || rz_now_ns() >= until_ns ||
		    rz_signals_want_end())
			return fd;
		if (fd == -ESTALE)
			err = rz_pins_prepare(pin_dir);
		else if (!told)
			tell_waiting(pin_dir);
		told |= fd == -EBUSY;
	}
	return err;
}

int rz_pins_take(const char *pin_dir)
{
	int fd, err = rz_pins_prepare(pin_dir);

	if (err)
		return err;
	fd = wait_for_lock(pin_dir);
	if (fd < 0)
		return tell_lock(pin_dir, fd);
	err = rz_pins_prepare(pin_dir); /* the other one may have removed what is in it */
	if (err)
		close(fd);
	return err ? err : fd;
}

int rz_pins_abi_of(const char *name)
{
	char *end;
	unsigned long abi;

	if (name[0] != 'v' || name[1] < '1' || name[1] > '9')
		return -1;
	abi = strtoul(name + 1, &end, 10);
	return *end || abi > 9999 ? -1 : (int)abi;
}

int rz_pins_other_abi(const char *pin_dir)
{
	DIR *d = opendir(pin_dir);
	struct dirent *e;
	int best = -1, abi;

	while (d && (e = readdir(d))) {
		abi = rz_pins_abi_of(e->d_name);
		if (abi > best && abi != RZ_ABI)
			best = abi;
	}
	if (d)
		closedir(d);
	return best;
}

int rz_pins_link(const char *pin_dir, const char *name)
{
	char path[4096], target[256], there[256];
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", pin_dir, name);
	snprintf(target, sizeof(target), "v%d/%s", RZ_ABI, name);
	n = readlink(path, there, sizeof(there) - 1);
	there[n < 0 ? 0 : n] = '\0';
	if (!strcmp(there, target))
		return 0;
	if (!lstat(path, &st) && !S_ISLNK(st.st_mode))
		return rz_err(-EEXIST,
			      "pins: %s is somebody else's pin; give rezone a --pin-dir of its own",
			      path);
	unlink(path);
	if (symlink(target, path))
		return rz_err(-errno, "pins: cannot link %s: %s", path, strerror(errno));
	return 1;
}

void rz_pins_rmdir(const char *pin_dir)
{
	char dir[4096];

	rz_pins_path(dir, sizeof(dir), pin_dir, "");
	rmdir(dir);
	rmdir(pin_dir);
}

/* Mount points of type cgroup2; the first is the host's. */
static bool find_cgroup2(char *dst, size_t dst_size)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;
	bool found = false;

	while (f && !found && (m = getmntent(f)))
		found = !strcmp(m->mnt_type, "cgroup2") && rz_str_copy(dst, dst_size, m->mnt_dir);
	if (f)
		endmntent(f);
	return found;
}

int rz_cgroup_open(const char *given, char *ret_path, size_t path_size)
{
	struct statfs fs;
	struct stat st;
	int fd;

	if (given)
		rz_str_copy(ret_path, path_size, given);
	else if (!find_cgroup2(ret_path, path_size))
		return rz_err(-ENOENT,
			      "cgroup: no cgroup v2 hierarchy is mounted; mount one (mount -t "
			      "cgroup2 none /sys/fs/cgroup/unified) or name it with --cgroup");
	fd = open(ret_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return rz_err(-errno,
			      "cgroup: cannot open %s: %s; name the cgroup v2 root with "
			      "--cgroup",
			      ret_path, strerror(errno));
	if (fstatfs(fd, &fs) || (unsigned long)fs.f_type != CGROUP2_SUPER_MAGIC) {
		close(fd);
		return rz_err(-EINVAL,
			      "cgroup: %s is not a cgroup v2 directory; on a hybrid host it is "
			      "usually /sys/fs/cgroup/unified",
			      ret_path);
	}
	/* the root of the hierarchy is inode 1; below it only part of the sockets are seen */
	if (!given && !fstat(fd, &st) && st.st_ino != 1)
		rz_log_fields(RZ_LOG_WARN,
			      json_pack("{s:o}", "cgroup", rz_json_printable(ret_path)),
			      "cgroup: %s is not the host's root (a cgroup namespace?): only "
			      "connections of its processes are seen; mount the host's "
			      "/sys/fs/cgroup and name it with --cgroup",
			      ret_path);
	return fd;
}
