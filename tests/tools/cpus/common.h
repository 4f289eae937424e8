/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that cpus.c and spread.c have in common; each is a program of its own. */
#ifndef TESTS_TOOLS_CPUS_COMMON_H
#define TESTS_TOOLS_CPUS_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define N_CPUS 2

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Writes the lowest `bytes` bytes of v, the highest first. Returns where the next ones go. */
static inline uint8_t *put(uint8_t *p, uint32_t v, int bytes)
{
	while (bytes--)
		*p++ = (uint8_t)(v >> (8 * bytes));
	return p;
}

#endif
