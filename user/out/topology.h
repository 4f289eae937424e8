/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topology as `rezone topology` shows it: tables, or one JSON object (docs/json.md). Pure.
 *
 * Comes in: a topology, and what the daemon says of it. Goes out: text. Called by cmd/topology.c.
 */
#ifndef RZ_OUT_TOPOLOGY_H
#define RZ_OUT_TOPOLOGY_H

#include <stdio.h>

#include "kern/snapshot.h"

/* In the words' order. */
enum rz_topo_sort {
	RZ_TOPO_SORT_AGENT, /* by address */
	RZ_TOPO_SORT_ZONE,
	RZ_TOPO_SORT_GROUP,
	RZ_TOPO_SORT_READY, /* those that are not ready first */
	RZ_TOPO_SORT_HERE,  /* those of this node first */
	RZ_TOPO_SORT_SOURCE,
	RZ_TOPO_SORT_COUNT,
};
extern const char *const rz_topo_sort_words[]; /* NULL-terminated */
/* The agents in another order, which the functions of topo/topo.h do not look them up in. */
void rz_topology_order(struct rz_topo *t, enum rz_topo_sort by);

/* The topology, and what is to be said about it. */
struct rz_topo_view {
	const struct rz_topo *topo;
	const struct rz_topo_zones *zones;
	const struct rz_snapshot *snap; /* NULL: a file was read, no daemon asked */
	uint64_t now_ns;
	const struct rz_source_val *sources;
	size_t n_sources;
	size_t limit; /* rows of zones, and of agents; 0: all */
};

/* Why clients of this zone would not be moved into it now; "counts" if they would. */
const char *rz_topo_standing(const struct rz_topo_view *v, const struct rz_topo_zone *z);

/* Where an agent is known from, and where all agents of a zone are; NULL: not said, or several. */
const char *rz_topo_source_of(const struct rz_topo_view *v, const struct rz_topo_agent *a);
const char *rz_topo_zone_source(const struct rz_topo_view *v, const struct rz_topo_zone *z);

/* 0 or -ENOMEM. */
int rz_topology_print_json(FILE *f, const struct rz_topo_view *v);
int rz_topology_print_text(FILE *f, const struct rz_topo_view *v);

#endif
