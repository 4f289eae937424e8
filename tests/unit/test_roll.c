// SPDX-License-Identifier: Apache-2.0
/* user/policy/roll.c: connections and their places, against a list that is searched naively. */
#include "policy/roll.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_PLACES 300
#define N_CONNS	 500 /* more than there are places */
#define N_STEPS	 200000

static struct rz_counted places[N_PLACES];

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

/* Cookies that have their low bits, or their high ones, in common. */
static uint64_t cookie_of(unsigned i)
{
	return i % 2 ? 1 + (uint64_t)i * 4096 : 1 + i;
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
			assert_int_equal(rz_roll_counted(r, place)->rx_bytes, which);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_and_goes),
		cmocka_unit_test(next_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
