/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/yaml: texts that would cost libyaml the square of their length are refused where they begin
 * to. How far it read is what the line in `why` says, so no clock is needed.
 */
#include "unit.h"

#include <errno.h>

#include "base/yaml.h"

/* Loads `text`, n bytes; the line and column at which it was refused. */
static void refused_at(const char *text, size_t n, const char *what, size_t *line, size_t *column)
{
	struct rz_yaml y;
	char why[512] = "";

	assert_int_equal(rz_yaml_load(&y, "t", text, n, why, sizeof(why)), -EINVAL);
	rz_yaml_free(&y);
	if (!strstr(why, what))
		fail_msg("\"%s\" has not \"%s\"", why, what);
	assert_int_equal(sscanf(why, "t:%zu:%zu:", line, column), 2);
}

static char *repeated(const char *unit, size_t times, size_t *ret_n)
{
	size_t len = strlen(unit), i;
	char *text = malloc(len * times + 1);

	assert_non_null(text);
	for (i = 0; i < times; i++)
		memcpy(text + i * len, unit, len);
	*ret_n = len * times;
	return text;
}

/* Whatever the way to nest, the seventeenth level is the last that is looked at. */
static void test_nested(void **state)
{
	static const char *const units[] = {"[", "{a: ", "- ", "? ", "[{a: "};
	size_t i, n, line, column;

	(void)state;
	for (i = 0; i < COUNT(units); i++) {
		char *text = repeated(units[i], 120000 / strlen(units[i]), &n);

		refused_at(text, n, "16 levels", &line, &column);
		assert_int_equal(line, 1);
		assert_in_range(column, 1, 17 * strlen(units[i]));
		free(text);
	}
}

static void test_anchored(void **state)
{
	char *text = malloc(200000);
	size_t n = 0, i, line, column;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < 10000; i++)
		n += sprintf(text + n, "- &a%zu x\n", i);
	refused_at(text, n, "64 anchors", &line, &column);
	assert_int_equal(line, 65);
	n = sprintf(text, "- &a x\n");
	for (i = 0; i < 10000; i++)
		n += sprintf(text + n, "- *a\n");
	refused_at(text, n, "4096 aliases", &line, &column);
	assert_int_equal(line, 4098);
	n = 0;
	for (i = 0; i < 5000; i++)
		n += sprintf(text + n, "%%TAG !t%zu! tag:x\n", i);
	refused_at(text, n, "lines that begin with %", &line, &column);
	free(text);
}

/* What people write passes: sixteen levels, an anchor, a directive. */
static void test_ordinary(void **state)
{
	static const char *const texts[] = {"[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]",
					    "x: &a { b: c }\ny: *a\n", "%YAML 1.1\n---\na: 1\n",
					    ""};
	char why[512];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		struct rz_yaml y;

		assert_int_equal(
			rz_yaml_load(&y, "t", texts[i], strlen(texts[i]), why, sizeof(why)), 0);
		rz_yaml_free(&y);
	}
}

/* What was meant by a mistyped word: letters that changed places, a letter too many or too few. */
static void test_nearest(void **state)
{
	static const char *const known[] = {"stats", "status", "list", "plan", "top", NULL};

	(void)state;
	assert_string_equal(rz_yaml_nearest("stauts", known), "status");
	assert_string_equal(rz_yaml_nearest("sttas", known), "stats");
	assert_string_equal(rz_yaml_nearest("stat", known), "stats");
	assert_string_equal(rz_yaml_nearest("lst", known), "list");
	assert_string_equal(rz_yaml_nearest("plna", known), "plan");
	assert_string_equal(rz_yaml_nearest("tpo", known), "top");
	assert_null(rz_yaml_nearest("foo", known));
	assert_null(rz_yaml_nearest("frobnicate", known));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_anchored),
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
