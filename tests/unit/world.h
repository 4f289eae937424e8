/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world for the tests of the policy and its output: three zones, and one connection of a
 * client of zone b on the agent of zone a that nothing speaks against moving. Tests change one
 * thing and look what follows.
 */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include "unit.h"
#include "kern/snapshot.h"
#include "policy/classify.h"

#define NOW_NS	    (24 * HOUR_NS)
#define CLIENT_HASH 0x1234567890abcdefULL

enum { AGENT_A, AGENT_B, AGENT_C, N_AGENTS };

struct test_world {
	struct rz_topo_agent agents[N_AGENTS];
	struct rz_topo_alias aliases[1];
	struct rz_topo topo;
	struct rz_topo_zone rows[N_AGENTS];
	struct rz_topo_zones zones;
	struct rz_settings settings;
	struct rz_status status;
	struct rz_conn conn;
	struct rz_client client;
	uint64_t now_ns;
	bool unread;		     /* map clients has no entry for the client */
	struct rz_software software; /* what the client says it is; no name: nothing */
	bool grouped, peer_proxies;
	rz_print_names prints; /* what its requests look like */
	bool with_id;	       /* its batches have a producer id */
	bool left;	       /* the client has closed it while it was held */
	bool followed, other_writer;
	const struct rz_named *here; /* what is remembered of the client, NULL: nothing */
};

static inline void test_ip4(uint8_t addr[16], int a, int b, int c, int d)
{
	memset(addr, 0, 16);
	addr[10] = addr[11] = 0xff;
	addr[12] = a;
	addr[13] = b;
	addr[14] = c;
	addr[15] = d;
}

static inline void test_agent(struct test_world *w, int i, const char *zone, bool ready)
{
	struct rz_topo_agent *a = &w->agents[i];
	struct rz_topo_zone *z = &w->rows[i];

	test_ip4(a->at.addr, 10, 0, i + 1, 2);
	a->at.port = 9092;
	strcpy(a->zone, zone);
	strcpy(a->group, "default");
	a->ready = ready;
	strcpy(z->key.zone, zone);
	strcpy(z->key.group, "default");
	z->agents = 1;
	z->ready = ready;
	z->ready_since_ns = ready ? NOW_NS - HOUR_NS : 0;
}

static inline void test_conn(struct rz_conn *c)
{
	memset(c, 0, sizeof(*c));
	c->cookie = 4711;
	c->netns = 4026532288u;
	test_ip4(c->tuple.client_addr, 10, 0, 2, 7);
	c->tuple.client_port = 51544;
	test_ip4(c->tuple.agent_addr, 10, 0, 1, 2);
	c->tuple.agent_port = 9092;
	c->frame.client = CLIENT_HASH;
	c->frame.state = RZ_STATE_DATA;
	c->frame.synced = 1;
	c->frame.requests = 17;
	c->frame.fetch = 1;
	c->frame.metadata = 1;
	c->opened_ns = NOW_NS - 12500000000ULL;
	c->rx_bytes = 1234;
	c->tx_bytes = 99;
}

static inline void test_world_make(struct test_world *w)
{
	memset(w, 0, sizeof(*w));
	test_agent(w, AGENT_A, "a", true);
	test_agent(w, AGENT_B, "b", true);
	test_agent(w, AGENT_C, "c", false);
	strcpy(w->aliases[0].name, "bz-1");
	strcpy(w->aliases[0].zone, "b");
	w->topo = (struct rz_topo){"a", w->agents, N_AGENTS, w->aliases, 1};
	w->zones = (struct rz_topo_zones){w->rows, N_AGENTS};
	w->settings = (struct rz_settings){
		.stable_for_ns = 30 * SECOND_NS,
		.topology_max_age_ns = 90 * SECOND_NS,
		.min_agents = 1,
	};
	w->status = (struct rz_status){.topology_proved_ns = NOW_NS - SECOND_NS};
	test_conn(&w->conn);
	strcpy(w->client.id, "app,warpstream_az=b,warpstream_interzone_lb=true");
	strcpy(w->client.zone, "b");
	w->client.opt_in = 1;
	w->client.dialect = RZ_DIALECT_WARPSTREAM;
	w->now_ns = NOW_NS;
}

/* The agents, all of one group, say what they serve. */
static inline void test_name_group(struct test_world *w, const char *group)
{
	int i;

	for (i = 0; i < N_AGENTS; i++) {
		strcpy(w->agents[i].group, group);
		strcpy(w->rows[i].key.group, group);
	}
}

static inline struct rz_world test_world_view(const struct test_world *w)
{
	return (struct rz_world){.topo = &w->topo,
				 .zones = &w->zones,
				 .settings = &w->settings,
				 .status = &w->status,
				 .now_ns = w->now_ns};
}

/* The rules, told one by one, say what the verdict says: the first that fails is its reason (or, if
 * that is `parked`, the first behind it that lasts), and none above it is moot. */
static inline void test_rules_agree(const struct rz_judged_conn *judged,
				    const struct rz_world *view, enum rz_reason reason)
{
	struct rz_rule_answer rules[RZ_RULES_MAX];
	size_t i, behind, n = rz_classify_rules(judged, view, rules);

	for (i = 0; i < n && rules[i].answer == RZ_ANSWER_PASSED; i++)
		;
	if (i < n && rules[i].reason == RZ_REASON_PARKED) {
		for (behind = i; behind < n && !rules[behind].lasts; behind++)
			;
		i = behind < n ? behind : i;
	}
	assert_int_equal(i < n ? rules[i].reason : RZ_REASON_NONE, reason);
	assert_true(i == n || rules[i].answer == RZ_ANSWER_FAILED);
}

static inline struct rz_verdict test_classify(const struct test_world *w)
{
	struct rz_judged_conn judged = {.conn = &w->conn,
					.client = w->unread ? NULL : &w->client,
					.software = w->software.name[0] ? &w->software : NULL,
					.prints = w->prints,
					.with_id = w->with_id,
					.grouped = w->grouped,
					.peer_proxies = w->peer_proxies,
					.left = w->left,
					.followed = w->followed,
					.other_writer = w->other_writer,
					.here = w->here};
	struct rz_world view = test_world_view(w);
	struct rz_exclude *exclude = NULL;
	struct rz_verdict v;
	char why[128];

	assert_int_equal(rz_exclude_new(w->settings.exclude_clients, w->settings.exclude_addresses,
					w->settings.exclude_zones, &exclude, why, sizeof(why)),
			 0);
	view.exclude = exclude;
	v = rz_classify(&judged, &view);
	test_rules_agree(&judged, &view, v.reason);
	rz_exclude_free(exclude);
	return v;
}

#endif
