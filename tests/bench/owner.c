// SPDX-License-Identifier: Apache-2.0
/*
 * What it costs to find whose descriptor a connection is (user/kern/owner.c), by the number of
 * descriptors that the agents have open. Before a FIN it is done once for all moves of a tick.
 *
 *	build/bench/owner [DESCRIPTORS...]
 *
 * Comes in: numbers of descriptors (default 1,000 to 100,000). Goes out: a line each: the median of
 * nine searches for ten connections of the process that is looked at last, in milliseconds of this
 *thread's CPU. In a network namespace of its own; needs root.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "enter/owner.h"
#include "kern/destroy.h"

#define CONNS  10
#define ROUNDS 9
#define PER_PROCESS \
	18000 /* below the limit of descriptors that a process without CAP_SYS_RESOURCE has */

static void die(const char *what)
{
	fprintf(stderr, "owner: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A process that has so many sockets open, and the open ones of this process if it is to keep them,
 * until it is ended. */
static pid_t holder(size_t n, bool keeps)
{
	int ready[2], fd;
	char byte;
	pid_t pid;

	if (pipe(ready))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (fd = 3; fd < 256 && !keeps; fd++)
			if (fd != ready[1])
				close(fd);
		while (n--)
			if (socket(AF_INET, SOCK_STREAM, 0) < 0)
				die("socket");
		if (write(ready[1], "", 1) != 1)
			die("write");
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		exit(1); /* it has said why */
	close(ready[0]);
	return pid;
}

/* A connection; ends[0] is the client's, ends[1] the agent's. */
static struct rz_enter_socket connect_one(int listener, const struct sockaddr_in *at, int ends[2])
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct rz_enter_socket ret = {0};
	socklen_t size = sizeof(ret.cookie);
	int c = socket(AF_INET, SOCK_STREAM, 0), s;

	if (c < 0 || connect(c, (const struct sockaddr *)at, sizeof(*at)))
		die("connect");
	s = accept(listener, (struct sockaddr *)&from, &len);
	if (s < 0 || getsockopt(s, SOL_SOCKET, SO_COOKIE, &ret.cookie, &size))
		die("accept");
	/* IPv4 as it stands in the maps: mapped */
	memset(ret.tuple.client_addr + 10, 0xff, 2);
	memset(ret.tuple.agent_addr + 10, 0xff, 2);
	memcpy(ret.tuple.client_addr + 12, &from.sin_addr, 4);
	memcpy(ret.tuple.agent_addr + 12, &at->sin_addr, 4);
	ret.tuple.client_port = ntohs(from.sin_port);
	ret.tuple.agent_port = ntohs(at->sin_port);
	ends[0] = c;
	ends[1] = s;
	return ret;
}

static void measure(int listener, const struct sockaddr_in *at, uint32_t netns, size_t n)
{
	size_t held = (n + PER_PROCESS - 1) / PER_PROCESS, i, found = 0;
	pid_t *pids = calloc(held + 1, sizeof(*pids));
	struct rz_enter_socket rows[CONNS];
	int ends[CONNS][2];
	double ms[ROUNDS];
	int nl = rz_destroy_open();

	if (!pids || nl < 0)
		die("calloc");
	for (i = 0; i < CONNS; i++)
		rows[i] = connect_one(listener, at, ends[i]);
	for (i = 0; i < held; i++)
		pids[i] = holder(i + 1 < held ? PER_PROCESS : n - i * PER_PROCESS, false);
	pids[held] = holder(0, true);
	for (i = 0; i < CONNS; i++)
		close(ends[i][1]);
	for (i = 0; i < ROUNDS; i++) {
		double was = cpu_ms();

		rz_owner_find(nl, netns, rows, CONNS);
		ms[i] = cpu_ms() - was;
	}
	for (i = 0; i < CONNS; i++) {
		found += rows[i].pid == pids[held];
		close(ends[i][0]);
	}
	qsort(ms, ROUNDS, sizeof(ms[0]), by_size);
	printf("%8zu descriptors in %zu processes: %7.2f ms, %zu of %d found\n", n, held,
	       ms[ROUNDS / 2], found, CONNS);
	fflush(stdout);
	for (i = 0; i <= held; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	free(pids);
	close(nl);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {1000, 10000, 30000, 100000};
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct rlimit files = {PER_PROCESS + 100, PER_PROCESS + 100};
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	socklen_t len = sizeof(at);
	int listener;
	struct stat st;
	size_t i;

	if (unshare(CLONE_NEWNET))
		die("a network namespace cannot be made");
	setrlimit(RLIMIT_NOFILE, &files);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || ioctl(listener, SIOCSIFFLAGS, &lo) ||
	    bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, CONNS) ||
	    getsockname(listener, (struct sockaddr *)&at, &len) || stat("/proc/self/ns/net", &st))
		die("listen");
	for (i = 1; i < (size_t)argc; i++)
		measure(listener, &at, (uint32_t)st.st_ino, strtoul(argv[i], NULL, 10));
	for (i = 0; argc < 2 && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		measure(listener, &at, (uint32_t)st.st_ino, sizes[i]);
	return 0;
}
