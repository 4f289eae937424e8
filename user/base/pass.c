// SPDX-License-Identifier: Apache-2.0
/* Datagrams with a descriptor, see pass.h. */
#include "base/pass.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PASSED_MAX 4

int rz_pass_send(int fd, const void *msg, size_t len, int passed, int flags)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec part = {(void *)msg, len};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	if (passed >= 0) {
		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
	}
	do {
		n = sendmsg(fd, &m, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Keeps the first descriptor, closes all others. Returns how many there were. */
static unsigned take_passed(struct msghdr *m, int *ret)
{
	struct cmsghdr *c;
	unsigned n = 0;
	int fd;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t i, count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (n++)
				close(fd);
			else
				*ret = fd;
		}
	}
	return n;
}

ssize_t rz_pass_receive(int fd, void *msg, size_t size, int *ret_passed)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(PASSED_MAX * sizeof(int))];
	} control;
	struct iovec part = {msg, size};
	struct msghdr m = {.msg_iov = &part,
			   .msg_iovlen = 1,
			   .msg_control = control.room,
			   .msg_controllen = sizeof(control.room)};
	unsigned passed;
	ssize_t n;

	*ret_passed = -1;
	do {
		n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	passed = take_passed(&m, ret_passed);
	if (passed <= 1 && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return n;
	if (*ret_passed >= 0)
		close(*ret_passed);
	*ret_passed = -1;
	return (m.msg_flags & MSG_TRUNC) ? -EMSGSIZE : -EPROTO;
}

bool rz_pass_is(int fd, const char *name)
{
	char path[64], is[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, is, sizeof(is) - 1);
	is[n > 0 ? n : 0] = '\0';
	return !strcmp(is, name);
}
