/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Keys of what clients say: SipHash-1-3 (Aumasson and Bernstein, 2012) of a text under a secret
 * seed. Pure.
 *
 * Two texts with one key are told apart by their bytes, so a collision hides a client or a library
 * and never confuses two. But a client that could find collisions could hide others at will, and a
 * secret seed alone does not prevent it: of a multiplicative hash with a seed of 64 bits pairs of
 * texts are known that collide under one seed in 600,000, and a client may try as many. Hence a
 * hash that is made for this.
 */
#ifndef REZONE_HASH_H
#define REZONE_HASH_H

#include <linux/types.h>

struct rz_hash {
	__u64 a, b, c, d;
};

static inline __u64 rz_hash_rotate(__u64 x, int by)
{
	return x << by | x >> (64 - by);
}

static inline void rz_hash_round(struct rz_hash *h)
{
	h->a += h->b;
	h->b = rz_hash_rotate(h->b, 13) ^ h->a;
	h->a = rz_hash_rotate(h->a, 32);
	h->c += h->d;
	h->d = rz_hash_rotate(h->d, 16) ^ h->c;
	h->a += h->d;
	h->d = rz_hash_rotate(h->d, 21) ^ h->a;
	h->c += h->b;
	h->b = rz_hash_rotate(h->b, 17) ^ h->c;
	h->c = rz_hash_rotate(h->c, 32);
}

/* SipHash has a key of 128 bits; both halves are made of the one seed. */
static inline struct rz_hash rz_hash_begin(__u64 seed)
{
	__u64 other = rz_hash_rotate(seed, 32) ^ 0x9e3779b97f4a7c15ULL;

	return (struct rz_hash){seed ^ 0x736f6d6570736575ULL, other ^ 0x646f72616e646f6dULL,
				seed ^ 0x6c7967656e657261ULL, other ^ 0x7465646279746573ULL};
}

static inline void rz_hash_word(struct rz_hash *h, __u64 word)
{
	h->d ^= word;
	rz_hash_round(h);
	h->a ^= word;
}

/* Never 0. */
static inline __u64 rz_hash_end(struct rz_hash *h)
{
	__u64 key;

	h->c ^= 0xff;
	rz_hash_round(h);
	rz_hash_round(h);
	rz_hash_round(h);
	key = h->a ^ h->b ^ h->c ^ h->d;
	return key ? key : 1;
}

#endif
