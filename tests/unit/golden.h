/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command prints, whole, against the file tests/unit/golden/NAME. GOLDEN=write writes the
 * files anew: look at the difference before it is committed.
 */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include "unit.h"

#define GOLDEN_DIR "tests/unit/golden/"

static inline void golden(const char *name, const char *text)
{
	static char was[65536];
	const char *how = getenv("GOLDEN");
	char path[128];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), GOLDEN_DIR "%s", name);
	if (how && !strcmp(how, "write")) {
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
	}
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s is not there: run the test in the source's folder", path);
	n = fread(was, 1, sizeof(was) - 1, f);
	was[n] = '\0';
	fclose(f);
	assert_string_equal(text, was);
}

#endif
