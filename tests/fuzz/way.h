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

/* What may happen to segments: the number's low bits. 0 is one segment in all. */
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
};

struct way {
	uint32_t random, flags;
	uint32_t n;	  /* bytes of the stream */
	uint32_t sent;	  /* of it, at least once */
	uint32_t rcv_nxt; /* TCP has all before this */
	uint32_t seq0;	  /* number of the stream's first byte */
	uint32_t max;	  /* a piece has at most so many bytes */
	uint8_t got[WAY_STREAM_MAX];
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
	memset(w->got, 0, n);
	w->random = number | 1;
	w->flags = number & 0x1ff;
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
	if (len > w->n - at)
		len = w->n - at;
	*ret = (struct way_piece){at, len, w->rcv_nxt, true};
	ret->seen = !(w->flags & WAY_UNSEEN && way_random(w, 8) == 0);
	memset(w->got + at, 1, len);
	if (at + len > w->sent)
		w->sent = at + len;
	for (i = w->rcv_nxt; i < w->n && w->got[i]; i++)
		;
	w->rcv_nxt = i;
	return true;
}

#endif
