// SPDX-License-Identifier: Apache-2.0
/* user/out/top_keys.c: what each key does, and what bytes that are no key do. */
#include "unit.h"

#include "out/top_keys.h"

static enum rz_top_wish press(struct rz_top_state *s, const char *bytes)
{
	return rz_top_keys(s, bytes, strlen(bytes));
}

static void test_keys(void **state)
{
	struct rz_top_state s = {};

	(void)state;
	assert_int_equal(press(&s, "s"), RZ_TOP_REDRAW);
	assert_int_equal(s.sort, RZ_TOP_SORT_BYTES);
	press(&s, "sss");
	assert_int_equal(s.sort, RZ_TOP_SORT_RATE);
	press(&s, "a ");
	assert_true(s.all && s.frozen);
	press(&s, " a");
	assert_false(s.all || s.frozen);
	press(&s, "\033[B\033OBj");
	assert_int_equal(s.selected, 3);
	press(&s, "\033[A\033[Ak\033[A");
	assert_int_equal(s.selected, 0);
	press(&s, "\033[6~");
	assert_int_equal(s.selected, 10);
	press(&s, "\033[H");
	assert_int_equal(s.selected, 0);
	assert_int_equal(press(&s, "q"), RZ_TOP_QUIT);
	assert_int_equal(press(&s, "?"), RZ_TOP_REDRAW);
	assert_int_equal(s.page, RZ_TOP_PAGE_HELP);
	assert_int_equal(press(&s, "q"), RZ_TOP_REDRAW); /* only back */
	assert_int_equal(s.page, RZ_TOP_PAGE_MAIN);
}

/* A sequence that means nothing must not be taken for the letters in it: F5 is no quit. */
static void test_other_keys(void **state)
{
	static const char *const others[] = {"\033[15~", "\033[1;5A", "\033q", "\033[200~",
					     "\033[Z",	 "\001",      "\377",  "\033",
					     "\033[",	 "\033OP"};
	struct rz_top_state s, none = {};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(others); i++) {
		s = none;
		assert_int_equal(press(&s, others[i]), RZ_TOP_REDRAW);
		assert_memory_equal(&s, &none, sizeof(s));
	}
	press(&s, "\033[15~s");
	assert_int_equal(s.sort, RZ_TOP_SORT_BYTES);
}

static void test_typed_filter(void **state)
{
	struct rz_top_state s = {.selected = 4};
	size_t i;

	(void)state;
	press(&s, "/");
	assert_int_equal(press(&s, "q-s\033[A\033[15~\001"),
			 RZ_TOP_REDRAW); /* q is a letter here */
	assert_string_equal(s.filter, "q-s");
	assert_int_equal(s.selected, 0);
	press(&s, "\177x\r");
	assert_string_equal(s.filter, "q-x");
	assert_int_equal(s.page, RZ_TOP_PAGE_MAIN);
	press(&s, "/");
	press(&s, "\033");
	assert_string_equal(s.filter, "");
	press(&s, "/");
	for (i = 0; i < 200; i++)
		press(&s, "a");
	assert_int_equal(strlen(s.filter), sizeof(s.filter) - 1);
}

static void test_explain(void **state)
{
	struct rz_top_state s = {};

	(void)state;
	assert_int_equal(press(&s, "\r"), RZ_TOP_EXPLAIN);
	assert_int_equal(s.page, RZ_TOP_PAGE_TEXT);
	press(&s, "j ");
	assert_int_equal(s.scroll, 11);
	press(&s, "q");
	assert_int_equal(s.page, RZ_TOP_PAGE_MAIN);
	assert_int_equal(press(&s, "eq"), RZ_TOP_REDRAW); /* opened and closed in one read */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_other_keys),
		cmocka_unit_test(test_typed_filter),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
