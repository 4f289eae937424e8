/* SPDX-License-Identifier: Apache-2.0 */
/* What the two forms of `rezone status` share: out/status.c and out/status_json.c. */
#ifndef RZ_OUT_STATUS_INSIDE_H
#define RZ_OUT_STATUS_INSIDE_H

#include "out/health.h"

/* A time of the maps as one of the calendar; 0: never. */
uint64_t rz_status_wall_ns(const struct rz_status_view *v, uint64_t at_ns);

/* Moves of which it is not known yet what became of the client. */
uint64_t rz_status_open(const struct rz_counters *n);

#endif
