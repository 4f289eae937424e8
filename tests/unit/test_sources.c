/* SPDX-License-Identifier: Apache-2.0 */
/* topo/source, topo/merge: when moves freeze, clocks that jump, and what wins where sources differ.
 */
#include "unit.h"

#include <errno.h>

#include "base/str.h"
#include "topo/file.h"
#include "topo/merge.h"
#include "topo/source.h"

static void test_freeze(void **state)
{
	struct rz_source_row rows[3] = {
		{.v = {.name = "file x", .proved_ns = 100 * SECOND_NS}, .must_be_fresh = true},
		{.v = {.name = "kube y", .proved_ns = 90 * SECOND_NS}, .must_be_fresh = true},
		{.v = {.name = "cloud z"}},
	};
	uint64_t now = 100 * SECOND_NS, age = 30 * SECOND_NS;
	char why[256];

	(void)state;
	assert_int_equal(rz_sources_freeze(rows, 3, age, now, why, sizeof(why)), RZ_FREEZE_NONE);
	assert_int_equal(rz_sources_proved_ns(rows, 3), 90 * SECOND_NS);
	/* the oldest counts, to the nanosecond */
	assert_int_equal(rz_sources_freeze(rows, 3, age, 120 * SECOND_NS, why, sizeof(why)),
			 RZ_FREEZE_NONE);
	assert_int_equal(rz_sources_freeze(rows, 3, age, 120 * SECOND_NS + 1, why, sizeof(why)),
			 RZ_FREEZE_STALE);
	assert_non_null(strstr(why, "kube y: not known to be current for 30 s"));
	rows[0].freeze = RZ_FREEZE_CONTRADICTION;
	strcpy(rows[0].v.note, "two things");
	assert_int_equal(rz_sources_freeze(rows, 3, age, now, why, sizeof(why)),
			 RZ_FREEZE_CONTRADICTION);
	assert_string_equal(why, "file x: contradiction: two things");
	rows[0].freeze = RZ_FREEZE_NONE;
	rows[1].v.proved_ns = 0;
	assert_int_equal(rz_sources_freeze(rows, 3, age, now, why, sizeof(why)), RZ_FREEZE_NEVER);
	assert_int_equal(rz_sources_proved_ns(rows, 3), 0);
	assert_int_equal(rz_sources_proved_ns(rows, 0), 0);
}

static void test_clocks(void **state)
{
	const struct rz_clocks was = {1000 * SECOND_NS, 1000 * SECOND_NS, 5000 * SECOND_NS};
	struct rz_clocks now = {1010 * SECOND_NS, 1010 * SECOND_NS, 5010 * SECOND_NS};

	(void)state;
	assert_false(rz_clocks_jumped(&was, &now)); /* a busy machine, that looks late */
	now.real_ns += 4 * SECOND_NS;
	assert_false(rz_clocks_jumped(&was, &now));
	now.real_ns += 2 * SECOND_NS;
	assert_true(rz_clocks_jumped(&was, &now));
	now.real_ns -= 20 * SECOND_NS;
	assert_true(rz_clocks_jumped(&was, &now));
	now = (struct rz_clocks){1010 * SECOND_NS, 4610 * SECOND_NS, 5010 * SECOND_NS};
	assert_true(rz_clocks_jumped(&was, &now)); /* slept for an hour */
}

static struct rz_topo *parsed(const char *text)
{
	struct rz_topo *t = NULL;
	char why[256];

	assert_int_equal(rz_topo_parse(text, strlen(text), "t", &t, why, sizeof(why)), 0);
	return t;
}

static const struct rz_topo_agent *at(const struct rz_topo *t, const char *ip)
{
	struct rz_endpoint e = {.port = 9092};

	assert_int_equal(rz_addr_parse(ip, e.addr), 0);
	return rz_topo_agent_at(t, &e);
}

/* Both sources, and nothing else known. */
static struct rz_merge_in both(const struct rz_topo *file, const struct rz_topo *kube)
{
	return (struct rz_merge_in){.file = file,
				    .kube = kube,
				    .agents_zone = "",
				    .setting_zone = "",
				    .label_zone = "",
				    .cloud_zone = "",
				    .cloud_id = "",
				    .kube_source = 1};
}

/* An agent of the file and one of Kubernetes have numbers of their own. */
static void test_merge_names(void **state)
{
	struct rz_topo *file = parsed("agents:\n  - { address: 10.0.0.1, zone: a, name: f }\n"
				      "  - { address: 'fd00::1', zone: a, name: f }\n");
	struct rz_topo *kube = parsed("agents:\n  - { address: 10.0.0.2, zone: a, name: k }\n"
				      "  - { address: 'fd00::2', zone: a, name: k }\n"
				      "  - { address: 10.0.0.3, zone: a }\n");
	struct rz_merge_in in = both(file, kube);
	struct rz_topo_zones *z;
	struct rz_topo *t;
	const char *from;
	char why[256];

	(void)state;
	assert_int_equal(rz_topo_merge(&in, &t, &from, why, sizeof(why)), 0);
	assert_int_equal(rz_topo_zones_count(t, NULL, 1, 1, &z), 0);
	assert_int_equal(rz_topo_zone_find(z, "default", "a")->agents, 3);
	assert_int_equal(at(t, "10.0.0.3")->pod, 0);
	rz_topo_zones_free(z);
	rz_topo_free(t);
	rz_topo_free(file);
	rz_topo_free(kube);
}

static void test_merge(void **state)
{
	struct rz_topo *file =
		parsed("aliases: { us-east-1a: [use1-az1] }\nzone: use1-az1\nagents:\n"
		       "  - { address: 10.0.0.1, zone: us-east-1b, ready: false }\n");
	struct rz_topo *kube = parsed("agents:\n  - { address: 10.0.0.1, zone: k, group: g }\n"
				      "  - { address: 10.0.0.2, zone: use1-az1, group: g }\n"
				      "  - { address: 10.0.0.3, zone: gone, group: g }\n");
	struct rz_merge_in in = both(file, kube);
	struct rz_topo *t;
	const char *from;
	char why[256];

	(void)state;
	in.label_zone = "l";
	in.cloud_zone = "us-east-1c";
	in.cloud_id = "use1-az3";
	kube->agents[2].zone[0] = '\0';
	kube->agents[2].local = true;
	kube->agents[0].home = RZ_HOME_OTHER_NODE;
	assert_int_equal(rz_topo_merge(&in, &t, &from, why, sizeof(why)), 0);
	assert_int_equal(t->n_agents, 3);
	assert_string_equal(at(t, "10.0.0.1")->zone, "us-east-1b"); /* the file's word */
	assert_false(at(t, "10.0.0.1")->ready);
	assert_int_equal(at(t, "10.0.0.1")->home, RZ_HOME_OTHER_NODE); /* which it has not */
	assert_int_equal(at(t, "10.0.0.2")->home, RZ_HOME_UNCHECKED);
	assert_string_equal(at(t, "10.0.0.2")->zone, "us-east-1a");
	assert_int_equal(at(t, "10.0.0.2")->source, 1);
	assert_string_equal(t->own_zone, "us-east-1a");
	assert_string_equal(from, "the topology file");
	assert_string_equal(at(t, "10.0.0.3")->zone,
			    "us-east-1a"); /* on this node, zone not known */
	assert_string_equal(rz_zone_canonical(t, "use1-az3"), "us-east-1c"); /* learned */
	rz_topo_free(t);

	in.setting_zone = "s";
	assert_int_equal(rz_topo_merge(&in, &t, &from, why, sizeof(why)), 0);
	assert_string_equal(t->own_zone, "s");
	rz_topo_free(t);
	in.agents_zone = "k";
	assert_int_equal(rz_topo_merge(&in, &t, &from, why, sizeof(why)), 0);
	assert_string_equal(t->own_zone, "k");
	rz_topo_free(t);

	in = (struct rz_merge_in){.kube = kube,
				  .agents_zone = "",
				  .setting_zone = "",
				  .label_zone = "l",
				  .cloud_zone = "c",
				  .cloud_id = ""};
	assert_int_equal(rz_topo_merge(&in, &t, &from, why, sizeof(why)), 0);
	assert_string_equal(from, "the node's label");
	rz_topo_free(t);
	in.label_zone = "";
	assert_int_equal(rz_topo_merge(&in, &t, &from, why, sizeof(why)), 0);
	assert_string_equal(from, "the cloud's metadata");
	rz_topo_free(t);
	in.cloud_zone = "";
	assert_int_equal(rz_topo_merge(&in, &t, &from, why, sizeof(why)), 0);
	assert_string_equal(t->own_zone, "");
	assert_string_equal(from, "");
	rz_topo_free(t);
	/* an id that the file knows otherwise is not learned */
	in = (struct rz_merge_in){.file = file,
				  .agents_zone = "",
				  .setting_zone = "",
				  .label_zone = "",
				  .cloud_zone = "us-east-1c",
				  .cloud_id = "use1-az1"};
	assert_int_equal(rz_topo_merge(&in, &t, &from, why, sizeof(why)), 0);
	assert_string_equal(rz_zone_canonical(t, "use1-az1"), "us-east-1a");
	rz_topo_free(t);
	rz_topo_free(file);
	rz_topo_free(kube);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_freeze),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_merge_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
