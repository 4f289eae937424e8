// SPDX-License-Identifier: Apache-2.0
/*
 * user/policy/classify.c: every reason; that no pair of them moves, and what stands beside a
 * verdict. tests/model holds a second statement of the rules against it.
 */
#include "classify_changes.h"

static const struct {
	const char *name;
	void (*change)(struct test_world *w);
	enum rz_reason reason;
} changes[] = {
#define CHANGE(f, r)                 \
	{                            \
#f, f, RZ_REASON_##r \
	}
	CHANGE(left, LEFT),
	CHANGE(followed, FOLLOWED),
	CHANGE(not_identified_new, NOT_IDENTIFIED),
	CHANGE(not_identified_tentative, NOT_IDENTIFIED),
	CHANGE(not_identified_unread, NOT_IDENTIFIED),
	CHANGE(not_identified_tls, NOT_IDENTIFIED),
	CHANGE(not_identified_not_kafka, NOT_IDENTIFIED),
	CHANGE(not_identified_desynced, NOT_IDENTIFIED),
	CHANGE(not_identified_odd_state, NOT_IDENTIFIED),
	CHANGE(not_opted_in, NOT_OPTED_IN),
	CHANGE(not_opted_in_odd_setting, NOT_OPTED_IN),
	CHANGE(excluded_client, EXCLUDED),
	CHANGE(excluded_address, EXCLUDED),
	CHANGE(excluded_zone, EXCLUDED),
	CHANGE(no_zone, NO_ZONE),
	CHANGE(no_zone_any, NO_ZONE),
	CHANGE(zone_unknown, ZONE_UNKNOWN),
	CHANGE(zone_unknown_case, ZONE_UNKNOWN),
	CHANGE(ambiguous_several, AMBIGUOUS),
	CHANGE(ambiguous_netns, AMBIGUOUS),
	CHANGE(ambiguous_not_seen, AMBIGUOUS),
	CHANGE(not_an_agent_node, NOT_AN_AGENT),
	CHANGE(several_clients, SEVERAL),
	CHANGE(peer_is_a_proxy, LOAD_BALANCER),
	CHANGE(not_an_agent_address, NOT_AN_AGENT),
	CHANGE(not_an_agent_port, NOT_AN_AGENT),
	CHANGE(own_zone_unknown, OWN_ZONE_UNKNOWN),
	CHANGE(same_zone, SAME_ZONE),
	CHANGE(same_zone_by_alias, SAME_ZONE),
	CHANGE(same_zone_by_own_zone, SAME_ZONE),
	CHANGE(no_agent_there_at_all, NO_AGENT_THERE),
	CHANGE(no_agent_there_not_ready, NO_AGENT_THERE),
	CHANGE(no_agent_there_other_group, NO_AGENT_THERE),
	CHANGE(no_agent_there_role, NO_AGENT_THERE),
	CHANGE(no_agent_there_jobs, NO_AGENT_THERE),
	CHANGE(no_agent_there_agent_group, NO_AGENT_THERE),
	CHANGE(no_agent_there_too_few, NO_AGENT_THERE),
	CHANGE(no_agent_there_min_zero, NO_AGENT_THERE),
	CHANGE(zone_not_stable, ZONE_NOT_STABLE),
	CHANGE(zone_not_stable_no_time, ZONE_NOT_STABLE),
	CHANGE(zone_not_stable_future, ZONE_NOT_STABLE),
	CHANGE(topology_stale, TOPOLOGY_STALE),
	CHANGE(topology_frozen, TOPOLOGY_STALE),
	CHANGE(topology_stale_never, TOPOLOGY_STALE),
	CHANGE(agent_terminating, AGENT_TERMINATING),
	CHANGE(parked_still, PARKED),
	CHANGE(parked_next, PARKED),
	CHANGE(parked_until_it_speaks, PARKED),
	CHANGE(parked_of_late, PARKED),
	CHANGE(parked_few_requests, PARKED),
	CHANGE(not_data_metadata, NOT_DATA),
	CHANGE(not_data_nothing, NOT_DATA),
	CHANGE(not_data_coordinator, NOT_DATA),
	CHANGE(shared, SHARED),
	CHANGE(shared_skip, SHARED),
	CHANGE(too_young, TOO_YOUNG),
	CHANGE(acks0, ACKS0),
	CHANGE(transactional, TRANSACTIONAL),
	CHANGE(load_balancer, LOAD_BALANCER),
	CHANGE(load_balancer_named, LOAD_BALANCER),
	CHANGE(local_proxy, LOCAL_PROXY),
	CHANGE(mptcp, MPTCP),
	CHANGE(name_not_kept, NAME_NOT_KEPT),
	CHANGE(name_forgotten, NAME_NOT_KEPT),
	CHANGE(library, LIBRARY),
	CHANGE(may_come, MAY_COME),
	CHANGE(may_come_young, MAY_COME),
};

static void test_base_moves(void **state)
{
	struct test_world w;
	struct rz_verdict v;

	(void)state;
	test_world_make(&w);
	v = test_classify(&w);
	assert_true(v.move);
	assert_int_equal(v.reason, RZ_REASON_NONE);
	assert_int_equal(v.locality, RZ_LOCALITY_CROSS);
	assert_int_equal(v.kind, RZ_KIND_DATA);
	assert_string_equal(v.client_zone, "b");
	assert_string_equal(v.agent_zone, "a");
	assert_string_equal(v.group, "default");
}

/* Reasons that classify.c never gives: they are asked later, by select.c and what it calls. */
static bool asked_later(enum rz_reason r)
{
	return (r >= RZ_REASON_COOLING_DOWN && r <= RZ_REASON_HOME_WAS_READY) ||
	       r == RZ_REASON_LISTENING;
}

/* One change each: its reason and no other. */
static void test_each_reason(void **state)
{
	bool reached[RZ_REASON_COUNT] = {};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(changes); i++) {
		struct test_world w;
		struct rz_verdict v;

		test_world_make(&w);
		changes[i].change(&w);
		v = test_classify(&w);
		print_message("%s\n", changes[i].name);
		assert_string_equal(rz_reason_name(v.reason), rz_reason_name(changes[i].reason));
		assert_false(v.move);
		reached[v.reason] = true;
	}
	for (i = RZ_REASON_LEFT; i < RZ_REASON_COUNT; i++) {
		if (reached[i] || asked_later(i))
			continue;
		print_error("no row of `changes` in tests/unit/test_classify.c has the reason "
			    "\"%s\"; add one\n",
			    rz_reason_name(i));
		fail();
	}
}

/* Of all pairs, sensible or not, none moves. */
static void test_pairs(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(changes); i++) {
		for (k = 0; k < COUNT(changes); k++) {
			struct test_world w;

			if (changes[i].reason == RZ_REASON_SAME_ZONE &&
			    changes[k].reason == RZ_REASON_SAME_ZONE)
				continue; /* the client's zone and the agent's: both changed, they
					     differ */
			test_world_make(&w);
			changes[i].change(&w);
			changes[k].change(&w);
			if (!test_classify(&w).move)
				continue;
			print_message("%s, %s\n", changes[i].name, changes[k].name);
			fail();
		}
	}
}

/* No operator knows more of a library whose name is lost. */
static void test_name_is_nobodys_guess(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	name_forgotten(&w);
	w.settings.close = RZ_CLOSE_FIN;
	assert_int_equal(RZ_REASON_NAME_NOT_KEPT, test_classify(&w).reason);
}

/* Limits are limits: at them it moves, beyond them it does not. */
static void test_limits(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	w.rows[AGENT_B].ready_since_ns = w.now_ns - 30 * SECOND_NS;
	assert_true(test_classify(&w).move);
	w.status.topology_proved_ns = w.now_ns - 90 * SECOND_NS;
	assert_true(test_classify(&w).move);
	w.settings.min_age_ns = 12500000000ULL;
	assert_true(test_classify(&w).move);
	w.settings.stable_for_ns = 0;
	w.rows[AGENT_B].ready_since_ns = w.now_ns;
	assert_true(test_classify(&w).move);
	w.settings.min_agents = w.rows[AGENT_B].ready = 5;
	assert_true(test_classify(&w).move);
}

/* What is known is shown, also of connections that nothing is done with. */
static void test_shown(void **state)
{
	struct test_world w;
	struct rz_verdict v;

	(void)state;
	test_world_make(&w);
	zone_unknown(&w);
	v = test_classify(&w);
	assert_int_equal(v.locality, RZ_LOCALITY_UNKNOWN);
	assert_string_equal(v.client_zone, "us-east-1x");
	test_world_make(&w);
	not_an_agent_port(&w);
	v = test_classify(&w);
	assert_int_equal(v.locality, RZ_LOCALITY_UNKNOWN);
	assert_null(v.agent_zone);
	assert_null(v.group);
	test_world_make(&w);
	same_zone(&w);
	w.conn.frame.fetch = 0;
	v = test_classify(&w);
	assert_int_equal(v.locality, RZ_LOCALITY_SAME);
	assert_int_equal(v.kind, RZ_KIND_METADATA);
	test_world_make(&w);
	not_identified_tentative(&w);
	assert_int_equal(test_classify(&w).locality, RZ_LOCALITY_UNKNOWN);
	test_world_make(&w);
	not_identified_unread(&w);
	v = test_classify(&w);
	assert_int_equal(v.locality, RZ_LOCALITY_UNKNOWN);
	assert_null(v.client_zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_moves), cmocka_unit_test(test_each_reason),
		cmocka_unit_test(test_pairs),	   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_shown),	   cmocka_unit_test(test_name_is_nobodys_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
