/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection that is being moved, with all that the move cannot see: which requests the agent
 * has got, which responses the client has. world.c lets it live and reports of it what BPF and TCP
 * would; main.c lets the product wait and close, and asks the naive rule (rule.c).
 *
 * Places in the two byte streams count from 0; what is reported is `base` more, modulo 2^32, so
 * that sequence numbers come round in some worlds.
 */
#ifndef TESTS_MODEL_WAIT_WORLD_H
#define TESTS_MODEL_WAIT_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "move/wait.h"
#include "rezone/responses.h"

#define MS_NS	 1000000ULL
#define REQUESTS 48
#define HEAD	 10 /* bytes of a request that must have come before it is read */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum kind { MUST, REPEATABLE, NO_RESPONSE };

struct request {
	uint32_t begin, end; /* in the client's stream */
	enum kind kind;
	uint32_t number;  /* as rezone counts it, 0: it was not read */
	bool noted;	  /* ... while responses were watched */
	uint32_t out_end; /* of its response in the agent's stream, once that is begun */
	uint64_t out_ns;  /* when its last byte was sent, 0: not yet */
};

struct world {
	uint64_t noise, now_ns, begun_ns;
	bool listened; /* its responses had been followed before the move began */
	uint32_t base;
	/* what the move is told to do */
	struct rz_plan plan;
	struct rz_wait_limits l;
	struct rz_wait w;
	/* the client */
	struct request req[REQUESTS];
	uint32_t n, written, sent; /* `sent`: also what was dropped */
	uint32_t pace;		   /* per cent: how busy it is */
	uint64_t apart_ns;	   /* not 0: it writes one at a time, no sooner than that */
	uint64_t wrote_ns;	   /* ... and has written the latest then */
	uint32_t loss;		   /* per cent: segments that do not get as far as rezone */
	/* the way to the agent: rezone has passed bytes on, TCP has accepted them, the agent has
	 * read them. Bytes from early_begin to early_end came out of order. */
	uint32_t passed, tcp, agent, early_begin, early_end;
	uint64_t passed_ns;
	bool thrown;	      /* TCP threw away what lies between tcp and passed */
	uint32_t next;	      /* the first request that rezone has not read */
	bool lost;	      /* ... whose place it has lost */
	uint32_t dropped_end; /* behind all that was dropped */
	uint32_t deepest;     /* the most requests that the agent had not answered at once */
	uint64_t must_ns[4];  /* when the latest came whose responses must be out, latest first */
	uint64_t fresh_ns;    /* when a new segment was last dropped */
	uint32_t answered;    /* requests whose response was sent, to its last byte */
	uint32_t out, acked;  /* bytes sent by the agent, acknowledged by the client */
	uint32_t other_end;   /* behind the head of another client's request, 0: none came */
	/* what the maps have */
	struct rz_conn c;
	struct rz_hold h;
};

uint32_t below(struct world *w, uint32_t n);
bool chance(struct world *w, uint32_t percent);

void world_make(struct world *w, uint64_t seed);
/* A few things happen, all in one instant. */
void world_goes_on(struct world *w);
/* Time passes, and things happen. */
void world_waits(struct world *w);

/* TCP as the walk sees it, under the lock (bpf/reset.bpf.h). */
enum rz_check world_walk(const struct world *w);
struct rz_destroy_seen world_tcp(const struct world *w);

/* rule.c: what is wrong with a close in this instant, NULL: nothing. And with a hold that begins.
 */
const char *broken_by_close(const struct world *w);
const char *broken_by_hold(const struct world *w, const struct rz_move_evidence *e);

#endif
