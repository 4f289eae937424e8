// SPDX-License-Identifier: Apache-2.0
/* Metrics of the daemon, its topology, its maps and its settings; and of the process that answers.
 * See metrics.h. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "out/metrics_inside.h"
#include "out/stats.h"
#include "policy/reason.h"

/* Seconds since 1970 of a time of CLOCK_MONOTONIC; 0: never. */
static double unix_s(const struct rz_metrics_view *v, uint64_t at_ns)
{
	uint64_t ago_ns = v->snap->now_ns > at_ns ? v->snap->now_ns - at_ns : 0;

	return at_ns ? rz_seconds(v->wall_ns - ago_ns) : 0;
}

void rz_metrics_build_info(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	char abi[16];

	snprintf(abi, sizeof(abi), "%d", RZ_ABI);
	rz_exposition_value(x, 1, v->snap->status.version, abi);
}

void rz_metrics_mode(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	int m;

	for (m = 0; m < RZ_MODE_COUNT; m++)
		rz_exposition_value(x, v->snap->settings.mode == m, rz_mode_name(m));
}

void rz_metrics_agents(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	size_t i, series = 0;

	for (i = 0; v->zones && i < v->zones->n && series < RZ_SERIES_MAX; i++) {
		const struct rz_topo_zone *z = &v->zones->rows[i];

		if (!z->agents)
			continue;
		rz_exposition_value(x, z->ready, z->key.group, rz_metrics_zone(z->key.zone), "yes");
		rz_exposition_value(x, z->agents - z->ready, z->key.group,
				    rz_metrics_zone(z->key.zone), "no");
		series += 2;
	}
}

/* One that was never proved is as old as the daemon. */
void rz_metrics_topology_age(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	size_t i;

	for (i = 0; i < v->n_sources; i++) {
		uint64_t at_ns = v->sources[i].proved_ns ?: v->snap->status.started_ns;
		uint64_t now_ns = v->snap->now_ns;

		rz_exposition_value(x, now_ns > at_ns ? rz_seconds(now_ns - at_ns) : 0,
				    v->sources[i].name);
	}
}

void rz_metrics_map_entries(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	size_t i;

	for (i = 0; i < v->n_fills; i++)
		rz_exposition_value(x, v->fills[i].entries, v->fills[i].name);
}

void rz_metrics_map_capacity(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	size_t i;

	for (i = 0; i < v->n_fills; i++)
		rz_exposition_value(x, v->fills[i].capacity, v->fills[i].name);
}

void rz_metrics_dropped(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	const char *name;
	uint64_t n;
	size_t i;

	for (i = 0; rz_stats_fault(&v->snap->stats, i, &name, &n); i++)
		rz_exposition_value(x, (double)n, name);
	rz_exposition_value(x, (double)v->snap->counters.state_skipped, "state_skipped");
}

void rz_metrics_asked(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, (double)v->snap->counters.asked_answered, "answered");
	rz_exposition_value(x, (double)v->snap->counters.asked_failed, "failed");
}

void rz_metrics_errors(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	const struct rz_tallies *t = v->tallies;
	char number[16];
	size_t i;

	for (i = 0; i < t->n_errors; i++) {
		int error = abs(t->errors[i].error);
		const char *name = strerrorname_np(error);

		snprintf(number, sizeof(number), "%d", error);
		rz_exposition_value(x, (double)t->errors_counts[i],
				    rz_stats_place_name(t->errors[i].place), name ?: number);
	}
}

void rz_metrics_last_tick(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, unix_s(v, v->snap->status.tick_ns));
}

void rz_metrics_reload_successful(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, !v->snap->status.conf_failed_ns);
}

void rz_metrics_reload_time(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, unix_s(v, v->snap->status.conf_ns));
}

void rz_metrics_process_cpu(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, v->process.cpu_s);
}

void rz_metrics_process_start(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, v->process.started_s);
}

void rz_metrics_process_resident(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, v->process.resident_bytes);
}

void rz_metrics_process_virtual(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, v->process.virtual_bytes);
}

void rz_metrics_process_open_fds(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, v->process.open_fds);
}

void rz_metrics_process_max_fds(const struct rz_exposition *x, const struct rz_metrics_view *v)
{
	rz_exposition_value(x, v->process.max_fds);
}
