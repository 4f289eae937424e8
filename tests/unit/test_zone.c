// SPDX-License-Identifier: Apache-2.0
/* user/topo/zone.c: what a zone may be called, and that all who read such a name agree. */
#include "unit.h"
#include "base/str.h"
#include "client/tags.h"
#include "source/slice.h"
#include "policy/exclude.h"
#include "topo/blocks.h"
#include "topo/file.h"
#include "topo/zone.h"

#define X16  "xxxxxxxxxxxxxxxx"
#define X127 X16 X16 X16 X16 X16 X16 X16 "xxxxxxxxxxxxxxx"

static const struct {
	const char *name;
	bool valid;
} names[] = {
	{"b", true},	     {"us-east-1a", true}, {"use1-az2", true},	 {"A.b_C-9", true},
	{"-", true},	     {X127, true},	   {X127 "y", true},	 {X127 "yz", false},
	{X127 "yza", false}, {"a/b", false},	   {"a:b", false},	 {"a\x7f", false},
	{"a@b", false},	     {"\xc3\xa9", false},  {"a\\u0000b", false}, {"", false},
};

static void test_valid(void **state)
{
	char all[256];
	size_t i;
	int c, n = 0;

	(void)state;
	for (i = 0; i < COUNT(names); i++)
		assert_int_equal(rz_zone_valid(names[i].name, strlen(names[i].name)),
				 names[i].valid);
	for (c = 0; c < 256; c++) {
		all[0] = (char)c;
		n += rz_zone_valid(all, 1);
	}
	assert_int_equal(n, 26 + 26 + 10 + 3);
	/* a length is believed, a NUL is no end */
	assert_true(rz_zone_valid("ab cd", 2));
	assert_false(rz_zone_valid("ab\0cd", 5));
}

static bool file_takes(const char *name)
{
	struct rz_topo *t = NULL;
	char text[256], why[256];
	int n = snprintf(text, sizeof(text), "zone: '%s'\nagents: []\n", name);
	bool ok = !rz_topo_parse(text, (size_t)n, "t.yaml", &t, why, sizeof(why));

	if (ok)
		assert_string_equal(t->own_zone, name);
	rz_topo_free(t);
	return ok;
}

static bool blocks_take(const char *name)
{
	struct rz_blocks *b = NULL;
	char text[256], why[256];
	bool ok;

	snprintf(text, sizeof(text), "%s@10.0.0.0/8", name);
	ok = !rz_blocks_parse(text, &b, why, sizeof(why));
	if (ok)
		assert_string_equal(b->rows[0].zone, name);
	if (ok)
		rz_blocks_free(b);
	return ok;
}

static bool exclude_takes(const char *name)
{
	struct rz_exclude *e = NULL;
	char why[256];
	bool ok = !rz_exclude_new("", "", name, &e, why, sizeof(why));

	if (ok)
		rz_exclude_free(e);
	return ok;
}

static bool tags_take(const char *name)
{
	struct rz_client c;
	char id[256];
	int n = snprintf(id, sizeof(id), "ws_az=%s,app", name);

	rz_tags_read((const __u8 *)id, n, NULL, &c);
	if (c.zone[0])
		assert_string_equal(c.zone, name);
	return c.zone[0];
}

static bool label_takes(const char *name)
{
	char text[256], why[RZ_KUBE_WHY_SIZE], zone[RZ_ZONE_SIZE];
	int n = snprintf(text, sizeof(text), "{\"metadata\":{\"labels\":{\"z\":\"%s\"}}}", name);

	return !rz_kube_node_label(text, (size_t)n, "z", zone, why);
}

/* Nobody has a grammar of its own. */
static void test_all_agree(void **state)
{
	static const struct {
		const char *who;
		bool (*takes)(const char *name);
	} readers[] = {
		{"the topology file", file_takes}, {"blocks", blocks_take},
		{"exclude", exclude_takes},	   {"tags", tags_take},
		{"a node's label", label_takes},
	};
	size_t i, k;

	(void)state;
	for (k = 0; k < COUNT(readers); k++)
		for (i = 0; i < COUNT(names); i++) {
			if (readers[k].takes == exclude_takes && !*names[i].name)
				continue; /* no zone is excluded */
			if (readers[k].takes(names[i].name) != names[i].valid)
				fail_msg("%s: \"%s\" is %s", readers[k].who, names[i].name,
					 names[i].valid ? "refused" : "taken");
		}
}

static void test_canonical(void **state)
{
	struct rz_topo_alias aliases[] = {{"use1-az2", "us-east-1b"}};
	struct rz_topo t = {.aliases = aliases, .n_aliases = 1};
	char name[RZ_ZONE_SIZE] = "use1-az2";

	(void)state;
	rz_zone_canonicalise(&t, name);
	assert_string_equal(name, "us-east-1b");
	rz_zone_canonicalise(&t, name);
	assert_string_equal(name, "us-east-1b");
	assert_string_equal(rz_zone_canonical(&t, "USE1-AZ2"), "USE1-AZ2"); /* exact */
}

static void test_order(void **state)
{
	struct rz_zone_key a = {"g", "b"}, b = {"g", "c"}, c = {"h", "a"};

	(void)state;
	assert_true(rz_zone_order(&a, &b) < 0 && rz_zone_order(&b, &a) > 0);
	assert_true(rz_zone_order(&b, &c) < 0 && rz_zone_order(&c, &a) > 0);
	assert_int_equal(rz_zone_order(&a, &a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_all_agree),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
