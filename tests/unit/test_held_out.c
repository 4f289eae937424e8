// SPDX-License-Identifier: Apache-2.0
/*
 * user/policy/print.c and library.c, by the requests of real libraries that user/policy/prints.inc
 * was not made from: none is taken for another library, and none has a rule that is less strict
 * than its own.
 */
#include "unit.h"
#include "policy/library.h"
#include "policy/print.h"

struct held_out {
	const char *client; /* of tests/peers/clients */
	struct rz_software software;
	bool says; /* it says so, where it can */
	struct rz_print print;
};
#include "held_out.inc"

static rz_print_names match(const struct rz_print *p)
{
	struct rz_print_row r = {.print = *p};

	return rz_print_match(&r);
}

static rz_print_names near(const struct rz_print *p)
{
	struct rz_print_row r = {.print = *p};

	return rz_print_near(&r);
}

static bool is_rdkafka(const char *name)
{
	return !strncmp(name, "confluent-kafka-", 16) || !strcmp(name, "librdkafka");
}

static bool is_same(const char *a, const char *b)
{
	if (is_rdkafka(a) || is_rdkafka(b))
		return is_rdkafka(a) && is_rdkafka(b);
	return !strcmp(a, b);
}

static bool has_name(rz_print_names set, const char *name)
{
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++)
		if (set >> i & 1 && is_same(rz_print_name(i)->name, name))
			return true;
	return false;
}

/* A library that never says a name: its name in the table of prints. */
static rz_print_names own_name(const struct held_out *h)
{
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX && rz_print_name(i); i++)
		if (!h->says && !rz_print_says_name(i) &&
		    !strcmp(rz_print_name(i)->name, h->software.name))
			return 1ULL << i;
	return 0;
}

/* Whose rules are asked: policy/known.c. */
static rz_print_names reader_may_be(const struct held_out *h)
{
	return match(&h->print) ? near(&h->print) : 0;
}

static void test_names(void **state)
{
	unsigned named = 0;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(held_out); i++) {
		rz_print_names set = match(&held_out[i].print);

		named += set != 0;
		if (set && !has_name(set, held_out[i].software.name))
			fail_msg("%s, row %zu, is taken for %s", held_out[i].client, i,
				 rz_print_name((unsigned)__builtin_ctzll(set))->name);
	}
	print_message("%u of %zu have a name\n", named, COUNT(held_out));
	assert_true(2 * named > COUNT(held_out)); /* else this shows nothing */
}

static void assert_as_strict(const struct held_out *h, struct rz_library_way got,
			     struct rz_library_way own)
{
	if ((own.alone && !got.alone) || (own.gap_only && !got.gap_only && !got.alone) ||
	    (own.follow && !got.follow && !got.alone) || (got.shared && !own.shared) ||
	    (own.close == RZ_CLOSE_AUTO && got.close != RZ_CLOSE_AUTO))
		fail_msg("%s %s has a less strict rule than its own", h->client,
			 h->software.version);
}

/* What its own name would allow is not exceeded. */
static void assert_own_rule(const struct held_out *h, struct rz_library_case *c)
{
	static const struct rz_software nameless;
	struct rz_library_way got;

	c->software = NULL;
	c->prints = c->frame->produce ? match(&h->print) : reader_may_be(h);
	got = rz_library_way(c);
	c->prints = own_name(h);
	c->software = h->says ? &h->software : c->prints ? NULL : &nameless;
	assert_as_strict(h, got, rz_library_way(c));
}

static void test_rules(void **state)
{
	unsigned writers = 0, readers = 0;
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < COUNT(held_out); i++)
		for (k = 0; k < 6; k++) {
			const struct rz_print *p = &held_out[i].print;
			bool produce = p->versions[RZ_PRINT_OF_PRODUCE] != 0;
			struct rz_frame frame = {
				.adopted = 1,
				.produce = produce,
				.coordinator = p->versions[RZ_PRINT_OF_HEARTBEAT] != 0,
				.data_version = p->versions[produce ? RZ_PRINT_OF_PRODUCE
								    : RZ_PRINT_OF_FETCH] -
						1};
			struct rz_library_case c = {.frame = &frame,
						    .idempotent = rz_print_is_idempotent(p),
						    .grouped = k >= 3,
						    .others = (unsigned)k % 3};

			assert_own_rule(&held_out[i], &c);
			writers += produce;
			readers += !produce && match(p);
		}
	assert_true(writers > 0 && readers > 0);
}

/* A reader with one setting of its own is still taken for what it is, among others; and kafkajs,
 * whose rule is the strictest, for nobody else. */
static void test_settings(void **state)
{
	static const struct rz_print kafkajs = {.fetch_max_wait_ms = 5000,
						.fetch_min_bytes = 1,
						.fetch_max_bytes = 10485760,
						.isolation = 1,
						.fetches = 2,
						.versions = {[RZ_PRINT_OF_FETCH] = 12}};
	static const int waits[] = {100, 500, 1000, 5000, 10000}, sizes[] = {1048576, 52428800};
	rz_print_names own = rz_print_called("kafkajs");
	struct rz_print p = kafkajs;
	size_t i;

	(void)state;
	assert_true(own && match(&p) == own && near(&p) == own);
	for (i = 0; i < COUNT(waits); i++) {
		p.fetch_max_wait_ms = waits[i];
		assert_true(near(&p) & own);
		assert_false(match(&p) & ~own);
	}
	for (i = 0, p = kafkajs; i < COUNT(sizes); i++) {
		p.fetch_max_bytes = sizes[i];
		assert_true(near(&p) & own);
		assert_false(match(&p) & ~own);
	}
	p = kafkajs;
	p.fetch_min_bytes = 1000;
	assert_false(match(&p) & ~own);
	p = kafkajs;
	p.isolation = 0;
	assert_false(match(&p) & ~own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
