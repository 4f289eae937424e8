// SPDX-License-Identifier: Apache-2.0
/* What rezone-enter is asked for, see enter.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/netlink.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pass.h"
#include "kern/enter_inside.h"

#define NETNS_MAX (1U << 20) /* of a list: a node has thousands at most */

/* Waits until something comes. False: the time is over. */
static bool wait_until(uint64_t deadline_ns)
{
	struct pollfd p[2] = {{.fd = rz_enter_it.fd, .events = POLLIN},
			      {.fd = rz_enter_it.calls_fd, .events = POLLIN}};
	uint64_t now_ns = rz_now_ns();

	if (now_ns >= deadline_ns)
		return false;
	poll(p, 2, (int)((deadline_ns - now_ns) / 1000000 + 1));
	/* it waits for us too: the kernel keeps it in a call until we answer */
	if (p[1].revents)
		rz_enter_forbid();
	return true;
}

/* The next answer to request `seq`. 0, with its error in *a, or -EOWNERDEAD. */
static int wait_for(uint32_t seq, enum rz_enter_kind kind, struct rz_enter_answer *a, int *ret_fd)
{
	uint64_t deadline_ns = rz_now_ns() + RZ_ENTER_WAIT_NS;
	int err;

	for (;;) {
		err = rz_enter_receive(seq, a, ret_fd);
		if (err < 0)
			return err;
		if (err && a->head.kind == kind)
			return 0;
		if (err) {
			if (*ret_fd >= 0)
				close(*ret_fd);
			rz_enter_give_up(-EBADMSG, "answered what it was not asked");
			return -EOWNERDEAD;
		}
		if (!wait_until(deadline_ns)) {
			rz_enter_give_up(-ETIMEDOUT, "did not answer in time");
			return -EOWNERDEAD;
		}
	}
}

/* Sends a request with one descriptor (-1: none). 0, with its number in *ret_seq, or -EOWNERDEAD.
 */
static int send_request(union rz_enter_request *r, enum rz_enter_kind kind, uint32_t n, int passed,
			uint32_t *ret_seq)
{
	static struct rz_enter_answer late;
	size_t bytes;
	int fd = -1, err = rz_enter_receive(0, &late, &fd);

	if (err)
		return err;
	rz_enter_it.seq = rz_enter_it.seq + 1 ?: 1;
	bytes = rz_enter_form_head(r, kind, n, rz_enter_it.seq);
	err = rz_pass_send(rz_enter_it.fd, r, bytes, passed, MSG_DONTWAIT);
	if (err) {
		rz_enter_give_up(err, "takes no request");
		return -EOWNERDEAD;
	}
	*ret_seq = rz_enter_it.seq;
	return 0;
}

/* A request with one answer. 0, the answer's -errno, or -EOWNERDEAD. *ret_fd, if there is one, is
 * the caller's. */
static int ask(union rz_enter_request *r, enum rz_enter_kind kind, uint32_t n, int passed,
	       struct rz_enter_answer *a, int *ret_fd)
{
	int none = -1, *fd = ret_fd ? ret_fd : &none;
	uint32_t seq;
	int err = send_request(r, kind, n, passed, &seq);

	*fd = -1;
	if (!err)
		err = wait_for(seq, kind, a, fd);
	return err ? err : a->error;
}

static struct rz_enter_answer answer; /* large */

static uint32_t own_netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) ? 0 : (uint32_t)st.st_ino;
}

/* ---- descriptors made inside ---- */

static bool is_netlink(int fd, int protocol)
{
	int domain = -1, is = -1;
	socklen_t len = sizeof(int);

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) && domain == AF_NETLINK &&
	       !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &is, &len) && is == protocol;
}

/* Once, until it is another reason: without CAP_SYS_ADMIN it is the same for all namespaces. */
static int told(int err, uint32_t netns)
{
	static int latest;

	if (err != -ENOENT && err != -EOWNERDEAD && err != latest)
		rz_err(err, "enter: cannot look into network namespace %u: %s%s", netns,
		       strerror(-err), err == -EPERM ? "; CAP_SYS_ADMIN is needed" : "");
	latest = err;
	return err;
}

int rz_enter_netlink(uint32_t netns, int protocol)
{
	union rz_enter_request r = {.inside = {.netns = netns, .protocol = (__u32)protocol}};
	int fd = -1, err;

	if (netns == own_netns()) {
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
		return fd < 0 ? -errno : fd;
	}
	err = ask(&r, RZ_ENTER_NETLINK, 0, -1, &answer, &fd);
	if (err)
		return told(err, netns);
	if (is_netlink(fd, protocol))
		return fd;
	close(fd);
	rz_enter_give_up(-EBADMSG, "passed a descriptor that is no such netlink socket");
	return -EOWNERDEAD;
}

int rz_enter_iterator(uint32_t netns, int link)
{
	union rz_enter_request r = {.inside = {.netns = netns}};
	int fd = -1, err;

	if (netns == own_netns()) {
		fd = bpf_iter_create(link);
		return fd < 0 ? told(-errno, netns) : fd;
	}
	err = ask(&r, RZ_ENTER_ITERATOR, 0, link, &answer, &fd);
	if (err)
		return told(err, netns);
	if (rz_pass_is(fd, "anon_inode:bpf_iter"))
		return fd;
	close(fd);
	rz_enter_give_up(-EBADMSG, "passed a descriptor that is no iterator");
	return -EOWNERDEAD;
}

/* ---- what it finds, and does ---- */

/* All answers to one request. */
static int read_list(uint32_t seq, uint32_t **ret, size_t *ret_n)
{
	_cleanup_free_ uint32_t *all = NULL;
	uint32_t *more;
	size_t n = 0;
	int fd = -1, err;

	do {
		err = wait_for(seq, RZ_ENTER_LIST, &answer, &fd);
		if (!err)
			err = answer.error;
		if (err)
			return err;
		more = n + answer.n <= NETNS_MAX ? realloc(all, (n + answer.n + 1) * sizeof(*all))
						 : NULL;
		if (!more)
			return -ENOMEM;
		all = more;
		memcpy(all + n, answer.netns, answer.n * sizeof(*all));
		n += answer.n;
	} while (answer.more);
	*ret = RZ_TAKE_PTR(all);
	*ret_n = n;
	return 0;
}

int rz_enter_list(uint32_t **ret, size_t *ret_n, bool *ret_all)
{
	union rz_enter_request r;
	uint32_t seq, *own;
	int err = send_request(&r, RZ_ENTER_LIST, 0, -1, &seq);

	if (!err)
		err = read_list(seq, ret, ret_n);
	*ret_all = !err;
	if (err != -EOWNERDEAD)
		return err;
	own = malloc(sizeof(*own));
	if (!own)
		return -ENOMEM;
	*own = own_netns();
	*ret = own;
	*ret_n = 1;
	return 0;
}

static int find_some(uint32_t netns, struct rz_enter_socket *rows, size_t n)
{
	static union rz_enter_request r; /* large */
	size_t i;
	int err;

	r.find.netns = netns;
	r.find.n = (__u32)n;
	memcpy(r.find.rows, rows, n * sizeof(*rows));
	for (i = 0; i < n; i++)
		r.find.rows[i].pid = r.find.rows[i].fd = 0;
	err = ask(&r, RZ_ENTER_FIND, (uint32_t)n, -1, &answer, NULL);
	for (i = 0; i < n; i++) {
		bool found = !err && i < answer.n;

		rows[i].pid = found ? answer.at[i].pid : 0;
		rows[i].fd = found ? answer.at[i].fd : 0;
	}
	return err;
}

int rz_enter_find(uint32_t netns, struct rz_enter_socket *rows, size_t n)
{
	size_t i, now;
	int err, first = 0;

	for (i = 0; i < n; i += now) {
		now = n - i < RZ_ENTER_ROWS ? n - i : RZ_ENTER_ROWS;
		err = find_some(netns, rows + i, now);
		first = first ?: err;
	}
	return first;
}

int rz_enter_shut(uint32_t netns, const struct rz_enter_socket *row)
{
	union rz_enter_request r = {.shut = {.netns = netns, .row = *row}};

	if (!row->pid)
		return rz_enter_it.state == RZ_HELPER_ANSWERS ? -ESRCH : -EOWNERDEAD;
	return ask(&r, RZ_ENTER_SHUT, 0, -1, &answer, NULL);
}

int rz_enter_rival(const struct rz_enter_rival *rival, int cgroup_fd, uint32_t *ret)
{
	union rz_enter_request r = {.rival = *rival};
	int err = ask(&r, RZ_ENTER_RIVAL, 0, cgroup_fd, &answer, NULL);

	if (!err)
		*ret = answer.value;
	return err;
}
