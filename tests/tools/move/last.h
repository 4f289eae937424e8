/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last answer: hundreds of connections, each with its own way of asking and of being answered,
 * that say what was executed and what was answered when the reset came.
 *
 * Comes in: what main (last.c) made of the command line; a file that server and clients both map,
 * with a row for each connection. Goes out: bytes, and what became of each in its row. Used by
 * tests/e2e/47-last-answer.sh and others.
 */
#ifndef TESTS_MOVE_LAST_H
#define TESTS_MOVE_LAST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define ROWS_MAX  1024
#define QUEUE	  1024 /* unanswered requests of a connection at most, a power of two */
#define BIG_BYTES (1200 * 1000)
#define MS	  1000000ULL

/* How the server writes an answer. */
enum way {
	WAY_WHOLE = 0,
	WAY_SIZE,   /* its size alone, then the rest */
	WAY_INSIDE, /* cut inside the size or the correlation id */
	WAY_LATE,   /* the last byte alone */
	WAY_BYTES,  /* each byte of size and correlation id alone */
	WAY_MERGED, /* all of the next 60 ms in one write */
	WAY_COUNT,
};

/* What a client asks for at a time, and when again. */
struct manner {
	const char *name;
	unsigned produce;  /* Produce requests, which must be answered */
	int fetch;	   /* a Fetch: -1 before them, 1 behind them */
	bool waits;	   /* until all is answered */
	unsigned every_ms; /* asks again after that long, from then or from the last answer on */
	unsigned poll_ms;  /* a Fetch is answered after that long, whatever the row's delay is */
	uint32_t big;	   /* bytes of the answer to a Fetch */
	bool commits;	   /* a member of a group on this connection: OffsetCommit, not Produce */
};
extern const struct manner manners[];
extern const unsigned manner_count;
extern const char *const way_words[WAY_COUNT];

enum outcome { OPEN = 0, RESET, CLOSED, BAD };

struct row {
	/* the plan */
	uint32_t manner, way, delay_ms, pause_ms;
	uint32_t inside;  /* WAY_INSIDE: bytes before the cut */
	uint32_t cut;	  /* requests: 0 whole, else cut behind that many bytes, see ask.c */
	uint32_t slow_ms; /* the client reads that late */
	/* the server's */
	_Atomic uint32_t executed;    /* requests that must be answered, read to their last byte */
	_Atomic uint64_t arrived_ns;  /* the latest one of these */
	_Atomic uint64_t last_gap_ns; /* the longest time between two of these, since the order */
	_Atomic uint64_t gap_ended_ns;
	uint64_t fetch_due_ns; /* when the Fetch that was open at the end would be answered, 0: none
				*/
	_Atomic uint32_t server_ended;
	/* the client's */
	uint32_t port;
	uint32_t answered; /* of those that must be, to the last byte */
	uint64_t answered_ns;
	uint64_t ended_ns;
	enum outcome outcome;
	uint32_t fetch_open; /* Fetches that were not answered */
};

struct table {
	uint32_t n;
	_Atomic uint64_t order_ns; /* when the move was ordered */
	struct row rows[ROWS_MAX];
};

uint64_t now_ns(void);
void put_be32(uint8_t *p, uint32_t v);
uint32_t get_be32(const uint8_t *p);

/* Bodies of the two processes. 0, or 1 if it could not begin. */
int serve(struct table *t, const struct sockaddr_in *at);
int ask(struct table *t, const struct sockaddr_in *at, const char *id);

extern volatile bool ends; /* SIGTERM came */

#endif
