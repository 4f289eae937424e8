// SPDX-License-Identifier: Apache-2.0
/*
 * user/policy/classify.c: where a client is, by tag and by address, and whom it may use. Each
 * reason and their order is test_classify.c's.
 */
#include "world.h"

/* Zones by address: who may be moved by them, and what beats them. */
static void test_zone_by_address(void **state)
{
	static const struct {
		const char *tag;
		enum rz_opt_in opt_in;
		bool known, proxied;
		const char *zone;
		enum rz_reason reason;
	} rows[] = {
		{"", RZ_OPT_IN_ANY, true, false, "b", RZ_REASON_NONE},
		{"", RZ_OPT_IN_ZONE, true, false, "b", RZ_REASON_NOT_OPTED_IN},
		{"", RZ_OPT_IN_TAG, true, false, "b", RZ_REASON_NONE}, /* lb=true, but no az */
		{"a", RZ_OPT_IN_ANY, true, false, "a", RZ_REASON_SAME_ZONE},
		{"nowhere", RZ_OPT_IN_ANY, true, false, "nowhere", RZ_REASON_ZONE_UNKNOWN},
		{"", RZ_OPT_IN_ANY, false, false, "b", RZ_REASON_NOT_IDENTIFIED},
		{"", RZ_OPT_IN_ANY, true, true, "a", RZ_REASON_SAME_ZONE},
	};
	struct rz_block blocks_rows[2] = {{.zone = "bz-1"}, {.zone = "a"}};
	struct rz_blocks blocks = {.rows = blocks_rows, .n = 2};
	uint8_t behind[16];
	size_t i;

	(void)state;
	test_ip4(blocks_rows[0].at.addr, 10, 0, 2, 0);
	blocks_rows[0].at.prefix_len = 120;
	test_ip4(blocks_rows[1].at.addr, 203, 0, 113, 0);
	blocks_rows[1].at.prefix_len = 120;
	rz_blocks_sort(&blocks);
	test_ip4(behind, 203, 0, 113, 7);
	for (i = 0; i < COUNT(rows); i++) {
		struct test_world w;
		struct rz_judged_conn j = {&w.conn, &w.client};
		struct rz_world view;
		struct rz_verdict v;

		test_world_make(&w);
		strcpy(w.client.zone, rows[i].tag);
		w.settings.opt_in = rows[i].opt_in;
		if (!rows[i].known)
			w.conn.frame.client = 0;
		if (rows[i].proxied)
			j.client_addr = behind;
		view = test_world_view(&w);
		view.blocks = &blocks;
		v = rz_classify(&j, &view);
		assert_string_equal(v.client_zone, rows[i].zone);
		assert_string_equal(rz_reason_name(v.reason), rz_reason_name(rows[i].reason));
		assert_int_equal(v.zone_by_address, !rows[i].tag[0]);
	}
}

/* What frameworks append to a zone, and zones whose names contain one another. */
static void test_suffix(void **state)
{
	static const struct {
		const char *written, *zone;
		enum rz_reason reason;
	} rows[] = {
		{"b-StreamThread-1-consumer", "b", RZ_REASON_NONE},
		{"bz-1-575969bf-aae2-4a7e", "b", RZ_REASON_NONE}, /* an alias, longest first */
		{"bz-2-StreamThread-1", "bz-2-StreamThread-1", RZ_REASON_ZONE_UNKNOWN},
		{"a-b", "a", RZ_REASON_SAME_ZONE},
		{"b-", "b", RZ_REASON_NONE},
		{"-b", "-b", RZ_REASON_ZONE_UNKNOWN},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct test_world w;
		struct rz_verdict v;

		test_world_make(&w);
		strcpy(w.client.zone, rows[i].written);
		w.client.zone_last = 1;
		v = test_classify(&w);
		assert_string_equal(v.client_zone, rows[i].zone);
		assert_string_equal(rz_reason_name(v.reason), rz_reason_name(rows[i].reason));
		/* in the middle of an id nobody has appended to it: it is another zone's name */
		w.client.zone_last = 0;
		v = test_classify(&w);
		assert_string_equal(v.client_zone, rows[i].written);
		assert_string_equal(rz_reason_name(v.reason),
				    rz_reason_name(RZ_REASON_ZONE_UNKNOWN));
	}
}

/* Roles and groups that fit stand in nobody's way. */
static void test_roles_that_fit(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	test_name_group(&w, "default@proxy-produce+proxy-consume");
	strcpy(w.client.proxy_target, "proxy-consume");
	strcpy(w.client.agent_group, "default");
	assert_true(test_classify(&w).move);
}

static void test_opt_in_widened(void **state)
{
	static const enum rz_opt_in wide[] = {RZ_OPT_IN_ZONE, RZ_OPT_IN_ANY};
	struct test_world w;
	size_t i;

	(void)state;
	test_world_make(&w);
	w.client.opt_in = 0;
	for (i = 0; i < COUNT(wide); i++) {
		w.settings.opt_in = wide[i];
		assert_true(test_classify(&w).move);
	}
}

static void test_alias(void **state)
{
	struct test_world w;
	struct rz_verdict v;

	(void)state;
	test_world_make(&w);
	strcpy(w.client.zone, "bz-1");
	v = test_classify(&w);
	assert_true(v.move);
	assert_string_equal(v.client_zone, "b");
}

static void test_empty_topology(void **state)
{
	struct test_world w;

	(void)state;
	test_world_make(&w);
	w.topo.n_agents = w.topo.n_aliases = w.zones.n = 0;
	assert_false(test_classify(&w).move);
	memset(&w.settings, 0, sizeof(w.settings)); /* as before the first daemon */
	memset(&w.status, 0, sizeof(w.status));
	assert_false(test_classify(&w).move);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zone_by_address), cmocka_unit_test(test_suffix),
		cmocka_unit_test(test_roles_that_fit),	cmocka_unit_test(test_opt_in_widened),
		cmocka_unit_test(test_alias),		cmocka_unit_test(test_empty_topology),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
