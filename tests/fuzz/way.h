/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a stream through a network: in which pieces and in which order it is seen, and what
 * TCP has of it at each. From one number, so that an input repeats. Pure.
 *
 * Called by tests/fuzz/fuzz_frame.c and tests/bpf/test_corpus.c.
 */
#ifndef TESTS_FUZZ_WAY_H
#define TESTS_FUZZ_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WAY_STREAM_MAX 8192

/* What may happen to segments: bits of the number's low end. 0 is one segment in all. */
enum {
	WAY_CUT = 1,	  /* into pieces of any size */
	WAY_REPEAT = 2,	  /* pieces come again, also in other sizes */
	WAY_REORDER = 4,  /* later ones come earlier */
	WAY_UNSEEN = 8,	  /* some reach TCP without being seen */
	WAY_ADOPTED = 16, /* the connection is older than the tracker */
	WAY_RACE = 32,	  /* two at once, on two CPUs */
	WAY_WRAP = 64,	  /* sequence numbers go through zero */
	WAY_TINY = 128,	  /* pieces of a few bytes */
	WAY_PARK = 256,	  /* now and then it is parked, and read again */
	WAY_ASKED = 512,  /* most pieces are one request each, as long as the stream has some */
	WAY_SLOW = 1024,  /* without the fast path */
	WAY_MADE = 2048,  /* the stream is made of requests (made.h) */
	WAY_LOCK = 4096,  /* as on a kernel without claims (bpf/claim.bpf.h) */
	WAY_BUSY = 8192,  /* what is not seen comes while another task of its CPU is at work, or
			   * loses to other CPUs at each try */
};

struct way {
	uint32_t random, flags;
	uint32_t n;	       /* bytes of the stream */
	uint32_t sent;	       /* of it, at least once */
	uint32_t rcv_nxt;      /* TCP has all before this */
	uint32_t seq0;	       /* number of the stream's first byte */
	uint32_t max;	       /* a piece has at most so many bytes */
	const uint8_t *stream; /* NULL: WAY_ASKED does nothing */
	/* Of each byte, how many copies TCP got: one that is dropped takes none of the others. */
	uint16_t got[WAY_STREAM_MAX];
};

struct way_piece {
	uint32_t at, len, rcv_nxt;
	bool seen;
};

static inline uint32_t way_random(struct way *w, uint32_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 17;
	w->random ^= w->random << 5;
	return w->random % below;
}

static inline void way_begin(struct way *w, uint32_t number, uint32_t n, uint32_t max)
{
	memset(w, 0, offsetof(struct way, got));
	memset(w->got, 0, n * sizeof(w->got[0]));
	w->random = number | 1;
	w->flags = number & 0x3fff;
	w->n = n;
	w->max = max;
	w->seq0 = w->flags & WAY_WRAP ? 0u - way_random(w, n + 1) : 1000;
}

static inline uint32_t way_size(struct way *w)
{
	uint32_t small = 1 + way_random(w, 24);

	if (!(w->flags & WAY_CUT))
		return w->max;
	return w->flags & WAY_TINY || way_random(w, 3) == 0 ? small : 1 + way_random(w, w->max);
}

/* The piece at `at` becomes one request, if one begins there and the stream has all of it. */
static inline uint32_t way_request(struct way *w, uint32_t at, uint32_t otherwise)
{
	const uint8_t *p;
	uint32_t size;

	if (!(w->flags & WAY_ASKED) || !w->stream || w->n - at < 4 || way_random(w, 8) == 0)
		return otherwise;
	p = w->stream + at;
	size = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return size < w->n - at - 4 && size + 4 <= w->max ? size + 4 : otherwise;
}

/* The next piece; false if TCP has all of the stream and nothing is under way any more. */
static inline bool way_next(struct way *w, struct way_piece *ret)
{
	uint32_t at = w->sent, len = way_size(w), i;

	if (w->rcv_nxt >= w->n)
		return false;
	if (w->sent >= w->n) /* what did not come is sent again */
		at = w->rcv_nxt;
	else if (w->flags & WAY_REPEAT && w->sent && way_random(w, 4) == 0)
		at = way_random(w, w->sent);
	else if (w->flags & WAY_REORDER && way_random(w, 4) == 0)
		at += way_random(w, 3) * len;
	if (at >= w->n)
		at = w->rcv_nxt;
	len = way_request(w, at, len);
	if (len > w->n - at)
		len = w->n - at;
	*ret = (struct way_piece){at, len, w->rcv_nxt, true};
	ret->seen = !(w->flags & WAY_UNSEEN && way_random(w, 8) == 0);
	for (i = at; i < at + len; i++)
		w->got[i]++;
	if (at + len > w->sent)
		w->sent = at + len;
	for (i = w->rcv_nxt; i < w->n && w->got[i]; i++)
		;
	w->rcv_nxt = i;
	return true;
}

/* TCP did not get this piece, one of the latest. It gets the piece's bytes when they come again, if
 * it does not have them by another one. */
static inline void way_drop(struct way *w, const struct way_piece *p)
{
	uint32_t i;

	for (i = p->at; i < p->at + p->len; i++)
		w->got[i]--;
	w->rcv_nxt = p->rcv_nxt;
	while (w->rcv_nxt < w->n && w->got[w->rcv_nxt])
		w->rcv_nxt++;
}

#endif
