/* SPDX-License-Identifier: Apache-2.0 */
/* Each family's values, between metrics.c, which has the table, and metrics_*.c. */
#ifndef RZ_OUT_METRICS_INSIDE_H
#define RZ_OUT_METRICS_INSIDE_H

#include "out/metrics.h"

#define RZ_COLLECT(name) \
	void rz_metrics_##name(const struct rz_exposition *x, const struct rz_metrics_view *v)

/* metrics_conns.c */
RZ_COLLECT(connections);
RZ_COLLECT(by_reason);
RZ_COLLECT(parked);
RZ_COLLECT(blocked);
RZ_COLLECT(listened_to);
RZ_COLLECT(next_connection);
RZ_COLLECT(arrivals);
RZ_COLLECT(traffic);

/* metrics_moves.c */
RZ_COLLECT(moves);
RZ_COLLECT(outcomes);
RZ_COLLECT(asked);
RZ_COLLECT(wait);
RZ_COLLECT(hold);
RZ_COLLECT(tick_duration);

/* metrics_daemon.c */
RZ_COLLECT(build_info);
RZ_COLLECT(mode);
RZ_COLLECT(agents);
RZ_COLLECT(topology_age);
RZ_COLLECT(map_entries);
RZ_COLLECT(map_capacity);
RZ_COLLECT(dropped);
RZ_COLLECT(errors);
RZ_COLLECT(last_tick);
RZ_COLLECT(reload_successful);
RZ_COLLECT(reload_time);
RZ_COLLECT(process_cpu);
RZ_COLLECT(process_start);
RZ_COLLECT(process_resident);
RZ_COLLECT(process_virtual);
RZ_COLLECT(process_open_fds);
RZ_COLLECT(process_max_fds);

/* The zones that have agents, each once, at most `max`: those for which series start at 0. Returns
 * how many. */
size_t rz_metrics_zones(const struct rz_metrics_view *v, const char **ret, size_t max);
#define RZ_ZEROED_ZONES 16
/* The zone of a tally's key; "" is RZ_UNKNOWN. */
const char *rz_metrics_zone(const char *zone);

#endif
