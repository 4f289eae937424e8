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
	bool moving; /* while another connection is being moved */
	double ns[ROUNDS_MAX];
	uint64_t stat_ns, stat_runs;
};

struct bench_case {
	const char *name, *what;
	enum { IN, OUT, STATE } place;
	void (*open)(struct bench *b);	    /* once, with rezone attached */
	void (*before)(struct bench *b);    /* each turn, before its program is attached */
	void (*warm_up)(struct bench *b);   /* and after */
	double (*measure)(struct bench *b); /* nanoseconds for one */
	bool notes;			    /* without note.bpf.h, too */
};

extern const struct bench_case bench_cases[];
extern const size_t bench_n_cases;

void bench_close_pairs(struct bench *b);

#endif
