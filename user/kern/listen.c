// SPDX-License-Identifier: Apache-2.0
/* Listening sockets, see listen.h. Message forms: linux/inet_diag.h, linux/sock_diag.h. */
#include "kern/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <libmnl/libmnl.h>

#include "kern/cgroups.h"
#include "base/cleanup.h"
#include "kern/enter.h"

#define TCP_LISTEN_STATE 10
#define PLACES_MAX	 (1u << 20) /* a node has thousands at most */

struct reader {
	const uint16_t *ports;
	size_t n_ports;
	struct rz_socket_place *places;
	size_t n, room;
	uint32_t netns; /* being read */
	int err;	/* the first */
	bool all;	/* attached to the root: every socket counts */
	struct cgroups {
		uint64_t *ids; /* else those of these cgroups, sorted */
		size_t n, room;
	} cgroups;
};

/* ---- cgroups ---- */

static int u64_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int add_cgroup(void *cgroups, uint64_t id, const char *path)
{
	struct cgroups *c = cgroups;
	uint64_t *more;

	(void)path;
	if (c->n == c->room) {
		more = realloc(c->ids, (c->room * 2 + 64) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->ids = more;
		c->room = c->room * 2 + 64;
	}
	c->ids[c->n++] = id;
	return 0;
}

static int read_cgroups(struct reader *r, const char *path)
{
	struct stat st;
	int err;

	if (stat(path, &st))
		return -errno;
	r->all = st.st_ino == 1;
	if (r->all)
		return 0;
	err = add_cgroup(&r->cgroups, st.st_ino, path);
	if (!err)
		err = rz_cgroups_each(path, add_cgroup, &r->cgroups);
	qsort(r->cgroups.ids, r->cgroups.n, sizeof(uint64_t), u64_order);
	return err;
}

static bool is_ours(const struct reader *r, uint64_t cgroup)
{
	return r->all || bsearch(&cgroup, r->cgroups.ids, r->cgroups.n, sizeof(cgroup), u64_order);
}

/* ---- sockets ---- */

static void addr_of(__u8 dst[16], int family, const void *addr)
{
	static const __u8 v4[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	if (family == AF_INET6) {
		memcpy(dst, addr, 16);
		return;
	}
	memcpy(dst, v4, 12);
	memcpy(dst + 12, addr, 4);
}

static void add(struct reader *r, int family, const void *addr, uint16_t port)
{
	struct rz_socket_place *more, *p;

	if (r->n == r->room) {
		more = r->room < PLACES_MAX ? realloc(r->places, (r->room * 2 + 64) * sizeof(*more))
					    : NULL;
		if (!more) {
			r->err = -ENOMEM;
			return;
		}
		r->places = more;
		r->room = r->room * 2 + 64;
	}
	p = &r->places[r->n++];
	memset(p, 0, sizeof(*p));
	addr_of(p->at.addr, family, addr);
	p->at.port = port;
	p->netns = r->netns;
}

struct wildcard {
	struct reader *r;
	int family;
	bool v6only;
	uint16_t port;
};

/* An address of the namespace; one of IPv4 too if the socket of `::` takes it (not IPV6_V6ONLY). */
static int on_address(const struct nlmsghdr *msg, void *arg)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(msg);
	const struct nlattr *a, *found = NULL;
	const struct wildcard *w = arg;
	size_t bytes;

	if (mnl_nlmsg_get_payload_len(msg) < sizeof(*m))
		return MNL_CB_OK;
	/* of a point-to-point link IFA_ADDRESS is the other end's */
	mnl_attr_for_each(a, msg, sizeof(*m)) if (mnl_attr_get_type(a) == IFA_LOCAL ||
						  (mnl_attr_get_type(a) == IFA_ADDRESS && !found))
		found = a;
	bytes = m->ifa_family == AF_INET6 ? 16 : 4;
	if (!found || mnl_attr_get_payload_len(found) != bytes)
		return MNL_CB_OK;
	if (m->ifa_family == AF_INET ? w->family == AF_INET || !w->v6only
				     : m->ifa_family == AF_INET6 && w->family == AF_INET6)
		add(w->r, m->ifa_family, mnl_attr_get_payload(found), w->port);
	return MNL_CB_OK;
}

static int dump(int nl, struct nlmsghdr *msg, mnl_cb_t fn, void *arg);

/* Every address of the namespace that is being read. */
static int add_wildcard(struct wildcard *w)
{
	_cleanup_close_ int nl = rz_enter_netlink(w->r->netns, NETLINK_ROUTE);
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *req;

	if (nl < 0)
		return nl;
	msg->nlmsg_type = RTM_GETADDR;
	req = mnl_nlmsg_put_extra_header(msg, sizeof(*req));
	req->ifa_family = AF_UNSPEC;
	return dump(nl, msg, on_address, w);
}

struct listener {
	bool v6only;
	uint64_t cgroup;
};

static int on_attr(const struct nlattr *attr, void *arg)
{
	struct listener *l = arg;

	if (mnl_attr_get_type(attr) == INET_DIAG_SKV6ONLY && mnl_attr_get_payload_len(attr))
		l->v6only = mnl_attr_get_u8(attr);
	if (mnl_attr_get_type(attr) == INET_DIAG_CGROUP_ID &&
	    mnl_attr_get_payload_len(attr) == sizeof(l->cgroup)) /* Linux 5.8 */
		l->cgroup = mnl_attr_get_u64(attr);
	return MNL_CB_OK;
}

static int on_listener(const struct nlmsghdr *msg, void *arg)
{
	const struct inet_diag_msg *d = mnl_nlmsg_get_payload(msg);
	static const __u8 any[16];
	struct reader *r = arg;
	struct listener l = {};
	uint16_t port;
	size_t i;

	if (mnl_nlmsg_get_payload_len(msg) < sizeof(*d))
		return MNL_CB_OK;
	port = ntohs(d->id.idiag_sport);
	for (i = 0; i < r->n_ports && r->ports[i] != port; i++)
		;
	if (i == r->n_ports)
		return MNL_CB_OK;
	mnl_attr_parse(msg, sizeof(*d), on_attr, &l);
	if (l.cgroup && !is_ours(r, l.cgroup))
		return MNL_CB_OK;
	if (memcmp(d->id.idiag_src, any, d->idiag_family == AF_INET6 ? 16 : 4))
		add(r, d->idiag_family, d->id.idiag_src, port);
	else
		r->err = r->err
				 ?: add_wildcard(
					    &(struct wildcard){r, d->idiag_family, l.v6only, port});
	return MNL_CB_OK;
}

/* Asks for a list, and calls fn with each row of it. */
static int dump(int nl, struct nlmsghdr *msg, mnl_cb_t fn, void *arg)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	ssize_t n;
	int more = 1;

	msg->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	msg->nlmsg_seq = 1;
	if (send(nl, msg, msg->nlmsg_len, 0) < 0)
		return -errno;
	while (more > 0) {
		n = recv(nl, buf, sizeof(buf),
			 MSG_DONTWAIT); /* the kernel has answered in send() */
		if (n < 0)
			return -errno;
		more = mnl_cb_run(buf, n, 1, 0, fn, arg);
	}
	return more < 0 ? -errno : 0;
}

static int dump_listeners(struct reader *r, int nl, int family)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *req;

	msg->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	req = mnl_nlmsg_put_extra_header(msg, sizeof(*req));
	req->sdiag_family = (__u8)family;
	req->sdiag_protocol = IPPROTO_TCP;
	req->idiag_states = 1 << TCP_LISTEN_STATE;
	return dump(nl, msg, on_listener, r);
}

static int read_netns(struct reader *r, uint32_t netns)
{
	_cleanup_close_ int nl = rz_enter_netlink(netns, NETLINK_SOCK_DIAG);
	int err;

	r->netns = netns;
	if (nl < 0)
		return nl == -ENOENT ? 0 : nl; /* it has ended meanwhile */
	err = dump_listeners(r, nl, AF_INET);
	if (!err)
		err = dump_listeners(r, nl, AF_INET6);
	/* built without IPv6 */
	return err == -ENOENT || err == -EAFNOSUPPORT ? 0 : err;
}

/* Goes on when one cannot be read; 0 or the first -errno. */
static int read_all(struct reader *r)
{
	_cleanup_free_ uint32_t *inums = NULL;
	size_t i, n = 0;
	bool all;
	int first = rz_enter_list(&inums, &n, &all), err;

	if (!first && !all)
		first = -EOWNERDEAD;
	for (i = 0; i < n; i++) {
		err = read_netns(r, inums[i]);
		first = first ?: err;
	}
	return first;
}

int rz_listen_read(const uint16_t *ports, size_t n_ports, const char *cgroup,
		   struct rz_socket_place **ret, size_t *ret_n)
{
	struct reader r = {.ports = ports, .n_ports = n_ports};
	int err = read_cgroups(&r, cgroup);

	if (!err)
		err = read_all(&r);
	if (!err)
		err = r.err;
	free(r.cgroups.ids);
	if (err == -ENOMEM) {
		free(r.places);
		return err;
	}
	*ret = r.places;
	*ret_n = r.n;
	return err;
}
