/* SPDX-License-Identifier: Apache-2.0 */
/* What cmocka wants before its header, and a repeatable source of noise. Included by every test. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define SECOND_NS 1000000000ULL
#define MINUTE_NS (60 * SECOND_NS)
#define HOUR_NS	  (3600 * SECOND_NS)

/* xorshift64*: the same numbers on every run, so that a failure can be had again. */
static inline uint64_t noise(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static inline uint32_t noise_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((noise(state) >> 33) % n);
}

#endif
