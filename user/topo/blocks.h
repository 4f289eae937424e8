/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zones by address: which CIDR block a client without a tag is in. Pure.
 *
 * Comes in: a text in the grammar that WarpStream (-zonedCIDRBlocks, WARPSTREAM_ZONED_CIDR_BLOCKS)
 * and AutoMQ (automq.zone.cidr.blocks) share. Goes out: the zone of an address. Made by
 * daemon/life.c from the setting and by cmd/conns.c from map blocks; asked by the policy.
 */
#ifndef RZ_TOPO_BLOCKS_H
#define RZ_TOPO_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include <rezone/types.h>

struct rz_block {
	struct rz_block_key at; /* prefix_len of 128; the address's other bits are zero */
	char zone[RZ_ZONE_SIZE];
};

struct rz_blocks {
	struct rz_block *rows; /* rz_blocks_sort(): longest prefixes first, then by address */
	size_t n;
	struct {
		size_t begin, end; /* rows with one and the same prefix */
	} groups[129];
	size_t n_groups;
};

/*
 * Reads "zone@cidr,cidr<>zone@cidr", IPv4 and IPv6; an address without a length is one host. A
 * block with bits set behind its length, one that stands twice, a zone that is no zone's name, more
 * than RZ_BLOCKS_MAX: -EINVAL, with what is wrong and how to mend it in `why`. "" is no blocks.
 */
int rz_blocks_parse(const char *text, struct rz_blocks **ret, char *why, size_t why_size);
void rz_blocks_free(struct rz_blocks *b); /* takes NULL */

/* Brings rows that were filled by hand into order. */
void rz_blocks_sort(struct rz_blocks *b);

/* The zone of the longest block that this address (16 bytes, IPv4 as ::ffff:a.b.c.d) is in, as it
 * was written; NULL if there is none. Takes NULL. */
const char *rz_blocks_zone(const struct rz_blocks *b, const uint8_t addr[16]);

#endif
