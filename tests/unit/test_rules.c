// SPDX-License-Identifier: Apache-2.0
/* user/policy/rules.c: what each rule says of one connection, as `rezone explain` shows it. That
 * they say what the verdict says is asked with every verdict of the other tests (world.h), and of
 * each decision of tests/model. */
#include "world.h"

static struct rz_rule_answer rules[RZ_RULES_MAX];
static size_t n_rules;

static const struct rz_rule_answer *rule(enum rz_reason reason)
{
	size_t i;

	for (i = 0; i < n_rules && rules[i].reason != reason; i++)
		;
	assert_true(i < n_rules);
	return &rules[i];
}

static void ask(const struct test_world *w)
{
	struct rz_judged_conn judged = {.conn = &w->conn, .client = w->unread ? NULL : &w->client};
	struct rz_world view = test_world_view(w);

	n_rules = rz_classify_rules(&judged, &view, rules);
}

static size_t count(enum rz_answer answer)
{
	size_t i, n = 0;

	for (i = 0; i < n_rules; i++)
		n += rules[i].answer == answer;
	return n;
}

static void test_a_candidate_passes_all(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	ask(&w);
	assert_int_equal(count(RZ_ANSWER_PASSED), n_rules);
}

/* All that fail are told, not the first alone, and when time will have mended them. */
static void test_all_that_fail(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	w.client.opt_in = 0;
	w.settings.min_age_ns = MINUTE_NS;
	w.rows[AGENT_B].ready_since_ns = NOW_NS - 10 * SECOND_NS;
	ask(&w);
	assert_int_equal(count(RZ_ANSWER_FAILED), 3);
	assert_int_equal(rule(RZ_REASON_NOT_OPTED_IN)->answer, RZ_ANSWER_FAILED);
	assert_int_equal(rule(RZ_REASON_NOT_OPTED_IN)->until_ns, 0);
	assert_false(rule(RZ_REASON_NOT_OPTED_IN)->protects);
	assert_int_equal(rule(RZ_REASON_TOO_YOUNG)->until_ns, w.conn.opened_ns + MINUTE_NS);
	assert_int_equal(rule(RZ_REASON_ZONE_NOT_STABLE)->until_ns, NOW_NS + 20 * SECOND_NS);
	assert_int_equal(rule(RZ_REASON_SAME_ZONE)->until_ns, 0);
}

/* Of a connection about which nothing is known every rule can be asked. */
static void test_nothing_is_known(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	w.unread = true;
	w.conn.tuple.agent_addr[15]++;
	ask(&w);
	assert_int_equal(rule(RZ_REASON_NOT_IDENTIFIED)->answer, RZ_ANSWER_FAILED);
	assert_true(rule(RZ_REASON_NOT_IDENTIFIED)->protects);
	assert_int_equal(rule(RZ_REASON_NOT_OPTED_IN)->answer, RZ_ANSWER_MOOT);
	assert_int_equal(rule(RZ_REASON_ZONE_UNKNOWN)->answer, RZ_ANSWER_MOOT);
	assert_int_equal(rule(RZ_REASON_NOT_AN_AGENT)->answer, RZ_ANSWER_FAILED);
	assert_int_equal(rule(RZ_REASON_SAME_ZONE)->answer, RZ_ANSWER_MOOT);
}

/* A library that is overdue is not also one that may come. */
static void test_library_once(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	w.conn.frame.produce = 1;
	w.conn.frame.data_version = 11;
	ask(&w);
	assert_int_equal(rule(RZ_REASON_LIBRARY)->answer, RZ_ANSWER_FAILED);
	assert_int_equal(rule(RZ_REASON_MAY_COME)->answer, RZ_ANSWER_PASSED);
	w.settings.grace_ns = HOUR_NS;
	ask(&w);
	assert_int_equal(rule(RZ_REASON_LIBRARY)->answer, RZ_ANSWER_PASSED);
	assert_int_equal(rule(RZ_REASON_MAY_COME)->answer, RZ_ANSWER_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_candidate_passes_all),
		cmocka_unit_test(test_all_that_fail),
		cmocka_unit_test(test_nothing_is_known),
		cmocka_unit_test(test_library_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
