// SPDX-License-Identifier: Apache-2.0
/* user/policy/roll.c: connections and their places, against a list that is searched naively. */
#include "policy/roll.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_PLACES 300
#define N_CONNS	 500 /* more than there are places */
#define N_STEPS	 200000

static struct rz_counted_entry places[N_PLACES / RZ_COUNTED_EACH];

static struct rz_roll *roll(void)
{
	struct rz_roll *r = NULL;

	assert_int_equal(rz_roll_new(places, N_PLACES, &r), 0);
	return r;
}

static uint32_t add(struct rz_roll *r, uint64_t cookie, uint64_t rx)
{
	struct rz_counted c = {.cookie = cookie, .rx_bytes = rx};

	return rz_roll_add(r, &c);
}

static uint32_t add_base(struct rz_roll *r, uint64_t cookie, uint64_t rx)
{
	struct rz_counted c = {.cookie = cookie, .rx_bytes = rx, .base = true};

	return rz_roll_add(r, &c);
}

/* Cookies that have their low bits, or their high ones, in common; and some that the kernel counts
 * down from -1. */
static uint64_t cookie_of(unsigned i)
{
	if (i % 7 == 0)
		return -1 - (uint64_t)i;
	return i % 2 ? 1 + ((uint64_t)i << 40) : 1 + i;
}

/* The same ones in every run. */
static unsigned next_conn(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % N_CONNS;
}

static void comes_and_goes(void **state)
{
	static bool there[N_CONNS];
	struct rz_roll *r;
	unsigned i, step, n = 0;
	uint32_t seed = 1;

	(void)state;
	memset(places, 0, sizeof(places));
	r = roll();
	for (step = 0; step < N_STEPS; step++) {
		unsigned which = next_conn(&seed);
		uint32_t place = rz_roll_find(r, cookie_of(which));

		assert_int_equal(place != RZ_ROLL_NONE, there[which]);
		if (there[which]) {
			assert_int_equal(rz_roll_get(r, place).rx_bytes, which);
			assert_int_equal(rz_roll_note(r, place)->reason, which % 200);
			rz_roll_drop(r, place);
			n--;
		} else {
			place = add(r, cookie_of(which), which);
			assert_int_equal(rz_roll_note(r, place)->judged, 0); /* not another one's */
			rz_roll_note(r, place)->reason = which % 200;
			rz_roll_note(r, place)->judged = 1;
			n++;
		}
		there[which] = !there[which];
		assert_int_equal(r->taken, n);
	}
	for (i = 0; i < N_CONNS; i++)
		assert_int_equal(rz_roll_find(r, cookie_of(i)) != RZ_ROLL_NONE, there[i]);
	rz_roll_free(r);
}

/* The next run has what lies in the caller's places, holes between them too, and fills these. */
static void next_run(void **state)
{
	struct rz_roll *r;
	unsigned i;

	(void)state;
	memset(places, 0, sizeof(places));
	r = roll();
	for (i = 0; i < N_CONNS; i++)
		add(r, cookie_of(i), i);
	for (i = 0; i < N_CONNS; i += 3)
		rz_roll_drop(r, rz_roll_find(r, cookie_of(i)));
	rz_roll_free(r);
	r = roll();
	for (i = 0; i < N_CONNS; i++)
		assert_int_equal(rz_roll_find(r, cookie_of(i)) != RZ_ROLL_NONE,
				 i % 3 && i < N_PLACES);
	assert_int_equal(r->taken, 200);
	for (i = 0; i < 100; i++)
		assert_true(add(r, 1000000 + i, i) < N_PLACES);
	assert_int_equal(add(r, 2000000, 0), N_PLACES);
	rz_roll_free(r);
}

/* The caller has room for so many, and gives ten more at a time, at another address each time. */
struct grower {
	struct rz_counted_entry *now;
	size_t n, limit;
};

static int grow(void *arg, struct rz_counted_entry **at, size_t *n)
{
	struct grower *g = arg;
	struct rz_counted_entry *more;

	if (g->n + 10 > g->limit)
		return -ENOSPC;
	more = calloc((g->n + 10) / RZ_COUNTED_EACH, sizeof(*more));
	assert_non_null(more);
	assert_ptr_equal(*at, g->now);
	assert_int_equal(*n, g->n);
	memcpy(more, g->now, g->n / RZ_COUNTED_EACH * sizeof(*more));
	free(g->now);
	*at = g->now = more;
	*n = g->n += 10;
	return 0;
}

static void grows(void **state)
{
	struct grower g = {calloc(3, sizeof(struct rz_counted_entry)), 6, 1000};
	struct rz_roll *r = NULL, *next = NULL;
	unsigned i;

	(void)state;
	assert_int_equal(rz_roll_new(g.now, g.n, &r), 0);
	rz_roll_grows(r, grow, &g);
	for (i = 0; i < 1500; i++)
		assert_int_equal(add(r, cookie_of(i), i), i);
	assert_int_equal(g.n, 996);
	for (i = 0; i < 1500; i++) {
		assert_int_equal(rz_roll_find(r, cookie_of(i)), i);
		assert_int_equal(rz_roll_get(r, i).rx_bytes, i);
	}
	/* beyond its limit it is not asked again: the places behind are elsewhere by now */
	g.limit = 100000;
	for (i = 1500; i < 3000; i++)
		add(r, cookie_of(i), i);
	assert_int_equal(g.n, 996);
	assert_int_equal(rz_roll_get(r, rz_roll_find(r, cookie_of(2999))).rx_bytes, 2999);

	assert_int_equal(rz_roll_new(g.now, g.n, &next), 0);
	assert_int_equal(next->taken, 996);
	assert_int_equal(rz_roll_find(next, cookie_of(995)), 995);
	rz_roll_free(next);
	rz_roll_free(r);
	free(g.now);
}

/* A second place of a connection lies behind its first one, and is passed over by whoever looks for
 * the next connection. */
static void second_places(void **state)
{
	struct rz_roll *r;
	unsigned i;

	(void)state;
	memset(places, 0, sizeof(places));
	r = roll();
	for (i = 1; i <= 20; i++) {
		add(r, i, i);
		add_base(r, i, 100 + i);
	}
	rz_roll_free(r);
	r = roll();
	for (i = 1; i <= 20; i++) {
		assert_int_equal(r->next, i == 1 ? 0 : 2 * i - 3);
		assert_int_equal(rz_roll_find(r, i), 2 * i - 2);
		assert_int_equal(rz_roll_note(r, 2 * i - 2)->base, 0);
		assert_int_equal(rz_roll_note(r, 2 * i - 1)->base, 1);
	}
	assert_int_equal(rz_roll_get(r, rz_roll_find_base(r, 7)).rx_bytes, 107);
	rz_roll_free(r);
}

/* Places are written in order, each sum by one store: another process sees what was, or what is. */
static void *toggles(void *arg)
{
	const uint64_t turn[] = {0xffffff, 0x1000000};
	struct rz_counted c = {.cookie = -3};
	const volatile bool *stop = arg;
	unsigned i;

	for (i = 0; !*stop; i++) {
		c.rx_bytes = c.tx_bytes = turn[i % 2];
		rz_counted_put(places, 1, &c);
		if (i % 8 == 0)
			rz_counted_clear(places, 1);
	}
	return NULL;
}

static void seen_whole(void **state)
{
	static volatile bool stop;
	unsigned i, seen = 0;
	pthread_t writer;

	(void)state;
	memset(places, 0, sizeof(places));
	assert_int_equal(pthread_create(&writer, NULL, toggles, (void *)&stop), 0);
	for (i = 0; i < 3000000 && seen < 1000000; i++) {
		struct rz_counted c = rz_counted_get(places, 1);

		if (!c.cookie)
			continue;
		seen++;
		if (c.cookie != -3ULL || c.rx_bytes - 0xffffff > 1 || c.tx_bytes - 0xffffff > 1)
			break;
	}
	stop = true;
	pthread_join(writer, NULL);
	assert_true(i == 3000000 || seen == 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_and_goes), cmocka_unit_test(next_run),
		cmocka_unit_test(grows),	  cmocka_unit_test(second_places),
		cmocka_unit_test(seen_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
