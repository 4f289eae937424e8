// SPDX-License-Identifier: Apache-2.0
/* user/policy/offer.c: what the agent's own versions rule out; and what known.c and classify.c make
 * of it. */
#include "known.h"
#include "policy/library.h"
#include "policy/offer.h"

/* As librdkafka and kafka-python fill a batch. */
static struct rz_print writes(unsigned version)
{
	return (struct rz_print){.produces = 2,
				 .produce_timeout_ms = 30000,
				 .producer_epoch = -1,
				 .base_sequence = -1,
				 .versions = {[RZ_PRINT_OF_PRODUCE] = (__u8)(version + 1)}};
}

/* The releases of librdkafka in a set, as 1000 * major + minor: the newest; 0: none. */
static unsigned newest_rdkafka(rz_print_names set)
{
	unsigned i, newest = 0;

	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++)
		if (set >> i & 1 && rz_library_librdkafka(rz_print_name(i)) > newest)
			newest = rz_library_librdkafka(rz_print_name(i));
	return newest;
}

static rz_print_names at_agent(unsigned sent, unsigned has)
{
	struct rz_print_row r = {.print = writes(sent), .told.agent_has = (__u8)(has + 1)};

	return rz_offer_known(rz_print_match(&r), &r);
}

/* No release has ever sent v9 where there was v10. v10 it sends wherever it can. */
static void test_rdkafka(void **state)
{
	(void)state;
	assert_true(newest_rdkafka(at_agent(9, 9)) >= 2010);
	assert_int_equal(newest_rdkafka(at_agent(9, 10)), 0);
	assert_int_equal(newest_rdkafka(at_agent(9, 13)), 0);
	assert_true(newest_rdkafka(at_agent(10, 10)) >= 2010);
	assert_true(newest_rdkafka(at_agent(10, 13)) >= 2010);
	assert_int_equal(newest_rdkafka(at_agent(7, 13)), 2003);
}

/* Whoever sends v8 where there is a newer one may be 2.4, and none that is newer. */
static void test_between_two_rows(void **state)
{
	(void)state;
	assert_true(newest_rdkafka(at_agent(8, 8)) >= 2010);
	assert_int_equal(newest_rdkafka(at_agent(8, 9)), 2004);
	assert_int_equal(newest_rdkafka(at_agent(8, 13)), 2004);
}

/* kafka-python takes the versions of whichever agent it asked first, so nothing follows for it. */
static void test_others(void **state)
{
	rz_print_names python = rz_print_called("kafka-python");
	unsigned has;

	(void)state;
	for (has = 9; has < 14; has++)
		assert_true((at_agent(9, has) & python) == (at_agent(9, 9) & python) &&
			    at_agent(9, has) & python);
}

/* Not asked, no answer, two versions, or an agent that has not what it was sent: as without. */
static void test_in_doubt(void **state)
{
	struct rz_print_row r = {.print = writes(9)};
	rz_print_names all = rz_print_match(&r);

	(void)state;
	assert_true(newest_rdkafka(all));
	assert_true(rz_offer_known(all, &r) == all);
	r.told.agent_has = RZ_TOLD_NO_ANSWER;
	assert_true(rz_offer_known(all, &r) == all);
	r.told.agent_has = 8 + 1;
	assert_true(rz_offer_known(all, &r) == all);
	r.told.agent_has = 11 + 1;
	assert_true(rz_offer_known(all, &r) != all);
	r.print.versions[RZ_PRINT_OF_PRODUCE] = RZ_PRINT_DIFFERS;
	assert_true(rz_offer_known(all, &r) == all);
	assert_true(rz_offer_if_newer(all, &r) == all);
}

/* There is a reason to ask only while the answer may tell something. */
static void test_asks(void **state)
{
	struct rz_print_row row;
	struct rz_known k;
	struct clients w;

	(void)state;
	clients_make(&w);
	w.snap.n_conns = NAMED;
	w.conns[OLD].frame.produce = 1;
	w.conns[OLD].frame.data_version = 9;
	row = (struct rz_print_row){.cookie = w.conns[OLD].cookie, .print = writes(9)};
	w.snap.prints = &row;
	w.snap.n_prints = 1;
	k = known(&w, OLD);
	assert_int_equal(k.agent, RZ_AGENT_UNASKED);
	assert_true(k.if_newer && k.if_newer != k.prints);
	assert_false(newest_rdkafka(k.if_newer));
	row.told.agent_has = RZ_TOLD_NO_ANSWER;
	assert_int_equal(known(&w, OLD).agent, RZ_AGENT_SILENT);
	assert_true(known(&w, OLD).prints == k.prints);
	row.told.agent_has = 12;
	assert_int_equal(known(&w, OLD).agent, RZ_AGENT_ANSWERED);
	assert_true(known(&w, OLD).prints == k.if_newer);
	assert_is(known(&w, OLD), RZ_KNOWN_FINGERPRINT, NULL);
	row.print = writes(10); /* librdkafka alone has it */
	k = known(&w, OLD);
	assert_true(k.if_newer == k.prints);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rdkafka), cmocka_unit_test(test_between_two_rows),
		cmocka_unit_test(test_others),	cmocka_unit_test(test_in_doubt),
		cmocka_unit_test(test_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
