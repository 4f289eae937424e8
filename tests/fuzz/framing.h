/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product's framing stage, bpf/take.bpf.h and bpf/fast.bpf.h, built for user space: the same
 * source that the kernel runs, with a few helpers and maps of ours below it, so that libFuzzer and
 * the sanitizers can see into it. One connection.
 *
 * Comes in: segments. Goes out: its struct rz_frame and what the maps have of it. Called by
 * tests/fuzz/fuzz_frame.c.
 */
#ifndef TESTS_FUZZ_FRAMING_H
#define TESTS_FUZZ_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include <rezone/types.h>

#define FRAMING_STREAM_MAX 4096

struct framing_segment {
	uint32_t seq, len;
	const uint8_t *payload;
	uint32_t rcv_nxt; /* what the socket says as the segment comes */
};

/* Is the fast path asked (bpf/fast.bpf.h)? And how many segments it took. */
extern bool framing_fast;
extern uint64_t framing_fast_took;

/* A new connection whose first byte has number `seq`, or one found there in mid-stream. */
void framing_begin(uint32_t seq, bool adopted);

/* Is a claim taken on the entry, or its lock alone (bpf/claim.bpf.h)? Of a new connection. */
extern bool framing_claims;

/* When another CPU has its segment. The last three are of the fast path, which is stopped there: it
 * has the claim all the time. A segment that never gets there is treated as with FRAMING_BEFORE. */
enum framing_instant {
	FRAMING_BEFORE, /* this one's work is done, and not put back */
	FRAMING_TAKEN,	/* the claim is taken, and nothing changed yet */
	FRAMING_MIDST,	/* all is changed but for the frame's first word */
	FRAMING_GIVING, /* all is changed */
};
/* Segments that came by one of the last three. */
extern uint64_t framing_stopped;

struct framing_other {
	const struct framing_segment *s;
	enum framing_instant at;
};

/*
 * `others`, `n` of them, are what another CPU does meanwhile, one after the other; with `torn`, the
 * first while this one copies the frame, so that of its 8-byte words those whose bit is set are the
 * other's. Returns how many were done meanwhile; the rest was done afterwards.
 */
size_t framing_segment(const struct framing_segment *s, const struct framing_other *others,
		       size_t n, uint32_t torn);
/* A bit for each of these: it was dropped. */
extern uint32_t framing_dropped;

/* A segment that comes while another task of its CPU has the scratch (bpf/scratch.bpf.h). Returns
 * whether it is dropped. */
bool framing_busy(const struct framing_segment *s);

/* A segment that finds, at each try, that another CPU has changed the frame meanwhile (fast.bpf.h
 * is not asked), or that another task has the claim. Returns whether it is dropped. The counts
 * of its tries are taken back. */
bool framing_loses(const struct framing_segment *s, bool claim);

/* What user space does to the connection's mark, if it is `from`; the same just before the segment
 * that another CPU has meanwhile, from now on. */
void framing_mark(enum rz_park from, enum rz_park to);
void framing_mark_meanwhile(enum rz_park from, enum rz_park to);
enum rz_park framing_park(void);

const struct rz_frame *framing_frame(void);
const struct rz_stats *framing_stats(void);	    /* since framing_begin() */
const struct rz_client_id *framing_client_id(void); /* NULL if there is none */
const struct rz_software *framing_software(void);   /* likewise */
const struct rz_proxied *framing_proxied(void);	    /* likewise */
uint32_t framing_pieces(void);			    /* of headers, that are kept */
bool framing_kept_early(void);			    /* something that came early is */

#endif
