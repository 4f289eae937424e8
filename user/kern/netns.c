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

static int add(struct list *l, const char *path)
{
	struct stat st;
	uint32_t *more;

	if (stat(path, &st))
		return 0; /* the process is gone, or is not ours to see */
	if (l->n == l->room) {
		more = realloc(l->inums, (l->room * 2 + 64) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		l->inums = more;
		l->room = l->room * 2 + 64;
	}
	l->inums[l->n++] = (uint32_t)st.st_ino;
	return 0;
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
