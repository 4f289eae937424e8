/* SPDX-License-Identifier: Apache-2.0 */
/* The clock that all times in maps are in, and the one that people read. */
#ifndef RZ_BASE_CLOCK_H
#define RZ_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define RZ_SECOND_NS 1000000000ULL

static inline uint64_t rz_clock_ns(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (uint64_t)t.tv_sec * RZ_SECOND_NS + (uint64_t)t.tv_nsec;
}

/* As BPF's bpf_ktime_get_ns(). */
static inline uint64_t rz_now_ns(void)
{
	return rz_clock_ns(CLOCK_MONOTONIC);
}

/* Since 1970. */
static inline uint64_t rz_wall_ns(void)
{
	return rz_clock_ns(CLOCK_REALTIME);
}

/* To the millisecond: what people and Prometheus read. */
static inline double rz_seconds(uint64_t ns)
{
	uint64_t ms = ns / 1000000;

	return (double)ms / 1e3;
}

#endif
