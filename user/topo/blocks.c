// SPDX-License-Identifier: Apache-2.0
/* Zones by address, see blocks.h. Pure. */
#include "topo/blocks.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "topo/zone.h"

#define ADDR_BITS   128
#define IPV4_PREFIX 96 /* bits of ::ffff:0:0 before an IPv4 address */
#define BETWEEN	    "<>"

void rz_blocks_free(struct rz_blocks *b)
{
	if (!b)
		return;
	free(b->rows);
	free(b);
}

/* Zeroes the bits behind the first `len`. */
static void mask(uint8_t addr[16], uint32_t len)
{
	uint32_t i;

	for (i = len / 8; i < 16; i++)
		addr[i] &= i == len / 8 ? (uint8_t)(0xff00 >> (len % 8)) : 0;
}

static int order(const void *a, const void *b)
{
	const struct rz_block *x = a, *y = b;

	if (x->at.prefix_len != y->at.prefix_len)
		return x->at.prefix_len > y->at.prefix_len ? -1 : 1;
	return memcmp(x->at.addr, y->at.addr, sizeof(x->at.addr));
}

void rz_blocks_sort(struct rz_blocks *b)
{
	size_t i;

	b->n_groups = 0;
	if (b->n)
		qsort(b->rows, b->n, sizeof(*b->rows), order);
	for (i = 0; i < b->n; i++) {
		if (!i || b->rows[i].at.prefix_len != b->rows[i - 1].at.prefix_len)
			b->groups[b->n_groups++].begin = i;
		b->groups[b->n_groups - 1].end = i + 1;
	}
}

const char *rz_blocks_zone(const struct rz_blocks *b, const uint8_t addr[16])
{
	const struct rz_block *found;
	struct rz_block key;
	size_t i, begin;

	for (i = 0; b && i < b->n_groups; i++) {
		begin = b->groups[i].begin;
		key.at.prefix_len = b->rows[begin].at.prefix_len;
		memcpy(key.at.addr, addr, sizeof(key.at.addr));
		mask(key.at.addr, key.at.prefix_len);
		found = bsearch(&key, b->rows + begin, b->groups[i].end - begin, sizeof(key),
				order);
		if (found)
			return found->zone;
	}
	return NULL;
}

/* One line in `why`; always -EINVAL. */
__attribute__((format(printf, 3, 4))) static int wrong(char *why, size_t size, const char *form,
						       ...)
{
	va_list args;

	va_start(args, form);
	vsnprintf(why, size, form, args);
	va_end(args);
	return -EINVAL;
}

static int take_block(struct rz_blocks *b, const char *zone, char *text, char *why, size_t size)
{
	char *slash = strchr(text, '/'), *end = NULL;
	struct rz_block block = {.at.prefix_len = ADDR_BITS};
	uint8_t masked[16];
	struct rz_block *rows;
	unsigned long len = 0;
	int most;

	if (slash)
		*slash = '\0';
	if (rz_addr_parse(text, block.at.addr))
		return wrong(why, size,
			     "\"%.60s\" is no address; write blocks as 10.0.0.0/16 or fd00::/64",
			     text);
	most = strchr(text, ':') ? ADDR_BITS : ADDR_BITS - IPV4_PREFIX;
	if (slash) {
		len = strtoul(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || *end || len > (unsigned long)most)
			return wrong(why, size, "the length \"%.20s\" of block %s is not 0 to %d",
				     slash + 1, text, most);
		block.at.prefix_len = (uint32_t)len + ADDR_BITS - most;
	}
	memcpy(masked, block.at.addr, sizeof(masked));
	mask(masked, block.at.prefix_len);
	if (memcmp(masked, block.at.addr, sizeof(masked)))
		return wrong(why, size,
			     "block %s/%lu has bits set behind its length; write its first address",
			     text, len);
	if (b->n == RZ_BLOCKS_MAX)
		return wrong(why, size, "more than the %d blocks that fit", RZ_BLOCKS_MAX);
	rows = realloc(b->rows, (b->n + 1) * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	b->rows = rows;
	rz_str_copy(block.zone, sizeof(block.zone), zone);
	rows[b->n++] = block;
	return 0;
}

/* "zone@cidr,cidr" */
static int take_zone(struct rz_blocks *b, char *text, char *why, size_t size)
{
	char *at = strchr(text, '@'), *rest, *cidr;
	int err = 0;

	if (!at)
		return wrong(why, size, "\"%.60s\" names no zone; write zone@cidr,cidr<>zone@cidr",
			     text);
	*at = '\0';
	if (!rz_zone_valid(text, strlen(text)))
		return wrong(why, size, "\"%.40s\" is no zone name; use " RZ_ZONE_FORM, text);
	if (!at[1])
		return wrong(why, size, "zone %s has no block; write %s@10.0.0.0/16", text, text);
	for (rest = at + 1; !err && (cidr = strsep(&rest, ","));)
		err = take_block(b, text, cidr, why, size);
	return err;
}

static int refuse_twice(const struct rz_blocks *b, char *why, size_t size)
{
	char addr[46];
	size_t i;

	for (i = 1; i < b->n; i++) {
		if (order(&b->rows[i - 1], &b->rows[i]))
			continue;
		rz_addr_format(addr, sizeof(addr), b->rows[i].at.addr);
		return wrong(why, size,
			     "the block at %s stands twice, in zones %s and %s; keep one", addr,
			     b->rows[i - 1].zone, b->rows[i].zone);
	}
	return 0;
}

int rz_blocks_parse(const char *text, struct rz_blocks **ret, char *why, size_t why_size)
{
	_cleanup_free_ char *copy = strdup(text);
	struct rz_blocks *b = calloc(1, sizeof(*b));
	char *at = copy, *between;
	int err = copy && b ? 0 : -ENOMEM;

	while (!err && at && *text) {
		between = strstr(at, BETWEEN);
		if (between)
			*between = '\0';
		err = take_zone(b, at, why, why_size);
		at = between ? between + strlen(BETWEEN) : NULL;
	}
	if (!err) {
		rz_blocks_sort(b);
		err = refuse_twice(b, why, why_size);
	}
	if (err) {
		rz_blocks_free(b);
		return err;
	}
	*ret = b;
	return 0;
}
