// SPDX-License-Identifier: Apache-2.0
/* Network namespaces by inode number, see netns.h. */
#include "kern/netns.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"

#define OWN "/proc/self/ns/net"

/* Opens `path` if it is the namespace looked for. */
static int open_if(const char *path, uint32_t inum)
{
	struct stat st;
	int fd;

	if (stat(path, &st) || (uint32_t)st.st_ino != inum)
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Looks through dir/NAME (or dir/NAME/suffix) of each entry that `wanted` accepts. */
static int search_dir(const char *dir, const char *suffix, int (*wanted)(int), uint32_t inum)
{
	char path[512];
	struct dirent *e;
	DIR *d = opendir(dir);
	int fd = -ENOENT;

	if (!d)
		return -ENOENT;
	while (fd < 0 && (e = readdir(d))) {
		if (!wanted((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", dir, e->d_name, suffix);
		fd = open_if(path, inum);
	}
	closedir(d);
	return fd;
}

static int not_dot(int c)
{
	return c != '.';
}

int rz_netns_open(uint32_t inum)
{
	int fd = open_if(OWN, inum);

	if (fd < 0)
		fd = search_dir("/run/netns", "", not_dot, inum);
	if (fd < 0)
		fd = search_dir("/proc", "/ns/net", isdigit, inum);
	return fd;
}

struct list {
	uint32_t *inums;
	size_t n, room;
};

static int add_inum(struct list *l, uint32_t inum)
{
	uint32_t *more;

	if (l->n == l->room) {
		more = realloc(l->inums, (l->room * 2 + 64) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		l->inums = more;
		l->room = l->room * 2 + 64;
	}
	l->inums[l->n++] = inum;
	return 0;
}

static int add(struct list *l, const char *path)
{
	struct stat st;

	/* else the process is gone, or is not ours to see */
	return stat(path, &st) ? 0 : add_inum(l, (uint32_t)st.st_ino);
}

static int add_dir(struct list *l, const char *dir, const char *suffix, int (*wanted)(int))
{
	char path[512];
	struct dirent *e;
	DIR *d = opendir(dir);
	int err = 0;

	while (d && !err && (e = readdir(d))) {
		if (!wanted((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", dir, e->d_name, suffix);
		err = add(l, path);
	}
	if (d)
		closedir(d);
	return err;
}

static int u32_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int rz_netns_list(uint32_t **ret, size_t *ret_n)
{
	struct list l = {};
	size_t i, n = 0;
	int err = add_dir(&l, "/run/netns", "", not_dot);

	if (!err)
		err = add_dir(&l, "/proc", "/ns/net", isdigit);
	if (err) {
		free(l.inums);
		return err;
	}
	if (l.n)
		qsort(l.inums, l.n, sizeof(*l.inums), u32_order);
	for (i = 0; i < l.n; i++)
		if (!n || l.inums[n - 1] != l.inums[i])
			l.inums[n++] = l.inums[i];
	*ret = l.inums;
	*ret_n = n;
	return 0;
}

int rz_netns_call(uint32_t inum, int (*fn)(void *arg), void *arg)
{
	_cleanup_close_ int back = open(OWN, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int there = rz_netns_open(inum);
	int ret;

	if (back < 0)
		return rz_err(-errno, "netns: cannot open " OWN ": %s", strerror(errno));
	if (there < 0)
		return rz_err(there,
			      "netns: network namespace %u is not to be found in /run/netns or "
			      "/proc; rezone must see the host's processes (hostPID)",
			      inum);
	if (setns(there, CLONE_NEWNET))
		return rz_err(-errno,
			      "netns: cannot enter network namespace %u: %s; CAP_SYS_ADMIN is "
			      "needed",
			      inum, strerror(errno));
	ret = fn(arg);
	if (setns(back, CLONE_NEWNET)) {
		rz_err(-errno, "netns: cannot return from network namespace %u: %s", inum,
		       strerror(errno));
		abort();
	}
	return ret;
}

/* ---- all of them ---- */

struct each {
	int (*fn)(void *arg, uint32_t inum);
	void *arg;
	struct list seen; /* in no order: what was visited */
	int err;	  /* the first */
};

static bool was_seen(const struct each *e, uint32_t inum)
{
	size_t i;

	for (i = 0; i < e->seen.n; i++)
		if (e->seen.inums[i] == inum)
			return true;
	return false;
}

static void visit_path(struct each *e, const char *path)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int err;

	if (stat(path, &st) || was_seen(e, (uint32_t)st.st_ino))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || was_seen(e, (uint32_t)st.st_ino))
		return;
	err = add_inum(&e->seen, (uint32_t)st.st_ino);
	if (!err && setns(fd, CLONE_NEWNET))
		err = -errno;
	if (!err)
		err = e->fn(e->arg, (uint32_t)st.st_ino);
	if (err && !e->err)
		e->err = err;
}

static void visit_dir(struct each *e, const char *dir, const char *suffix, int (*wanted)(int))
{
	char path[512];
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		if (!wanted((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", dir, entry->d_name, suffix);
		visit_path(e, path);
	}
	if (d)
		closedir(d);
}

int rz_netns_each(int (*fn)(void *arg, uint32_t inum), void *arg)
{
	_cleanup_close_ int back = open(OWN, O_RDONLY | O_CLOEXEC);
	struct each e = {.fn = fn, .arg = arg};

	if (back < 0)
		return -errno;
	visit_dir(&e, "/run/netns", "", not_dot);
	visit_dir(&e, "/proc", "/ns/net", isdigit);
	if (setns(back, CLONE_NEWNET)) {
		rz_err(-errno, "netns: cannot return to the own network namespace: %s",
		       strerror(errno));
		abort();
	}
	free(e.seen.inums);
	return e.err;
}
