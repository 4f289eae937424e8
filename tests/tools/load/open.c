// SPDX-License-Identifier: Apache-2.0
/*
 * The clients' side of the crowd: opens, speaks, is active, closes.
 *
 * Comes in: struct crowd; this worker has every `workers`-th of its connections. Goes out:
 * connections, and their requests: each of the first ones when the one before is answered; then it
 * closes (churn, by FIN and by reset in turn) or stays, saying one more each interval. Called by
 * crowd.c.
 */
#include "crowd.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

struct conn {
	int fd;
	uint32_t nr;	/* among all of the crowd */
	uint32_t step;	/* requests said */
	uint32_t heard; /* bytes of answers */
};

struct opener {
	const struct crowd *c;
	struct figures *f;
	int ep;
	uint32_t first, n; /* numbers first, first + workers, ...: n of them */
	uint32_t begun;	   /* of these, opened or failed */
	uint32_t *idle, n_idle;
	struct conn *conns;
	uint32_t used; /* of conns, ever */
	uint64_t began_ns, acted;
};

static void end(struct opener *o, struct conn *conn, bool reset)
{
	struct linger l = {.l_onoff = 1};

	if (reset)
		setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(conn->fd);
	conn->fd = -1;
	o->f->closed++;
	o->idle[o->n_idle++] = (uint32_t)(conn - o->conns);
}

/* The next thing this connection says. */
static void speak(struct opener *o, struct conn *conn)
{
	const struct crowd *c = o->c;
	uint8_t said[SAID_MAX + 512];
	uint32_t i;
	char id[256];
	size_t len;

	/* the template comes from the test's own command line, and has one %u at most */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(id, sizeof(id), c->id, conn->nr);
#pragma GCC diagnostic pop
	if (c->manner == MANNER_SILENT)
		return;
	if (c->manner == MANNER_KAFKA) {
		for (i = 0; i < conn->step && c->requests[i + 1] >= 0; i++)
			;
		len = said_request(said, id, c->requests[i], conn->step + 1);
	} else {
		len = said_hostile(said, c->manner, id, conn->nr, conn->step);
	}
	conn->step++;
	/* who splits writes the size alone: a segment of four bytes */
	if (c->split && send(conn->fd, said, 4, MSG_DONTWAIT | MSG_NOSIGNAL) != 4)
		return;
	if (send(conn->fd, said + 4 * c->split, len - 4 * c->split, MSG_DONTWAIT | MSG_NOSIGNAL) >
	    0)
		o->f->sent++;
}

static bool is_last_first(const struct crowd *c, uint32_t step)
{
	uint32_t n = 0;

	while (c->requests[n] >= 0)
		n++;
	return step >= n;
}

static void hear(struct opener *o, struct conn *conn)
{
	const struct crowd *c = o->c;
	uint8_t in[4096];
	ssize_t n = recv(conn->fd, in, sizeof(in), MSG_DONTWAIT);
	uint32_t before = conn->heard / ANSWER;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end(o, conn, false);
		return;
	}
	conn->heard += (uint32_t)n;
	o->f->answered += conn->heard / ANSWER - before;
	if (c->manner != MANNER_KAFKA || conn->heard < conn->step * ANSWER)
		return;
	if (!is_last_first(c, conn->step))
		speak(o, conn);
	else if (c->rate && conn->nr + c->keep < c->n)
		end(o, conn, conn->nr & 1);
}

static bool begin(struct opener *o)
{
	const struct crowd *c = o->c;
	uint32_t nr = o->first + o->begun * c->workers;
	struct sockaddr_in from = c->from;
	struct epoll_event ev = {.events = EPOLLIN};
	struct conn *conn;
	int fd, on = 1;

	if (!o->n_idle && o->used == CONNS_MAX)
		return false; /* all are busy: later */
	o->begun++;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	from.sin_addr.s_addr = htonl(ntohl(from.sin_addr.s_addr) + nr % c->sources);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
	    connect(fd, (const struct sockaddr *)&c->at, sizeof(c->at))) {
		if (!o->f->failed++)
			perror("crowd: open");
		if (fd >= 0)
			close(fd);
		return true;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	conn = &o->conns[o->n_idle ? o->idle[--o->n_idle] : o->used++];
	*conn = (struct conn){.fd = fd, .nr = nr};
	ev.data.u32 = (uint32_t)(conn - o->conns);
	epoll_ctl(o->ep, EPOLL_CTL_ADD, fd, &ev);
	o->f->opened++;
	speak(o, conn);
	return true;
}

/* How many of `per_s` (a second, of all workers) this one should have done by now. */
static uint64_t due(const struct opener *o, double per_s)
{
	return (uint64_t)((double)(rz_now_ns() - o->began_ns) / RZ_SECOND_NS * per_s /
			  o->c->workers);
}

static void open_due(struct opener *o)
{
	uint64_t want = o->c->rate ? due(o, o->c->rate) : o->n, i;

	for (i = 0; i < 64 && o->begun < o->n && o->begun < want; i++)
		if (!begin(o))
			return;
}

/* Each open connection once an interval, in turn. */
static void act_due(struct opener *o)
{
	uint64_t want, i;

	if (!o->c->every_ms || !o->used)
		return;
	want = due(o, 1000.0 / o->c->every_ms * o->used * o->c->workers);
	if (want > o->acted + o->used) /* far behind, or just begun */
		o->acted = want - o->used;
	for (i = 0; i < 256 && o->acted < want; i++, o->acted++) {
		struct conn *conn = &o->conns[o->acted % o->used];

		if (conn->fd >= 0 &&
		    (o->c->manner != MANNER_KAFKA || is_last_first(o->c, conn->step)))
			speak(o, conn);
	}
}

void crowd_open(const struct crowd *c, uint32_t worker)
{
	struct opener o = {.c = c, .f = &c->figures[worker], .first = worker};
	struct epoll_event ev[256];
	bool busy;
	int n, i;

	o.n = c->n > worker ? (c->n - worker - 1) / c->workers + 1 : 0;
	o.conns = calloc(CONNS_MAX, sizeof(*o.conns));
	o.idle = calloc(CONNS_MAX, sizeof(*o.idle));
	o.ep = epoll_create1(EPOLL_CLOEXEC);
	o.began_ns = rz_now_ns();
	if (!o.conns || !o.idle || o.ep < 0)
		exit(1);
	while (!crowd_ends) {
		open_due(&o);
		act_due(&o);
		busy = o.begun < o.n;
		n = epoll_wait(o.ep, ev, 256, busy ? 1 : c->every_ms ? 5 : 100);
		for (i = 0; i < n; i++)
			if (o.conns[ev[i].data.u32].fd >= 0)
				hear(&o, &o.conns[ev[i].data.u32]);
	}
}
