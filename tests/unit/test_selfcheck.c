/* SPDX-License-Identifier: Apache-2.0 */
/* daemon/selfcheck: what the facts of kern/attached mean. Their gathering and repair is
 * e2e/63-attached. */
#include "unit.h"

#include "daemon/selfcheck.h"

static void test_judge(void **state)
{
	static const struct {
		struct rz_attached a;
		enum rz_freeze freeze;
		const char *why;
	} rows[] = {
		{{.cgroup = 7, .path_cgroup = 7, .link_cgroup = 7}, RZ_FREEZE_NONE, ""},
		{{.cgroup = 7, .path_cgroup = 0}, RZ_FREEZE_DETACHED, "was removed: "},
		{{.cgroup = 7, .path_cgroup = 9}, RZ_FREEZE_DETACHED, "made again"},
		/* the program may be on the old one still, which no new process is in */
		{{.cgroup = 7, .path_cgroup = 9, .link_cgroup = 7},
		 RZ_FREEZE_DETACHED,
		 "made again"},
		{{.cgroup = 7, .path_cgroup = 7}, RZ_FREEZE_DETACHED, "was detached"},
		{{.cgroup = 7, .path_cgroup = 7, .link_cgroup = 7, .other = 42},
		 RZ_FREEZE_RIVAL,
		 "(id 42)"},
		{{.cgroup = 7, .path_cgroup = 7, .link_cgroup = 7, .pins_lost = 3},
		 RZ_FREEZE_PINS,
		 "3 pins"},
		/* what no repair mends is said before what one does */
		{{.cgroup = 7, .path_cgroup = 7, .link_cgroup = 7, .other = 42, .pins_lost = 3},
		 RZ_FREEZE_RIVAL,
		 "(id 42)"},
		{{.cgroup = 7, .path_cgroup = 9, .other = 42, .pins_lost = 3},
		 RZ_FREEZE_DETACHED,
		 "made again"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		char why[RZ_SOURCE_NOTE] = "";

		assert_int_equal(rz_attached_judge(&rows[i].a, why, sizeof(why)), rows[i].freeze);
		if (!strstr(why, rows[i].why))
			fail_msg("row %zu: %s", i, why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_judge)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
