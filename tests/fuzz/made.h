/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream made of requests: what a client sends that does the same again and again, and sometimes
 * something else. Of bytes at random hardly any come that far, and the fast path is for nothing
 * else.
 *
 * Comes in: a byte for each request. Goes out: the stream. Called by tests/fuzz/fuzz_frame.c.
 */
#ifndef TESTS_FUZZ_MADE_H
#define TESTS_FUZZ_MADE_H

#include <rezone/kafka.h>

#include "../bpf/packet.h"

/* Returns how long it is, `max` at most. */
static inline uint32_t made_stream(const uint8_t *in, size_t n, uint8_t *out, size_t max)
{
	static const struct {
		int key, version;
		const char *body;
	} forms[] = {
		{RZ_API_FETCH, 4, "\xff\xff\xff\xff\0\0\x01"},
		{RZ_API_PRODUCE, 7, "\xff\xff\xff\xff\0\0\0"},
		{RZ_API_PRODUCE, 7, "\xff\xff\0\0\0\0\0"},
		{RZ_API_PRODUCE, 9, "\0\0\xff\xff\0\0\0"},
		{RZ_API_PRODUCE, 9, "\0\x03tx\xff\xff\0"},
		{RZ_API_PRODUCE, 2, "\0\x01\0\0\0\0\0"},
		{RZ_API_METADATA, 4, "\0\0\0\0\0\0\0"},
		{RZ_API_FETCH, 12, "\0\xff\xff\xff\xff\0\0"},
	};
	static const char *const ids[] = {"abc", "abc", "abc", "abc", "abc", "abc", "abd", "abcd"};
	const char *id;
	size_t i, at = 0, body, id_len;
	uint8_t b, form = 0;

	for (i = 0; i < n && at + 64 <= max; i++) {
		b = in[i];
		if (b & 0x80 || !i) /* the client does something else from now on */
			form = b & 7;
		id = ids[b & 0x40 ? b >> 3 & 7 : 0];
		id_len = strlen(id);
		body = b & 0x20 ? b & 7 : 7;
		at += make_request(out + at, forms[form].key, forms[form].version, (uint32_t)i, id,
				   (int)id_len, body);
		memcpy(out + at - body, forms[form].body, body);
	}
	return (uint32_t)at;
}

#endif
