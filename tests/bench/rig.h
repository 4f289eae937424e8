/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rig that segments are sent through: sockets over loopback, the server's side in a cgroup of
 * its own, one thread for both ends. A send runs the whole way to the other socket before it
 * returns (loopback is a softirq of the sender), so nothing waits and nobody is woken: what is
 * measured is the kernel's work for a segment, and the program's.
 *
 * Comes in: a cgroup. Goes out: pairs of connected sockets, and times. Called by
 * tests/bench/bench.c.
 */
#ifndef TESTS_BENCH_RIG_H
#define TESTS_BENCH_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_PORT    9092 /* the program's */
#define BENCH_FOREIGN 9093

struct rig {
	int cgroup_fd;
	int listen_kafka, listen_foreign;
};

struct pair {
	int client, server;
};

/* The listeners are made inside `cgroup`, the thread is not: of each pair only the accepted end is
 * below it. All fail by ending the program with a message. */
void rig_open(struct rig *r, const char *cgroup);
struct pair rig_connect(const struct rig *r, uint16_t port);
/* Ends by a reset, so that nothing stays in TIME_WAIT. */
void rig_close(struct pair *p);

/* One segment to the server, read there; and one back. */
void rig_send(const struct pair *p, const void *data, size_t len);
void rig_answer(const struct pair *p, const void *data, size_t len);

/* A request of `key`, version 7, with this body behind the header. Returns its length on the wire.
 */
size_t rig_request_of(uint8_t *p, int key, uint32_t correlation_id, const char *id,
		      const void *body, size_t len);
/* ... of zeros */
size_t rig_request(uint8_t *p, int key, uint32_t correlation_id, const char *id, size_t body);

/* stream.c: a child reads all that comes to p->server. stream_push() returns when it has read
 * `head` and `body` zero bytes behind it. */
void stream_open(const struct pair *p);
void stream_push(const struct pair *p, const void *head, size_t head_len, size_t body);
void stream_close(void);

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Sorts. `q` in quarters: 2 is the median. */
double quartile(double *v, size_t n, int q);

#endif
