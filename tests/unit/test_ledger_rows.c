// SPDX-License-Identifier: Apache-2.0
/* user/policy/ledger_rows.c, ledger_sum.c: which rows are kept, and the hours of a sum. */
#include "ledger_rows.h"

static void zones_are_full(void **state)
{
	static const struct pair pairs[] = {
		{"a", "a"}, {"a", "b"}, {"b", "a"}, {"b", "b"}, {"", ""}};
	struct rz_ledger_more ten = {10, 0, 0};
	struct rz_ledger *l = ledger(4, 16);
	size_t i;

	(void)state;
	rz_ledger_begin(l, HOUR);
	for (i = 0; i < 5; i++)
		add(l, &pairs[i], 7, ten);
	rz_ledger_end(l);
	assert_int_equal(HASH_COUNT(l->zones), 4);
	assert_int_equal(sum_of(l, &pairs[2]).rx_bytes, 10);
	assert_int_equal(sum_of(l, &pairs[3]).rx_bytes, 0);
	assert_int_equal(sum_of(l, &pairs[4]).rx_bytes, 20);
	rz_ledger_free(l);
}

static bool has_client(const struct rz_ledger *l, uint64_t client)
{
	struct rz_ledger_client_row *r, *next;

	HASH_ITER (hh, l->clients, r, next)
		if (r->key.client == client)
			return true;
	return false;
}

/* Clients that carry little never push out one that carries much; one that carries much comes in.
 */
static void busiest_clients_stay(void **state)
{
	struct rz_ledger_more much = {100000, 0, 0}, little = {3, 0, 0}, none = {0, 0, 1};
	struct rz_ledger *l = ledger(16, 4);
	uint64_t i;

	(void)state;
	rz_ledger_begin(l, HOUR);
	add(l, &ab, 1, much);
	add(l, &ab, 2, none);
	assert_false(has_client(l, 2)); /* nothing to be shown */
	for (i = 1000; i < 3000; i++)
		add(l, &ab, i, little);
	assert_int_equal(HASH_COUNT(l->clients), 4);
	assert_true(has_client(l, 1));
	add(l, &ab, 2, much);
	assert_true(has_client(l, 2));
	assert_true(has_client(l, 1));
	assert_int_equal(HASH_COUNT(l->clients), 4);
	rz_ledger_end(l);
	/* all of it is in the zones' row */
	assert_int_equal(sum_of(l, &ab).rx_bytes, 200000 + 2000 * 3);
	assert_int_equal(l->n_evicted, 0); /* none was in the map yet */
	/* two days later they have carried nothing for long */
	l->clients->stored = true;
	rz_ledger_begin(l, HOUR + 49);
	add(l, &ab, 3, little);
	assert_true(has_client(l, 3));
	rz_ledger_end(l);
	rz_ledger_free(l);
}

/* A row that is in the map is told of when it goes. */
static void evicted_is_told(void **state)
{
	struct rz_ledger_more ten = {10, 0, 0}, twenty = {20, 0, 0};
	struct rz_ledger *l = ledger(16, 1);

	(void)state;
	rz_ledger_begin(l, HOUR);
	add(l, &ab, 1, ten);
	l->clients->stored = true;
	add(l, &ab, 2, ten); /* no more than the one that is there */
	assert_true(has_client(l, 1));
	add(l, &ab, 2, twenty);
	assert_true(has_client(l, 2));
	assert_int_equal(l->n_evicted, 1);
	assert_int_equal(l->evicted[0].client, 1);
	rz_ledger_end(l);
	rz_ledger_free(l);
}

static uint64_t hours(const struct rz_ledger_sum *s, uint32_t hour, uint32_t n)
{
	return rz_ledger_sum_last(s, hour, n).rx_bytes;
}

static void hours_roll_over(void **state)
{
	struct rz_ledger_more one = {1, 0, 0};
	struct rz_ledger_sum s = {};
	uint32_t h;

	(void)state;
	for (h = HOUR; h < HOUR + 100; h++)
		rz_ledger_sum_add(&s, h, &one);
	assert_int_equal(s.rx_bytes, 100);
	assert_int_equal(hours(&s, HOUR + 99, 1), 1);
	assert_int_equal(hours(&s, HOUR + 99, 49), 49);
	assert_int_equal(rz_ledger_sum_hour(&s, HOUR + 51).rx_bytes, 1);
	assert_int_equal(rz_ledger_sum_hour(&s, HOUR + 49).rx_bytes,
			 0); /* its place is another's */
	/* nothing for ten hours */
	assert_int_equal(hours(&s, HOUR + 109, 49), 39);
}

/* The clock was a year ahead for a while, and goes back; then it is set back by two hours. */
static void clock_steps(void **state)
{
	struct rz_ledger_more five = {5, 0, 0};
	struct rz_ledger_sum s = {};

	(void)state;
	rz_ledger_sum_add(&s, HOUR, &five);
	rz_ledger_sum_add(&s, HOUR + 8760, &five);
	rz_ledger_sum_add(&s, HOUR + 1, &five);
	assert_int_equal(s.rx_bytes, 15); /* a total loses nothing */
	assert_int_equal(hours(&s, HOUR + 1, 49), 10);
	rz_ledger_sum_add(&s, HOUR - 1, &five);
	assert_int_equal(hours(&s, HOUR - 1, 49), 5); /* later ones do not count yet */
	rz_ledger_sum_add(&s, HOUR + 1, &five);
	assert_int_equal(rz_ledger_sum_hour(&s, HOUR + 1).rx_bytes, 10);
	assert_int_equal(hours(&s, HOUR + 1, 49), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_are_full),  cmocka_unit_test(busiest_clients_stay),
		cmocka_unit_test(evicted_is_told), cmocka_unit_test(hours_roll_over),
		cmocka_unit_test(clock_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
