/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the world (world.h) that each keep its connection from being moved. Which reason each
 * gives is in `changes` of test_classify.c; in which order they are asked, in `ordered` of
 * test_classify_order.c.
 */
#ifndef TESTS_UNIT_CLASSIFY_CHANGES_H
#define TESTS_UNIT_CLASSIFY_CHANGES_H

#include "world.h"

static inline void not_identified_new(struct test_world *w)
{
	w->conn.frame.client = 0;
	w->conn.frame.state = RZ_STATE_NEW;
}

static inline void not_identified_tentative(struct test_world *w)
{
	w->conn.frame.tentative = 1;
}

static inline void not_identified_unread(struct test_world *w)
{
	w->unread = true;
}

static inline void not_identified_tls(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_TLS;
}

static inline void not_identified_not_kafka(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_NOT_KAFKA;
}

static inline void not_identified_desynced(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_DESYNCED;
}

static inline void not_identified_odd_state(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_COUNT;
}

static inline void not_opted_in(struct test_world *w)
{
	w->client.opt_in = 0;
}

static inline void not_opted_in_odd_setting(struct test_world *w)
{
	w->client.opt_in = 0;
	w->settings.opt_in = RZ_OPT_IN_COUNT;
}

static inline void no_zone(struct test_world *w)
{
	w->client.zone[0] = '\0';
}

static inline void peer_is_a_proxy(struct test_world *w)
{
	w->conn.frame.adopted = w->peer_proxies = 1;
}

static inline void several_clients(struct test_world *w)
{
	w->conn.frame.several = 1;
}

static inline void no_zone_any(struct test_world *w)
{
	w->client.zone[0] = '\0';
	w->client.opt_in = 0;
	w->settings.opt_in = RZ_OPT_IN_ANY;
}

static inline void zone_unknown(struct test_world *w)
{
	strcpy(w->client.zone, "us-east-1x");
}

static inline void zone_unknown_case(struct test_world *w)
{
	strcpy(w->client.zone, "B");
}

static inline void not_an_agent_address(struct test_world *w)
{
	w->conn.tuple.agent_addr[15]++;
}

static inline void not_an_agent_port(struct test_world *w)
{
	w->conn.tuple.agent_port++;
}

/* Another network namespace has the agent's address too, or it alone, or so far nobody. */
static inline void ambiguous_several(struct test_world *w)
{
	w->agents[AGENT_A].home = RZ_HOME_AMBIGUOUS;
}

static inline void ambiguous_netns(struct test_world *w)
{
	w->agents[AGENT_A].home = RZ_HOME_HERE;
	w->agents[AGENT_A].netns = w->conn.netns + 1;
}

static inline void ambiguous_not_seen(struct test_world *w)
{
	w->agents[AGENT_A].home = RZ_HOME_NOWHERE;
}

/* Whoever has the address here is not the agent, which is on another node. */
static inline void not_an_agent_node(struct test_world *w)
{
	w->agents[AGENT_A].home = RZ_HOME_OTHER_NODE;
}

static inline void own_zone_unknown(struct test_world *w)
{
	w->agents[AGENT_A].zone[0] = '\0';
	w->topo.own_zone[0] = '\0';
	strcpy(w->agents[AGENT_C].zone, "a"); /* so that the zone is known still */
}

static inline void same_zone(struct test_world *w)
{
	strcpy(w->client.zone, "a");
}

static inline void same_zone_by_alias(struct test_world *w)
{
	strcpy(w->client.zone, "bz-1");
	memcpy(w->conn.tuple.agent_addr, w->agents[AGENT_B].at.addr, 16);
}

static inline void same_zone_by_own_zone(struct test_world *w)
{
	w->agents[AGENT_A].zone[0] = '\0';
	strcpy(w->client.zone, "a");
}

static inline void no_agent_there_at_all(struct test_world *w)
{
	w->zones.n = 1; /* zone b is known by its alias and agent, but has no row */
}

static inline void no_agent_there_not_ready(struct test_world *w)
{
	strcpy(w->client.zone, "c");
}

static inline void no_agent_there_other_group(struct test_world *w)
{
	strcpy(w->rows[AGENT_B].key.group, "g2");
}

static inline void no_agent_there_too_few(struct test_world *w)
{
	w->settings.min_agents = 2;
}

/* zero in a map that no daemon has written: still not one ready agent is none */
static inline void no_agent_there_min_zero(struct test_world *w)
{
	w->settings.min_agents = 0;
	w->rows[AGENT_B].ready = 0;
}

static inline void zone_not_stable(struct test_world *w)
{
	w->rows[AGENT_B].ready_since_ns = w->now_ns - 30 * SECOND_NS + 1;
}

static inline void zone_not_stable_no_time(struct test_world *w)
{
	w->rows[AGENT_B].ready_since_ns = 0;
}

static inline void zone_not_stable_future(struct test_world *w)
{
	w->rows[AGENT_B].ready_since_ns = w->now_ns + 1;
}

static inline void topology_stale(struct test_world *w)
{
	w->status.topology_proved_ns = w->now_ns - 90 * SECOND_NS - 1;
}

static inline void topology_stale_never(struct test_world *w)
{
	w->status.topology_proved_ns = 0;
}

static inline void agent_terminating(struct test_world *w)
{
	w->agents[AGENT_A].ready = false;
}

static inline void not_data_metadata(struct test_world *w)
{
	w->conn.frame.fetch = 0;
}

static inline void not_data_nothing(struct test_world *w)
{
	w->conn.frame.fetch = w->conn.frame.metadata = 0;
	w->conn.frame.state = RZ_STATE_IDENTIFIED;
}

static inline void not_data_coordinator(struct test_world *w)
{
	w->conn.frame.fetch = 0;
	w->conn.frame.coordinator = 1;
}

static inline void shared(struct test_world *w)
{
	w->conn.frame.coordinator = 1;
}

static inline void shared_skip(struct test_world *w)
{
	shared(w);
	w->settings.shared = RZ_SHARED_SKIP;
}

static inline void name_not_kept(struct test_world *w)
{
	w->conn.frame.software = RZ_SOFTWARE_UNKEPT;
}

/* It had a number, and map softwares has it no more. */
static inline void name_forgotten(struct test_world *w)
{
	name_not_kept(w);
	w->conn.frame.software = 17;
}

/* a row of user/policy/library.c that leaves alone */
static inline void library(struct test_world *w)
{
	strcpy(w->software.name, "apache-kafka-java");
	strcpy(w->software.version, "4.1.0");
	w->grouped = true;
	w->settings.grace_ns = NOW_NS - w->conn.opened_ns; /* the zone has been ready for longer */
}

static inline void may_come(struct test_world *w)
{
	library(w);
	w->settings.grace_ns++;
}

static inline void may_come_young(struct test_world *w)
{
	library(w);
	w->conn.opened_ns++;
}

static inline void too_young(struct test_world *w)
{
	w->settings.min_age_ns = 12500000001ULL;
}

static inline void topology_frozen(struct test_world *w)
{
	w->status.frozen = RZ_FREEZE_CONTRADICTION;
}

static inline void no_agent_there_role(struct test_world *w)
{
	test_name_group(w, "default@proxy-produce");
	strcpy(w->client.proxy_target, "proxy-consume");
}

static inline void no_agent_there_jobs(struct test_world *w)
{
	test_name_group(w, "default@jobs");
}

static inline void no_agent_there_agent_group(struct test_world *w)
{
	strcpy(w->client.agent_group, "other");
}

static inline void excluded_client(struct test_world *w)
{
	strcpy(w->settings.exclude_clients, "other* app,*az=b,* third");
}

static inline void excluded_address(struct test_world *w)
{
	strcpy(w->settings.exclude_addresses, "192.0.2.0/24,10.0.2.0/24");
}

static inline void excluded_zone(struct test_world *w)
{
	strcpy(w->settings.exclude_zones, "c,bz-1"); /* an alias of b */
}

static inline void acks0(struct test_world *w)
{
	w->conn.frame.acks0 = 1;
}

static inline void local_proxy(struct test_world *w)
{
	w->conn.frame.via = RZ_VIA_LOCAL;
}

static inline void left(struct test_world *w)
{
	w->left = true;
}

static inline void followed(struct test_world *w)
{
	w->followed = true;
}

static inline void load_balancer(struct test_world *w)
{
	w->conn.frame.via = RZ_VIA_PROXY;
}

static inline void load_balancer_named(struct test_world *w)
{
	w->client.host_override = 1;
}

static inline void transactional(struct test_world *w)
{
	w->conn.frame.transaction = 1;
}

static inline void mptcp(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_MPTCP;
}

/* Whoever is parked, or may be at its next segment, or was and has not been read for long enough
 * since. */
static inline void parked_still(struct test_world *w)
{
	w->conn.park = RZ_PARK_PARKED;
}

static inline void parked_next(struct test_world *w)
{
	w->conn.park = RZ_PARK_WANTED;
}

static inline void parked_until_it_speaks(struct test_world *w)
{
	w->conn.park = RZ_PARK_ENDING;
}

static inline void parked_of_late(struct test_world *w)
{
	w->conn.park = RZ_PARK_ENDED;
	w->conn.park_cs = 1 + 400; /* 8.5 s ago */
}

static inline void parked_few_requests(struct test_world *w)
{
	parked_of_late(w);
	w->conn.park_cs = 1;
	w->conn.frame.unseen = 1;
}

#endif
