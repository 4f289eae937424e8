/* SPDX-License-Identifier: Apache-2.0 */
/* kube/: slices from JSON with the place of every mistake, their sum, groups and Services as
 * settings. */
#include "unit.h"

#include <errno.h>

#include "base/str.h"
#include "source/kube.h"
#include "source/store.h"
#include "topo/group.h"

static const struct rz_kube_form form = {"kafka", "node-a"};

#define META(name) \
	"\"metadata\":{\"name\":\"" name "\",\"uid\":\"U" name "\",\"resourceVersion\":\"7\"}"
#define PORTS                                                                             \
	"\"ports\":[{\"name\":\"http\",\"port\":8080},{\"name\":\"kafka\",\"port\":9092," \
	"\"protocol\":\"TCP\"}]"
#define SLICE(n, eps) "{" META(n) ",\"addressType\":\"IPv4\"," PORTS ",\"endpoints\":[" eps "]}"
#define POD(ip, uid, z, more)                                                                     \
	"{\"addresses\":[\"" ip "\"],\"targetRef\":{\"uid\":\"" uid "\"},\"zone\":\"" z "\"" more \
	"}"
#define PAGE(items) "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[" items "]}"

static struct rz_kube_page *page(const char *text)
{
	char why[RZ_KUBE_WHY_SIZE] = "";
	struct rz_kube_page *p = NULL;

	if (rz_kube_page_parse(text, strlen(text), &form, &p, why))
		fail_msg("%s", why);
	return p;
}

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

/* ready, serving, terminating, each absent (-), true or false -> does it count? */
static void test_conditions(void **state)
{
	static const struct {
		const char *conditions;
		bool serves;
	} rows[] = {
		{"", true},
		{",\"conditions\":{}", true},
		{",\"conditions\":null", true},
		{",\"conditions\":{\"ready\":true}", true},
		{",\"conditions\":{\"ready\":false}", false},
		{",\"conditions\":{\"ready\":null,\"serving\":null,\"terminating\":null}", true},
		{",\"conditions\":{\"ready\":false,\"serving\":true}", true},
		{",\"conditions\":{\"ready\":false,\"serving\":true,\"terminating\":true}", false},
		{",\"conditions\":{\"ready\":true,\"serving\":false}", false},
		{",\"conditions\":{\"terminating\":true}", false},
	};
	char text[1024];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct rz_kube_page *p;

		snprintf(text, sizeof(text),
			 PAGE("{" META("s") "," PORTS ",\"endpoints\":[{\"addresses\":"
					    "[\"10.0.0.1\"]%s}]}"),
			 rows[i].conditions);
		p = page(text);
		assert_int_equal(p->slices[0]->endpoints[0].serves, rows[i].serves);
		rz_kube_page_free(p);
	}
}

static void test_page(void **state)
{
	struct rz_kube_page *p = page(
		"{\"metadata\":{\"resourceVersion\":\"12\",\"continue\":\"abc\"},\"items\":["
		"{" META(
			"v6") ",\"addressType\":\"IPv6\"," PORTS
			      ",\"unknown\":{\"x\":[1]},\"endpoints\":["
			      "{\"addresses\":[\"fd00::1\",\"fd00::2\"],\"nodeName\":\"node-a\","
			      "\"zone\":null}]},"
			      "{" META(
				      "metrics") ",\"ports\":[{\"name\":\"http\",\"port\":8080}],"
						 "\"endpoints\":["
						 "{\"addresses\":[\"10.0.0.1\"]}]},"
						 "{" META(
							 "udp") ",\"ports\":[{\"name\":\"kafka\","
								"\"port\":1,\"protocol\":\"UDP\"}]}"
								","
								"{" META(
									"names") ",\"addressType\":"
										 "\"FQDN\"," PORTS
										 ",\"endpoints\":["
										 "{\"addresses\":["
										 "\"example.org\"]}"
										 "]},"
										 "{" META(
											 "empty") ",\"ports\":null,\"endpoints\":null}]}");

	(void)state;
	assert_string_equal(p->version, "12");
	assert_string_equal(p->next, "abc");
	assert_int_equal(p->n, 5);
	assert_int_equal(p->slices[0]->n, 2);
	assert_int_equal(p->slices[0]->port, 9092);
	assert_true(p->slices[0]->endpoints[1].local);
	assert_false(p->slices[0]->endpoints[1].elsewhere);
	assert_string_equal(p->slices[0]->endpoints[0].zone, "");
	assert_int_equal(p->slices[1]->n + p->slices[2]->n + p->slices[3]->n + p->slices[4]->n, 0);
	rz_kube_page_free(p);
	p = page("{\"metadata\":{\"resourceVersion\":\"1\",\"continue\":\"\"},\"items\":null}");
	assert_null(p->next);
	assert_int_equal(p->n, 0);
	rz_kube_page_free(p);
}

/* Each mistake: refused whole, nothing written, one printable line with the place. */
static void test_mistakes(void **state)
{
#define EP(x) PAGE("{" META("s") "," PORTS ",\"endpoints\":[" x "]}")
	static const char *const rows[][2] = {
		{"", "is no JSON"},
		{"<html>", "is no JSON: line 1 column 1"},
		{"[]", "is a list, must be a JSON object"},
		{"{}", "metadata is missing"},
		{"{\"metadata\":{}}", "metadata.resourceVersion is missing"},
		{"{\"metadata\":{\"resourceVersion\":7}}", "resourceVersion is a number"},
		{"{\"metadata\":{\"resourceVersion\":\"1\"}}", "items is missing"},
		{"{\"metadata\":{\"resourceVersion\":\"1\",\"continue\":1},\"items\":[]}",
		 "metadata.continue is a number"},
		{PAGE("7"), "items[0]: is a number, must be an object"},
		{PAGE("{}"), "items[0]: metadata is missing"},
		{PAGE("{\"metadata\":{}}"), "metadata.name is missing"},
		{PAGE("{" META("s") ",\"ports\":{}}"), "slice \"s\": ports is an object"},
		{PAGE("{" META("s") ",\"ports\":[{\"name\":\"kafka\",\"port\":\"9092\"}]}"),
		 "ports[0].port is a string"},
		{PAGE("{" META("s") ",\"ports\":[{\"name\":\"kafka\",\"port\":70000}]}"),
		 "out of range"},
		{PAGE("{" META("s") "," PORTS ",\"endpoints\":{}}"), "endpoints is an object"},
		{EP("1"), "endpoints[0] is a number"},
		{EP("{}"), "endpoints[0].addresses is missing"},
		{EP("{\"addresses\":[]}"), "endpoints[0].addresses is empty"},
		{EP("{\"addresses\":[1]}"), "must be a string"},
		{EP(POD("10.0.0.1", "u", "a", "") "," POD("10.0.0.2", "u", "a",
							  ",\"conditions\":[]")),
		 "endpoints[1].conditions is a list"},
		{EP("{\"addresses\":[\"10.0.0.1\"],\"targetRef\":3}"), "targetRef is a number"},
		{EP("{\"addresses\":[\"10.0.0.1\"],\"zone\":\"\x01\"}"), "is no JSON"},
		{"{\"metadata\":{},\"metadata\":{}}", "is no JSON"},
	};
	struct rz_kube_page *const untouched = (struct rz_kube_page *)0x1;
	char why[RZ_KUBE_WHY_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct rz_kube_page *p = untouched;

		why[0] = '\0';
		assert_int_equal(rz_kube_page_parse(rows[i][0], strlen(rows[i][0]), &form, &p, why),
				 -EINVAL);
		assert_ptr_equal(p, untouched);
		if (!strstr(why, rows[i][1]))
			fail_msg("row %zu: \"%s\" has not \"%s\"", i, why, rows[i][1]);
	}
}

/* What an API server lets through and is of no use here is left out, counted and named. */
static void test_left_out(void **state)
{
#define GOOD_EP "{\"addresses\":[\"10.0.0.1\"],\"zone\":\"a\"}"
	static const struct {
		const char *text;
		size_t kept;
		uint32_t left_out;
		const char *why;
	} rows[] = {
		{EP(GOOD_EP), 1, 0, ""},
		{PAGE("{" META("s") ",\"ports\":[{\"name\":\"kafka\",\"port\":null}],"
				    "\"endpoints\":[" GOOD_EP "]}"),
		 0, 1, "slice \"s\": ports[0] has no number"},
		{PAGE("{" META("s") ",\"ports\":[{\"name\":\"kafka\"}],\"endpoints\":[]}"), 0, 1,
		 "ports[0] has no number"},
		{PAGE("{" META("s") ",\"ports\":[{\"name\":\"\",\"port\":9092}],\"endpoints\":"
				    "[" GOOD_EP "]}"),
		 0, 1, "its only port has no name"},
		{PAGE("{" META("s") ",\"ports\":[{\"port\":9092},{\"name\":\"x\",\"port\":1}],"
				    "\"endpoints\":[" GOOD_EP "]}"),
		 0, 0, ""},
		{EP(GOOD_EP ",{\"addresses\":[\"010.0.0.2\"]},{\"addresses\":[\"0.0.0.0\"]}"), 1, 2,
		 "endpoints[1] has the address \"010.0.0.2\""},
		/* one bad address takes the endpoint's others with it */
		{EP("{\"addresses\":[\"10.0.0.2\",\"::\"]}," GOOD_EP), 1, 1, "endpoints[0]"},
		{EP(POD("10.0.0.2", "u", "a b", "") "," GOOD_EP), 1, 1,
		 "endpoints[0].zone \"a b\" is no zone name"},
		{EP(POD("10.0.0.2", "u", "x\\u0000", "") "," GOOD_EP), 1, 1, "is no zone name"},
		/* text that nobody reads may be any */
		{EP("{\"addresses\":[\"10.0.0.2\"],\"note\":\"\\u0000 \\ud800 \\udc00 "
		    "\\ud83d\\ude00 \\\\u0000\"}"),
		 1, 0, ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct rz_kube_page *p = page(rows[i].text);
		const struct rz_kube_slice *s = p->slices[0];

		if (s->n != rows[i].kept || s->left_out != rows[i].left_out ||
		    !strstr(s->left_out_why, rows[i].why))
			fail_msg("row %zu: %zu kept, %u left out: %s", i, s->n, s->left_out,
				 s->left_out_why);
		rz_kube_page_free(p);
	}
	/* a Service's only port, which has no name */
	{
		const struct rz_kube_form unnamed = {"", ""};
		char why[RZ_KUBE_WHY_SIZE];
		struct rz_kube_page *p;

		for (i = 3; i <= 4; i++) {
			assert_int_equal(rz_kube_page_parse(rows[i].text, strlen(rows[i].text),
							    &unnamed, &p, why),
					 0);
			assert_int_equal(p->slices[0]->n, 1);
			assert_int_equal(p->slices[0]->port, 9092);
			rz_kube_page_free(p);
		}
	}
}

/* Cut anywhere: a line, or a page; ASan looks on. */
static void test_truncated(void **state)
{
	static const char whole[] = PAGE(SLICE("a", POD("10.0.0.1", "u1", "a", "")) "," SLICE(
		"b", POD("10.0.0.2", "u2", "b", ",\"conditions\":{\"serving\":true}")));
	char why[RZ_KUBE_WHY_SIZE];
	struct rz_kube_page *p;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(whole) - 1; len++) {
		why[0] = '\0';
		assert_int_equal(rz_kube_page_parse(whole, len, &form, &p, why), -EINVAL);
		assert_true(why[0]);
	}
	rz_kube_page_free(page(whole));
}

static void test_events(void **state)
{
	char why[RZ_KUBE_WHY_SIZE];
	struct rz_kube_event e;
	const char *text;

	(void)state;
	text = "{\"type\":\"MODIFIED\",\"object\":" SLICE("s", POD("10.0.0.1", "u", "a", "")) "}";
	assert_int_equal(rz_kube_event_parse(text, strlen(text), &form, &e, why), 0);
	assert_int_equal(e.type, RZ_KUBE_SET);
	assert_string_equal(e.version, "7");
	rz_kube_event_clear(&e);
	text = "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"44\"},"
	       "\"endpoints\":null}}";
	assert_int_equal(rz_kube_event_parse(text, strlen(text), &form, &e, why), 0);
	assert_int_equal(e.type, RZ_KUBE_BOOKMARK);
	assert_string_equal(e.version, "44");
	text = "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"old \\u001b[0m\"}}";
	assert_int_equal(rz_kube_event_parse(text, strlen(text), &form, &e, why), 0);
	assert_int_equal(e.code, 410);
	assert_string_equal(e.message, "old \\x1b[0m");
	text = "{\"type\":\"DELETED\",\"object\":{" META("s") ",\"endpoints\":\"whatever\"}}";
	assert_int_equal(rz_kube_event_parse(text, strlen(text), &form, &e, why), 0);
	assert_string_equal(e.slice->name, "s");
	rz_kube_event_clear(&e);
	text = "{\"type\":\"BOOKMARK\",\"object\":{}}";
	assert_int_equal(rz_kube_event_parse(text, strlen(text), &form, &e, why), -EINVAL);
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

static void test_groups(void **state)
{
	static const struct {
		const char *group, *target, *agent_group;
		bool serves;
	} rows[] = {
		{"default", "", "", true},
		{"default", "proxy-produce", "",
		 true}, /* roles not named: nothing is known against it */
		{"default", "", "default", true},
		{"default", "", "other", false},
		{"default@proxy", "proxy-produce", "default", true},
		{"default@proxy", "proxy", "", true},
		{"g@proxy-produce", "proxy-produce", "", true},
		{"g@proxy-produce", "proxy-consume", "", false},
		{"g@proxy-produce", "proxy", "", false},
		{"g@proxy-produce+proxy-consume", "proxy", "", true},
		{"g@proxy-consume+jobs", "", "g", true},
		{"g@jobs", "", "", false},
		{"g@jobs", "jobs", "", false},
		{"g@proxy", "something-new", "", false},
		{"g@proxy", "", "g@proxy", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		if (rz_group_serves(rows[i].group, rows[i].target, rows[i].agent_group) !=
		    rows[i].serves)
			fail_msg("row %zu", i);
	assert_true(rz_group_valid("a@proxy+jobs"));
	assert_false(rz_group_valid("@proxy"));
	assert_false(rz_group_valid("a@prox"));
	assert_false(rz_group_valid("a@proxy+"));
}

static void test_specs(void **state)
{
	static const char *const bad[] = {
		"agent", "/agent",	"ws/",	      "ws/Agent",   "ws/a/b",
		"ws/a=", "ws/a@worker", "ws/a,,ws/b", "ws/a=@proxy"};
	struct rz_kube_spec rows[RZ_KUBE_GROUPS_MAX];
	char why[256];
	size_t n, i;

	(void)state;
	assert_int_equal(rz_kube_specs_parse("ws/agent,ws/p=default@proxy-produce,x/y@jobs",
					     "g@proxy:ns:app=a,tier in (b);h:ns:c", rows, &n, why,
					     sizeof(why)),
			 0);
	assert_int_equal(n, 5);
	assert_string_equal(rows[0].group, "ws/agent");
	assert_string_equal(rows[0].ns, "ws");
	assert_string_equal(rows[0].selector, "kubernetes.io/service-name=agent");
	assert_string_equal(rows[1].group, "default@proxy-produce");
	assert_string_equal(rows[2].group, "x/y@jobs");
	assert_string_equal(rows[3].group, "g@proxy");
	assert_string_equal(rows[3].selector, "app=a,tier in (b)");
	assert_string_equal(rows[4].selector, "c");
	for (i = 0; i < COUNT(bad); i++) {
		why[0] = '\0';
		if (!rz_kube_specs_parse(bad[i], NULL, rows, &n, why, sizeof(why)) || !why[0])
			fail_msg("\"%s\" is taken", bad[i]);
	}
	assert_int_equal(rz_kube_specs_parse(NULL, NULL, rows, &n, why, sizeof(why)), 0);
	assert_int_equal(n, 0);
}

static void test_node_label(void **state)
{
	static const char text[] =
		"{\"metadata\":{\"labels\":{\"topology.kubernetes.io/zone\":\"z1\","
		"\"bad\":\"a b\"}}}";
	char zone[RZ_ZONE_SIZE], why[RZ_KUBE_WHY_SIZE];

	(void)state;
	assert_int_equal(
		rz_kube_node_label(text, strlen(text), "topology.kubernetes.io/zone", zone, why),
		0);
	assert_string_equal(zone, "z1");
	assert_int_equal(rz_kube_node_label(text, strlen(text), "none", zone, why), -ENOENT);
	assert_int_equal(rz_kube_node_label(text, strlen(text), "bad", zone, why), -EINVAL);
	assert_int_equal(rz_kube_node_label("{", 1, "none", zone, why), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),     cmocka_unit_test(test_page),
		cmocka_unit_test(test_mistakes),       cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_events),	       cmocka_unit_test(test_pods),
		cmocka_unit_test(test_contradictions), cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_without_pods),   cmocka_unit_test(test_store),
		cmocka_unit_test(test_groups),	       cmocka_unit_test(test_specs),
		cmocka_unit_test(test_node_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
