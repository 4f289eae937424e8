// SPDX-License-Identifier: Apache-2.0
/* user/source/: slices from JSON with the place of every mistake, groups and Services as settings.
 */
#include "slices.h"

#include <errno.h>

#include "source/store.h"
#include "topo/group.h"

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
		cmocka_unit_test(test_conditions), cmocka_unit_test(test_page),
		cmocka_unit_test(test_mistakes),   cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_events),	   cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_groups),	   cmocka_unit_test(test_specs),
		cmocka_unit_test(test_node_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
