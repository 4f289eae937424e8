// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the seeds as files for libFuzzer: seeds_write DIRECTORY FILE. Each stream whole and in one
 * way (tests/fuzz/way.h) that it may be seen, and the inputs of FILE. Run by `make fuzz`.
 */
#include "seeds.h"
#include "way.h"

#include <stdio.h>
#include <stdlib.h>

#include "framing.h"

static void write_one(const char *dir, const char *name, unsigned int way, const uint8_t *p,
		      size_t n)
{
	const uint8_t head[4] = {(uint8_t)(n >> 8), (uint8_t)n, 0x5a, (uint8_t)way};
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s-%02x", dir, name, way);
	f = fopen(path, "w");
	if (!f || fwrite(head, 1, 4, f) != 4 || fwrite(p, 1, n, f) != n || fclose(f)) {
		perror(path);
		exit(1);
	}
}

static void seed(const char *name, const uint8_t *p, size_t n, void *dir)
{
	static const unsigned int ways[] = {0, WAY_CUT | WAY_REPEAT | WAY_TINY,
					    WAY_CUT | WAY_REORDER | WAY_RACE,
					    WAY_CUT | WAY_UNSEEN | WAY_WRAP | WAY_ADOPTED};
	static unsigned int nr;

	if (n > FRAMING_STREAM_MAX)
		n = FRAMING_STREAM_MAX;
	write_one(dir, name, ways[0], p, n);
	write_one(dir, name, ways[1 + nr % 3], p, n);
	write_one(dir, name, (nr % 4 ? ways[nr % 4] & ~(unsigned int)WAY_TINY : 0) | WAY_ASKED, p,
		  n);
	nr++;
}

/* Of which the stream is made (made.h), by ways that leave most requests whole. */
static void made(const char *dir)
{
	static const unsigned int ways[] = {0,
					    WAY_CUT,
					    WAY_CUT | WAY_REPEAT,
					    WAY_CUT | WAY_REORDER,
					    WAY_CUT | WAY_RACE,
					    WAY_ADOPTED,
					    WAY_CUT | WAY_REPEAT | WAY_RACE | WAY_WRAP};
	uint8_t p[120];
	unsigned int form, i;

	for (form = 0; form < 8; form++) {
		memset(p, (int)form, sizeof(p));
		p[60] = (uint8_t)(0x80 | (form + 1) % 8);
		p[90] = (uint8_t)(0x40 | 6 << 3 | form);
		for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
			write_one(dir, form % 2 ? "made-a" : "made-b",
				  ways[i] | WAY_ASKED | WAY_MADE | form << 12, p, sizeof(p));
	}
}

static void found(const uint8_t *input, size_t n, void *dir)
{
	static int nr;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/found-%04d", (const char *)dir, nr++);
	f = fopen(path, "w");
	if (!f || fwrite(input, 1, n, f) != n || fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: seeds_write DIRECTORY FILE\n");
		return 2;
	}
	seeds_each(seed, argv[1]);
	made(argv[1]);
	if (seeds_read(argv[2], found, argv[1])) {
		perror(argv[2]);
		return 1;
	}
	return 0;
}
