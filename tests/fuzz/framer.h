/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference framer: what bpf/read.bpf.h must come to, said a second time and more simply. It
 * sees the whole byte stream at once and keeps no pieces of headers; a segment only says how much
 * of the stream has come. Built on include/rezone/kafka.h, for tests alone. Pure.
 *
 * Comes in: a stream, and segments of it in the order they are seen. Goes out: requests and a
 * struct rz_frame, sequence numbers as offsets. Called by tests/fuzz and tests/bpf/test_corpus.c.
 */
#ifndef TESTS_FUZZ_FRAMER_H
#define TESTS_FUZZ_FRAMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/kafka.h>
#include <rezone/types.h>

/* As in bpf/, which test_corpus.c holds against it. */
#define FRAMER_REQUESTS_PER_SEGMENT 512
#define FRAMER_SASL_TOKEN_MAX	    65536
#define FRAMER_EARLY_MAX	    32
#define FRAMER_EARLY_KEPT	    256

#define FRAMER_REQUESTS_MAX 1024 /* kept in the list; more are counted */

struct framer_request {
	uint32_t at; /* offset of its first byte */
	struct rz_request r;
	enum rz_acks acks; /* of Produce */
};

struct framer {
	const uint8_t *p; /* the stream */
	uint32_t end;	  /* the segment in hand ends here */
	uint32_t wants;	  /* the first byte that must be read and has not come */
	uint32_t size_at; /* out of frame: where a segment of four bytes may have been a size */
	bool size_seen;
	/* what came early, the latest first; one that was passed has no bytes */
	struct {
		uint32_t at, end;
		bool damaged;
	} kept[FRAMER_EARLY_MAX];
	struct rz_frame f; /* next_seq: an offset; client: 1 if id is valid; software likewise */
	struct rz_client_id id;
	struct rz_software software;
	struct rz_proxied proxied;
	uint32_t seq0;	/* of the stream's first byte, set behind framer_begin() */
	uint8_t misses; /* segments without a request in a row, out of sync */
	uint32_t lost, found, early, identified, too_many, backed_off;
	uint32_t read_end; /* behind the last byte that was read */
	/* Out of sync, or where the frame is lost by them, bytes came again that were read before
	 * and that TCP does not have. The product goes back to before they came; the reference
	 * looks for a request in them, as in any others. So behind these the two may differ. The
	 * caller takes it back before each segment. */
	bool again;
	struct framer_request requests[FRAMER_REQUESTS_MAX];
	uint32_t n_requests; /* ever read; f.requests begins anew when a guess is forgotten */
};

/* The stream's first byte is the connection's first (or, `adopted`, any). */
void framer_begin(struct framer *m, const uint8_t *stream, bool adopted);

/* `len` bytes at offset `at` are seen. `rcv_nxt`: up to where TCP has all bytes; a gap before the
 * segment that TCP does not have is no loss. */
void framer_segment(struct framer *m, uint32_t at, uint32_t len, uint32_t rcv_nxt);

/* Segments went by that were not read, for the connection was parked; TCP has all before `rcv_nxt`.
 */
void framer_unparked(struct framer *m, uint32_t rcv_nxt);

/* The name of the first field in which a frame of the product differs from this one, or NULL.
 * `seq0` is the sequence number of the stream's first byte. What is void now is not compared. */
const char *framer_differs(const struct framer *m, const struct rz_frame *f, uint32_t seq0);

/* A damaged copy of these bytes is seen, which TCP throws away. Returns whether it came early, and
 * is kept beside the others. If not it changes nothing here, for the true one comes behind it. */
bool framer_damaged(struct framer *m, uint32_t at, uint32_t len, uint32_t rcv_nxt);

/* By a damaged copy the product came to wait for byte `wants`, or got out of sync. Pieces that were
 * kept before that byte are gone, and do not come again. */
void framer_passed(struct framer *m, uint32_t wants, bool synced);

/* The connection is something else than Kafka, for good. */
bool framer_settled(const struct framer *m);

#endif
