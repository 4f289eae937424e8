/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What scripts read: what all JSON is made of, and the objects of `rezone list` and `rezone
 * topology`. Keys and values are contracts (docs/json.md). Unknown is null, never missing.
 */
#ifndef RZ_OUT_JSON_H
#define RZ_OUT_JSON_H

#include <stdio.h>
#include <jansson.h>

#include "out/conn_row.h"

json_t *rz_json_text(const char *s); /* NULL and "" are unknown */
json_t *rz_json_number(bool known, int64_t n);
/* Prints, on one line if `compact`, and frees; NULL stands for what there was no memory for. 0 or
 * -ENOMEM. */
int rz_json_print(FILE *f, json_t *all, bool compact);

/* An array, one object a connection. 0 or -ENOMEM. */
int rz_json_conns(FILE *f, const struct rz_conn_row *rows, size_t n, bool compact);

/* The topology, and what is to be said about it. */
struct rz_topo_view {
	const struct rz_topo *topo;
	const struct rz_topo_zones *zones;
	const struct rz_snapshot *snap; /* NULL: a file was read, no daemon asked */
	uint64_t now_ns;
	const struct rz_source_val *sources;
	size_t n_sources;
};

/* Why clients of this zone would not be moved into it now; "counts" if they would. */
const char *rz_topo_standing(const struct rz_topo_view *v, const struct rz_topo_zone *z);

/* Where an agent is known from, and where all agents of a zone are; NULL: not said, or several. */
const char *rz_topo_source_of(const struct rz_topo_view *v, const struct rz_topo_agent *a);
const char *rz_topo_zone_source(const struct rz_topo_view *v, const struct rz_topo_zone *z);

/* One object. 0 or -ENOMEM. */
int rz_json_topology(FILE *f, const struct rz_topo_view *v);

#endif
