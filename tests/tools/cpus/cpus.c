// SPDX-License-Identifier: Apache-2.0
/*
 * Clients whose bytes come to the segment program on two CPUs at once. Over loopback a segment is
 * received on the CPU that sends it.
 *
 * raw    two threads, a CPU each, send the segments of one connection by a raw socket, every other
 *        one each, as fast as they can, but neither is more than RAW_AHEAD in front of the other
 * plain  PLAIN_THREADS clients, each of which sends by an ordinary socket, and is moved to the
 * other CPU by the kernel between one piece and the next
 *
 * Comes in: raw or plain, address, port, connections, and pieces: requests are sent in pieces of 1
 * to that many bytes. Goes out: the connections, whose client.id is "cpus-NUMBER,warpstream_az=b";
 * each says ApiVersions and Metadata, which a listener of its own reads and does not answer. When
 * all have been said, and TCP has all bytes, one line on stdout says how many; they stay open until
 * stdin ends. Run by tests/e2e/36-two-cpus.sh.
 */
#include <arpa/inet.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

#define PLAIN_THREADS 4
#define RAW_AHEAD     6 /* pieces of its own; together fewer than are kept (RZ_EARLY_MAX) */

struct conn {
	int fd;
	struct sockaddr_in from;
	uint32_t seq, ack, len;
	uint8_t bytes[512];
};

static struct sockaddr_in at;
static unsigned n, pieces;
static atomic_ulong heard, said;
static atomic_uint sent[N_CPUS], next_nr;
static cpu_set_t cpus[N_CPUS];

/* A header of version 1 and `body` bytes of 0xff behind it. */
static size_t request(uint8_t *p, int key, uint32_t correlation_id, const char *id, size_t body)
{
	size_t len = strlen(id);
	uint8_t *q = put(p, (uint32_t)(10 + len + body), 4);

	q = put(q, (uint32_t)key, 2);
	q = put(q, key == 3, 2);
	q = put(q, correlation_id, 4);
	q = put(q, (uint32_t)len, 2);
	memcpy(q, id, len);
	memset(q + len, 0xff, body);
	return (size_t)(q - p) + len + body;
}

static uint32_t add16(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

/* A TCP segment from socket `c` (its numbers are those after the handshake). */
static size_t segment(uint8_t *p, const struct conn *c, uint32_t off, uint32_t len)
{
	struct iphdr *ip = (struct iphdr *)p;
	struct tcphdr *tcp = (struct tcphdr *)(ip + 1);
	uint32_t sum = IPPROTO_TCP + (uint32_t)sizeof(*tcp) + len;

	memset(p, 0, sizeof(*ip) + sizeof(*tcp));
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = IPPROTO_TCP;
	ip->saddr = c->from.sin_addr.s_addr;
	ip->daddr = at.sin_addr.s_addr;
	ip->tot_len = htons((uint16_t)(sizeof(*ip) + sizeof(*tcp) + len));
	tcp->source = c->from.sin_port;
	tcp->dest = at.sin_port;
	tcp->seq = htonl(c->seq + off);
	tcp->ack_seq = htonl(c->ack);
	tcp->ack = tcp->psh = 1;
	tcp->doff = 5;
	tcp->window = htons(1000);
	memcpy(tcp + 1, c->bytes + off, len);
	sum = add16(sum, &ip->saddr, 8);
	sum = add16(sum, tcp, sizeof(*tcp) + len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	tcp->check = htons((uint16_t)~sum);
	return sizeof(*ip) + sizeof(*tcp) + len;
}

/* Both senders have come here. */
static void meet(void)
{
	static atomic_uint here;
	unsigned round = atomic_fetch_add(&here, 1) / N_CPUS;

	while (atomic_load(&here) < (round + 1) * N_CPUS)
		sched_yield();
}

static uint32_t queue_seq(int fd, int queue)
{
	uint32_t seq = 0;
	socklen_t len = sizeof(seq);

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) ||
	    getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &seq, &len))
		die("cpus: TCP_QUEUE_SEQ");
	return seq;
}

static void say(struct conn *c, unsigned nr)
{
	char id[64];

	snprintf(id, sizeof(id), "cpus-%u,warpstream_az=b", nr % 100);
	c->len = (uint32_t)request(c->bytes, 18, 1, id, 0);
	c->len += (uint32_t)request(c->bytes + c->len, 3, 2, id, 4);
	atomic_fetch_add(&said, c->len);
}

/* The kernel's client shakes hands, and then says nothing more by itself. */
static void open_next(struct conn *c, unsigned nr)
{
	socklen_t len = sizeof(c->from);
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(c->fd, (struct sockaddr *)&c->from, &len) ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)))
		die("cpus: connect");
	c->ack = queue_seq(c->fd, TCP_RECV_QUEUE);
	c->seq = queue_seq(c->fd, TCP_SEND_QUEUE);
	say(c, nr);
}

static void *plain_sender(void *arg)
{
	unsigned random = (unsigned)(uintptr_t)arg + 1, nr;
	struct conn c;
	uint32_t i, piece;
	int on = 1;

	while ((nr = atomic_fetch_add(&next_nr, 1)) < n) {
		c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (c.fd < 0 || connect(c.fd, (struct sockaddr *)&at, sizeof(at)) ||
		    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
			die("cpus: connect");
		say(&c, nr);
		for (i = 0; i < c.len; i += piece) {
			piece = 1 + (unsigned)rand_r(&random) % pieces;
			if (piece > c.len - i)
				piece = c.len - i;
			if (rand_r(&random) % 3 == 0)
				sched_yield();
			if (send(c.fd, c.bytes + i, piece, 0) != (ssize_t)piece)
				die("cpus: send");
		}
	}
	return NULL;
}

static void *raw_sender(void *arg)
{
	static struct conn c;
	unsigned me = (unsigned)(uintptr_t)arg, nr, turn;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = at.sin_addr};
	int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	unsigned random = 1;
	uint8_t packet[512];
	uint32_t i, piece;
	size_t len;

	if (raw < 0 || sched_setaffinity(0, sizeof(cpus[me]), &cpus[me]))
		die("cpus: raw socket");
	for (nr = 0; nr < n; nr++) {
		if (!me)
			open_next(&c, nr);
		atomic_store(&sent[me], 0);
		meet();
		for (i = 0, turn = 0; i < c.len; i += piece, turn++) {
			piece = 1 + (unsigned)rand_r(&random) % pieces; /* both draw the same */
			if (piece > c.len - i)
				piece = c.len - i;
			if (turn % N_CPUS != me)
				continue;
			len = segment(packet, &c, i, piece);
			if (sendto(raw, packet, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
				die("cpus: send");
			atomic_fetch_add(&sent[me], 1);
			while (atomic_load(&sent[me]) > atomic_load(&sent[!me]) + RAW_AHEAD)
				sched_yield();
		}
		atomic_store(&sent[me], UINT32_MAX / 2);
		meet();
	}
	return NULL;
}

static void *listener(void *arg)
{
	struct epoll_event ev[64], add = {.events = EPOLLIN};
	int ls = *(int *)arg, ep = epoll_create1(EPOLL_CLOEXEC), k, i, fd;
	char sink[4096];
	ssize_t got;

	add.data.fd = ls;
	epoll_ctl(ep, EPOLL_CTL_ADD, ls, &add);
	for (;;) {
		k = epoll_wait(ep, ev, 64, -1);
		for (i = 0; i < k; i++) {
			fd = ev[i].data.fd;
			if (fd != ls) {
				got = recv(fd, sink, sizeof(sink), MSG_DONTWAIT);
				if (got > 0)
					atomic_fetch_add(&heard, (unsigned long)got);
				continue;
			}
			add.data.fd = accept(ls, NULL, NULL);
			if (add.data.fd < 0)
				die("cpus: accept");
			epoll_ctl(ep, EPOLL_CTL_ADD, add.data.fd, &add);
		}
	}
	return NULL;
}

/* The first N_CPUS that this process may run on; false if there are not so many. */
static int choose_cpus(void)
{
	cpu_set_t all;
	int cpu, k = 0;

	sched_getaffinity(0, sizeof(all), &all);
	for (cpu = 0; cpu < CPU_SETSIZE && k < N_CPUS; cpu++)
		if (CPU_ISSET(cpu, &all)) {
			CPU_ZERO(&cpus[k]);
			CPU_SET(cpu, &cpus[k++]);
		}
	return k == N_CPUS;
}

int main(int argc, char **argv)
{
	pthread_t t[PLAIN_THREADS], l;
	struct rlimit files;
	int ls, on = 1, i, threads;
	bool raw;

	if (argc != 6 || inet_pton(AF_INET, argv[2], &at.sin_addr) != 1) {
		fprintf(stderr, "usage: cpus raw|plain ADDRESS PORT CONNECTIONS PIECE\n");
		return 2;
	}
	raw = !strcmp(argv[1], "raw");
	threads = raw ? N_CPUS : PLAIN_THREADS;
	at.sin_family = AF_INET;
	at.sin_port = htons((uint16_t)atoi(argv[3]));
	n = (unsigned)atoi(argv[4]);
	pieces = (unsigned)atoi(argv[5]);
	if (!choose_cpus()) {
		printf("skip: one CPU\n");
		return 0;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max = 2 * n + 100;
	if (setrlimit(RLIMIT_NOFILE, &files))
		die("cpus: open files");
	ls = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ls < 0 || bind(ls, (struct sockaddr *)&at, sizeof(at)) || listen(ls, 1024))
		die("cpus: listen");
	pthread_create(&l, NULL, listener, &ls);
	for (i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, raw ? raw_sender : plain_sender, (void *)(uintptr_t)i);
	for (i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	while (atomic_load(&heard) < atomic_load(&said))
		usleep(1000);
	printf("said %u\n", n);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
