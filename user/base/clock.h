/* SPDX-License-Identifier: Apache-2.0 */
/* The clock that all times in maps are in. */
#ifndef RZ_BASE_CLOCK_H
#define RZ_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define RZ_SECOND_NS 1000000000ULL

/* CLOCK_MONOTONIC in nanoseconds, as BPF's bpf_ktime_get_ns(). */
static inline uint64_t rz_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * RZ_SECOND_NS + (uint64_t)t.tv_nsec;
}

#endif
