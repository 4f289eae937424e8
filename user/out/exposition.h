/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text that Prometheus reads (its exposition format, version 0.0.4): families, labels, numbers.
 *
 * Comes in: what a family is called, and its values. Goes out: lines on a FILE. Knows nothing of
 * rezone. Called by out/metrics*.c.
 */
#ifndef RZ_OUT_EXPOSITION_H
#define RZ_OUT_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum rz_family_type { RZ_GAUGE, RZ_COUNTER, RZ_HISTOGRAM };

#define RZ_LABELS_MAX 4
struct rz_family {
	const char *name;
	enum rz_family_type type;
	const char *unit; /* of a value, for people: "seconds", "bytes", "connections" */
	const char *help; /* one sentence, without a full stop */
	const char *labels[RZ_LABELS_MAX + 1]; /* NULL ends them */
};

/* One family that is being written. */
struct rz_exposition {
	FILE *f;
	const struct rz_family *family;
};

const char *rz_family_type_name(enum rz_family_type t); /* "gauge", "counter", "histogram" */

/* Begins a family: HELP and TYPE. */
struct rz_exposition rz_exposition_begin(FILE *f, const struct rz_family *family);

/* One value; a `const char *` for each label of the family follows, in its order. A byte that is
 * not printable ASCII becomes '?', for one that is no UTF-8 would spoil the whole page. */
void rz_exposition_value(const struct rz_exposition *x, double value, ...);

/* A histogram without labels. `counts` has one more than `bounds`, each of its bucket alone. */
void rz_exposition_histogram(const struct rz_exposition *x, const double *bounds,
			     const uint64_t *counts, size_t n_bounds, double sum);

#endif
