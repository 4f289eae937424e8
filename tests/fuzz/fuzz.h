/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target needs: a claim that holds for all inputs, or an abort that says which. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIM(x)                                                                \
	do {                                                                    \
		if (!(x)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                \
		}                                                               \
	} while (0)

/* Ends inside its field, and is fit for a terminal. */
static inline bool is_plain(const char *text, size_t size)
{
	size_t n = strnlen(text, size), i;

	for (i = 0; i < n; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return n < size;
}

static inline bool is_zone(const char *text)
{
	return strlen(text) <= 128 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       strlen(text);
}

#endif
