// SPDX-License-Identifier: Apache-2.0
/* user/policy/rows.c: what is kept of a connection is what the policy asks of it. */
#include "world.h"

#include "kern/named.h"
#include "policy/park.h"
#include "policy/rows.h"
#include "policy/tick.h"

#define CONNS	5000
#define CLIENTS 40

/* A number below `n`, the same ones in each run (xorshift). */
static unsigned below(unsigned n)
{
	static uint64_t state = 815;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % n;
}

/* Most are alike; each has times, a port, bytes and a place in its stream of its own. */
static struct rz_conn any_conn(unsigned i)
{
	struct rz_conn c;

	test_conn(&c);
	c.cookie = (uint64_t)(below(1000) + 1) << 40 | i * 7919 % 65536;
	c.frame.client = 1 + below(CLIENTS);
	c.tuple.client_port = (uint16_t)below(60000);
	c.opened_ns = NOW_NS - below(4000) * SECOND_NS - below(1000);
	c.last_request_ns = c.opened_ns + below(1000);
	c.data_cs = below(3) ? below(1000) : 0;
	c.metadata_cs = below(3) ? below(1000) : 0;
	c.rx_bytes = below(1000);
	c.frame.requests = c.frame.answerable = below(200);
	c.frame.next_seq = below(100000);
	c.frame.produce = !below(4);
	c.frame.software = !below(9);
	c.frame.adopted = !below(9);
	if (!below(10)) {
		c.park = (enum rz_park)below(RZ_PARK_COUNT);
		c.park_cs = below(3) ? below(100000) : 0;
	}
	return c;
}

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct rz_conn *)a)->cookie, y = ((const struct rz_conn *)b)->cookie;

	return x < y ? -1 : x > y;
}

/* Fields that no rule looks at are 0. */
static void assert_same(const struct rz_conn *kept, struct rz_conn c)
{
	unsigned lasts;

	for (lasts = 0; lasts < 2; lasts++)
		assert_int_equal(rz_park_next(kept, lasts, MINUTE_NS, NOW_NS),
				 rz_park_next(&c, lasts, MINUTE_NS, NOW_NS));
	c.frame.requests = c.frame.requests < RZ_PARK_REQUESTS ? 0 : RZ_PARK_REQUESTS;
	c.frame.answerable = c.frame.next_seq = 0;
	c.metadata_cs = 0;
	if (c.park != RZ_PARK_NO && c.park != RZ_PARK_ENDED)
		c.park_cs = 0;
	c.rx_bytes = c.tx_bytes = 0;
	assert_memory_equal(kept, &c, sizeof(c));
}

static void test_kept(void **state)
{
	static struct rz_conn conns[CONNS];
	struct rz_rows rows = {};
	uint32_t like[3] = {};
	unsigned i;

	(void)state;
	rz_rows_sort(&rows);
	assert_null(rz_rows_find(&rows, 1));
	for (i = 0; i < CONNS; i++) {
		conns[i] = any_conn(i);
		assert_int_equal(
			rz_rows_add(&rows, &conns[i], (uint32_t)conns[i].cookie, &like[i % 3]), 0);
	}
	qsort(conns, CONNS, sizeof(conns[0]), by_cookie);
	rz_rows_sort(&rows);
	assert_int_equal(rows.n, CONNS);
	for (i = 0; i < CONNS; i++) {
		struct rz_conn kept = rz_rows_conn(&rows, &rows.rows[i]);

		assert_int_equal(rows.rows[i].cookie, conns[i].cookie);
		assert_int_equal(rows.rows[i].place, (uint32_t)conns[i].cookie);
		assert_same(&kept, conns[i]);
	}
	assert_true(rows.n_conns < CONNS / 4); /* what they share stands once */
	rz_rows_free(&rows);
	assert_int_equal(rows.n, 0);
}

/* Connections that are parked, or are to be, share what is kept of them, whenever that began. Of
 * the others the moment is asked for, so each moment is kept. */
static void test_parked_share(void **state)
{
	unsigned park, i;

	(void)state;
	for (park = 0; park < RZ_PARK_COUNT; park++) {
		bool asked = park == RZ_PARK_NO || park == RZ_PARK_ENDED;
		struct rz_rows rows = {};
		uint32_t like = 0;

		for (i = 0; i < 100; i++) {
			struct rz_conn c;

			test_conn(&c);
			c.cookie = i + 1;
			c.park = (enum rz_park)park;
			c.park_cs = i;
			c.tuple.client_port = (uint16_t)(1000 + i);
			assert_int_equal(rz_rows_add(&rows, &c, i, &like), 0);
		}
		assert_int_equal(rows.n, 100);
		assert_int_equal(rows.n_conns, asked ? 100 : 1);
		for (i = 0; i < 100; i++)
			assert_int_equal(rz_rows_conn(&rows, &rows.rows[i]).park_cs, asked ? i : 0);
		rz_rows_free(&rows);
	}
}

/* Equal cookies, too, and such as differ in one byte alone. */
static void test_sorted(void **state)
{
	unsigned shift, i;

	(void)state;
	for (shift = 0; shift < 64; shift += 8) {
		struct rz_rows rows = {};
		uint32_t like = 0;
		struct rz_conn c;

		test_conn(&c);
		for (i = 0; i < 700; i++) {
			c.cookie = (uint64_t)below(256) << shift;
			assert_int_equal(rz_rows_add(&rows, &c, 0, &like), 0);
		}
		rz_rows_sort(&rows);
		for (i = 1; i < rows.n; i++)
			assert_true(rows.rows[i - 1].cookie <= rows.rows[i].cookie);
		rz_rows_free(&rows);
	}
}

/* Candidates that are there already come back as they were. */
static void test_of_candidates(void **state)
{
	struct rz_candidate some[3] = {
		{.cookie = 3, .opened_ns = 30, .data_ns = 31, .request_ns = 32, .client = 7},
		{.cookie = 5, .same_zone = true, .tuple = {.client_port = 9}},
		{.cookie = 9, .witness = true, .netns = 4}};
	struct rz_rows rows;
	size_t i;

	(void)state;
	assert_int_equal(rz_rows_of(some, 3, &rows), 0);
	for (i = 0; i < 3; i++) {
		struct rz_candidate c = rz_rows_candidate(&rows, &rows.rows[i]);

		assert_memory_equal(&c, &some[i], sizeof(c));
	}
	assert_ptr_equal(rz_rows_find(&rows, 3), &rows.rows[0]);
	assert_null(rz_rows_find(&rows, 4));
	assert_null(rz_rows_find(&rows, 5)); /* it is no candidate */
	assert_null(rz_rows_find(&rows, 9));
	rz_rows_free(&rows);
}

/* A pass learns of its clients what a whole snapshot does. */
static void test_named(void **state)
{
	static struct rz_conn conns[CONNS];
	struct rz_software_row software = {1, {"kgo", "v1.22.2"}};
	struct rz_snapshot all = {.conns = conns,
				  .n_conns = CONNS,
				  .softwares = &software,
				  .n_softwares = 1,
				  .now_ns = NOW_NS};
	struct rz_snapshot pass = {.softwares = &software, .n_softwares = 1, .now_ns = NOW_NS};
	size_t i, alike;

	(void)state;
	for (i = 0; i < CONNS; i++) {
		conns[i] = any_conn((unsigned)i);
		alike = rz_alikes_see(&pass.alike, &conns[i]);
		rz_named_note(&pass.alike.rows[alike], &conns[i]);
	}
	assert_int_equal(rz_named_learn(&all), 0);
	assert_int_equal(rz_named_learn(&pass), 0);
	assert_true(all.n_named > CLIENTS / 2);
	assert_int_equal(pass.n_named, all.n_named);
	for (i = 0; i < all.n_named; i++)
		assert_memory_equal(&pass.named[i], &all.named[i], sizeof(all.named[i]));
	free(all.named);
	free(pass.named);
	rz_alikes_free(&pass.alike);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),   cmocka_unit_test(test_parked_share),
		cmocka_unit_test(test_sorted), cmocka_unit_test(test_of_candidates),
		cmocka_unit_test(test_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
