// SPDX-License-Identifier: Apache-2.0
/*
 *   wire serve PORT
 *   wire open DEVICE SERVER:PORT FIRST-CLIENT CONNECTIONS SEED LOST EARLY TWICE HURT [PAUSE]
 *
 * `open`: so many connections through the TUN device; of a thousand segments LOST are dropped (and
 * sent again, as long as the server does not have them), EARLY come later than those behind them,
 * TWICE come twice, and before HURT of them comes a damaged copy, which TCP throws away for its
 * checksum or its ACK; its TOS says so to who captures. The last three requests of each are sent
 * whole and in order. PAUSE: so many ms between a connection's segments, of which every second one
 * ends where a request does, and many requests: time to park connections and to find them again.
 * Goes out: a line of JSON for each connection, then "wire: all sent"; stays
 * until it is killed. See wire.h.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE	  500 /* connections that are being opened or spoken on */
#define PORT0	  2048
#define PORTS	  50000 /* of each client address */
#define EARLY_MAX 3
#define PATIENCE  20 /* seconds without progress */

struct conn {
	struct said said;
	uint32_t client, isn, server_seq, acked; /* acked: an offset */
	uint16_t port;
	bool open, reset;
	uint32_t sent; /* up to where it was tried at least once */
	struct {
		uint32_t at, len;
	} late[EARLY_MAX]; /* to come after the next ones */
	int n_late;
};

static struct wire {
	int fd;
	uint32_t server, first, random, lost, early, twice, hurt, pause_ms;
	uint16_t server_port;
	struct conn *conns;
	uint32_t n;
	uint64_t segments, dropped, delayed, repeated, damaged;
} w;

static struct conn *conn_of(const struct segment *s)
{
	uint32_t nr = (s->client - w.first) * PORTS + s->client_port - PORT0;

	return s->client >= w.first && s->client_port >= PORT0 && nr < w.n ? &w.conns[nr] : NULL;
}

static void say(struct conn *c, uint8_t flags, uint32_t at, uint32_t len)
{
	struct segment s = {.client = c->client,
			    .server = w.server,
			    .client_port = c->port,
			    .server_port = w.server_port,
			    .seq = c->isn + (flags & TCP_SYN ? 0 : 1 + at),
			    .ack = c->server_seq,
			    .flags = flags,
			    .payload = c->said.p + at,
			    .len = len};

	while (wire_send(w.fd, &s))
		usleep(100);
	w.segments += len > 0;
}

/* The same, damaged where headers are. */
static void say_hurt(struct conn *c, uint32_t at, uint32_t len)
{
	static uint8_t bad[STREAM_MAX];
	struct segment s = {.client = c->client,
			    .server = w.server,
			    .client_port = c->port,
			    .server_port = w.server_port,
			    .seq = c->isn + 1 + at,
			    .ack = c->server_seq,
			    .flags = TCP_ACK | TCP_PSH,
			    .rejected = true,
			    .payload = bad,
			    .len = len};
	uint32_t n = 1 + said_random(&w.random, 4);

	memcpy(bad, c->said.p + at, len);
	while (n--)
		bad[said_random(&w.random, len < 60 ? len : 60)] ^= 1 + said_random(&w.random, 255);
	if (said_random(&w.random, 2))
		s.ack += 1 << 20; /* of what the server never sent */
	else
		s.sum_flip = 0x5555;
	while (wire_send(w.fd, &s))
		usleep(100);
	w.damaged++;
}

static void hear(void)
{
	struct segment s;
	struct conn *c;

	while (wire_recv(w.fd, &s)) {
		c = conn_of(&s);
		if (!c)
			continue;
		if (s.flags & TCP_RST)
			c->reset = true;
		if (s.flags & TCP_SYN && !c->open) {
			c->open = true;
			c->server_seq = s.seq + 1;
			say(c, TCP_ACK, 0, 0);
		} else if (s.flags & TCP_ACK && (int32_t)(s.ack - c->isn - 1 - c->acked) > 0) {
			c->acked = s.ack - c->isn - 1;
		}
	}
}

static void come_late(struct conn *c)
{
	int i;

	for (i = 0; i < c->n_late; i++)
		say(c, TCP_ACK | TCP_PSH, c->late[i].at, c->late[i].len);
	c->n_late = 0;
}

static uint32_t piece_size(void)
{
	switch (said_random(&w.random, 4)) {
	case 0: /* the size alone, or a few bytes */
		return said_random(&w.random, 2) ? 4 : 1 + said_random(&w.random, 30);
	case 1:
		return 1 + said_random(&w.random, 1448);
	case 2: /* merged on the way */
		return 1 + said_random(&w.random, 20000);
	default:
		return 1448;
	}
}

/* Up to the end of a request, at most a few further on. */
static uint32_t whole_requests(const struct conn *c)
{
	uint32_t end = c->sent + said_random(&w.random, 1000);
	int i;

	for (i = 0; i < c->said.n_requests; i++)
		if (c->said.requests[i].end > end)
			return c->said.requests[i].end - c->sent;
	return 1448;
}

static uint32_t next_size(const struct conn *c)
{
	uint32_t size;

	if (w.pause_ms && said_random(&w.random, 2))
		return whole_requests(c);
	size = piece_size();
	return w.pause_ms && size > 1448 ? 1448 : size;
}

/* One piece of a rough sea. */
static void speak_on(struct conn *c)
{
	uint32_t at = c->sent, len = next_size(c), dice = said_random(&w.random, 1000);

	if (len > c->said.calm - at)
		len = c->said.calm - at;
	c->sent += len;
	if (said_random(&w.random, 1000) < w.hurt)
		say_hurt(c, at, len);
	if (dice < w.lost) {
		w.dropped++;
		return;
	}
	if (dice < w.lost + w.early && c->n_late < EARLY_MAX) {
		c->late[c->n_late].at = at;
		c->late[c->n_late++].len = len;
		w.delayed++;
		return;
	}
	say(c, TCP_ACK | TCP_PSH, at, len);
	if (said_random(&w.random, 1000) < w.twice) {
		say(c, TCP_ACK | TCP_PSH, at, len);
		w.repeated++;
	}
	if (c->n_late && said_random(&w.random, 2))
		come_late(c);
}

/* True once the server has all up to `end`; else what it does not have is sent again. */
static bool has_all(struct conn *c, uint32_t end)
{
	uint32_t len = end - c->acked;

	if (c->acked >= end)
		return true;
	if (len > 1448)
		len = 1448;
	say(c, TCP_ACK | TCP_PSH, c->acked, len);
	return false;
}

static void die(const char *what)
{
	fprintf(stderr, "wire: %s\n", what);
	exit(1);
}

/* Until the server has everything up to `end` of each; TCP acknowledges after 40 ms at the latest.
 */
static void settle(struct conn *c, uint32_t n, bool calm)
{
	time_t end = time(NULL) + PATIENCE;
	uint32_t missing = 1, i;

	while (missing) {
		if (time(NULL) > end)
			die("the server does not take what is sent");
		usleep(45000);
		hear();
		for (i = missing = 0; i < n; i++)
			missing += !has_all(&c[i], calm ? c[i].said.n : c[i].said.calm);
	}
}

static void open_all(struct conn *c, uint32_t n)
{
	time_t end = time(NULL) + PATIENCE;
	uint32_t i, missing = n;

	for (i = 0; i < n; i++)
		say(&c[i], TCP_SYN, 0, 0);
	while (missing) {
		if (time(NULL) > end)
			die("the server does not answer");
		hear();
		for (i = missing = 0; i < n; i++)
			missing += !c[i].open;
	}
}

static void say_last(struct conn *c)
{
	int i;

	for (i = c->said.n_requests - 3; i < c->said.n_requests; i++)
		say(c, TCP_ACK | TCP_PSH, c->said.requests[i - 1].end,
		    c->said.requests[i].end - c->said.requests[i - 1].end);
}

/* Some connections from their opening to their last request, all at once. */
static void talk(struct conn *c, uint32_t n)
{
	uint32_t i, busy = n;

	open_all(c, n);
	while (busy) {
		for (i = busy = 0; i < n; i++) {
			if (c[i].sent >= c[i].said.calm)
				continue;
			speak_on(&c[i]);
			busy++;
		}
		hear();
		usleep(1000 * w.pause_ms);
	}
	for (i = 0; i < n; i++)
		come_late(&c[i]);
	settle(c, n, false);
	for (i = 0; i < n; i++)
		say_last(&c[i]);
	settle(c, n, true);
}

static void print(const struct conn *c)
{
	int i;

	printf("{\"client\":\"%u.%u.%u.%u:%u\",\"reset\":%s,\"isn\":%u,\"id\":", c->client >> 24,
	       c->client >> 16 & 255, c->client >> 8 & 255, c->client & 255, c->port,
	       c->reset ? "true" : "false", c->isn);
	if (c->said.id_len < 0)
		printf("null");
	else
		printf("\"%.*s\"", c->said.id_len, c->said.id);
	printf(",\"requests\":[");
	for (i = 0; i < c->said.n_requests; i++)
		printf("%s[%d,%d,%u,%u]", i ? "," : "", c->said.requests[i].key,
		       c->said.requests[i].version, c->said.requests[i].correlation_id,
		       c->said.requests[i].end);
	printf("]}\n");
}

static void begin(uint32_t nr)
{
	struct conn *c = &w.conns[nr];

	c->client = w.first + nr / PORTS;
	c->port = (uint16_t)(PORT0 + nr % PORTS);
	said_make(&c->said, nr, &w.random, w.pause_ms);
	c->isn = said_random(&w.random, 4) ? said_random(&w.random, 0xffffffff)
					   : 0u - said_random(&w.random, c->said.n);
}

int main(int argc, char **argv)
{
	char *colon = argc > 3 ? strchr(argv[3], ':') : NULL;
	uint32_t i;

	if (argc == 3 && !strcmp(argv[1], "serve"))
		return wire_serve((uint16_t)atoi(argv[2]));
	if ((argc != 11 && argc != 12) || strcmp(argv[1], "open") || !colon) {
		fprintf(stderr, "wire serve|open ...; the file's head has the rest\n");
		return 2;
	}
	*colon = '\0';
	w.server = ntohl(inet_addr(argv[3]));
	w.server_port = (uint16_t)atoi(colon + 1);
	w.first = ntohl(inet_addr(argv[4]));
	w.n = (uint32_t)atoi(argv[5]);
	w.random = (uint32_t)atoi(argv[6]) * 2654435761u | 1;
	w.lost = (uint32_t)atoi(argv[7]);
	w.early = (uint32_t)atoi(argv[8]);
	w.twice = (uint32_t)atoi(argv[9]);
	w.hurt = (uint32_t)atoi(argv[10]);
	w.pause_ms = argc > 11 ? (uint32_t)atoi(argv[11]) : 0;
	w.conns = calloc(w.n, sizeof(*w.conns));
	w.fd = wire_open(argv[2]);
	if (w.fd < 0 || !w.conns)
		return 1;
	for (i = 0; i < w.n; i++)
		begin(i);
	for (i = 0; i < w.n; i += AT_ONCE)
		talk(w.conns + i, w.n - i < AT_ONCE ? w.n - i : AT_ONCE);
	for (i = 0; i < w.n; i++)
		print(&w.conns[i]);
	printf("wire: all sent: %lu segments, %lu dropped, %lu late, %lu twice, %lu damaged\n",
	       w.segments, w.dropped, w.delayed, w.repeated, w.damaged);
	fflush(stdout);
	pause();
	return 0;
}
