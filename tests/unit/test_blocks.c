// SPDX-License-Identifier: Apache-2.0
/* user/topo/blocks.c: the grammar of zoned CIDR blocks, and which block an address is in. */
#include "unit.h"
#include "base/str.h"
#include "topo/blocks.h"

static const char *zone_at(const struct rz_blocks *b, const char *address)
{
	uint8_t addr[16];
	const char *zone;

	assert_int_equal(rz_addr_parse(address, addr), 0);
	zone = rz_blocks_zone(b, addr);
	return zone ? zone : "-";
}

static struct rz_blocks *parse(const char *text)
{
	struct rz_blocks *b = NULL;
	char why[256] = "";

	if (rz_blocks_parse(text, &b, why, sizeof(why)))
		fail_msg("%s: %s", text, why);
	return b;
}

static void test_longest_wins(void **state)
{
	struct rz_blocks *b =
		parse("a@10.0.0.0/8,192.168.0.0/16<>b@10.1.0.0/16<>c@10.1.2.3<>six@fd00::/8,"
		      "::1/128<>v4@0.0.0.0/0");
	static const struct {
		const char *address, *zone;
	} rows[] = {
		{"10.0.0.1", "a"},    {"10.1.0.1", "b"},	 {"10.1.2.3", "c"},
		{"10.1.2.4", "b"},    {"10.255.255.255", "a"},	 {"192.168.3.4", "a"},
		{"172.16.0.1", "v4"}, {"255.255.255.255", "v4"}, {"fd00::1", "six"},
		{"::1", "six"},	      {"fe80::1", "-"},		 {"::2", "-"},
	};
	size_t i;

	(void)state;
	assert_int_equal(b->n, 7);
	for (i = 0; i < COUNT(rows); i++)
		assert_string_equal(zone_at(b, rows[i].address), rows[i].zone);
	rz_blocks_free(b);
}

static void test_none(void **state)
{
	struct rz_blocks *b = parse("");

	(void)state;
	assert_int_equal(b->n, 0);
	assert_string_equal(zone_at(b, "10.0.0.1"), "-");
	rz_blocks_free(b);
	assert_string_equal(zone_at(NULL, "10.0.0.1"), "-");
	rz_blocks_free(NULL);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"10.0.0.0/8", "names no zone"},
		{"a@", "has no block"},
		{"@10.0.0.0/8", "is no zone name"},
		{"a b@10.0.0.0/8", "is no zone name"},
		{"a@10.0.0.0/33", "is not 0 to 32"},
		{"a@fd00::/129", "is not 0 to 128"},
		{"a@10.0.0.0/", "is not 0 to 32"},
		{"a@10.0.0.0/-1", "is not 0 to 32"},
		{"a@10.0.0.0/8x", "is not 0 to 32"},
		{"a@10.0.0.1/8", "bits set behind its length"},
		{"a@10.0.0/8", "is no address"},
		{"a@10.0.0.0/8,", "is no address"},
		{"a@10.0.0.0/8<>", "names no zone"},
		{"a@10.0.0.0/8<>b@10.0.0.0/8", "stands twice"},
		{"a@10.0.0.0/8;b@11.0.0.0/8", "is not 0 to 32"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct rz_blocks *b = NULL;
		char why[256] = "";

		assert_int_equal(rz_blocks_parse(rows[i].text, &b, why, sizeof(why)), -EINVAL);
		assert_null(b);
		if (!strstr(why, rows[i].why))
			fail_msg("%s: %s", rows[i].text, why);
	}
}

/* Random blocks and addresses against asking every block. */
static void test_naive_agrees(void **state)
{
	uint64_t seed = 3;
	size_t round, i, k;

	(void)state;
	for (round = 0; round < 300; round++) {
		struct rz_block rows[40];
		struct rz_blocks b = {.rows = rows, .n = 1 + noise_below(&seed, COUNT(rows))};

		for (i = 0; i < b.n; i++) {
			uint32_t bits = noise_below(&seed, 129), bit;

			memset(&rows[i], 0, sizeof(rows[i]));
			rows[i].at.prefix_len = bits;
			for (bit = 0; bit < bits; bit++)
				if (noise_below(&seed, 16) == 0)
					rows[i].at.addr[bit / 8] |= 0x80 >> bit % 8;
			snprintf(rows[i].zone, sizeof(rows[i].zone), "z%zu", i);
		}
		rz_blocks_sort(&b);
		for (k = 0; k < 200; k++) {
			const struct rz_block *best = NULL;
			uint8_t addr[16];
			const char *zone;

			memcpy(addr, rows[noise_below(&seed, b.n)].at.addr, 16);
			if (noise_below(&seed, 2))
				addr[noise_below(&seed, 16)] ^= 1 << noise_below(&seed, 8);
			for (i = 0; i < b.n; i++) {
				uint32_t bit, bits = rows[i].at.prefix_len;

				for (bit = 0; bit < bits; bit++)
					if ((addr[bit / 8] ^ rows[i].at.addr[bit / 8]) &
					    0x80 >> bit % 8)
						break;
				if (bit == bits && (!best || bits > best->at.prefix_len))
					best = &rows[i];
			}
			zone = rz_blocks_zone(&b, addr);
			assert_int_equal(!zone, !best);
			if (!best)
				continue;
			/* of equal blocks any may answer */
			for (i = 0; i < b.n && strcmp(rows[i].zone, zone); i++)
				;
			assert_int_equal(rows[i].at.prefix_len, best->at.prefix_len);
			assert_memory_equal(rows[i].at.addr, best->at.addr, 16);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_wins),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_naive_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
