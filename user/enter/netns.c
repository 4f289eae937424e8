// SPDX-License-Identifier: Apache-2.0
/* Network namespaces by inode number, see netns.h. */
#include "enter/netns.h"

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

/* Where the latest list met each namespace, by inode number: looked at first, as the daemon asks
 * for one after the other. What is there by now may be another one. */
struct place {
	uint32_t inum;
	char path[60]; /* "": too long to be kept */
};
static struct {
	struct place *places;
	size_t n, room;
} known;

static int place_order(const void *a, const void *b)
{
	uint32_t x = ((const struct place *)a)->inum, y = ((const struct place *)b)->inum;

	return x < y ? -1 : x > y;
}

static int open_known(uint32_t inum)
{
	const struct place key = {.inum = inum};
	const struct place *p =
		known.n ? bsearch(&key, known.places, known.n, sizeof(key), place_order) : NULL;

	return p && p->path[0] ? open_if(p->path, inum) : -ENOENT;
}

int rz_netns_open(uint32_t inum)
{
	int fd = open_if(OWN, inum);

	if (fd < 0)
		fd = open_known(inum);
	if (fd < 0)
		fd = search_dir("/run/netns", "", not_dot, inum);
	if (fd < 0)
		fd = search_dir("/proc", "/ns/net", isdigit, inum);
	return fd;
}

static int add(const char *path)
{
	struct place *more;
	struct stat st;

	if (stat(path, &st))
		return 0; /* the process is gone, or is not ours to see */
	if (known.n == known.room) {
		more = realloc(known.places, (known.room * 2 + 64) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		known.places = more;
		known.room = known.room * 2 + 64;
	}
	more = &known.places[known.n++];
	*more = (struct place){.inum = (uint32_t)st.st_ino};
	if (strlen(path) < sizeof(more->path))
		memcpy(more->path, path, strlen(path));
	return 0;
}

static int add_dir(const char *dir, const char *suffix, int (*wanted)(int))
{
	char path[512];
	struct dirent *e;
	DIR *d = opendir(dir);
	int err = 0;

	while (d && !err && (e = readdir(d))) {
		if (!wanted((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", dir, e->d_name, suffix);
		err = add(path);
	}
	if (d)
		closedir(d);
	return err;
}

/* Sorts them, each once. */
static void sort_known(void)
{
	size_t i, n = 0;

	if (known.n)
		qsort(known.places, known.n, sizeof(*known.places), place_order);
	for (i = 0; i < known.n; i++)
		if (!n || known.places[n - 1].inum != known.places[i].inum)
			known.places[n++] = known.places[i];
	known.n = n;
}

int rz_netns_list(uint32_t **ret, size_t *ret_n)
{
	uint32_t *inums;
	size_t i;
	int err;

	known.n = 0;
	err = add_dir("/run/netns", "", not_dot);
	if (!err)
		err = add_dir("/proc", "/ns/net", isdigit);
	sort_known();
	inums = err ? NULL : malloc((known.n + 1) * sizeof(*inums));
	if (!inums)
		return -ENOMEM;
	for (i = 0; i < known.n; i++)
		inums[i] = known.places[i].inum;
	*ret = inums;
	*ret_n = known.n;
	return 0;
}

int rz_netns_call(uint32_t inum, int (*fn)(void *arg), void *arg)
{
	_cleanup_close_ int back = open(OWN, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int there = rz_netns_open(inum);
	struct stat st;
	int ret;

	if (back < 0 || fstat(back, &st))
		return -errno;
	if ((uint32_t)st.st_ino == inum)
		return fn(arg); /* that takes no capability */
	if (there < 0)
		return there;
	if (setns(there, CLONE_NEWNET))
		return -errno;
	ret = fn(arg);
	if (setns(back, CLONE_NEWNET))
		abort();
	return ret;
}
