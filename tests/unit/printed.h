/* SPDX-License-Identifier: Apache-2.0 */
/* What a function prints to the FILE that is its first argument, as one text, which stays until the
 * next. The function must return 0. */
#ifndef TESTS_UNIT_PRINTED_H
#define TESTS_UNIT_PRINTED_H

#include "unit.h"

static char printed_text[65536];

static inline FILE *printed_begin(void)
{
	FILE *f;

	memset(printed_text, 0, sizeof(printed_text));
	f = fmemopen(printed_text, sizeof(printed_text) - 1, "w");
	assert_non_null(f);
	return f;
}

static inline const char *printed_end(FILE *f, int err)
{
	fclose(f);
	assert_int_equal(err, 0);
	return printed_text;
}

#define PRINTED(print, ...)                                \
	({                                                 \
		FILE *to_ = printed_begin();               \
		printed_end(to_, print(to_, __VA_ARGS__)); \
	})

#endif
