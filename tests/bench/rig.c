// SPDX-License-Identifier: Apache-2.0
/* Sockets and times, see rig.h. */
#include "rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* The thread's own cgroup v2, as a path below `root`. */
static void own_cgroup(char *path, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/cgroup", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "0::", 3))
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(path, size, "%s", line + 3);
		return;
	}
	die("rig: no cgroup v2 in /proc/self/cgroup");
}

static void enter_cgroup(const char *path)
{
	char procs[1200];
	int fd;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die("rig: %s: %s", procs, strerror(errno));
	close(fd);
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 4096))
		die("rig: port %u: %s", port, strerror(errno));
	return fd;
}

void rig_open(struct rig *r, const char *cgroup)
{
	char own[512], home[1100];
	const char *slash = strrchr(cgroup, '/');

	own_cgroup(own, sizeof(own));
	/* the bench's cgroup lies directly below the mount: tests/bench/run makes it there */
	snprintf(home, sizeof(home), "%.*s%s", slash ? (int)(slash - cgroup) : 0, cgroup, own);
	r->cgroup_fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->cgroup_fd < 0)
		die("rig: %s: %s", cgroup, strerror(errno));
	enter_cgroup(cgroup);
	r->listen_kafka = listen_on(BENCH_PORT);
	r->listen_foreign = listen_on(BENCH_FOREIGN);
	enter_cgroup(home);
}

struct pair rig_connect(const struct rig *r, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct linger reset = {.l_onoff = 1};
	struct pair p;
	int on = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p.client < 0 || connect(p.client, (struct sockaddr *)&a, sizeof(a)))
		die("rig: connect: %s", strerror(errno));
	p.server = accept(port == BENCH_PORT ? r->listen_kafka : r->listen_foreign, NULL, NULL);
	if (p.server < 0)
		die("rig: accept: %s", strerror(errno));
	setsockopt(p.client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(p.server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(p.client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return p;
}

void rig_close(struct pair *p)
{
	close(p->client);
	close(p->server);
	p->client = p->server = -1;
}

static void move(int from, int to, const void *data, size_t len)
{
	static uint8_t sink[65536];
	ssize_t n = send(from, data, len, 0);

	if (n != (ssize_t)len)
		die("rig: send: %s", strerror(errno));
	while (n > 0) {
		ssize_t got = recv(to, sink, sizeof(sink), 0);

		if (got <= 0)
			die("rig: recv: %s", strerror(errno));
		n -= got;
	}
}

void rig_send(const struct pair *p, const void *data, size_t len)
{
	move(p->client, p->server, data, len);
}

void rig_answer(const struct pair *p, const void *data, size_t len)
{
	move(p->server, p->client, data, len);
}

size_t rig_request_of(uint8_t *p, int key, uint32_t correlation_id, const char *id,
		      const void *body, size_t len)
{
	size_t head = rig_request(p, key, correlation_id, id, len) - len;

	memcpy(p + head, body, len);
	return head + len;
}

size_t rig_request(uint8_t *p, int key, uint32_t correlation_id, const char *id, size_t body)
{
	size_t id_len = strlen(id);
	uint32_t size = htonl(10 + id_len + body), corr = htonl(correlation_id);
	uint16_t be_key = htons(key), version = htons(7), be_len = htons(id_len);

	memcpy(p, &size, 4);
	memcpy(p + 4, &be_key, 2);
	memcpy(p + 6, &version, 2);
	memcpy(p + 8, &corr, 4);
	memcpy(p + 12, &be_len, 2);
	memcpy(p + 14, id, id_len);
	memset(p + 14 + id_len, 0, body);
	return 14 + id_len + body;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double quartile(double *v, size_t n, int q)
{
	qsort(v, n, sizeof(*v), order);
	return n ? v[(n - 1) * (size_t)q / 4] : 0;
}
