// SPDX-License-Identifier: Apache-2.0
/* user/client/misread.c: each case in which an agent may read an id otherwise, and no other. */
#include "world.h"

#include "client/misread.h"

static const struct rz_tags_custom custom = {.zone_keys = "msk_az", .opt_in_keys = "my_lb"};

static unsigned find(const char *id, const char *zone, bool by_address)
{
	struct test_world w;

	test_world_make(&w);
	return rz_misread_find((const __u8 *)id, (int)strlen(id), &custom, &w.topo, zone,
			       by_address);
}

#define BIT(name) (1U << RZ_MISREAD_##name)

static const struct {
	const char *id, *zone;
	unsigned cases;
} ids[] = {
	{"app,warpstream_az=b,warpstream_interzone_lb=true", "b", 0},
	{"app", "", 0},
	{"automq_az=b&x=1", "b", 0},
	{"app,zone=b", "b", 0},
	{"connect-cluster-ws_az=b,x", "b", BIT(PREFIX)},
	{"connect-cluster-warpstream_interzone_lb=true,ws_az=b", "b", BIT(PREFIX)},
	{"app,ws_az=b-StreamThread-1-consumer", "b", BIT(SUFFIX)},
	{"mm,ws_az=b|src->dst|conn", "b", BIT(BAR)},
	/* Inkless ends the value there by itself */
	{"mm,diskless_az=b|src->dst|conn", "b", 0},
	{"ws_az=b,warpstream_interzone_lb=true-StreamThread-1-consumer", "b", BIT(OPT_IN)},
	{"ws_az=b,warpstream_az=a", "b", BIT(TWICE)},
	{"ws_az=b,diskless_az=a", "b", BIT(DIALECTS)},
	{"msk_az=b", "b", BIT(CUSTOM)},
	{"msk_az=b,ws_az=a", "b", BIT(CUSTOM) | BIT(DIALECTS)},
	{"ws_az=B", "B", BIT(CASE)},
	{"ws_az=bz-1", "b", BIT(ALIAS)},
	{"ws_az=bz-1-StreamThread-1", "b", BIT(SUFFIX)},
	{"ws_az=x", "x", 0}, /* nobody knows it: that is the rules' to say */
};

static void test_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(ids); i++) {
		print_message("%s\n", ids[i].id);
		assert_int_equal(find(ids[i].id, ids[i].zone, false), ids[i].cases);
	}
}

static void test_address_and_cut(void **state)
{
	struct test_world w;
	char id[300];

	(void)state;
	assert_int_equal(find("app", "b", true), BIT(ADDRESS));
	test_world_make(&w);
	memset(id, 'x', sizeof(id));
	memcpy(id, "ws_az=b,", 8);
	assert_int_equal(rz_misread_find((const __u8 *)id, sizeof(id), NULL, &w.topo, "b", false),
			 BIT(TRUNCATED));
	assert_int_equal(rz_misread_find(NULL, -1, NULL, &w.topo, "", false), 0);
}

static void test_words(void **state)
{
	int m;

	(void)state;
	for (m = 0; m < RZ_MISREAD_COUNT; m++)
		assert_true(strlen(rz_misread_name(m)) > 2 && strlen(rz_misread_text(m)) > 20);
	assert_string_equal(rz_misread_name(RZ_MISREAD_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_address_and_cut),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
