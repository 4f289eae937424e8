// SPDX-License-Identifier: Apache-2.0
/* Doing what the daemon asks for, see act.h. */
#include "enter/act.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/netlink.h>

#include "base/cleanup.h"
#include "base/pass.h"
#include "enter/netns.h"
#include "enter/owner.h"
#include "enter/rival.h"
#include "kern/destroy.h"

static union rz_enter_request request; /* large */
static struct rz_enter_answer answer;

/* The answer's rows are filled. Waits for room: the daemon takes what it has asked for. */
static int reply(int fd, uint32_t n, int error, int passed)
{
	enum rz_enter_kind kind = (enum rz_enter_kind)request.head.kind;
	size_t bytes = rz_enter_form_answer_bytes(kind, n);

	answer.head = (struct rz_enter_head){RZ_ENTER_MAGIC, kind, (__u32)bytes, request.head.seq};
	answer.error = error;
	answer.n = n;
	return rz_pass_send(fd, &answer, bytes, error ? -1 : passed, 0);
}

static int open_netlink(void *protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, *(int *)protocol);

	return fd < 0 ? -errno : fd;
}

static int create_iterator(void *link)
{
	int fd = bpf_iter_create(*(int *)link);

	return fd < 0 ? -errno : fd;
}

static int netlink_inside(uint32_t netns, int protocol)
{
	return rz_netns_call(netns, open_netlink, &protocol);
}

static int pass_inside(int fd, int link)
{
	_cleanup_close_ int made =
		link >= 0 ? rz_netns_call(request.inside.netns, create_iterator, &link)
			  : netlink_inside(request.inside.netns, (int)request.inside.protocol);

	return reply(fd, 0, made < 0 ? made : 0, made);
}

static int list(int fd)
{
	_cleanup_free_ uint32_t *all = NULL;
	size_t n = 0, from = 0, now;
	int err = rz_netns_list(&all, &n);

	if (err)
		return reply(fd, 0, err, -1);
	do {
		now = n - from < RZ_ENTER_NETNS ? n - from : RZ_ENTER_NETNS;
		memcpy(answer.netns, all + from, now * sizeof(*all));
		from += now;
		answer.more = from < n;
		err = reply(fd, (uint32_t)now, 0, -1);
	} while (!err && from < n);
	return err;
}

static int find(int fd)
{
	struct rz_enter_find *f = &request.find;
	_cleanup_close_ int nl = netlink_inside(f->netns, NETLINK_SOCK_DIAG);
	uint32_t i;

	if (nl < 0)
		return reply(fd, 0, nl, -1);
	rz_owner_find(nl, f->netns, f->rows, f->n);
	for (i = 0; i < f->n; i++)
		answer.at[i] = (struct rz_enter_place){f->rows[i].pid, f->rows[i].fd};
	return reply(fd, f->n, 0, -1);
}

/* One request, to its end. */
static int act(int fd, enum rz_enter_kind kind, int passed, const struct rz_enter_ports *ports)
{
	answer.value = 0;
	answer.more = 0;
	switch (kind) {
	case RZ_ENTER_NETLINK:
	case RZ_ENTER_ITERATOR:
		return pass_inside(fd, passed);
	case RZ_ENTER_LIST:
		return list(fd);
	case RZ_ENTER_FIND:
		return find(fd);
	case RZ_ENTER_SHUT:
		return reply(fd, 0, rz_owner_shutdown(request.shut.netns, &request.shut.row), -1);
	case RZ_ENTER_RIVAL:
		answer.value = rz_rival_search(passed, &request.rival, ports);
		return reply(fd, 0, 0, -1);
	default:
		return -EBADMSG;
	}
}

int rz_enter_act(int fd, const struct rz_enter_ports *ports)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int err = 0;

	while (!err) {
		_cleanup_close_ int passed = -1;
		ssize_t n;

		poll(&p, 1, -1);
		n = rz_pass_receive(fd, &request, sizeof(request), &passed);
		if (n == -EAGAIN)
			continue;
		if (n <= 0)
			return n == -EMSGSIZE || n == -EPROTO ? -EBADMSG : (int)n;
		err = act(fd, rz_enter_form_request(&request, (size_t)n, passed >= 0, ports),
			  passed, ports);
	}
	return err;
}
