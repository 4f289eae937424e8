/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counters as `rezone stats` shows them: a table and lines, or one JSON object (docs/json.md).
 * Pure.
 *
 * Comes in: a snapshot, the rows of map errors. Goes out: text. Called by cmd/stats.c.
 */
#ifndef RZ_OUT_STATS_H
#define RZ_OUT_STATS_H

#include <stdbool.h>
#include <stdio.h>

#include "kern/snapshot.h"
#include "kern/pause.h"

struct rz_stats_view {
	const struct rz_snapshot *snap;
	uint32_t conns_max, clients_max; /* what their maps have room for */
	const struct rz_error_key *errors;
	const uint64_t *errors_counts;
	size_t n_errors;
	const struct rz_pause *pause; /* NULL: nobody has paused */
};

/* The i-th of the counters of which anything but 0 deserves a look, by its JSON key. False: there
 * is none. */
bool rz_stats_fault(const struct rz_stats *s, size_t i, const char **ret_name, uint64_t *ret_n);
const char *rz_stats_place_name(enum rz_place p); /* of map errors; "?" if it is none */

/* 0 or -ENOMEM. */
int rz_stats_print_json(FILE *f, const struct rz_stats_view *v);
int rz_stats_print_text(FILE *f, const struct rz_stats_view *v);

#endif
