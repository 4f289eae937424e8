// SPDX-License-Identifier: Apache-2.0
/* include/rezone/print.h: what the first bytes of Produce and Fetch tell of a library. */
#include "unit.h"
#include "../bpf/body.h"
#include <rezone/print.h>

/* As the BPF program reads it. Returns -1 if nothing came of it. */
static int read_produce(const struct body *b, int version, struct rz_print *ret)
{
	uint8_t buffer[RZ_PRINT_BUFFER];
	uint32_t at;

	memset(ret, 0, sizeof(*ret));
	at = rz_print_produce(b->b, version, ret);
	if (!at)
		return -1;
	assert_true(at + RZ_PRINT_BATCH <= b->n);
	memset(buffer, 0xee, sizeof(buffer));
	memcpy(buffer, b->b + at, RZ_PRINT_BATCH);
	return rz_print_batch(buffer, version, ret);
}

/* Every version, names of every length, and sizes that take one to five bytes. */
static void test_produce(void **state)
{
	static const int sizes[] = {69, 126, 127, 128, 16382, 16383, 1 << 20, 1 << 28};
	struct produce p = plain;
	struct rz_print got;
	struct body b;
	size_t i;

	(void)state;
	for (p.version = 3; p.version <= 14; p.version++)
		for (p.name = 1; p.name <= 249; p.name++)
			for (i = 0; i < COUNT(sizes); i++) {
				p.size = sizes[i];
				b = make_body(&p);
				assert_int_equal(read_produce(&b, p.version, &got), 0);
				assert_int_equal(got.produce_timeout_ms, 30000);
				assert_int_equal(got.leader_epoch, -1);
				assert_int_equal(got.producer_epoch, -1);
				assert_int_equal(got.base_sequence, -1);
				assert_int_equal(got.idempotent, 0);
				assert_int_equal(got.old_batch, 0);
			}
}

static void test_batch(void **state)
{
	static const struct {
		struct produce p;
		int leader, idempotent, epoch, sequence;
	} rows[] = {
		{{7, 1, 10000, 5, 100, 0, 2, -1, 0, 0, 0, 0}, 0, 0, 0, 0},
		{{8, 1, 10000, 5, 100, 0, 2, -1, -1, 0, 0, 0}, 0, 0, -1, 0},
		{{11, 1, 10000, 5, 100, 7, 2, -1, 3, 9, 0, 0}, 1, 0, 1, 1},
		/* an idempotent one's own numbers say nothing of the library */
		{{7, -1, 30000, 5, 100, -1, 2, 0, 0, 0, 0, 0}, -1, 1, 0, 0},
		{{9, -1, 30000, 5, 100, -1, 2, 4711, 2, 815, 0, 0}, -1, 1, 0, 0},
		{{9, -1, 30000, 5, 100, -1, 2, INT64_MAX, 2, 815, 0, 0}, -1, 1, 0, 0},
	};
	struct rz_print got;
	struct body b;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		b = make_body(&rows[i].p);
		assert_int_equal(read_produce(&b, rows[i].p.version, &got), 0);
		assert_int_equal(got.leader_epoch, rows[i].leader);
		assert_int_equal(got.idempotent, rows[i].idempotent);
		assert_int_equal(got.producer_epoch, rows[i].epoch);
		assert_int_equal(got.base_sequence, rows[i].sequence);
	}
}

/* One topic and one partition, or more. */
static void test_several(void **state)
{
	static const int more[] = {0, 1, 2, 100, 125};
	struct produce p = plain;
	struct rz_print got;
	struct body b;
	size_t i, k;

	(void)state;
	for (p.version = 3; p.version <= 14; p.version++)
		for (i = 0; i < COUNT(more); i++)
			for (k = 0; k < COUNT(more); k++) {
				p.more_topics = more[i];
				p.more_partitions = more[k];
				b = make_body(&p);
				assert_int_equal(read_produce(&b, p.version, &got), 0);
				assert_int_equal(got.several, more[i] || more[k]);
				assert_int_equal(got.leader_epoch, -1);
			}
}

/* Nothing is concluded from what is not known. */
static void test_strange(void **state)
{
	struct produce p = plain;
	struct rz_print got;
	struct body b;

	(void)state;
	b = make_body(&p);
	assert_int_equal(read_produce(&b, 2, &got), -1); /* has no such form */
	b.b[0] = 0;					 /* transactional */
	assert_int_equal(read_produce(&b, 7, &got), -1);
	p.name = 250; /* no topic's */
	b = make_body(&p);
	assert_int_equal(read_produce(&b, 7, &got), -1);
	p.name = 0;
	b = make_body(&p);
	assert_int_equal(read_produce(&b, 7, &got), -1);
	p = plain;
	p.magic = 1;
	b = make_body(&p);
	assert_int_equal(read_produce(&b, 7, &got), 0);
	assert_int_equal(got.old_batch, 1);
	assert_int_equal(got.idempotent, 0);
	p.magic = 3;
	b = make_body(&p);
	assert_int_equal(read_produce(&b, 7, &got), -1);
	p = plain;
	p.version = 9;
	b = make_body(&p);
	b.b[0] = 1; /* tagged fields */
	assert_int_equal(read_produce(&b, 9, &got), -1);
	b = make_body(&p);
	b.b[1] = 2; /* transactional */
	assert_int_equal(read_produce(&b, 9, &got), -1);
	b = make_body(&p);
	b.b[8] = 0x80; /* many topics */
	assert_int_equal(read_produce(&b, 9, &got), -1);
}

static void test_fetch(void **state)
{
	struct rz_print got;
	int v;

	(void)state;
	for (v = RZ_PRINT_FETCH_FROM; v <= 18; v++) {
		struct body b = {};

		if (v >= 12)
			put(&b, 1, 0);
		if (v < 15)
			put(&b, 4, -1);
		put(&b, 4, 500);
		put(&b, 4, 1);
		put(&b, 4, 52428800);
		put(&b, 1, 1);
		put(&b, 4, 4711);
		put(&b, 4, v % 2 ? -1 : 3);
		put(&b, 8, -1);
		memset(&got, 0, sizeof(got));
		assert_int_equal(rz_print_fetch(b.b, v, &got), 0);
		assert_int_equal(got.fetch_max_wait_ms, 500);
		assert_int_equal(got.fetch_min_bytes, 1);
		assert_int_equal(got.fetch_max_bytes, 52428800);
		assert_int_equal(got.isolation, 1);
		assert_int_equal(got.session, v >= 7 && v % 2 == 0);
		b.b[0] = 3; /* tagged fields, or another agent's */
		if (v < 15)
			assert_int_equal(rz_print_fetch(b.b, v, &got), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_produce), cmocka_unit_test(test_batch),
		cmocka_unit_test(test_several), cmocka_unit_test(test_strange),
		cmocka_unit_test(test_fetch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
