/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /metrics: one table says what there is, where each comes from and how it is shown. The page,
 * docs/metrics.md, the dashboard and the tests are made from it.
 *
 * Rules for a row: no client.id and no address in a label, for a client must not decide how many
 * series there are. A label has values of ours (words of enums, from which every series starts at
 * 0), names out of the topology, or "unknown"; and a family has RZ_SERIES_MAX series at most.
 *
 * Comes in: what was read of the maps, once. Goes out: text. Called by serve/page.c.
 */
#ifndef RZ_OUT_METRICS_H
#define RZ_OUT_METRICS_H

#include <stdio.h>

#include "kern/ledger.h"
#include "kern/tally.h"
#include "out/conn_row.h"
#include "out/exposition.h"

#define RZ_SERIES_MAX 2000
#define RZ_UNKNOWN    "unknown" /* instead of a zone or group that the topology does not know */
#define RZ_OTHERS     "others"	/* ... of those for which there are no series any more */

struct rz_map_fill {
	const char *name;
	uint32_t entries, capacity;
};

/* Of the process that answers. */
struct rz_process_facts {
	double cpu_s, started_s;
	double resident_bytes, virtual_bytes;
	unsigned open_fds, max_fds;
};

struct rz_metrics_view {
	const struct rz_snapshot *snap;
	const struct rz_topo_zones *zones;
	const struct rz_conn_row *rows; /* of all connections */
	size_t n_rows;
	const struct rz_source_val *sources;
	size_t n_sources;
	const struct rz_tallies *tallies;
	const struct rz_ledger_rows *ledger; /* its zones alone are looked at */
	const struct rz_map_fill *fills;
	size_t n_fills;
	size_t n_next;	  /* clients whose next connection is waited for */
	uint64_t wall_ns; /* CLOCK_REALTIME at snap->now_ns */
	struct rz_process_facts process;
};

/* What a dashboard shows of a family. */
struct rz_panel {
	const char *row; /* the part of the dashboard; NULL: not shown */
	const char *title;
	const char *expr;   /* PromQL, with $job, $instance and $__rate_interval */
	const char *legend; /* "{{label}}" */
	const char *unit;   /* Grafana's name for it */
};

struct rz_metric {
	struct rz_family family;
	const char *from;   /* where it comes from: map and field, for people */
	const char *values; /* what its labels are, for people; NULL: it has none */
	void (*collect)(const struct rz_exposition *x, const struct rz_metrics_view *v);
	struct rz_panel panel;
};

extern const struct rz_metric rz_metrics[];
extern const size_t rz_metrics_n;

/* The page. */
void rz_metrics_print(FILE *f, const struct rz_metrics_view *v);
/* The table, as docs/metrics.md has it. */
void rz_metrics_markdown(FILE *f);
/* The table as JSON, from which scripts/dashboard makes the dashboard. 0 or -ENOMEM. */
int rz_metrics_print_json(FILE *f);

#endif
