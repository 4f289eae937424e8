/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of Produce requests made by hand, for the tests of what they tell of a library. */
#ifndef RZ_TESTS_BODY_H
#define RZ_TESTS_BODY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes of a body, written one field after the other. */
struct body {
	uint8_t b[512];
	size_t n;
};

static inline void put(struct body *b, int bytes, int64_t v)
{
	while (bytes--)
		b->b[b->n++] = (uint8_t)((uint64_t)v >> 8 * bytes);
}

static inline void put_varint(struct body *b, uint32_t v)
{
	for (; v >= 0x80; v >>= 7)
		put(b, 1, (v & 0x7f) | 0x80);
	put(b, 1, v);
}

struct produce {
	int version, acks, timeout, name, size;
	int leader, magic;
	int64_t producer;
	int epoch, sequence;
	int more_topics, more_partitions; /* than the one that is written */
};

static const struct produce plain = {7, -1, 30000, 5, 100, -1, 2, -1, -1, -1, 0, 0};

static inline void put_batch(struct body *b, const struct produce *p)
{
	put(b, 8, 0);
	put(b, 4, p->size - 12);
	put(b, 4, p->leader);
	put(b, 1, p->magic);
	put(b, 4, 0x12345678); /* crc */
	put(b, 2, 0);
	put(b, 4, 0);
	put(b, 8, 1790000000000);
	put(b, 8, 1790000000000);
	put(b, 8, p->producer);
	put(b, 2, p->epoch);
	put(b, 4, p->sequence);
	put(b, 8, 0x0101010101010101); /* records */
}

static inline struct body make_body(const struct produce *p)
{
	struct body b = {};
	int flexible = p->version >= 9;

	if (flexible)
		put(&b, 2, 0); /* tags, no transactional id */
	else
		put(&b, 2, -1);
	put(&b, 2, p->acks);
	put(&b, 4, p->timeout);
	flexible ? put_varint(&b, 2 + p->more_topics) : put(&b, 4, 1 + p->more_topics);
	if (p->version >= 13) {
		put(&b, 8, -1);
		put(&b, 8, -1);
	} else {
		flexible ? put_varint(&b, p->name + 1) : put(&b, 2, p->name);
		memset(b.b + b.n, 0xff, p->name);
		b.n += p->name;
	}
	flexible ? put_varint(&b, 2 + p->more_partitions) : put(&b, 4, 1 + p->more_partitions);
	put(&b, 4, 3);
	flexible ? put_varint(&b, p->size + 1) : put(&b, 4, p->size);
	put_batch(&b, p);
	return b;
}

#endif
