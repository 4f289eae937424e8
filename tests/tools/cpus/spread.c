// SPDX-License-Identifier: Apache-2.0
/*
 * One ordinary TCP connection after the other, whose segments come in on two CPUs: before each
 * request the sender writes into rps_cpus (Documentation/networking/scaling.rst) to which CPU, by
 * chance, the receiving device hands the next packet. Nothing is forged: the sender's kernel sends,
 * numbers and repeats the segments, the listener's kernel puts them in order.
 *
 * Comes in: address and port to listen on, in this network namespace; that of the clients, the
 * receiving device ("-": nothing is written), how many connections, and how many requests each
 * says. Goes out: the connections, whose client.id is "spread,warpstream_az=b". A request is a
 * Produce with acks=1 or a Fetch; its correlation_id is its number, and its segment is its own
 * (MSG_EOR). The listener expects each number once and in order, and answers with it; the sender
 * expects the same of the answers. One line says what came. The connections stay open until stdin
 * ends. Run by tests/e2e/36-two-cpus-fast.sh.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

#define ID	  "spread,warpstream_az=b"
#define FIRST	  40 /* requests, until rezone knows the client and its work */
/* Requests that are not answered yet, at most. A CPU may stop, or the listener have the socket's
 * lock, between the segment program and TCP; a copy of the segment that comes meanwhile brings the
 * frame back by as many requests as were read since, which is remembered of this many
 * (RZ_UNDO_DEPTH). */
#define IN_FLIGHT 8
#define GAP_NS	  6000

/* One connection, as both ends see it. */
struct ends {
	int client, server;
	uint32_t requests;
	atomic_uint answered;
	uint32_t heard, wrong; /* by the listener: requests; not the next one */
	bool mistaken;	       /* an answer that was not the next one, or none */
};

static char cpus[N_CPUS][16]; /* each as a mask */
static int rps;

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A header of version 1, no transaction, acks=1, and `more` bytes that nobody reads. */
static size_t request(uint8_t *p, bool produce, uint32_t nr, uint32_t more)
{
	static const uint8_t acks1[] = {0xff, 0xff, 0, 1, 0, 0, 0x75, 0x30};
	uint32_t id_len = sizeof(ID) - 1, body = (uint32_t)sizeof(acks1) + more;
	uint8_t *q = put(p, 10 + id_len + body, 4);

	q = put(q, produce ? 0 : 1, 2);
	q = put(q, produce ? 7 : 4, 2);
	q = put(q, nr, 4);
	q = put(q, id_len, 2);
	memcpy(q, ID, id_len);
	memcpy(q + id_len, acks1, sizeof(acks1));
	memset(q + id_len + sizeof(acks1), 'x', more);
	return (size_t)(q - p) + id_len + body;
}

static bool read_all(int fd, uint8_t *p, size_t n)
{
	ssize_t got;

	for (; n; n -= (size_t)got, p += got) {
		got = recv(fd, p, n, 0);
		if (got <= 0)
			return false;
	}
	return true;
}

static void *listen_to(void *arg)
{
	struct ends *e = arg;
	uint8_t r[4096], answer[8];
	uint32_t size;

	while (e->heard < e->requests && read_all(e->server, r, 4)) {
		size = get32(r);
		if (size < 10 || size > sizeof(r) || !read_all(e->server, r, size))
			break;
		e->wrong += get32(r + 4) != e->heard;
		e->heard++;
		put(put(answer, 4, 4), get32(r + 4), 4);
		if (send(e->server, answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer))
			break;
	}
	return NULL;
}

static void *hear_answers(void *arg)
{
	struct ends *e = arg;
	uint8_t answer[8];
	uint32_t nr;

	for (nr = 0; nr < e->requests && !e->mistaken; nr++) {
		e->mistaken = !read_all(e->client, answer, sizeof(answer)) || get32(answer) != 4 ||
			      get32(answer + 4) != nr;
		atomic_store(&e->answered, nr + 1);
	}
	return NULL;
}

static void spin(uint32_t ns)
{
	struct timespec t;
	uint64_t end = 0, now;

	do {
		clock_gettime(CLOCK_MONOTONIC, &t);
		now = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
		end = end ? end : now + ns;
	} while (now < end);
}

static void say(struct ends *e)
{
	unsigned random = (unsigned)e->client;
	uint8_t r[512];
	uint32_t nr;
	size_t n;

	for (nr = 0; nr < e->requests; nr++) {
		const char *cpu = cpus[(unsigned)rand_r(&random) % N_CPUS];

		/* user space reads the client.id and the zone in it meanwhile */
		if (nr == FIRST)
			usleep(500 * 1000);
		while (nr >= atomic_load(&e->answered) + IN_FLIGHT)
			sched_yield();
		n = request(r, nr % 4 != 3, nr, (uint32_t)rand_r(&random) % 100);
		if (rps >= 0 && pwrite(rps, cpu, strlen(cpu), 0) < 0)
			die("spread: rps_cpus");
		if (send(e->client, r, n, MSG_EOR | MSG_NOSIGNAL) != (ssize_t)n)
			die("spread: send");
		spin((uint32_t)rand_r(&random) % GAP_NS);
	}
}

/* The first CPUs that this process may run on. */
static bool choose_cpus(void)
{
	cpu_set_t all;
	int cpu, k = 0;

	sched_getaffinity(0, sizeof(all), &all);
	for (cpu = 0; cpu < 32 && k < N_CPUS; cpu++)
		if (CPU_ISSET(cpu, &all))
			snprintf(cpus[k++], sizeof(cpus[0]), "%x", 1u << cpu);
	return k == N_CPUS;
}

static int open_listener(const struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (const struct sockaddr *)at, sizeof(*at)) || listen(fd, 16))
		die("spread: listen");
	return fd;
}

static void run(struct ends *e, int listener, const struct sockaddr_in *at)
{
	pthread_t hears, listens;
	int on = 1;

	e->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (e->client < 0 || connect(e->client, (const struct sockaddr *)at, sizeof(*at)) ||
	    setsockopt(e->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		die("spread: connect");
	e->server = accept(listener, NULL, NULL);
	if (e->server < 0)
		die("spread: accept");
	setsockopt(e->server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	pthread_create(&listens, NULL, listen_to, e);
	pthread_create(&hears, NULL, hear_answers, e);
	say(e);
	pthread_join(hears, NULL);
	pthread_join(listens, NULL);
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	uint32_t i, n, heard = 0, wrong = 0, mistaken = 0;
	struct ends *ends;
	char path[128];
	int listener, ns;

	if (argc != 7 || inet_pton(AF_INET, argv[1], &at.sin_addr) != 1) {
		fprintf(stderr,
			"usage: spread ADDRESS PORT CLIENT-NETNS DEVICE CONNECTIONS REQUESTS\n");
		return 2;
	}
	at.sin_port = htons((uint16_t)atoi(argv[2]));
	n = (uint32_t)atoi(argv[5]);
	if (!choose_cpus()) {
		printf("skip: one CPU\n");
		return 0;
	}
	snprintf(path, sizeof(path), "/sys/class/net/%s/queues/rx-0/rps_cpus", argv[4]);
	rps = strcmp(argv[4], "-") ? open(path, O_WRONLY | O_CLOEXEC) : -1;
	if (rps < 0 && strcmp(argv[4], "-"))
		die("spread: rps_cpus");
	listener = open_listener(&at);
	ns = open(argv[3], O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		die("spread: the clients' namespace");
	ends = calloc(n, sizeof(*ends));
	if (!ends)
		die("spread");
	for (i = 0; i < n; i++) {
		ends[i].requests = (uint32_t)atoi(argv[6]);
		run(&ends[i], listener, &at);
		heard += ends[i].heard;
		wrong += ends[i].wrong;
		mistaken += ends[i].mistaken;
	}
	printf("heard %u wrong %u mistaken %u\n", heard, wrong, mistaken);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
