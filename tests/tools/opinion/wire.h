/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients without sockets: they write TCP segments of their own into a TUN device, so that a test
 * decides which segment is lost, repeated, comes early, is cut or merged. What they talk to is a
 * real socket in the same network namespace.
 *
 * Comes in: the command line (wire.c). Goes out: packets, and as a line each what was said on every
 * connection. Called by tests/tools/opinion.
 */
#ifndef TESTS_OPINION_WIRE_H
#define TESTS_OPINION_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_MAX   60000 /* fits the first receive window of 64 KB */
#define REQUESTS_MAX 160
#define ID_MAX	     400

struct said_request {
	int16_t key, version;
	uint32_t correlation_id;
	uint32_t end; /* offset behind it */
};

/* What one client says. */
struct said {
	uint8_t *p;
	uint32_t n;
	uint32_t calm; /* from this offset on the network is kind */
	struct said_request requests[REQUESTS_MAX];
	int n_requests;
	uint8_t id[ID_MAX];
	int id_len; /* -1: null */
};

/* said.c */
uint32_t said_random(uint32_t *state, uint32_t below);
/* `many`: at least as many small requests as are read before a connection is parked, and as many
 * again. */
void said_make(struct said *s, uint32_t nr, uint32_t *random, bool many);

/* ip.c */
struct segment {
	uint32_t client, server; /* IPv4, host order */
	uint16_t client_port, server_port;
	uint32_t seq, ack;
	uint8_t flags; /* TCP's */
	bool rejected; /* TCP will throw it away: its TOS is WIRE_TOS */
	uint16_t sum_flip;
	const uint8_t *payload;
	size_t len;
};
#define WIRE_TOS 4
#define TCP_SYN	 0x02
#define TCP_RST	 0x04
#define TCP_PSH	 0x08
#define TCP_ACK	 0x10

int wire_open(const char *device);
int wire_send(int fd, const struct segment *s);
/* One packet of the server's, if there is one: 1, else 0. */
int wire_recv(int fd, struct segment *ret);

/* serve.c: accepts and reads without a word, until it is killed */
int wire_serve(uint16_t port);

#endif
