/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crowd: many Kafka-looking connections, and the server they are open to.
 *
 * Comes in: what main (crowd.c) read from the command line. Goes out: connections and bytes, and
 * figures in memory that all workers share. One process serves or opens at most CONNS_MAX of them.
 */
#ifndef TESTS_LOAD_CROWD_H
#define TESTS_LOAD_CROWD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CONNS_MAX   19000 /* a process may have 20,000 descriptors */
#define WORKERS_MAX 64
#define SAID_MAX    4096 /* bytes of one request, or of what stands for one */
#define ANSWER	    32	 /* bytes of every answer */

/* One worker's; the parent adds them up. */
struct figures {
	uint64_t opened, closed, failed, sent, answered;
};

/* What a connection says. */
enum manner {
	MANNER_KAFKA = 0, /* the requests asked for, then silence or one an interval */
	MANNER_SILENT,
	MANNER_NOISE,	 /* random bytes */
	MANNER_LENGTHS,	 /* requests whose length is negative, 2^31-1, 0, one short, one long */
	MANNER_SLOW,	 /* a valid request, a byte an interval */
	MANNER_ESCAPES,	 /* ids with terminal escapes, newlines, invalid UTF-8 */
	MANNER_SMUGGLED, /* requests of somebody else, each in a segment, inside a large Produce */
	MANNER_COUNT,
};

struct crowd {
	struct sockaddr_in at;	 /* the server's address */
	struct sockaddr_in from; /* the first of `sources` consecutive client addresses */
	uint32_t sources;
	uint32_t n;	   /* connections in all */
	uint32_t keep;	   /* churn: the last of them stay open */
	uint32_t rate;	   /* churn: opened a second in all; 0: all at once, to stay */
	uint32_t every_ms; /* each says something that often; 0: never again */
	uint32_t workers;
	const char *id;	     /* client.id; one %u becomes the connection's number */
	const int *requests; /* api keys of the first requests, -1 ends */
	enum manner manner;
	bool split;		 /* the size of each request is sent alone */
	struct figures *figures; /* [workers], shared */
};

/* Bodies of the workers; they return when SIGTERM came. */
void crowd_serve(const struct crowd *c, uint32_t worker, int listener);
void crowd_open(const struct crowd *c, uint32_t worker);

/* said.c: request number `step` of connection `nr`. Returns its length, at most SAID_MAX. */
size_t said_request(uint8_t *p, const char *id, int key, uint32_t correlation_id);
size_t said_hostile(uint8_t *p, enum manner m, const char *id, uint32_t nr, uint32_t step);
int said_manner(const char *word);

extern volatile bool crowd_ends;

#endif
