// SPDX-License-Identifier: Apache-2.0
/* Whose descriptor a socket is, see owner.h. */
#include "kern/owner.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kern/destroy.h"

/* Notes a descriptor if it is one of the sockets that are looked for. */
static void look_at(pid_t pid, const char *fd, int dir, struct rz_owner *rows, size_t n)
{
	char target[64];
	ssize_t len = readlinkat(dir, fd, target, sizeof(target) - 1);
	unsigned long inode;
	size_t i;

	if (len <= 0)
		return;
	target[len] = 0;
	if (sscanf(target, "socket:[%lu]", &inode) != 1)
		return;
	for (i = 0; i < n; i++)
		if (rows[i].inode && rows[i].inode == inode && !rows[i].pid) {
			rows[i].pid = pid;
			rows[i].fd = atoi(fd);
		}
}

static bool all_found(const struct rz_owner *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (rows[i].inode && !rows[i].pid)
			return false;
	return true;
}

static void look_through(pid_t pid, struct rz_owner *rows, size_t n)
{
	char path[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]))
			look_at(pid, e->d_name, dirfd(d), rows, n);
	if (d)
		closedir(d);
}

static bool is_in(pid_t pid, uint32_t netns)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return !stat(path, &st) && (uint32_t)st.st_ino == netns;
}

void rz_owner_find(uint32_t netns, struct rz_owner *rows, size_t n)
{
	struct dirent *e;
	DIR *proc;
	size_t i;

	for (i = 0; i < n; i++) {
		rows[i].pid = 0;
		if (rz_destroy_inode(&rows[i].tuple, rows[i].cookie, &rows[i].inode))
			rows[i].inode = 0;
	}
	proc = opendir("/proc");
	while (proc && !all_found(rows, n) && (e = readdir(proc))) {
		pid_t pid = atoi(e->d_name);

		if (pid > 0 && is_in(pid, netns))
			look_through(pid, rows, n);
	}
	if (proc)
		closedir(proc);
}

int rz_owner_shutdown(const struct rz_owner *o)
{
	_cleanup_close_ int pidfd = -1, fd = -1;
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (!o->pid)
		return -ESRCH;
	pidfd = (int)syscall(SYS_pidfd_open, o->pid, 0);
	if (pidfd < 0)
		return errno == ESRCH ? -ENOTCONN : -errno;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, o->fd, 0);
	if (fd < 0)
		return errno == EBADF ? -ENOTCONN : -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) || cookie != o->cookie)
		return -ENOTCONN;
	return shutdown(fd, SHUT_RDWR) ? -errno : 0;
}
