/* SPDX-License-Identifier: Apache-2.0 */
/* What start.c and tick.c measure of a process. Needs _GNU_SOURCE, for its own name. */
#ifndef TESTS_BENCH_PROCESS_H
#define TESTS_BENCH_PROCESS_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/types.h>

static void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts them. */
static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_size);
	return values[n / 2];
}

/* The time that the kernel's scheduler has given it, all its threads together, those that have
 * ended, too: in ms. */
static double cpu_ms(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	errno = clock_getcpuclockid(pid, &clock);
	if (errno || clock_gettime(clock, &t))
		die("the process's CPU clock");
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

#endif
