/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the topology comes from, and whether it can be trusted. Pure.
 *
 * Comes in: one row a source (the file, each Service, the cloud), the clocks. Goes out: whether
 * moves are frozen, and why. Called by daemon/topology.c; shown by `rezone topology`.
 */
#ifndef RZ_TOPO_SOURCE_H
#define RZ_TOPO_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/ipc.h>

#define RZ_SOURCES_MAX 20

/* The moves are frozen while any row says so, or is older than max_age. */
struct rz_source_row {
	struct rz_source_val v;
	enum rz_freeze freeze; /* this row's own doubt; v.note says it in words */
	bool must_be_fresh; /* agents come from here; not so the cloud, whose zone never changes */
};

/* The first reason for a freeze, and one line of why. RZ_FREEZE_NONE: none. */
enum rz_freeze rz_sources_freeze(const struct rz_source_row *rows, size_t n, uint64_t max_age_ns,
				 uint64_t now_ns, char *why, size_t size);

/* When all that must be fresh was known to be current: the oldest row. 0: never. */
uint64_t rz_sources_proved_ns(const struct rz_source_row *rows, size_t n);

const char *rz_freeze_name(enum rz_freeze f);

/*
 * Clocks that move together as long as nothing jumps: the machine did not sleep (boot - mono) and
 * nobody set or restored it (real - mono).
 */
struct rz_clocks {
	uint64_t mono_ns, boot_ns, real_ns;
};
/* True if they moved apart between two looks by more than a clock that is being slewed does. */
bool rz_clocks_jumped(const struct rz_clocks *was, const struct rz_clocks *now);

#endif
