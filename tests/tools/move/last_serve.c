// SPDX-License-Identifier: Apache-2.0
/*
 * The server: a thread for each connection. A request counts as executed when its last byte was
 * read; it is answered `delay` after that, in order, and written the way of its row.
 *
 * Comes in: connections whose client.id ends its first word with the row's number. Goes out:
 * answers; the server's part of the row. Called by last.c.
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

#define ANSWER	  48 /* bytes of an answer to anything but Fetch */
#define IN_BYTES  65536
#define OUT_BYTES (BIG_BYTES + 64 * ANSWER)
#define KEEP	  128 /* bytes of a request that are looked at */
#define MERGE_NS  (60 * MS)

struct owed {
	uint32_t correlation_id, size;
	uint64_t due_ns;
	bool must, fetch;
};

struct served {
	int fd;
	struct table *table;
	struct row *row; /* NULL until its first request was read */
	uint8_t head[KEEP];
	uint32_t have, size; /* of the request that is being read; 0: its size is not known yet */
	struct owed owed[QUEUE];
	uint32_t first, n;
	uint8_t *out; /* OUT_BYTES */
	bool broken;  /* writing failed: goes on reading, for what is read is executed */
};

/* The number behind the first word of client.id: "name-17,warpstream_az=b". */
static void find_row(struct served *s)
{
	uint32_t len = (uint32_t)s->head[12] << 8 | s->head[13], i = 14, nr;

	while (i < 14 + len && i < KEEP && s->head[i] != '-')
		i++;
	nr = (uint32_t)atoi((const char *)s->head + i + 1);
	if (nr < s->table->n)
		s->row = &s->table->rows[nr];
}

static void note_arrival(struct served *s, uint64_t now)
{
	struct row *r = s->row;
	uint64_t gap = now - r->arrived_ns;

	if (r->arrived_ns && s->table->order_ns && r->arrived_ns > s->table->order_ns - 2000 * MS &&
	    gap > r->last_gap_ns) {
		r->last_gap_ns = gap;
		r->gap_ended_ns = now;
	}
	r->arrived_ns = now;
	r->executed++;
}

static void execute(struct served *s)
{
	uint32_t key = s->head[5];
	uint64_t now = now_ns();
	const struct manner *m;
	struct owed *o;

	if (!s->row)
		find_row(s);
	if (!s->row || s->n == QUEUE)
		return;
	m = &manners[s->row->manner];
	o = &s->owed[(s->first + s->n++) % QUEUE];
	*o = (struct owed){.correlation_id = get_be32(s->head + 8),
			   .size = ANSWER,
			   .due_ns = now + s->row->delay_ms * MS,
			   .must = !key || key == 8, /* Produce, OffsetCommit */
			   .fetch = key == 1};
	if (o->fetch && m->poll_ms)
		o->due_ns = now + m->poll_ms * MS;
	if (o->fetch && m->big)
		o->size = m->big;
	if (o->must)
		note_arrival(s, now);
}

static void take(struct served *s, const uint8_t *p, size_t len)
{
	while (len) {
		uint32_t want = s->size ? s->size : 4;
		size_t n = len < want - s->have ? len : want - s->have;

		if (s->have < KEEP)
			memcpy(s->head + s->have, p, n < KEEP - s->have ? n : KEEP - s->have);
		s->have += (uint32_t)n;
		p += n;
		len -= n;
		if (s->have < want)
			return;
		if (!s->size) {
			s->size = 4 + get_be32(s->head);
			continue;
		}
		execute(s);
		s->have = s->size = 0;
	}
}

/* All of it, or the connection is broken. While it waits for room it hears nothing. */
static void put(struct served *s, const void *p, size_t n)
{
	if (!s->broken && send(s->fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
		s->broken = true;
}

static void pause_ms(uint32_t ms)
{
	poll(NULL, 0, (int)ms);
}

/* Bytes [from, to) of an answer, in one write. */
static void put_part(struct served *s, const uint8_t *head, uint32_t from, uint32_t to)
{
	memset(s->out, 0, to - from);
	if (from < 8)
		memcpy(s->out, head + from, (to < 8 ? to : 8) - from);
	put(s, s->out, to - from);
}

static void answer(struct served *s, const struct owed *o)
{
	const struct row *r = s->row;
	uint8_t whole[ANSWER] = {};
	uint32_t i, cut = r->way == WAY_SIZE ? 4 : r->way == WAY_LATE ? o->size - 1 : r->inside;

	put_be32(whole, o->size - 4);
	put_be32(whole + 4, o->correlation_id);
	if (r->way == WAY_BYTES) {
		for (i = 0; i < 9; i++) {
			put_part(s, whole, i, i + 1);
			pause_ms(r->pause_ms);
		}
		put_part(s, whole, i, o->size);
	} else if (r->way == WAY_SIZE || r->way == WAY_INSIDE || r->way == WAY_LATE) {
		put_part(s, whole, 0, cut);
		pause_ms(r->pause_ms);
		put_part(s, whole, cut, o->size);
	} else {
		put_part(s, whole, 0, o->size);
	}
}

/* Several answers in one write, a large one first if there is one. */
static void answer_merged(struct served *s, uint64_t now)
{
	size_t used = 0;

	memset(s->out, 0, s->n && s->owed[s->first].size > ANSWER ? OUT_BYTES : 64 * ANSWER);
	while (s->n && s->owed[s->first].due_ns <= now &&
	       used + s->owed[s->first].size <= OUT_BYTES) {
		const struct owed *o = &s->owed[s->first];

		put_be32(s->out + used, o->size - 4);
		put_be32(s->out + used + 4, o->correlation_id);
		used += o->size;
		s->first = (s->first + 1) % QUEUE;
		s->n--;
	}
	put(s, s->out, used);
}

static void answer_due(struct served *s)
{
	uint64_t now = now_ns();

	if (s->n && s->row->way == WAY_MERGED && s->owed[s->first].due_ns + MERGE_NS <= now)
		answer_merged(s, now);
	while (s->n && s->row->way != WAY_MERGED && s->owed[s->first].due_ns <= now && !s->broken) {
		answer(s, &s->owed[s->first]);
		s->first = (s->first + 1) % QUEUE;
		s->n--;
	}
}

static int wait_ms(const struct served *s)
{
	uint64_t now = now_ns(), due;

	if (!s->n || s->broken)
		return 200;
	due = s->owed[s->first].due_ns + (s->row->way == WAY_MERGED ? MERGE_NS : 0);
	return due <= now ? 0 : (int)((due - now + MS - 1) / MS);
}

static void *serve_one(void *arg)
{
	struct served *s = arg;
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	uint8_t *in = malloc(IN_BYTES);
	int wait;

	while (!ends && in) {
		wait = wait_ms(s);
		if (poll(&p, 1, wait > 200 ? 200 : wait) > 0) {
			ssize_t n = recv(s->fd, in, IN_BYTES, MSG_DONTWAIT);

			if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
				break;
			if (n > 0)
				take(s, in, (size_t)n);
		}
		if (s->row)
			answer_due(s);
	}
	if (s->row) {
		if (s->n && s->owed[s->first].fetch)
			s->row->fetch_due_ns = s->owed[s->first].due_ns;
		s->row->server_ended = 1;
	}
	close(s->fd);
	free(in);
	free(s->out);
	free(s);
	return NULL;
}

int serve(struct table *t, const struct sockaddr_in *at)
{
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	struct pollfd p = {.fd = listener, .events = POLLIN};
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (const void *)at, sizeof(*at)) || listen(listener, 1024)) {
		perror("last: serve");
		return 1;
	}
	while (!ends) {
		struct served *s;

		if (poll(&p, 1, 200) <= 0)
			continue;
		s = calloc(1, sizeof(*s));
		if (!s)
			return 1;
		s->table = t;
		s->out = calloc(1, OUT_BYTES);
		s->fd = accept(listener, NULL, NULL);
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (s->fd < 0 || !s->out || pthread_create(&thread, &attr, serve_one, s)) {
			free(s->out);
			free(s);
		}
	}
	return 0;
}
