// SPDX-License-Identifier: Apache-2.0
/* Whose descriptor a socket is, see owner.h. */
#include "enter/owner.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kern/destroy.h"

/* What is looked for. */
struct search {
	struct rz_enter_socket *rows;
	uint32_t inodes[RZ_ENTER_ROWS]; /* as /proc/PID/fd shows them; 0: there is no such socket */
	size_t n;
};

/* Notes a descriptor if it is one of the sockets that are looked for. */
static void look_at(struct search *s, pid_t pid, const char *fd, int dir)
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
	for (i = 0; i < s->n; i++)
		if (s->inodes[i] && s->inodes[i] == inode && !s->rows[i].pid) {
			s->rows[i].pid = (uint32_t)pid;
			s->rows[i].fd = (uint32_t)atoi(fd);
		}
}

static bool all_found(const struct search *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->inodes[i] && !s->rows[i].pid)
			return false;
	return true;
}

static void look_through(struct search *s, pid_t pid)
{
	char path[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]))
			look_at(s, pid, e->d_name, dirfd(d));
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

void rz_owner_find(int nl, uint32_t netns, struct rz_enter_socket *rows, size_t n)
{
	struct search s = {.rows = rows, .n = n < RZ_ENTER_ROWS ? n : RZ_ENTER_ROWS};
	struct dirent *e;
	DIR *proc;
	size_t i;

	for (i = 0; i < s.n; i++) {
		rows[i].pid = 0;
		if (rz_destroy_inode(nl, &rows[i].tuple, rows[i].cookie, &s.inodes[i]))
			s.inodes[i] = 0;
	}
	proc = opendir("/proc");
	while (proc && !all_found(&s) && (e = readdir(proc))) {
		pid_t pid = atoi(e->d_name);

		if (pid > 0 && is_in(pid, netns))
			look_through(&s, pid);
	}
	if (proc)
		closedir(proc);
}

/* An end of a connection as the maps have it: IPv4 as ::ffff:a.b.c.d. */
static bool is_at(const struct sockaddr_storage *at, const uint8_t addr[16], uint16_t port)
{
	static const uint8_t v4[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	const struct sockaddr_in *in = (const void *)at;
	const struct sockaddr_in6 *in6 = (const void *)at;

	if (at->ss_family == AF_INET)
		return ntohs(in->sin_port) == port && !memcmp(addr, v4, 12) &&
		       !memcmp(addr + 12, &in->sin_addr, 4);
	return at->ss_family == AF_INET6 && ntohs(in6->sin6_port) == port &&
	       !memcmp(addr, &in6->sin6_addr, 16);
}

static bool is_it(int fd, const struct rz_enter_socket *s)
{
	struct sockaddr_storage local, peer;
	socklen_t len = sizeof(uint64_t), local_len = sizeof(local), peer_len = sizeof(peer);
	struct tcp_info info = {};
	uint64_t cookie = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) || cookie != s->cookie)
		return false;
	len = sizeof(info);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) ||
	    info.tcpi_state != TCP_ESTABLISHED)
		return false;
	return !getsockname(fd, (struct sockaddr *)&local, &local_len) &&
	       !getpeername(fd, (struct sockaddr *)&peer, &peer_len) &&
	       is_at(&local, s->tuple.agent_addr, s->tuple.agent_port) &&
	       is_at(&peer, s->tuple.client_addr, s->tuple.client_port);
}

int rz_owner_shutdown(uint32_t netns, const struct rz_enter_socket *s)
{
	_cleanup_close_ int pidfd = -1, fd = -1;

	if (!s->pid)
		return -ESRCH;
	pidfd = (int)syscall(SYS_pidfd_open, (pid_t)s->pid, 0);
	if (pidfd < 0)
		return errno == ESRCH ? -ENOTCONN : -errno;
	if (!is_in((pid_t)s->pid, netns))
		return -ENOTCONN;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)s->fd, 0);
	if (fd < 0)
		return errno == EBADF ? -ENOTCONN : -errno;
	if (!is_it(fd, s))
		return -ENOTCONN;
	return shutdown(fd, SHUT_RDWR) ? -errno : 0;
}
