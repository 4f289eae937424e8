// SPDX-License-Identifier: Apache-2.0
/*
 * user/policy/classify.c: was home ready when the client opened this connection, and may the client
 * have been here before that?
 */
#include "world.h"

/* Its client opened it here when home had been ready for stable-for; who cannot know says no. */
static void test_home_was_ready(void **state)
{
	uint64_t ready = NOW_NS - HOUR_NS;
	struct test_world w;

	(void)state;
	test_world_make(&w);
	w.rows[AGENT_B].seen_coming = true;
	assert_true(test_classify(&w).home_was_ready);
	w.conn.opened_ns = ready + w.settings.stable_for_ns;
	assert_false(test_classify(&w).home_was_ready);
	w.conn.opened_ns++;
	assert_true(test_classify(&w).home_was_ready);
	w.conn.frame.adopted = 1;
	assert_false(test_classify(&w).home_was_ready);
	w.conn.frame.adopted = 0;
	w.rows[AGENT_B].seen_coming = false;
	assert_false(test_classify(&w).home_was_ready);
	w.rows[AGENT_B].seen_coming = true;
	w.rows[AGENT_B].ready_since_ns = 0;
	assert_false(test_classify(&w).home_was_ready);
}

/* A world whose home is seen to have been ready for long. Returns since when it is stable. */
static uint64_t home_is_stable(struct test_world *w)
{
	test_world_make(w);
	w->rows[AGENT_B].seen_coming = true;
	return NOW_NS - HOUR_NS + w->settings.stable_for_ns;
}

/* Its client was here before that, and has not asked for metadata since; who cannot know says no.
 */
static void test_reconnected(void **state)
{
	struct test_world w;
	uint64_t ready = home_is_stable(&w);
	struct rz_named here = {};

	(void)state;
	here.since_ns = here.asked_ns = ready;
	here.oldest_ns = ready + 1;
	assert_false(test_classify(&w).reconnected);
	w.here = &here;
	assert_true(test_classify(&w).reconnected);
	here.since_ns++;
	assert_false(test_classify(&w).reconnected);
	here.since_ns = 0;
	assert_false(test_classify(&w).reconnected);
	here.since_ns = ready - 1;
	here.asked_ns++;
	assert_false(test_classify(&w).reconnected);
	here.asked_ns = 0;
	assert_true(test_classify(&w).reconnected);
	here.oldest_ns = ready;
	assert_false(test_classify(&w).reconnected);
	here.oldest_ns = ready + 1;
	w.conn.frame.unseen = 1;
	assert_false(test_classify(&w).reconnected);
	w.conn.frame.unseen = 0;
	w.conn.opened_ns = ready;
	assert_false(test_classify(&w).reconnected);
}

/* While rezone is too young to know, a client whose library opens a connection for each use may
 * have been here. */
static void test_may_have_been_here(void **state)
{
	struct test_world w;
	uint64_t ready = home_is_stable(&w);
	struct rz_named here = {};

	(void)state;
	here.since_ns = here.oldest_ns = ready + 1;
	w.here = &here;
	strcpy(w.software.name, "kgo");
	strcpy(w.software.version, "v1.22.2");
	w.status.started_ns = ready + 2 - 600 * SECOND_NS;
	assert_true(test_classify(&w).reconnected);
	w.status.started_ns--;
	assert_false(test_classify(&w).reconnected);
	w.status.started_ns++;
	here.asked_ns = ready + 1;
	assert_false(test_classify(&w).reconnected);
	here.asked_ns = 0;
	strcpy(w.software.name, "sarama");
	assert_false(test_classify(&w).reconnected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_home_was_ready),
		cmocka_unit_test(test_reconnected),
		cmocka_unit_test(test_may_have_been_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
