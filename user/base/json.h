/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all JSON is made of and printed by: what scripts read (out/), and log lines. Unknown is
 * null, never missing (docs/json.md).
 */
#ifndef RZ_BASE_JSON_H
#define RZ_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>

json_t *rz_json_text(const char *s); /* NULL and "" are unknown */
/* The same of a text that may have bytes of any kind: escaped, as in a log line's sentence. */
json_t *rz_json_printable(const char *s);
/* "EINVAL" of -EINVAL; the number, if it has no name; null: 0. */
json_t *rz_json_error(int err);
json_t *rz_json_number(bool known, int64_t n);
json_t *rz_json_seconds(double s);	/* to a tenth; less than 0 is unknown */
json_t *rz_json_time(uint64_t unix_ns); /* RFC 3339, UTC; 0 is unknown */
/* From now on each object that is printed, and each in an array that is, has the key `node`: which
 * node it is of. "" or before: none. */
void rz_json_set_node(const char *node);
const char *rz_json_node(void); /* its value; NULL: none */
/* Gives this object that key now, if it has none. For what is changed before it is printed. */
void rz_json_name_node(json_t *o);
/* Prints, on one line if `compact`, and frees; NULL stands for what there was no memory for. 0 or
 * -ENOMEM. */
int rz_json_print(FILE *f, json_t *all, bool compact);

#endif
