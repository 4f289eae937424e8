// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer over rz_blocks_parse() and rz_blocks_zone(): the zone of an address is that of the
 * longest block it is in, by looking at every block. Run by `make fuzz`.
 *
 * Comes in: 16 bytes, an address, and a text.
 */
#include "fuzz.h"

#include "topo/blocks.h"

static bool is_in(const struct rz_block_key *k, const uint8_t *addr)
{
	uint32_t bit;

	for (bit = 0; bit < k->prefix_len; bit++)
		if ((k->addr[bit / 8] ^ addr[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static const char *zone_by_looking(const struct rz_blocks *b, const uint8_t *addr)
{
	const struct rz_block *best = NULL;
	size_t i;

	for (i = 0; i < b->n; i++)
		if (is_in(&b->rows[i].at, addr) &&
		    (!best || b->rows[i].at.prefix_len > best->at.prefix_len))
			best = &b->rows[i];
	return best ? best->zone : NULL;
}

static void check(const struct rz_blocks *b, const uint8_t *addr)
{
	const char *want = zone_by_looking(b, addr), *got = rz_blocks_zone(b, addr);

	CLAIM(!want == !got && (!want || !strcmp(want, got)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rz_blocks *b = NULL;
	uint8_t addr[16];
	char why[256] = "", *text;
	size_t i;

	if (size < 16)
		return 0;
	text = strndup((const char *)data + 16, size - 16);
	CLAIM(text);
	if (rz_blocks_parse(text, &b, why, sizeof(why))) {
		CLAIM(!b && why[0]); /* the log escapes it */
		free(text);
		return 0;
	}
	check(b, data);
	for (i = 0; i < b->n; i++) {
		CLAIM(is_plain(b->rows[i].zone, RZ_ZONE_SIZE) && b->rows[i].at.prefix_len <= 128);
		check(b, b->rows[i].at.addr);
		memcpy(addr, b->rows[i].at.addr, 16);
		addr[15 - data[i % 16] % 16] ^= (uint8_t)(1 << data[i % 16] % 8);
		check(b, addr);
	}
	rz_blocks_free(b);
	free(text);
	return 0;
}
