// SPDX-License-Identifier: Apache-2.0
/* Datagrams between the daemon and rezone-source, see report.h. */
#include "report/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PASSED_MAX 4

struct rz_report_head rz_report_head(enum rz_report_kind kind, size_t bytes)
{
	return (struct rz_report_head){RZ_REPORT_MAGIC, kind, (__u32)bytes, 0};
}

/* Agents are as long as they are many, every other kind has one length. */
static const size_t sizes[RZ_REPORT_KINDS] = {
	[RZ_REPORT_HELLO] = sizeof(struct rz_report_hello),
	[RZ_REPORT_LOG] = sizeof(struct rz_report_log),
	[RZ_REPORT_STATE] = sizeof(struct rz_report_state),
	[RZ_REPORT_TOKEN] = sizeof(struct rz_report_credential),
	[RZ_REPORT_CA] = sizeof(struct rz_report_credential),
	[RZ_REPORT_DOUBT] = sizeof(struct rz_report_doubt),
};

static size_t size_of(const struct rz_report_head *h, const void *msg, size_t len)
{
	const struct rz_report_agents *a = msg;
	const size_t before = offsetof(struct rz_report_agents, rows);

	if (h->kind != RZ_REPORT_AGENTS)
		return sizes[h->kind];
	if (len < before || !a->n || a->n > RZ_REPORT_AGENTS_ROWS)
		return 0;
	return before + a->n * sizeof(a->rows[0]);
}

enum rz_report_kind rz_report_kind(const void *msg, size_t len, char *why, size_t size)
{
	const struct rz_report_head *h = msg;

	if (len < sizeof(*h) || h->magic != RZ_REPORT_MAGIC || h->bytes != len || h->pad)
		snprintf(why, size, "%zu bytes that begin as no message does", len);
	else if (h->kind == RZ_REPORT_NONE || h->kind >= RZ_REPORT_KINDS)
		snprintf(why, size, "a message of kind %u, which there is not", h->kind);
	else if (size_of(h, msg, len) != len)
		snprintf(why, size, "a message of kind %u with %zu bytes", h->kind, len);
	else
		return (enum rz_report_kind)h->kind;
	return RZ_REPORT_NONE;
}

bool rz_report_ends(const char *text, size_t size)
{
	return strnlen(text, size) < size;
}

int rz_report_send(int fd, const void *msg, size_t len, int passed, int flags)
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

ssize_t rz_report_receive(int fd, void *msg, size_t size, int *ret_passed)
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
