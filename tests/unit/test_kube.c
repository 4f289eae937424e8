// SPDX-License-Identifier: Apache-2.0
/* user/source/: what slices add up to: pods, contradictions, and the store of them. */
#include "slices.h"

#include "base/str.h"
#include "source/store.h"

static struct rz_kube_store *store(const char *items)
{
	struct rz_kube_page *p = page(items);
	struct rz_kube_store *s = NULL;
	size_t i;

	assert_int_equal(rz_kube_store_new(&s), 0);
	for (i = 0; i < p->n; i++) {
		assert_int_equal(rz_kube_store_set(s, p->slices[i]), 0);
		p->slices[i] = NULL;
	}
	rz_kube_page_free(p);
	return s;
}

static const struct rz_topo_agent *at(const struct rz_topo *t, const char *ip)
{
	struct rz_endpoint e = {.port = 9092};

	assert_int_equal(rz_addr_parse(ip, e.addr), 0);
	return rz_topo_agent_at(t, &e);
}

/* What two groups of slices add up to. */
static struct rz_topo *built(const char *one, const char *two, struct rz_kube_sum *sum,
			     struct rz_topo_zones **zones)
{
	struct rz_kube_store *a = store(one), *b = store(two);
	struct rz_kube_group groups[] = {{a, "one"}, {b, "two"}};
	struct rz_topo *t = NULL;

	assert_int_equal(rz_kube_build(groups, 2, &t, sum), 0);
	assert_int_equal(rz_topo_zones_count(t, NULL, 1, 1, zones), 0);
	rz_kube_store_free(a);
	rz_kube_store_free(b);
	return t;
}

static void test_pods(void **state)
{
	struct rz_topo_zones *z;
	struct rz_kube_sum sum;
	struct rz_topo *t;

	(void)state;
	/* one pod in two families and twice in a family; another, of which one slice says no; two
	 * without a uid; the first Service has a pod that both name */
	t = built(PAGE(SLICE("a", POD("10.0.0.1", "u1", "a", ",\"nodeName\":\"node-a\"") "," POD(
					  "10.0.0.2", "u2", "b",
					  "")) "," SLICE("b",
							 POD("fd00::1", "u1", "a", "") "," POD(
								 "10.0.0.1", "u1", "a",
								 "") "," POD("fd00::2", "u2", "b",
									     ",\"conditions\":{"
									     "\"ready\":false}"))),
		  PAGE(SLICE("c", POD("10.0.0.1", "u1", "a", "") ",{\"addresses\":[\"10.0.0.8\"]},"
								 "{\"addresses\":[\"10.0.0.9\"]}")),
		  &sum, &z);
	assert_string_equal(sum.contradiction, "");
	assert_string_equal(sum.own_zone, "a");
	assert_int_equal(t->n_agents, 6);
	assert_int_equal(rz_topo_zone_find(z, "one", "a")->agents, 1);
	assert_int_equal(rz_topo_zone_find(z, "one", "a")->ready, 1);
	assert_int_equal(rz_topo_zone_find(z, "one", "b")->agents, 1);
	assert_int_equal(rz_topo_zone_find(z, "one", "b")->ready, 0);
	assert_int_equal(rz_topo_zone_find(z, "two", "")->agents, 2);
	assert_null(rz_topo_zone_find(z, "two", "a"));
	assert_string_equal(at(t, "10.0.0.1")->group, "one");
	assert_int_equal(sum.agents_of[0], 2);
	assert_int_equal(sum.ready_of[0], 1);
	assert_int_equal(sum.agents_of[1], 3);
	rz_topo_free(t);
	rz_topo_zones_free(z);
}

/* Endpoints that no pod stands behind, or that all refer to one object. */
static void test_without_pods(void **state)
{
#define PLAIN(addresses, zone) "{\"addresses\":[" addresses "]" zone "}"
#define IN_A		       ",\"zone\":\"a\""
	static const struct {
		const char *slices;
		unsigned a_agents, a_ready, b_agents;
	} rows[] = {
		/* one with two addresses is one agent */
		{SLICE("x", PLAIN("\"10.0.0.1\",\"10.0.0.2\"", IN_A)), 1, 1, 0},
		/* the same in two slices, of which one does not know the zone */
		{SLICE("x", PLAIN("\"10.0.0.1\"", IN_A)) "," SLICE("y", PLAIN("\"10.0.0.1\"", "")),
		 1, 1, 0},
		{SLICE("x", PLAIN("\"10.0.0.1\"", IN_A) "," PLAIN("\"10.0.0.2\"", IN_A)), 2, 2, 0},
		/* a pod, and its mirror that names none */
		{SLICE("x", POD("10.0.0.1", "u", "a", "")) "," SLICE("y",
								     PLAIN("\"10.0.0.1\"", "")),
		 1, 1, 0},
		/* an operator's: all refer to one object */
		{SLICE("x",
		       POD("10.0.0.1", "o", "a", "") "," POD(
			       "10.0.0.2", "o", "a",
			       ",\"conditions\":{\"ready\":false}")) "," SLICE("y",
									       POD("10.0.0.3", "o",
										   "b", "")),
		 2, 1, 1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const struct rz_topo_zone *a, *b;
		struct rz_topo_zones *z;
		struct rz_kube_sum sum;
		struct rz_topo *t;
		char text[4096];

		snprintf(text, sizeof(text), PAGE("%s"), rows[i].slices);
		t = built(text, PAGE(""), &sum, &z);
		a = rz_topo_zone_find(z, "one", "a");
		b = rz_topo_zone_find(z, "one", "b");
		assert_string_equal(sum.contradiction, "");
		if (a->agents != rows[i].a_agents || a->ready != rows[i].a_ready ||
		    (b ? b->agents : 0) != rows[i].b_agents)
			fail_msg("row %zu: zone a has %u of %u ready", i, a->ready, a->agents);
		rz_topo_free(t);
		rz_topo_zones_free(z);
	}
}

static void test_contradictions(void **state)
{
	static const char *const rows[][2] = {
		{SLICE("a", POD("10.0.0.1", "u1", "a", "") "," POD("fd00::1", "u1", "b", "")),
		 "pod u1 stands in zone a and in zone b"},
		{SLICE("a", POD("10.0.0.1", "u1", "a", "") "," POD("10.0.0.1", "u2", "b", "")),
		 "10.0.0.1:9092 is the address of two that serve"},
		{SLICE("a", POD("10.0.0.1", "u1", "a", ",\"nodeName\":\"node-a\"") "," POD(
				    "10.0.0.2", "u2", "b", ",\"nodeName\":\"node-a\"")),
		 "the agents of this node stand in zone"},
		/* a pod that goes and its successor at the same address do not */
		{SLICE("a",
		       POD("10.0.0.1", "u1", "a", ",\"conditions\":{\"serving\":false}") "," POD(
			       "10.0.0.1", "u2", "b", "")),
		 NULL},
		/* nor does a slice that does not know the zone */
		{SLICE("a",
		       POD("10.0.0.1", "u1", "a", "") ",{\"addresses\":[\"fd00::1\"],\"targetRef\":"
						      "{\"uid\":\"u1\"}}"),
		 NULL},
	};
	char text[2048];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct rz_topo_zones *z;
		struct rz_kube_sum sum;
		struct rz_topo *t;

		snprintf(text, sizeof(text), PAGE("%s"), rows[i][0]);
		t = built(text, PAGE(""), &sum, &z);
		if (rows[i][1] && !strstr(sum.contradiction, rows[i][1]))
			fail_msg("row %zu: \"%s\"", i, sum.contradiction);
		if (!rows[i][1])
			assert_string_equal(sum.contradiction, "");
		if (i == 3)
			assert_string_equal(at(t, "10.0.0.1")->zone, "b");
		rz_topo_free(t);
		rz_topo_zones_free(z);
	}
}

static void test_store(void **state)
{
	struct rz_kube_store *s =
		store(PAGE(SLICE("a", POD("10.0.0.1", "u", "a", "")) "," SLICE("b", "")));
	struct rz_kube_store *same = store(PAGE(SLICE("b", "") "," SLICE("a", "")));
	struct rz_kube_store *less = store(PAGE(SLICE("a", "")));

	(void)state;
	assert_true(rz_kube_store_equals(s, same)); /* names and versions are what is compared */
	assert_false(rz_kube_store_equals(s, less));
	rz_kube_store_delete(s, "b");
	rz_kube_store_delete(s, "never");
	assert_true(rz_kube_store_equals(s, less));
	assert_int_equal(rz_kube_store_endpoints(s), 1);
	rz_kube_store_replace(s, same);
	assert_int_equal(rz_kube_store_slices(s), 2);
	assert_int_equal(rz_kube_store_slices(same), 0);
	assert_int_equal(rz_kube_store_endpoints(s), 0);
	rz_kube_store_free(s);
	rz_kube_store_free(same);
	rz_kube_store_free(less);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_without_pods),
		cmocka_unit_test(test_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
