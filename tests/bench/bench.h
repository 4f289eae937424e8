/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bench.c (turns and tables) and cases.c (what is measured) share.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <bpf/libbpf.h>

#include "rig.h"
#include "rezone/config.h"
#include "bench.skel.h"
#include "rezone.skel.h"
#include "without.skel.h"

#define ROUNDS_MAX 2001
#define WAYS_MAX   8
#define PAIRS_MAX  4096

struct bench {
	struct rig rig;
	struct bench_bpf *yard;
	struct rezone_bpf *rz;
	struct without_bpf *without; /* ... what note.bpf.h adds */
	struct rezone_bpf *locked;   /* with the entry's lock instead of a claim on it */
	struct ring_buffer *ring;
	struct pair pairs[PAIRS_MAX];
	size_t connections, opened, turn;
	unsigned int rounds;
	uint32_t id;
};

/* One program (NULL: none), and what it took in each round. */
struct way {
	const char *name;
	struct bpf_program *prog;
	bool moving; /* while a connection is being moved, another one or (`followed`) this one */
	double ns[ROUNDS_MAX];
	double counted[ROUNDS_MAX]; /* a run, by the kernel's count */
	unsigned int n_counted;
};

struct bench_case {
	const char *name, *what;
	enum { IN, OUT, STATE } place;
	void (*open)(struct bench *b);	    /* once, with rezone attached */
	void (*before)(struct bench *b);    /* each turn, before its program is attached */
	void (*warm_up)(struct bench *b);   /* and after */
	double (*measure)(struct bench *b); /* nanoseconds for one */
	bool notes;			    /* without note.bpf.h, too */
	bool followed;			    /* the connection is in holds, its requests are read */
};

/* What the table says of a case: nanoseconds that each way adds, and what the kernel counts. */
struct bench_row {
	const char *name;
	double none, empty, look_up, rezone, moving;
	double counted_empty, counted_look_up, counted_rezone;
};

extern const struct bench_case bench_cases[];
extern const size_t bench_n_cases;

void bench_close_pairs(struct bench *b);

#define BENCH_REQUEST_MAX 512
#define BENCH_ID	  "billing-1,warpstream_az=us-east-1b,warpstream_interzone_lb=true"

/* pings.c: one segment, of most with an answer to it. */
void bench_ping_plain(struct bench *b);
void bench_ping_request(struct bench *b);
void bench_ping_produce(struct bench *b);
void bench_ping_pile(struct bench *b);
void bench_ping_noise(struct bench *b);
void bench_ping_answered(struct bench *b);
/* A Produce of one batch. Returns its length. */
size_t bench_produce(uint8_t *request, uint32_t correlation_id);

/* show.c: a case by itself, and all of them as one table. */
struct bench_row bench_row_of(const struct bench_case *c, struct way *ways, size_t n,
			      unsigned int rounds);
void bench_show_case(const struct bench_case *c, struct way *ways, size_t n, unsigned int rounds);
void bench_show_table(const struct bench_row *rows, size_t n);

#endif
