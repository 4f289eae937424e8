/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash of a key in memory, for tables that live for a tick. It is not keyed: nothing that a peer
 * chooses freely may decide alone how long a search takes (client ids come hashed with a seed,
 * rezone/hash.h). Used by kern/alike.c, policy/rows.c and
 * policy/verdicts.c. Pure.
 */
#ifndef RZ_BASE_HASH_H
#define RZ_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Of `size` bytes at `key`, a multiple of 8; it need not be aligned. */
static inline uint64_t rz_hash_of(const void *key, size_t size)
{
	const char *at = key;
	uint64_t word, h = 0;
	size_t i;

	for (i = 0; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, at + i, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	return h;
}

#endif
