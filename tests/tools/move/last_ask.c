// SPDX-License-Identifier: Apache-2.0
/*
 * The clients: a thread for each connection, which asks in its row's manner and counts the answers
 * that came to their last byte, until the connection ends.
 *
 * Comes in: rows. Goes out: requests; the client's part of the row. Called by last.c.
 */
#include "last.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_BYTES     65536
#define UNANSWERED   200 /* who does not wait asks no more than that */
#define REQUEST_BODY 60
#define BODY_IN_CUTS 3000 /* of requests that are cut in three */

enum { PRODUCE = 0, FETCH = 1, LIST_OFFSETS = 2, OFFSET_COMMIT = 8, API_VERSIONS = 18 };

struct asking {
	int fd;
	struct row *row;
	const struct manner *m;
	char id[200];
	uint32_t sent, came; /* requests, answers: the latter have the number as correlation id */
	uint8_t keys[QUEUE]; /* what was asked, by number */
	uint8_t head[8];
	uint32_t have, size; /* of the answer that comes */
	uint64_t next_ns;
	bool send_failed;
};

static size_t request(struct asking *a, uint8_t *p, uint8_t key)
{
	uint16_t id_len = (uint16_t)strlen(a->id);
	/* ApiVersions v3 names the library, one that may be held */
	static const uint8_t library[] = "\0\013librdkafka\0062.3.0";
	uint32_t body = a->row->cut == 1000 && key == PRODUCE ? BODY_IN_CUTS : REQUEST_BODY;

	memset(p, 0, 14 + id_len + body);
	put_be32(p, 10 + id_len + body);
	p[5] = key;
	p[7] = key == API_VERSIONS ? 3 : key == LIST_OFFSETS ? 1 : 4;
	a->sent++;
	put_be32(p + 8, a->sent);
	p[12] = (uint8_t)(id_len >> 8);
	p[13] = (uint8_t)id_len;
	memcpy(p + 14, a->id, id_len);
	if (key == PRODUCE) /* no transactional id, acks=1 */
		memcpy(p + 14 + id_len, "\xff\xff\0\1", 4);
	if (key == API_VERSIONS)
		memcpy(p + 14 + id_len, library, sizeof(library));
	a->keys[a->sent % QUEUE] = key;
	return 14 + id_len + body;
}

static void put(struct asking *a, const uint8_t *p, size_t n)
{
	if (!a->send_failed && send(a->fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
		a->send_failed = true;
}

/* Cut behind `cut` bytes, or every 1000; the rest comes 10 ms later. */
static void put_cut(struct asking *a, const uint8_t *p, size_t n)
{
	size_t cut = a->row->cut, at;

	for (at = 0; cut && at + cut < n; at += cut) {
		put(a, p + at, cut);
		poll(NULL, 0, 10);
		if (cut < 1000) {
			at += cut;
			break;
		}
	}
	put(a, p + at, n - at);
}

static void ask_some(struct asking *a)
{
	uint8_t all[8 * 400 + BODY_IN_CUTS];
	size_t n = 0;
	unsigned i;

	if (!a->sent)
		n += request(a, all, API_VERSIONS);
	if (!a->sent || !a->m->produce)
		n += request(a, all + n, LIST_OFFSETS);
	if (a->m->fetch < 0)
		n += request(a, all + n, FETCH);
	for (i = 0; i < a->m->produce; i++) {
		if (a->row->cut && n) { /* one by one, each cut */
			put_cut(a, all, n);
			n = 0;
		}
		n += request(a, all + n, a->m->commits ? OFFSET_COMMIT : PRODUCE);
	}
	if (a->m->fetch > 0)
		n += request(a, all + n, FETCH);
	put_cut(a, all, n);
}

static void ask_if_due(struct asking *a)
{
	uint32_t open = a->sent - a->came, every = a->m->every_ms;

	if (now_ns() < a->next_ns || open >= UNANSWERED || (a->m->waits && open))
		return;
	ask_some(a);
	/* not faster than it can be answered, piece by piece */
	if (!a->m->waits && a->row->way != WAY_WHOLE && every < 3 * a->row->pause_ms)
		every = 3 * a->row->pause_ms;
	if (!a->m->waits && a->row->way == WAY_BYTES)
		every += 100;
	a->next_ns = now_ns() + every * MS;
}

/* An answer came to its last byte. */
static bool answered(struct asking *a)
{
	uint32_t number = get_be32(a->head + 4);

	a->have = a->size = 0;
	if (number != ++a->came)
		return false;
	if (a->keys[number % QUEUE] == PRODUCE || a->keys[number % QUEUE] == OFFSET_COMMIT) {
		a->row->answered++;
		a->row->answered_ns = now_ns();
	}
	if (a->m->waits && a->came == a->sent)
		a->next_ns = now_ns() + a->m->every_ms * MS;
	return true;
}

static bool take(struct asking *a, const uint8_t *p, size_t len)
{
	while (len) {
		uint32_t want = a->size ? a->size : 8;
		size_t n = len < want - a->have ? len : want - a->have;

		if (a->have < 8)
			memcpy(a->head + a->have, p, n);
		a->have += (uint32_t)n;
		p += n;
		len -= n;
		if (a->have < want)
			return true;
		if (!a->size)
			a->size = 4 + get_be32(a->head);
		if (a->have == a->size && !answered(a))
			return false;
	}
	return true;
}

/* Reads what there is. OPEN, or how it ended. */
static enum outcome hear(struct asking *a, uint8_t *in)
{
	ssize_t n;

	if (a->row->slow_ms)
		poll(NULL, 0, (int)a->row->slow_ms);
	n = recv(a->fd, in, IN_BYTES, MSG_DONTWAIT);
	if (n > 0)
		return take(a, in, (size_t)n) ? OPEN : BAD;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return OPEN;
	/* a write that failed has taken the error with it */
	return (n < 0 && errno == ECONNRESET) || a->send_failed ? RESET : CLOSED;
}

static void *ask_one(void *arg)
{
	struct asking *a = arg;
	struct pollfd p = {.fd = a->fd, .events = POLLIN};
	uint8_t *in = malloc(IN_BYTES);
	enum outcome o = OPEN;
	uint32_t i;

	while (!ends && o == OPEN && in) {
		uint64_t now = now_ns();
		int wait = now >= a->next_ns ? 10 : (int)((a->next_ns - now + MS - 1) / MS);

		if (poll(&p, 1, wait > 100 ? 100 : wait) > 0)
			o = hear(a, in);
		if (o == OPEN && !a->send_failed)
			ask_if_due(a);
	}
	for (i = a->came + 1; i <= a->sent; i++)
		a->row->fetch_open += a->keys[i % QUEUE] == FETCH;
	a->row->ended_ns = now_ns();
	a->row->outcome = o;
	close(a->fd);
	free(in);
	free(a);
	return NULL;
}

static int open_one(struct table *t, uint32_t nr, const struct sockaddr_in *at, const char *id)
{
	struct asking *a = calloc(1, sizeof(*a));
	struct sockaddr_in here;
	socklen_t len = sizeof(here);
	pthread_attr_t attr;
	pthread_t thread;
	int one = 1;

	if (!a)
		return -1;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	a->row = &t->rows[nr];
	a->m = &manners[a->row->manner];
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(a->id, sizeof(a->id), id, nr);
	a->fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(a->fd, (const void *)at, sizeof(*at)) ||
	    getsockname(a->fd, (void *)&here, &len) || pthread_create(&thread, &attr, ask_one, a)) {
		perror("last: ask");
		return -1;
	}
	t->rows[nr].port = ntohs(here.sin_port);
	return 0;
}

int ask(struct table *t, const struct sockaddr_in *at, const char *id)
{
	uint32_t i, open;

	for (i = 0; i < t->n; i++)
		if (open_one(t, i, at, id))
			return 1;
	printf("ready\n");
	fflush(stdout);
	do {
		poll(NULL, 0, 50);
		for (i = open = 0; i < t->n; i++)
			open += !t->rows[i].ended_ns;
	} while (open && !ends);
	for (i = 0; i < 40 && open; i++) { /* the threads' last words */
		poll(NULL, 0, 10);
		for (uint32_t k = open = 0; k < t->n; k++)
			open += !t->rows[k].ended_ns;
	}
	return 0;
}
