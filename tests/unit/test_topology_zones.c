/* SPDX-License-Identifier: Apache-2.0 */
/* topo/: who is counted in which zone, under which name, and that each agent is found. */
#include "topology.h"

static void test_count(void **state)
{
	struct rz_topo *t = parsed("agents:\n  - { address: 10.0.1.1, zone: a }\n"
				   "  - { address: 10.0.1.2, zone: a }\n"
				   "  - { address: 10.0.1.3, zone: a, group: g }\n"
				   "  - { address: 10.0.2.1, zone: b, ready: false }\n");
	struct rz_topo *later = parsed("agents:\n  - { address: 10.0.1.1, zone: a }\n"
				       "  - { address: 10.0.1.2, zone: a, ready: false }\n"
				       "  - { address: 10.0.2.1, zone: b }\n");
	struct rz_topo_zones *z, *z2, *z3;

	(void)state;
	assert_int_equal(rz_topo_zones_count(t, NULL, 1, 100, &z), 0);
	assert_int_equal(z->n, 3);
	assert_int_equal(rz_topo_zone_find(z, "default", "a")->agents, 2);
	assert_int_equal(rz_topo_zone_find(z, "default", "a")->ready, 2);
	assert_int_equal(rz_topo_zone_find(z, "default", "a")->ready_since_ns, 100);
	assert_false(rz_topo_zone_find(z, "default", "a")->seen_coming);
	assert_int_equal(rz_topo_zone_find(z, "default", "b")->ready_since_ns, 0);
	assert_int_equal(rz_topo_zone_find(z, "g", "a")->ready, 1);
	assert_null(rz_topo_zone_find(z, "g", "b"));
	assert_true(rz_topo_zone_known(t, z, "b"));
	assert_false(rz_topo_zone_known(t, z, "x"));
	assert_false(rz_topo_zone_known(t, z, ""));
	/* a zone that stays ready keeps its time, one that gets there has the new one */
	assert_int_equal(rz_topo_zones_count(later, z, 1, 200, &z2), 0);
	assert_int_equal(rz_topo_zone_find(z2, "default", "a")->ready_since_ns, 100);
	assert_int_equal(rz_topo_zone_find(z2, "default", "b")->ready_since_ns, 200);
	assert_false(
		rz_topo_zone_find(z2, "default", "a")->seen_coming); /* it was so at the start */
	assert_true(rz_topo_zone_find(z2, "default", "b")->seen_coming);
	/* with two agents needed, neither is */
	assert_int_equal(rz_topo_zones_count(later, z, 2, 300, &z3), 0);
	assert_int_equal(rz_topo_zone_find(z3, "default", "a")->ready_since_ns, 0);
	rz_topo_zones_free(z);
	rz_topo_zones_free(z2);
	rz_topo_zones_free(z3);
	rz_topo_free(t);
	rz_topo_free(later);
}

/* A name that left is still a zone's own: what ends with it is not cut into another zone. */
static void test_remember(void **state)
{
	struct rz_topo *was = parsed("zone: own\naliases: { b: [b-9] }\nagents:\n"
				     "  - { address: 10.0.1.1, zone: a }\n"
				     "  - { address: 10.0.1.2, zone: b }\n"
				     "  - { address: 10.0.1.3, zone: b-2 }\n");
	struct rz_topo *now = parsed("agents:\n  - { address: 10.0.1.1, zone: a }\n"
				     "  - { address: 10.0.1.2, zone: b }\n");
	struct rz_topo_zones *z, *z2, *z3;

	(void)state;
	assert_int_equal(rz_topo_zones_count(was, NULL, 1, 100, &z), 0);
	assert_int_equal(rz_topo_zones_remember(z, was, NULL, NULL, 100), 0);
	assert_int_equal(z->n, 3); /* nothing is known twice */
	assert_string_equal(rz_topo_resolve(was, z, "b-2-StreamThread-1", true), "b-2");
	assert_string_equal(rz_topo_resolve(was, z, "b-3", true), "b"); /* something appended */
	assert_null(rz_topo_resolve(was, z, "b-3", false)); /* that does not end the id */

	assert_int_equal(rz_topo_zones_count(now, z, 1, 200, &z2), 0);
	assert_int_equal(rz_topo_zones_remember(z2, now, was, z, 200), 0);
	assert_int_equal(rz_topo_zones_total(z2).zones, 2);
	assert_string_equal(rz_topo_resolve(now, z2, "b-2", true), "b-2");
	assert_string_equal(rz_topo_resolve(now, z2, "b-2-StreamThread-1", true), "b-2");
	assert_string_equal(rz_topo_resolve(now, z2, "b-9", true), "b-9"); /* an alias was a name */
	assert_string_equal(rz_topo_resolve(now, z2, "own", true), "own");
	assert_null(rz_topo_zone_find(z2, "default", "b-2"));
	assert_string_equal(rz_topo_resolve(now, z2, "b", true), "b");

	/* one change more does not forget it, and its coming back makes it a zone again */
	assert_int_equal(rz_topo_zones_count(now, z2, 1, 300, &z3), 0);
	assert_int_equal(rz_topo_zones_remember(z3, now, now, z2, 300), 0);
	assert_string_equal(rz_topo_resolve(now, z3, "b-2", true), "b-2");
	rz_topo_zones_free(z2);
	assert_int_equal(rz_topo_zones_count(was, z3, 1, 400, &z2), 0);
	assert_int_equal(rz_topo_zones_remember(z2, was, now, z3, 400), 0);
	assert_int_equal(z2->n, 3);
	rz_topo_zones_free(z);
	rz_topo_zones_free(z2);
	rz_topo_zones_free(z3);
	rz_topo_free(was);
	rz_topo_free(now);
}

/* Only so many are remembered: the latest. */
static void test_remember_bound(void **state)
{
	struct rz_topo *empty = parsed("agents: []\n");
	struct rz_topo_zones *z = NULL, *next;
	char text[128], name[16];
	int i;

	(void)state;
	for (i = 0; i < RZ_ZONES_REMEMBERED + 10; i++) {
		struct rz_topo *t;

		snprintf(text, sizeof(text), "agents: [{ address: 10.0.0.1, zone: z%d }]\n", i);
		t = parsed(text);
		assert_int_equal(rz_topo_zones_count(t, z, 1, 100 + i, &next), 0);
		assert_int_equal(rz_topo_zones_remember(next, t, empty, z, 100 + i), 0);
		rz_topo_zones_free(z);
		z = next;
		rz_topo_free(t);
	}
	assert_int_equal(z->n, 1 + RZ_ZONES_REMEMBERED);
	snprintf(name, sizeof(name), "z%d", RZ_ZONES_REMEMBERED + 8);
	assert_true(rz_topo_zone_known(empty, z, name));
	assert_false(rz_topo_zone_known(empty, z, "z0"));
	rz_topo_zones_free(z);
	rz_topo_free(empty);
}

/* Addresses under one name are one agent, ready if all are; a zone may be called by two names. */
static void test_names(void **state)
{
	struct rz_topo *t = parsed("aliases: { a: az1 }\nagents:\n"
				   "  - { address: 10.0.1.1, zone: a, name: one }\n"
				   "  - { address: 10.0.1.2, zone: a, name: two }\n"
				   "  - { address: 'fd00::1', zone: az1, name: one }\n"
				   "  - { address: 'fd00::2', zone: a, name: two, ready: false }\n"
				   "  - { address: 10.0.1.1, port: 19092, zone: a, name: one }\n"
				   "  - { address: 10.0.1.3, zone: a }\n"
				   "  - { address: 10.0.1.4, zone: a }\n");
	struct rz_topo_zones *z;

	(void)state;
	assert_int_equal(rz_topo_zones_count(t, NULL, 1, 1, &z), 0);
	assert_int_equal(rz_topo_zone_find(z, "default", "a")->agents, 4);
	assert_int_equal(rz_topo_zone_find(z, "default", "a")->ready, 3);
	assert_int_equal(at(t, "fd00::1", 9092)->pod, at(t, "10.0.1.1", 19092)->pod);
	assert_int_not_equal(at(t, "fd00::1", 9092)->pod, at(t, "fd00::2", 9092)->pod);
	assert_int_equal(at(t, "10.0.1.3", 9092)->pod, 0);
	rz_topo_zones_free(z);
	rz_topo_free(t);
}

/* Every agent of a big topology is found, in whatever order the file has them. */
static void test_many(void **state)
{
	enum { N = 3000 };
	size_t size = N * 64 + 64, used;
	char *text = malloc(size), addr[32];
	struct rz_topo *t;
	int i;

	(void)state;
	assert_non_null(text);
	used = snprintf(text, size, "agents:\n");
	for (i = 0; i < N; i++) { /* 7919 is prime to 3000: each once, in no order */
		int k = i * 7919 % N;

		used += snprintf(text + used, size - used, "- {address: 10.1.%d.%d, zone: z%d}\n",
				 k / 250, k % 250 + 1, k % 3);
	}
	t = parsed(text);
	for (i = 0; i < N; i++) {
		char zone[8];

		snprintf(addr, sizeof(addr), "10.1.%d.%d", i / 250, i % 250 + 1);
		snprintf(zone, sizeof(zone), "z%d", i % 3);
		assert_non_null(at(t, addr, 9092));
		assert_string_equal(at(t, addr, 9092)->zone, zone);
	}
	assert_null(at(t, "10.2.0.1", 9092));
	rz_topo_free(t);
	free(text);
}

/* Bytes are counted before a change that would put them elsewhere; who is ready does not. */
static void test_same_zones(void **state)
{
	static const char base[] = "zone: own\naliases: { b: [b-9] }\nagents:\n"
				   "  - { address: 10.0.1.1, zone: a }\n"
				   "  - { address: 10.0.1.2, zone: b }\n";
	static const struct {
		const char *text;
		bool same;
	} rows[] = {
		{base, true},
		{"zone: own\naliases: { b: [b-9] }\nagents:\n"
		 "  - { address: 10.0.1.2, zone: b, ready: false }\n"
		 "  - { address: 10.0.1.1, zone: a }\n",
		 true},
		{"zone: own\naliases: { b: [b-9] }\nagents:\n"
		 "  - { address: 10.0.1.1, zone: b }\n  - { address: 10.0.1.2, zone: a }\n",
		 false},
		{"zone: own\naliases: { b: [b-9] }\nagents:\n"
		 "  - { address: 10.0.1.1, zone: a }\n"
		 "  - { address: 10.0.1.2, zone: b, group: g }\n",
		 false},
		{"zone: own\naliases: { b: [b-9] }\nagents:\n"
		 "  - { address: 10.0.1.1, zone: a }\n"
		 "  - { address: 10.0.1.2, zone: b, port: 9093 }\n",
		 false},
		{"zone: own\naliases: { b: [b-9] }\nagents:\n"
		 "  - { address: 10.0.1.1, zone: a }\n",
		 false},
		{"zone: own\naliases: { b: [b-8] }\nagents:\n"
		 "  - { address: 10.0.1.1, zone: a }\n  - { address: 10.0.1.2, zone: b }\n",
		 false},
		{"zone: own\nagents:\n"
		 "  - { address: 10.0.1.1, zone: a }\n  - { address: 10.0.1.2, zone: b }\n",
		 false},
		{"zone: other\naliases: { b: [b-9] }\nagents:\n"
		 "  - { address: 10.0.1.1, zone: a }\n  - { address: 10.0.1.2, zone: b }\n",
		 false},
	};
	struct rz_topo *t = parsed(base), *is;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		is = parsed(rows[i].text);
		if (rz_topo_same_zones(t, is) != rows[i].same)
			fail_msg("row %zu", i);
		rz_topo_free(is);
	}
	is = parsed(base); /* an agent of Kubernetes that another node has now */
	is->agents[0].home = RZ_HOME_OTHER_NODE;
	assert_false(rz_topo_same_zones(t, is));
	is->agents[0].home = RZ_HOME_HERE; /* found out by ourselves */
	assert_true(rz_topo_same_zones(t, is));
	rz_topo_free(is);
	rz_topo_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),	       cmocka_unit_test(test_remember),
		cmocka_unit_test(test_remember_bound), cmocka_unit_test(test_names),
		cmocka_unit_test(test_many),	       cmocka_unit_test(test_same_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
