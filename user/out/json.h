/* SPDX-License-Identifier: Apache-2.0 */
/* What scripts read: `rezone list -o json` and `rezone topology -o json`. Both are contracts
 * (docs/json.md). */
#ifndef RZ_OUT_JSON_H
#define RZ_OUT_JSON_H

#include <stdio.h>

#include "out/conn_row.h"

/* An array, one object a connection; unknown is null, never missing. On one line if `compact`. 0 or
 * -ENOMEM. */
int rz_json_conns(FILE *f, const struct rz_conn_row *rows, size_t n, bool compact);

/* One object. `s` may be NULL (a file was read, no daemon asked). 0 or -ENOMEM. */
int rz_json_topology(FILE *f, const struct rz_topo *topo, const struct rz_topo_zones *zones,
		     const struct rz_settings *s, uint64_t now_ns);

#endif
