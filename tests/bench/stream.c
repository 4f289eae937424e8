// SPDX-License-Identifier: Apache-2.0
/*
 * A TCP stream through the rig: a child reads what the bench sends, on the same CPU.
 *
 * Comes in: a pair of sockets. Goes out: bytes, and that they have been read. Called by bench.c.
 */
#include "rig.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK (256 * 1024)

static volatile uint64_t *drained;
static uint64_t sent;
static pid_t reader = -1;

static void read_all(int fd)
{
	static char sink[CHUNK];
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((n = recv(fd, sink, sizeof(sink), 0)) > 0)
		*drained += (uint64_t)n;
	_exit(0);
}

void stream_open(const struct pair *p)
{
	if (!drained)
		drained = mmap(NULL, sizeof(*drained), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (drained == MAP_FAILED)
		die("stream: mmap: %s", strerror(errno));
	*drained = sent = 0;
	reader = fork();
	if (!reader)
		read_all(p->server);
	if (reader < 0)
		die("stream: fork: %s", strerror(errno));
}

void stream_close(void)
{
	if (reader <= 0)
		return;
	kill(reader, SIGKILL);
	waitpid(reader, NULL, 0);
	reader = -1;
}

static void put(const struct pair *p, const void *data, size_t len)
{
	const char *at = data;

	sent += len;
	while (len) {
		ssize_t n = send(p->client, at, len, 0);

		if (n <= 0)
			die("stream: send: %s", strerror(errno));
		at += n;
		len -= (size_t)n;
	}
}

void stream_push(const struct pair *p, const void *head, size_t head_len, size_t body)
{
	static char zero[CHUNK];
	size_t n;

	put(p, head, head_len);
	for (; body; body -= n) {
		n = body < CHUNK ? body : CHUNK;
		put(p, zero, n);
	}
	while (*drained != sent)
		sched_yield();
}
