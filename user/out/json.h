/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What scripts read: what all JSON is made of, and the objects of `rezone list`. Keys and values
 * are contracts (docs/json.md). Unknown is null, never missing.
 */
#ifndef RZ_OUT_JSON_H
#define RZ_OUT_JSON_H

#include <stdio.h>
#include <jansson.h>

#include "out/conn_row.h"

json_t *rz_json_text(const char *s); /* NULL and "" are unknown */
json_t *rz_json_number(bool known, int64_t n);
json_t *rz_json_seconds(double s); /* to a tenth; less than 0 is unknown */
/* Prints, on one line if `compact`, and frees; NULL stands for what there was no memory for. 0 or
 * -ENOMEM. */
int rz_json_print(FILE *f, json_t *all, bool compact);

/* An array, one object a connection. 0 or -ENOMEM. */
int rz_json_conns(FILE *f, const struct rz_conn_row *rows, size_t n, bool compact);

#endif
