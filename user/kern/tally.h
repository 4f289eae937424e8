/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counts of maps `moved`, `arrivals`, `spans` and `errors` (include/rezone/tally.h, stats.h):
 * adding to them, and reading them whole.
 *
 * Comes in: the maps; what the daemon counts (daemon/tally.c). Goes out: arrays for out/metrics.c.
 */
#ifndef RZ_KERN_TALLY_H
#define RZ_KERN_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include <rezone/tally.h>

#include "kern/maps.h"

/* Upper bounds of the buckets of every span but the last, in microseconds. */
extern const uint64_t rz_span_bounds_us[RZ_SPAN_BUCKETS - 1];

/* Pure: adds one duration. */
void rz_histogram_add(struct rz_histogram *h, uint64_t ns);

/* A new daemon counts from 0: empties all but `errors`. */
void rz_tally_clear(const struct rz_maps *m);

/* Add `n`, or one. The daemon is their only writer; a map that is full counts under zone "". */
void rz_tally_moved(const struct rz_maps *m, const struct rz_moved_key *key, uint64_t n);
void rz_tally_arrival(const struct rz_maps *m, const struct rz_arrival_key *key);
/* Calls of the daemon's failed, `more` of them; one did. `error` is -errno. */
void rz_tally_errors(const struct rz_maps *m, enum rz_place place, int error, uint64_t more);
static inline void rz_tally_error(const struct rz_maps *m, enum rz_place place, int error)
{
	rz_tally_errors(m, place, error, 1);
}
void rz_tally_write_spans(const struct rz_maps *m,
			  const struct rz_histogram spans[static RZ_SPAN_COUNT]);

struct rz_tallies {
	struct rz_moved_key *moved;
	uint64_t *moved_counts;
	size_t n_moved;
	struct rz_arrival_key *arrivals;
	uint64_t *arrivals_counts;
	size_t n_arrivals;
	struct rz_error_key *errors;
	uint64_t *errors_counts;
	size_t n_errors;
	struct rz_histogram spans[RZ_SPAN_COUNT];
};

/* 0 or -errno; to be freed in any case. */
int rz_tally_read(const struct rz_maps *m, struct rz_tallies *ret);
void rz_tallies_free(struct rz_tallies *t);

#endif
