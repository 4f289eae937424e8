// SPDX-License-Identifier: Apache-2.0
/* Asking agents, see ask.h: one poll(2) over the daemon's socket and each agent's. */
#include "source/ask.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/pass.h"
#include "report/report.h"
#include "source/versions.h"

struct question {
	int fd; /* -1: it was answered without a connection */
	bool sent, answered;
	uint64_t end_ns;
	size_t n; /* bytes of the answer so far */
	uint8_t bytes[RZ_VERSIONS_ANSWER];
};

struct asking {
	int fd;
	struct question rows[RZ_REPORT_ASKS_MAX];
	size_t n;
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static socklen_t address_of(const struct rz_report_ask *m, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (memcmp(m->addr, mapped, sizeof(mapped))) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons(m->port);
		memcpy(&ret->v6.sin6_addr, m->addr, sizeof(m->addr));
		return sizeof(ret->v6);
	}
	ret->v4.sin_family = AF_INET;
	ret->v4.sin_port = htons(m->port);
	memcpy(&ret->v4.sin_addr, m->addr + 12, 4);
	return sizeof(ret->v4);
}

/* Where this end of the connection is. */
static void fill_local(int fd, struct rz_report_answer *m)
{
	union address at;
	socklen_t len = sizeof(at);

	if (getsockname(fd, &at.any, &len)) {
		m->error = -errno;
	} else if (at.any.sa_family == AF_INET) {
		memcpy(m->local_addr, mapped, sizeof(mapped));
		memcpy(m->local_addr + 12, &at.v4.sin_addr, 4);
		m->local_port = ntohs(at.v4.sin_port);
	} else {
		memcpy(m->local_addr, &at.v6.sin6_addr, sizeof(m->local_addr));
		m->local_port = ntohs(at.v6.sin6_port);
	}
}

/* `v`: unless there is an error. */
static int answer(struct asking *a, struct question *q, int error, const struct rz_versions *v)
{
	struct rz_report_answer m = {.head = rz_report_head(RZ_REPORT_ANSWER, sizeof(m)),
				     .error = error,
				     .number = (__u16)(q - a->rows)};

	if (!error && v) {
		m.produce_min = v->produce_min;
		m.produce_max = v->produce_max;
		fill_local(q->fd, &m);
	}
	q->answered = true;
	return rz_pass_send(a->fd, &m, sizeof(m), -1, 0);
}

/* 0 or -errno of the agent's. */
static int begin(struct question *q, const struct rz_report_ask *m)
{
	union address at;
	socklen_t len = address_of(m, &at);

	q->end_ns = rz_now_ns() + RZ_ASK_TIMEOUT_NS;
	q->fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (q->fd < 0)
		return -errno;
	return connect(q->fd, &at.any, len) && errno != EINPROGRESS ? -errno : 0;
}

/* One from the daemon. 0, or -errno: it is gone, or says what it must not. */
static int take(struct asking *a)
{
	struct rz_report_ask m;
	struct question *q;
	char why[128];
	int passed, err;
	ssize_t n = rz_pass_receive(a->fd, &m, sizeof(m), &passed);

	if (passed >= 0)
		close(passed);
	if (n == -EAGAIN)
		return 0;
	if (n <= 0)
		return n ? (int)n : -EPIPE;
	if (rz_report_kind(&m, (size_t)n, why, sizeof(why)) != RZ_REPORT_ASK || m.number != a->n ||
	    a->n == RZ_REPORT_ASKS_MAX)
		return -EBADMSG;
	q = &a->rows[a->n++];
	err = begin(q, &m);
	return err ? answer(a, q, err, NULL) : 0;
}

/* Twenty bytes fit a new socket's buffer. */
static int send_request(struct asking *a, struct question *q)
{
	uint8_t request[RZ_VERSIONS_REQUEST];
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(q->fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error)
		return answer(a, q, -error, NULL);
	rz_versions_ask(request, (uint32_t)(q - a->rows) + 1);
	if (send(q->fd, request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return answer(a, q, -EPIPE, NULL);
	q->sent = true;
	return 0;
}

static int receive(struct asking *a, struct question *q)
{
	struct rz_versions v;
	ssize_t n = recv(q->fd, q->bytes + q->n, sizeof(q->bytes) - q->n, 0);
	int err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return answer(a, q, n ? -errno : -ECONNRESET, NULL);
	q->n += (size_t)n;
	err = rz_versions_read(q->bytes, q->n, (uint32_t)(q - a->rows) + 1, &v);
	return err == -EAGAIN ? 0 : answer(a, q, err, &v);
}

static int look(struct asking *a, struct question *q, short events)
{
	if (q->answered)
		return 0;
	if (rz_now_ns() >= q->end_ns)
		return answer(a, q, -ETIMEDOUT, NULL);
	if (!events)
		return 0;
	return q->sent ? receive(a, q) : send_request(a, q);
}

int rz_ask_run(int fd)
{
	static struct asking a;
	struct pollfd polls[RZ_REPORT_ASKS_MAX + 1];
	int err = 0;
	size_t i, n;

	for (a.fd = fd; !err;) {
		n = a.n;
		polls[n] = (struct pollfd){.fd = fd, .events = POLLIN};
		for (i = 0; i < n; i++)
			polls[i] = (struct pollfd){.fd = a.rows[i].answered ? -1 : a.rows[i].fd,
						   .events = a.rows[i].sent ? POLLIN : POLLOUT};
		if (poll(polls, n + 1, 100) < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < n && !err; i++)
			err = look(&a, &a.rows[i], polls[i].revents);
		if (!err && polls[n].revents)
			err = take(&a);
	}
	return err == -EPIPE ? 0 : err;
}
