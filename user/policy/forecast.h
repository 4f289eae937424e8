/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the policy would do from now on if it enforced, nobody paused it, and each move went well at
 * once: which connections, and when. Pure: it runs the policy itself, with a clock of its own.
 *
 * Comes in: a snapshot, the world, the limits. Goes out: a row for each connection that would be
 * moved. Nothing is known of earlier moves: rests of clients, an open breaker and places in the
 * queue are the daemon's, and in no forecast. Called by cmd/plan.c.
 */
#ifndef RZ_POLICY_FORECAST_H
#define RZ_POLICY_FORECAST_H

#include "policy/tick.h"

#define RZ_FORECAST_LATER UINT64_MAX

struct rz_forecast_row {
	uint64_t cookie;
	uint64_t after_ns; /* since the first tick; LATER: behind all that was looked at */
};

struct rz_forecast {
	struct rz_tick *tick;	      /* all verdicts of this moment, as if paused */
	struct rz_forecast_row *rows; /* sorted by cookie */
	size_t n;
	uint64_t last_ns; /* the latest after_ns but LATER */
	size_t later;
};

/* Visits of a candidate that are looked at: 6,000 candidates at 5 moves a second, two seconds of a
 * CPU. */
#define RZ_FORECAST_VISITS 4000000

/* `limits->mode` does not matter. `visits`: RZ_FORECAST_VISITS. 0 or -ENOMEM; *ret is written on
 * success only. */
int rz_forecast_run(const struct rz_snapshot *snap, const struct rz_world *world,
		    const struct rz_limits *limits, size_t visits, struct rz_forecast *ret);
void rz_forecast_free(struct rz_forecast *f);

/* NULL: it would not be moved. */
const struct rz_forecast_row *rz_forecast_find(const struct rz_forecast *f, uint64_t cookie);

#endif
