// SPDX-License-Identifier: Apache-2.0
/* user/base/listen.c: the grammar of --listen. */
#include "unit.h"
#include "base/listen.h"
#include "base/str.h"

static void expect(const char *text, const char *shown)
{
	char why[160], at[RZ_ENDPOINT_TEXT];
	struct rz_endpoint e;

	assert_int_equal(rz_listen_parse(text, &e, why, sizeof(why)), 0);
	rz_endpoint_format(at, sizeof(at), e.addr, e.port);
	assert_string_equal(at, shown);
}

static void test_good(void **state)
{
	(void)state;
	expect(RZ_LISTEN_DEFAULT, "127.0.0.1:9496");
	expect("[::1]:80", "[::1]:80");
	expect(":9496", "[::]:9496");
	expect("0.0.0.0:1", "0.0.0.0:1");
	expect("fd00::7:9496", "[fd00::7]:9496"); /* $(POD_IP):9496 */
	expect("[fd00::7]:65535", "[fd00::7]:65535");
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"",	    ":",	 "9496",	  "localhost:9496", "1.2.3.4",
		"1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:-1",	    "1.2.3.4: 80",
		"[]:80",    "[::1:80",	 "1.2.3.4:80 ",	  "[::1]80",	    "1.2.3:80",
		"a b:80"};
	char why[160], lengthy[400];
	struct rz_endpoint e = {.port = 7};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		why[0] = '\0';
		assert_int_equal(rz_listen_parse(bad[i], &e, why, sizeof(why)), -EINVAL);
		assert_non_null(strstr(why, "ADDRESS:PORT"));
	}
	memset(lengthy, '1', sizeof(lengthy));
	strcpy(lengthy + sizeof(lengthy) - 4, ":80");
	assert_int_equal(rz_listen_parse(lengthy, &e, why, sizeof(why)), -EINVAL);
	assert_int_equal(e.port, 7); /* untouched */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
