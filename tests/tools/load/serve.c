// SPDX-License-Identifier: Apache-2.0
/*
 * The server's side of the crowd: answers every request with its correlation id.
 *
 * Comes in: a listener that all workers share. Goes out: answers. Who breaks the framing is not
 * hung up on, but heard without a word, so that what it sends keeps coming. Called by crowd.c.
 */
#include "crowd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER		  12 /* up to and with the correlation id */
#define SIZE_MAX_BELIEVED (1u << 30)

/* By descriptor. */
struct served {
	uint8_t header[HEADER];
	uint32_t have, skip;
	bool deaf;
};

static struct served *served;

/* One piece of a connection's stream; answers go to `out`. Returns how many bytes they are. */
static size_t take(struct served *s, const uint8_t *p, size_t len, uint8_t *out, size_t out_size)
{
	size_t n, used = 0;
	uint32_t size;

	while (len && !s->deaf) {
		if (s->skip) {
			n = len < s->skip ? len : s->skip;
			s->skip -= (uint32_t)n;
		} else {
			n = len < HEADER - s->have ? len : HEADER - s->have;
			memcpy(s->header + s->have, p, n);
			s->have += (uint32_t)n;
		}
		p += n;
		len -= n;
		if (s->have == HEADER && !s->skip) {
			memcpy(&size, s->header, 4);
			size = ntohl(size);
			s->have = 0;
			s->deaf = size < HEADER - 4 || size > SIZE_MAX_BELIEVED;
			s->skip = s->deaf ? 0 : size - (HEADER - 4);
			if (s->deaf || used + ANSWER > out_size)
				continue;
			memset(out + used, 0, ANSWER);
			out[used + 3] = ANSWER - 4;
			memcpy(out + used + 4, s->header + 8, 4);
			used += ANSWER;
		}
	}
	return used;
}

static void hear(int fd, struct figures *f)
{
	static uint8_t in[65536], out[65536];
	ssize_t n = recv(fd, in, sizeof(in), MSG_DONTWAIT);
	size_t answers;

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close(fd);
		f->closed++;
		return;
	}
	answers = n > 0 ? take(&served[fd], in, (size_t)n, out, sizeof(out)) : 0;
	if (answers && send(fd, out, answers, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)answers)
		f->answered += answers / ANSWER;
}

static void let_in(int ep, int listener, struct figures *f)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int i, fd;

	for (i = 0; i < 64 && f->opened - f->closed < CONNS_MAX; i++) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		memset(&served[fd], 0, sizeof(served[fd]));
		ev.data.fd = fd;
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
		f->opened++;
	}
}

void crowd_serve(const struct crowd *c, uint32_t worker, int listener)
{
	struct epoll_event ev[256] = {{.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = listener}};
	struct figures *f = &c->figures[worker];
	int ep = epoll_create1(EPOLL_CLOEXEC), n, i;
	bool listens = true, full;

	served = calloc(CONNS_MAX + 1000, sizeof(*served));
	if (!served || ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, ev))
		exit(1);
	while (!crowd_ends) {
		n = epoll_wait(ep, ev, 256, 100);
		for (i = 0; i < n; i++) {
			if (ev[i].data.fd == listener)
				let_in(ep, listener, f);
			else
				hear(ev[i].data.fd, f);
		}
		full = f->opened - f->closed >= CONNS_MAX;
		if (full == listens) { /* who is full leaves new ones to the others */
			ev[0] = (struct epoll_event){.events = EPOLLIN | EPOLLEXCLUSIVE,
						     .data.fd = listener};
			epoll_ctl(ep, full ? EPOLL_CTL_DEL : EPOLL_CTL_ADD, listener, ev);
			listens = !full;
		}
	}
}
