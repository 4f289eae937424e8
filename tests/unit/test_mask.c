// SPDX-License-Identifier: Apache-2.0
/* user/out/mask.c: nothing that names a client is left, and what is left can still be read. */
#include "unit.h"

#include "out/mask.h"

static struct rz_mask *m;

static int begin(void **state)
{
	(void)state;
	return rz_mask_new(7, &m);
}

static int end(void **state)
{
	(void)state;
	rz_mask_free(m);
	return 0;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part);
}

/* The masked text has none of `gone`, and all of `kept`; NULL ends the lists. */
static void masks(const char *text, const char *gone, const char *kept)
{
	char *masked = rz_mask_text(m, text);

	assert_non_null(masked);
	if (has(masked, gone) || !has(masked, kept))
		fail_msg("\"%s\" became \"%s\"", text, masked);
	free(masked);
}

static void stays(const char *text)
{
	char *masked = rz_mask_text(m, text);

	assert_string_equal(masked, text);
	free(masked);
}

static void test_addresses(void **state)
{
	(void)state;
	masks("from 10.0.2.7:51544 on", "10.0.2.7", ":51544 on");
	masks("10.0.2.7", "10.0.2.7", "addr-");
	masks("at 10.0.2.7.", "10.0.2.7", "."); /* a full stop */
	masks("zone-a@10.1.0.0/16,10.2.0.0/16<>b@fd00:1::/32", "10.2.0", "/16<>b@");
	masks("zone-a@10.1.0.0/16,10.2.0.0/16<>b@fd00:1::/32", "fd00", "/32");
	masks("[fd00::1]:9092", "fd00", "]:9092");
	masks("client:fd00::17, gone", "fd00", ", gone");
	masks("[::ffff:10.0.2.7]:1", "10.0.2.7", "]:1");
	masks("node ip-10-0-2-7.ec2.internal", "10-0-2-7", "node ip-");
	masks("https://10.96.0.1:443/apis", "10.96", "https://");
	masks("v10.0.2.7", "10.0.2.7", "v");
	masks("0x10.0.2.7", "0.2.7", "");
}

static void test_one_address_has_one_hash(void **state)
{
	char *a = rz_mask_text(m, "10.0.2.7"), *b = rz_mask_text(m, "::ffff:10.0.2.7"),
	     *c = rz_mask_text(m, "10.0.2.8");

	(void)state;
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	free(a);
	free(b);
	free(c);
}

static void test_another_archive_has_another_hash(void **state)
{
	struct rz_mask *other;
	char *a = rz_mask_text(m, "10.0.2.7"), *b;

	(void)state;
	assert_int_equal(rz_mask_new(8, &other), 0);
	b = rz_mask_text(other, "10.0.2.7");
	assert_string_not_equal(a, b);
	rz_mask_free(other);
	free(a);
	free(b);
}

static void test_what_is_no_address(void **state)
{
	static const char *const texts[] = {"2026-11-26T14:47:37.123Z",
					    "librdkafka 2.12.1",
					    "127.0.0.1:9092 and [::1]",
					    "0.0.0.0:9092",
					    "12:30:15",
					    "a:b:c",
					    "use1-az2",
					    "after 1.5 s, 3 segments",
					    "1.2.3.",
					    "256.1.1.1"};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++)
		stays(texts[i]);
}

static void test_learnt_words(void **state)
{
	(void)state;
	assert_int_equal(rz_mask_learn(m, "orders"), 0);
	assert_int_equal(rz_mask_learn(m, "orders,ws_az=b"), 0);
	assert_int_equal(rz_mask_learn(m, "orders,ws_az=b"), 0);
	assert_int_equal(rz_mask_learn(m, "app"), 0); /* too short */
	assert_int_equal(rz_mask_learn(m, "(odd)"), 0);
	masks("client \"orders\" left", "orders", "\" left");
	masks("\"orders,ws_az=b\"", "ws_az", "client-"); /* the longest */
	masks("orders,ws_az=c", "orders", ",ws_az=c");
	masks("x(odd)y", "(odd)", "client-");
	stays("reorders, orders2: an app of others");
}

static void test_people(void **state)
{
	(void)state;
	masks("nobody is moved, by alice by sudo (uid 0, pid 7), until", "alice",
	      " by sudo (uid 0, pid 7), until");
	masks("bob (uid 1000, pid 8)", "bob", "user-");
	stays("by root (uid 0, pid 9)");
	stays("by a change of its file (new)");
}

static char *json_masked(const char *text)
{
	json_t *j = json_loads(text, 0, NULL);
	char *masked;

	assert_non_null(j);
	assert_int_equal(rz_mask_learn_json(m, j), 0);
	assert_int_equal(rz_mask_json(m, j), 0);
	masked = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return masked;
}

static void test_json(void **state)
{
	char *masked = json_masked(
		"[{\"client_id\":\"cross\",\"client\":\"10.0.2.7:1\",\"locality\":\"cross\","
		"\"text\":\"cross, of node-77\",\"node\":\"node-77\",\"by\":\"alice (uid 0)\","
		"\"n\":1,\"x\":null,\"new_key\":[\"10.0.2.9\",[\"10.0.2.8\"]],"
		"\"10.0.2.6\":{\"a\":\"10.0.2.5\"}}]");

	(void)state;
	assert_false(has(masked, "10.0.2."));
	assert_false(has(masked, "node-77"));
	assert_false(has(masked, "alice"));
	assert_false(has(masked, "cross, of"));
	assert_true(has(masked, "\"locality\":\"cross\"")); /* a word of ours stays */
	assert_true(has(masked, "\"n\":1,\"x\":null"));
	assert_true(has(masked, "\"client_id\":\"client-"));
	assert_true(has(masked, "\"by\":\"user-"));
	free(masked);
}

/* What a setting's value is, its name says. */
static void test_settings(void **state)
{
	char *masked =
		json_masked("{\"settings\":{\"exclude_clients\":{\"value\":\"pay-*\"},"
			    "\"node_name\":{\"value\":\"n-1\"},\"mode\":{\"value\":\"observe\"},"
			    "\"exclude_addresses\":{\"value\":\"10.0.0.0/8\"}},\"e\":{\"setting\":"
			    "\"exclude_clients\",\"before\":\"pay-*\",\"after\":\"pay-2\"}}");

	(void)state;
	assert_false(has(masked, "pay-"));
	assert_false(has(masked, "n-1"));
	assert_false(has(masked, "10.0.0.0"));
	assert_true(has(masked, "{\"value\":\"observe\"}"));
	assert_true(has(masked, "\"exclude_clients\":"));
	free(masked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, begin, end),
		cmocka_unit_test_setup_teardown(test_one_address_has_one_hash, begin, end),
		cmocka_unit_test_setup_teardown(test_another_archive_has_another_hash, begin, end),
		cmocka_unit_test_setup_teardown(test_what_is_no_address, begin, end),
		cmocka_unit_test_setup_teardown(test_learnt_words, begin, end),
		cmocka_unit_test_setup_teardown(test_people, begin, end),
		cmocka_unit_test_setup_teardown(test_json, begin, end),
		cmocka_unit_test_setup_teardown(test_settings, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
