// SPDX-License-Identifier: Apache-2.0
/*
 * user/policy/classify.c: every reason, and the order in which they are asked.
 * tests/model holds a second statement of the rules against it.
 */
#include "world.h"

static void not_identified_new(struct test_world *w)
{
	w->conn.frame.client = 0;
	w->conn.frame.state = RZ_STATE_NEW;
}

static void not_identified_tentative(struct test_world *w)
{
	w->conn.frame.tentative = 1;
}

static void not_identified_unread(struct test_world *w)
{
	w->unread = true;
}

static void not_identified_tls(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_TLS;
}

static void not_identified_not_kafka(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_NOT_KAFKA;
}

static void not_identified_desynced(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_DESYNCED;
}

static void not_identified_odd_state(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_COUNT;
}

static void not_opted_in(struct test_world *w)
{
	w->client.opt_in = 0;
}

static void not_opted_in_odd_setting(struct test_world *w)
{
	w->client.opt_in = 0;
	w->settings.opt_in = RZ_OPT_IN_COUNT;
}

static void no_zone(struct test_world *w)
{
	w->client.zone[0] = '\0';
}

static void peer_is_a_proxy(struct test_world *w)
{
	w->conn.frame.adopted = w->peer_proxies = 1;
}

static void several_clients(struct test_world *w)
{
	w->conn.frame.several = 1;
}

static void no_zone_any(struct test_world *w)
{
	w->client.zone[0] = '\0';
	w->client.opt_in = 0;
	w->settings.opt_in = RZ_OPT_IN_ANY;
}

static void zone_unknown(struct test_world *w)
{
	strcpy(w->client.zone, "us-east-1x");
}

static void zone_unknown_case(struct test_world *w)
{
	strcpy(w->client.zone, "B");
}

static void not_an_agent_address(struct test_world *w)
{
	w->conn.tuple.agent_addr[15]++;
}

static void not_an_agent_port(struct test_world *w)
{
	w->conn.tuple.agent_port++;
}

/* Another network namespace has the agent's address too, or it alone, or so far nobody. */
static void ambiguous_several(struct test_world *w)
{
	w->agents[AGENT_A].home = RZ_HOME_AMBIGUOUS;
}

static void ambiguous_netns(struct test_world *w)
{
	w->agents[AGENT_A].home = RZ_HOME_HERE;
	w->agents[AGENT_A].netns = w->conn.netns + 1;
}

static void ambiguous_not_seen(struct test_world *w)
{
	w->agents[AGENT_A].home = RZ_HOME_NOWHERE;
}

/* Whoever has the address here is not the agent, which is on another node. */
static void not_an_agent_node(struct test_world *w)
{
	w->agents[AGENT_A].home = RZ_HOME_OTHER_NODE;
}

static void own_zone_unknown(struct test_world *w)
{
	w->agents[AGENT_A].zone[0] = '\0';
	w->topo.own_zone[0] = '\0';
	strcpy(w->agents[AGENT_C].zone, "a"); /* so that the zone is known still */
}

static void same_zone(struct test_world *w)
{
	strcpy(w->client.zone, "a");
}

static void same_zone_by_alias(struct test_world *w)
{
	strcpy(w->client.zone, "bz-1");
	memcpy(w->conn.tuple.agent_addr, w->agents[AGENT_B].at.addr, 16);
}

static void same_zone_by_own_zone(struct test_world *w)
{
	w->agents[AGENT_A].zone[0] = '\0';
	strcpy(w->client.zone, "a");
}

static void no_agent_there_at_all(struct test_world *w)
{
	w->zones.n = 1; /* zone b is known by its alias and agent, but has no row */
}

static void no_agent_there_not_ready(struct test_world *w)
{
	strcpy(w->client.zone, "c");
}

static void no_agent_there_other_group(struct test_world *w)
{
	strcpy(w->rows[AGENT_B].key.group, "g2");
}

static void no_agent_there_too_few(struct test_world *w)
{
	w->settings.min_agents = 2;
}

/* zero in a map that no daemon has written: still not one ready agent is none */
static void no_agent_there_min_zero(struct test_world *w)
{
	w->settings.min_agents = 0;
	w->rows[AGENT_B].ready = 0;
}

static void zone_not_stable(struct test_world *w)
{
	w->rows[AGENT_B].ready_since_ns = w->now_ns - 30 * SECOND_NS + 1;
}

static void zone_not_stable_no_time(struct test_world *w)
{
	w->rows[AGENT_B].ready_since_ns = 0;
}

static void zone_not_stable_future(struct test_world *w)
{
	w->rows[AGENT_B].ready_since_ns = w->now_ns + 1;
}

static void topology_stale(struct test_world *w)
{
	w->status.topology_proved_ns = w->now_ns - 90 * SECOND_NS - 1;
}

static void topology_stale_never(struct test_world *w)
{
	w->status.topology_proved_ns = 0;
}

static void agent_terminating(struct test_world *w)
{
	w->agents[AGENT_A].ready = false;
}

static void not_data_metadata(struct test_world *w)
{
	w->conn.frame.fetch = 0;
}

static void not_data_nothing(struct test_world *w)
{
	w->conn.frame.fetch = w->conn.frame.metadata = 0;
	w->conn.frame.state = RZ_STATE_IDENTIFIED;
}

static void not_data_coordinator(struct test_world *w)
{
	w->conn.frame.fetch = 0;
	w->conn.frame.coordinator = 1;
}

static void shared(struct test_world *w)
{
	w->conn.frame.coordinator = 1;
}

static void shared_skip(struct test_world *w)
{
	shared(w);
	w->settings.shared = RZ_SHARED_SKIP;
}

static void name_not_kept(struct test_world *w)
{
	w->conn.frame.software = RZ_SOFTWARE_UNKEPT;
}

/* It had a number, and map softwares has it no more. */
static void name_forgotten(struct test_world *w)
{
	name_not_kept(w);
	w->conn.frame.software = 17;
}

/* a row of user/policy/library.c that leaves alone */
static void library(struct test_world *w)
{
	strcpy(w->software.name, "apache-kafka-java");
	strcpy(w->software.version, "4.1.0");
	w->grouped = true;
	w->settings.grace_ns = NOW_NS - w->conn.opened_ns; /* the zone has been ready for longer */
}

static void may_come(struct test_world *w)
{
	library(w);
	w->settings.grace_ns++;
}

static void may_come_young(struct test_world *w)
{
	library(w);
	w->conn.opened_ns++;
}

static void too_young(struct test_world *w)
{
	w->settings.min_age_ns = 12500000001ULL;
}

static void topology_frozen(struct test_world *w)
{
	w->status.frozen = RZ_FREEZE_CONTRADICTION;
}

static void no_agent_there_role(struct test_world *w)
{
	test_name_group(w, "default@proxy-produce");
	strcpy(w->client.proxy_target, "proxy-consume");
}

static void no_agent_there_jobs(struct test_world *w)
{
	test_name_group(w, "default@jobs");
}

static void no_agent_there_agent_group(struct test_world *w)
{
	strcpy(w->client.agent_group, "other");
}

static void excluded_client(struct test_world *w)
{
	strcpy(w->settings.exclude_clients, "other* app,*az=b,* third");
}

static void excluded_address(struct test_world *w)
{
	strcpy(w->settings.exclude_addresses, "192.0.2.0/24,10.0.2.0/24");
}

static void excluded_zone(struct test_world *w)
{
	strcpy(w->settings.exclude_zones, "c,bz-1"); /* an alias of b */
}

static void acks0(struct test_world *w)
{
	w->conn.frame.acks0 = 1;
}

static void local_proxy(struct test_world *w)
{
	w->conn.frame.via = RZ_VIA_LOCAL;
}

static void left(struct test_world *w)
{
	w->left = true;
}

static void followed(struct test_world *w)
{
	w->followed = true;
}

static void load_balancer(struct test_world *w)
{
	w->conn.frame.via = RZ_VIA_PROXY;
}

static void load_balancer_named(struct test_world *w)
{
	w->client.host_override = 1;
}

static void transactional(struct test_world *w)
{
	w->conn.frame.transaction = 1;
}

static void mptcp(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_MPTCP;
}

/* Whoever is parked, or may be at its next segment, or was and has not been read for long enough
 * since. */
static void parked_still(struct test_world *w)
{
	w->conn.park = RZ_PARK_PARKED;
}

static void parked_next(struct test_world *w)
{
	w->conn.park = RZ_PARK_WANTED;
}

static void parked_until_it_speaks(struct test_world *w)
{
	w->conn.park = RZ_PARK_ENDING;
}

static void parked_of_late(struct test_world *w)
{
	w->conn.park = RZ_PARK_ENDED;
	w->conn.park_cs = 1 + 400; /* 8.5 s ago */
}

static void parked_few_requests(struct test_world *w)
{
	parked_of_late(w);
	w->conn.park_cs = 1;
	w->conn.frame.unseen = 1;
}

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
		cmocka_unit_test(test_base_moves),
		cmocka_unit_test(test_each_reason),
		cmocka_unit_test(test_home_was_ready),
		cmocka_unit_test(test_reconnected),
		cmocka_unit_test(test_may_have_been_here),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_name_is_nobodys_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
