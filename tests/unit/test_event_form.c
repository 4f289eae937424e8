/* SPDX-License-Identifier: Apache-2.0 */
/* kern/event_form.c: an event without its zeros is the same event again, and no bytes do harm. */
#include "unit.h"

#include "kern/event_form.h"

/* Of a moved connection, with a client.id and a text of usual length. */
static struct rz_event usual(void)
{
	struct rz_event e = {.seq = 70000,
			     .time_ns = 1764216000123456789ULL,
			     .cookie = 0x1234567,
			     .client = 0xfedcba9876543210ULL,
			     .waited_ms = 1200,
			     .type = RZ_EVENT_MOVE,
			     .from_zone = "us-east-1b",
			     .to_zone = "us-east-1a",
			     .client_id = "billing-writer-7,warpstream_az=us-east-1a,ws_ilb=true",
			     .text = "reset after a hold of 310 ms, 2 segments held back"};

	memset(e.tuple.client_addr + 10, 0xff, 6);
	memset(e.tuple.agent_addr + 10, 0xff, 6);
	e.tuple.client_port = 40222;
	e.tuple.agent_port = 9092;
	return e;
}

static void assert_comes_back(const struct rz_event *e)
{
	uint8_t bytes[RZ_EVENT_FORM_MAX];
	struct rz_event back = {.seq = 9};
	size_t n = rz_event_form_write(bytes, e);

	assert_in_range(n, 0, sizeof(bytes));
	assert_int_equal(rz_event_form_read(bytes, n, &back), 0);
	assert_memory_equal(&back, e, sizeof(back));
}

static void usual_events_are_short(void **state)
{
	uint8_t bytes[RZ_EVENT_FORM_MAX];
	struct rz_event e = usual();

	(void)state;
	assert_comes_back(&e);
	assert_in_range(rz_event_form_write(bytes, &e), 1, 2 * RZ_EVENT_PIECE_BYTES);
}

static void extremes(void **state)
{
	struct rz_event e = {};
	uint8_t *p = (uint8_t *)&e;
	size_t i, every;

	(void)state;
	assert_comes_back(&e);
	memset(&e, 0xee, sizeof(e));
	assert_comes_back(&e);
	for (every = 2; every < 600;
	     every++) { /* the zeros that cost most, and rows of any length */
		memset(&e, 0, sizeof(e));
		for (i = 0; i < sizeof(e); i += every)
			p[i] = 1;
		assert_comes_back(&e);
		for (i = 0; i < sizeof(e); i++)
			p[i] = i % every != 0;
		assert_comes_back(&e);
	}
}

static void any_event(void **state)
{
	uint64_t seed = 1;
	struct rz_event e;
	uint8_t *p = (uint8_t *)&e;
	unsigned round;
	size_t i;

	(void)state;
	for (round = 0; round < 20000; round++) {
		unsigned zeros = noise_below(&seed, 101);

		for (i = 0; i < sizeof(e); i++)
			p[i] = noise_below(&seed, 100) < zeros ? 0 : (uint8_t)noise(&seed);
		assert_comes_back(&e);
	}
}

static void bytes_that_are_none(void **state)
{
	static const uint8_t cut[] = {0, 5, 1, 2, 3}, odd[] = {0, 1, 7, 0};
	static const uint8_t beyond[] = {255, 0, 255, 0, 100, 1, 1},
			     far[] = {255, 0, 255, 0, 75, 0};
	struct rz_event e = {.seq = 9};
	uint64_t seed = 1;
	uint8_t noisy[64];
	unsigned round;
	size_t i;

	(void)state;
	assert_int_equal(rz_event_form_read(cut, sizeof(cut), &e), -EBADMSG);
	assert_int_equal(rz_event_form_read(odd, sizeof(odd), &e), -EBADMSG);
	assert_int_equal(rz_event_form_read(beyond, sizeof(beyond), &e), -EBADMSG);
	assert_int_equal(rz_event_form_read(far, sizeof(far), &e), -EBADMSG);
	assert_int_equal(e.seq, 9);
	for (round = 0; round < 100000; round++) {
		for (i = 0; i < sizeof(noisy); i++)
			noisy[i] = (uint8_t)noise(&seed);
		rz_event_form_read(noisy, noise_below(&seed, sizeof(noisy) + 1), &e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_events_are_short),
		cmocka_unit_test(extremes),
		cmocka_unit_test(any_event),
		cmocka_unit_test(bytes_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
