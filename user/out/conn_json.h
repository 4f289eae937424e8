/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of `rezone list` as scripts read them. Keys and values are contracts (docs/json.md).
 */
#ifndef RZ_OUT_CONN_JSON_H
#define RZ_OUT_CONN_JSON_H

#include <stdio.h>
#include <jansson.h>

#include "out/conn_row.h"

/* One connection; NULL: no memory. Also a part of `rezone explain`. */
json_t *rz_conn_json(const struct rz_conn_row *r);
/* An array, one object a connection; on one line if `compact`. 0 or -ENOMEM. */
int rz_conn_json_print(FILE *f, const struct rz_conn_row *rows, size_t n, bool compact);

#endif
