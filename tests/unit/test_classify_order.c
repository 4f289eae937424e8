// SPDX-License-Identifier: Apache-2.0
/* user/policy/classify.c: of two reasons the one that is asked first is given. */
#include "classify_changes.h"

/* One change for each reason, none of which undoes another, in the order of asking. */
static const struct {
	void (*change)(struct test_world *w);
	enum rz_reason reason;
	const char *of; /* two changes of one field cannot both be made */
} ordered[] = {
	{left, RZ_REASON_LEFT, "left"}, /* nothing else matters then */
	{followed, RZ_REASON_FOLLOWED, "followed"},
	{mptcp, RZ_REASON_MPTCP, "state"}, /* a state, so it is asked before all others */
	{not_identified_tentative, RZ_REASON_NOT_IDENTIFIED, "tentative"},
	{not_opted_in, RZ_REASON_NOT_OPTED_IN, "opt_in"},
	{excluded_client, RZ_REASON_EXCLUDED, "client.id"},
	{no_zone, RZ_REASON_NO_ZONE, "zone"},
	{zone_unknown, RZ_REASON_ZONE_UNKNOWN, "zone"},
	{ambiguous_several, RZ_REASON_AMBIGUOUS, "port"},
	{not_an_agent_port, RZ_REASON_NOT_AN_AGENT, "port"},
	{own_zone_unknown, RZ_REASON_OWN_ZONE_UNKNOWN, "own zone"},
	{same_zone, RZ_REASON_SAME_ZONE, "zone"},
	{no_agent_there_too_few, RZ_REASON_NO_AGENT_THERE, "min_agents"},
	{zone_not_stable, RZ_REASON_ZONE_NOT_STABLE, "since"},
	{topology_stale, RZ_REASON_TOPOLOGY_STALE, "proved"},
	{agent_terminating, RZ_REASON_AGENT_TERMINATING, "ready"},
	{not_data_nothing, RZ_REASON_NOT_DATA, "kind"},
	{shared, RZ_REASON_SHARED, "kind"},
	{too_young, RZ_REASON_TOO_YOUNG, "age"},
	{acks0, RZ_REASON_ACKS0, "acks0"},
	{transactional, RZ_REASON_TRANSACTIONAL, "transaction"},
	{load_balancer, RZ_REASON_LOAD_BALANCER, "via"},
	{local_proxy, RZ_REASON_LOCAL_PROXY, "via"},
	{name_not_kept, RZ_REASON_NAME_NOT_KEPT, "software"},
	{library, RZ_REASON_LIBRARY, "software"},
	{may_come, RZ_REASON_MAY_COME, "software"},
};

/* Of any two reasons the one that is asked first is given, whichever came first. */
static void test_order(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(ordered); i++) {
		for (k = i + 1; k < COUNT(ordered); k++) {
			struct test_world w;
			struct rz_verdict v;

			if (!strcmp(ordered[i].of, ordered[k].of))
				continue;
			test_world_make(&w);
			ordered[k].change(&w);
			ordered[i].change(&w);
			v = test_classify(&w);
			if (v.reason == ordered[i].reason && !v.move)
				continue;
			print_error("\"%s\" and \"%s\" both hold: expected the first, got "
				    "\"%s\". If both change one field, name it alike in "
				    "`ordered`\n",
				    rz_reason_name(ordered[i].reason),
				    rz_reason_name(ordered[k].reason), rz_reason_name(v.reason));
			fail();
		}
	}
	for (i = 4; i < COUNT(ordered); i++) { /* the table itself is in the enum's order */
		if (ordered[i - 1].reason < ordered[i].reason)
			continue;
		print_error("`ordered` has \"%s\" before \"%s\", enum rz_reason has not\n",
			    rz_reason_name(ordered[i - 1].reason),
			    rz_reason_name(ordered[i].reason));
		fail();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
