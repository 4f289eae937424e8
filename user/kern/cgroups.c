// SPDX-License-Identifier: Apache-2.0
/* Cgroups by their ids, see cgroups.h. */
#include "kern/cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kern/fd_info.h"

struct walk {
	int (*fn)(void *arg, uint64_t id, const char *path);
	void *arg;
};

static int walk_below(const struct walk *w, const char *path, unsigned depth)
{
	DIR *d = depth ? opendir(path) : NULL;
	char below[4096];
	struct dirent *e;
	int stop = 0;

	while (d && !stop && (e = readdir(d))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.' ||
		    snprintf(below, sizeof(below), "%s/%s", path, e->d_name) >= (int)sizeof(below))
			continue;
		stop = w->fn(w->arg, e->d_ino, below);
		if (!stop)
			stop = walk_below(w, below, depth - 1);
	}
	if (d)
		closedir(d);
	return stop;
}

int rz_cgroups_each(const char *path, int (*fn)(void *arg, uint64_t id, const char *path),
		    void *arg)
{
	const struct walk w = {fn, arg};

	return walk_below(&w, path, RZ_CGROUP_DEPTH_MAX);
}

struct sought {
	uint64_t id;
	int fd;
};

/* The name may be another cgroup's by now: what was opened is asked. */
static int open_if(void *sought, uint64_t id, const char *path)
{
	struct sought *s = sought;

	if (id != s->id)
		return 0;
	s->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd >= 0 && rz_fd_inode(s->fd) != s->id) {
		close(s->fd);
		s->fd = -1;
	}
	return 1;
}

int rz_cgroups_open(const char *path, uint64_t id)
{
	struct sought s = {id, -1};
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && rz_fd_inode(fd) == id)
		return fd;
	if (fd >= 0)
		close(fd);
	rz_cgroups_each(path, open_if, &s);
	return s.fd >= 0 ? s.fd : -ENOENT;
}
