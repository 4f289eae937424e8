// SPDX-License-Identifier: Apache-2.0
/* user/policy/price.c: what bytes between zones cost. */
#include "policy/price.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static struct rz_price parsed(const char *text, const char *cloud)
{
	struct rz_price p;
	char why[256];

	assert_int_equal(rz_price_parse(text, cloud, &p, why, sizeof(why)), 0);
	return p;
}

static void near(double a, double b)
{
	assert_true(a - b < 1e-9 && b - a < 1e-9);
}

static void list_prices(void **state)
{
	struct rz_price aws = parsed("aws", ""), gcp = parsed("gcp", ""),
			azure = parsed("azure", "");
	size_t i;

	(void)state;
	/* a byte that crosses is charged at both ends, whichever way it goes */
	near(rz_price_of(&aws, 1e9, 0), 0.02);
	near(rz_price_of(&aws, 0, 1e9), 0.02);
	near(rz_price_of(&gcp, 1073741824.0, 2147483648.0), 0.03);
	assert_true(azure.known);
	near(rz_price_of(&azure, 1e12, 1e12), 0);
	for (i = 0; rz_price_list(i); i++) {
		assert_true(rz_price_list(i)->known);
		assert_non_null(strstr(rz_price_list(i)->source, "https://"));
		assert_int_equal(strlen(rz_price_list(i)->read_on), strlen("2026-11-26"));
	}
	assert_int_equal(i, 3);
}

/* Where nobody says which cloud it is, no money is known. */
static void auto_price(void **state)
{
	(void)state;
	assert_string_equal(parsed("auto", "aws").name, "aws");
	assert_string_equal(parsed("", "gcp").name, "gcp");
	assert_false(parsed("auto", "").known);
	assert_false(parsed("auto", "--zone").known);
	assert_false(parsed("off", "aws").known);
	near(rz_price_of(&(struct rz_price){.unit_bytes = 1e9, .to_agent = 1}, 1e9, 1e9), 0);
}

static void given_price(void **state)
{
	struct rz_price p = parsed("0.005,0", "aws");

	(void)state;
	assert_true(p.known);
	assert_string_equal(p.name, "given");
	near(rz_price_of(&p, 2e9, 5e9), 0.01);
}

static void refused(void **state)
{
	static const char *const wrong[] = {"alibaba", "0.02",	 "0.02,",      ",0.02",
					    "-1,0",    "0.02,x", "0.01,0.01,", "nan,0",
					    "0,inf",   "1e9,0",	 " 0,0",       "0x1,0x1;"};
	char zeros[100] = "0.02,0.";
	struct rz_price p = {.to_agent = 7};
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(rz_price_parse(wrong[i], "aws", &p, why, sizeof(why)), -EINVAL);
		near(p.to_agent, 7);
	}
	/* map settings has no room for it */
	memset(zeros + strlen(zeros), '0', 80);
	assert_int_equal(rz_price_parse(zeros, "", &p, why, sizeof(why)), -EINVAL);
}

static void month(void **state)
{
	(void)state;
	near(rz_price_month(1, 3600ULL * 1000000000), 730);
	near(rz_price_month(48, 48ULL * 3600 * 1000000000), 730);
	near(rz_price_month(5, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_prices), cmocka_unit_test(auto_price),
		cmocka_unit_test(given_price), cmocka_unit_test(refused),
		cmocka_unit_test(month),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
