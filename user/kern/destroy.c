// SPDX-License-Identifier: Apache-2.0
/* SOCK_DESTROY, see destroy.h. Message forms: linux/inet_diag.h, linux/sock_diag.h. */
#include "kern/destroy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <libmnl/libmnl.h>

#include "base/cleanup.h"

#define TCP_ESTABLISHED_STATE 1

static bool is_v4(const uint8_t a[16])
{
	static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return !memcmp(a, prefix, sizeof(prefix));
}

/* The agent's end is the local one, so it is the source. */
static void fill_id(struct inet_diag_sockid *id, const struct rz_tuple *t, uint64_t cookie,
		    int family)
{
	size_t skip = family == AF_INET ? 12 : 0;

	id->idiag_sport = htons(t->agent_port);
	id->idiag_dport = htons(t->client_port);
	memcpy(id->idiag_src, t->agent_addr + skip, 16 - skip);
	memcpy(id->idiag_dst, t->client_addr + skip, 16 - skip);
	id->idiag_cookie[0] = (uint32_t)cookie;
	id->idiag_cookie[1] = (uint32_t)(cookie >> 32);
}

/* What is asked of a socket. */
struct queues {
	uint32_t unread, unacked; /* bytes */
	uint32_t inode;
	uint64_t received; /* bytes; with says_received */
	uint64_t cgroup;   /* its id, 0: the kernel does not say */
	bool established, says_received;
};

/* struct tcp_info of linux/tcp.h may be cut behind what the kernel knows. INET_DIAG_CGROUP_ID comes
 * unasked, since Linux 5.9. */
static void read_attrs(const struct nlmsghdr *msg, struct queues *q)
{
	const size_t from = offsetof(struct tcp_info, tcpi_bytes_received);
	const struct nlattr *a;

	mnl_attr_for_each(a, msg, sizeof(struct inet_diag_msg))
	{
		if (mnl_attr_get_type(a) == INET_DIAG_CGROUP_ID &&
		    mnl_attr_get_payload_len(a) == sizeof(q->cgroup))
			q->cgroup = mnl_attr_get_u64(a);
		if (mnl_attr_get_type(a) != INET_DIAG_INFO ||
		    mnl_attr_get_payload_len(a) < from + sizeof(q->received))
			continue;
		memcpy(&q->received, (const char *)mnl_attr_get_payload(a) + from,
		       sizeof(q->received));
		q->says_received = true;
	}
}

static int on_socket(const struct nlmsghdr *msg, void *arg)
{
	const struct inet_diag_msg *d = mnl_nlmsg_get_payload(msg);
	struct queues *q = arg;

	if (q && mnl_nlmsg_get_payload_len(msg) >= sizeof(*d)) {
		q->unread = d->idiag_rqueue;
		q->unacked = d->idiag_wqueue;
		q->inode = d->idiag_inode;
		q->established = d->idiag_state == TCP_ESTABLISHED_STATE;
		read_attrs(msg, q);
	}
	return MNL_CB_OK;
}

/* Without an address, so that the kernel looks at the rights of the sender alone, and not at those
 * of the process that made the socket (netlink_capable). Its answer is there when send() returns.
 */
static int talk(int nl, struct nlmsghdr *msg, struct queues *ret)
{
	char answer[MNL_SOCKET_BUFFER_SIZE];
	ssize_t n;

	do {
		n = recv(nl, answer, sizeof(answer), MSG_DONTWAIT); /* of a request before */
	} while (n > 0);
	if (send(nl, msg, msg->nlmsg_len, 0) < 0)
		return -errno;
	n = recv(nl, answer, sizeof(answer), MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	if (mnl_cb_run(answer, n, msg->nlmsg_seq, 0, on_socket, ret) < 0)
		return -errno;
	return 0;
}

/* One request about one socket: SOCK_DESTROY, or SOCK_DIAG_BY_FAMILY, which fills *ret. */
static int ask_family(int nl, uint16_t type, const struct rz_tuple *t, uint64_t cookie, int family,
		      struct queues *ret)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *req;

	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_REQUEST | (type == SOCK_DESTROY ? NLM_F_ACK : 0);
	msg->nlmsg_seq = (uint32_t)time(NULL);
	req = mnl_nlmsg_put_extra_header(msg, sizeof(*req));
	req->sdiag_family = family;
	req->sdiag_protocol = IPPROTO_TCP;
	req->idiag_states = 1 << TCP_ESTABLISHED_STATE;
	req->idiag_ext = ret ? 1 << (INET_DIAG_INFO - 1) : 0;
	fill_id(&req->id, t, cookie, family);
	return talk(nl, msg, ret);
}

static int ask(int nl, uint16_t type, const struct rz_tuple *t, uint64_t cookie, struct queues *ret)
{
	int err = -ENOENT;

	/* an IPv4 connection on a dual-stack listener may be found under either family */
	if (is_v4(t->agent_addr))
		err = ask_family(nl, type, t, cookie, AF_INET, ret);
	if (err == -ENOENT)
		err = ask_family(nl, type, t, cookie, AF_INET6, ret);
	return err;
}

int rz_destroy_socket(int nl, const struct rz_tuple *t, uint64_t cookie)
{
	return ask(nl, SOCK_DESTROY, t, cookie, NULL);
}

int rz_destroy_look(int nl, const struct rz_tuple *t, uint64_t cookie, struct rz_destroy_seen *ret)
{
	struct queues q = {};
	int err = ask(nl, SOCK_DIAG_BY_FAMILY, t, cookie, &q);

	if (err || !q.established)
		return err ? err : -ENOENT;
	if (!q.says_received)
		return -EOPNOTSUPP;
	*ret = (struct rz_destroy_seen){.received = (uint32_t)q.received,
					.unread = q.unread != 0,
					.unacked = q.unacked != 0};
	return 0;
}

int rz_destroy_find(int nl, const struct rz_tuple *t, uint64_t cookie)
{
	struct queues q = {};
	int err = ask(nl, SOCK_DIAG_BY_FAMILY, t, cookie, &q);

	return err || q.established ? err : -ENOENT;
}

int rz_destroy_inode(int nl, const struct rz_tuple *t, uint64_t cookie, uint32_t *ret)
{
	struct queues q = {};
	int err = ask(nl, SOCK_DIAG_BY_FAMILY, t, cookie, &q);

	if (err || !q.inode)
		return err ? err : -ENOENT;
	*ret = q.inode;
	return 0;
}

int rz_destroy_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

int rz_destroy_cgroup(int nl, const struct rz_tuple *t, uint64_t cookie, uint64_t *ret)
{
	struct queues q = {};
	int err = ask(nl, SOCK_DIAG_BY_FAMILY, t, cookie, &q);

	if (err)
		return err;
	if (!q.cgroup)
		return -ENODATA;
	*ret = q.cgroup;
	return 0;
}

int rz_destroy_probe(void)
{
	const struct rz_tuple nobody = {.client_port = 1, .agent_port = 1};
	_cleanup_close_ int nl = rz_destroy_open();
	int err = nl < 0 ? nl : rz_destroy_socket(nl, &nobody, 1);

	return err == -ENOENT ? 0 : err;
}
