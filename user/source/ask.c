// SPDX-License-Identifier: Apache-2.0
/* Asking agents, see ask.h: one poll(2) over the daemon's socket and each agent's. */
#include "source/ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/pass.h"
#include "report/report.h"
#include "source/versions.h"

struct question {
	int fd; /* stays open until the daemon ends this process */
	__u16 number;
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

static const struct rz_versions none;

static int answer(struct asking *a, struct question *q, int error, const struct rz_versions *v)
{
	struct rz_report_answer m = {.head = rz_report_head(RZ_REPORT_ANSWER, sizeof(m)),
				     .error = error,
				     .number = q->number,
				     .produce_min = v->produce_min,
				     .produce_max = v->produce_max};

	q->answered = true;
	return rz_pass_send(a->fd, &m, sizeof(m), -1, 0);
}

/* One from the daemon. 0, or -errno: it is gone, or says what it must not. */
static int take(struct asking *a)
{
	struct rz_report_ask m;
	char why[128];
	int passed;
	ssize_t n = rz_pass_receive(a->fd, &m, sizeof(m), &passed);

	if (n == -EAGAIN)
		return 0;
	if (n <= 0)
		return n ? (int)n : -EPIPE;
	if (rz_report_kind(&m, (size_t)n, why, sizeof(why)) != RZ_REPORT_ASK || passed < 0 ||
	    a->n == RZ_REPORT_ASKS_MAX)
		return -EBADMSG;
	a->rows[a->n++] = (struct question){
		.fd = passed, .number = m.number, .end_ns = rz_now_ns() + RZ_ASK_TIMEOUT_NS};
	return 0;
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
		return answer(a, q, -error, &none);
	rz_versions_ask(request, q->number + 1U);
	if (send(q->fd, request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return answer(a, q, -EPIPE, &none);
	q->sent = true;
	return 0;
}

static int receive(struct asking *a, struct question *q)
{
	struct rz_versions v = none;
	ssize_t n = recv(q->fd, q->bytes + q->n, sizeof(q->bytes) - q->n, 0);
	int err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return answer(a, q, n ? -errno : -ECONNRESET, &none);
	q->n += (size_t)n;
	err = rz_versions_read(q->bytes, q->n, q->number + 1U, &v);
	return err == -EAGAIN ? 0 : answer(a, q, err, &v);
}

static int look(struct asking *a, struct question *q, short events)
{
	if (q->answered)
		return 0;
	if (rz_now_ns() >= q->end_ns)
		return answer(a, q, -ETIMEDOUT, &none);
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
