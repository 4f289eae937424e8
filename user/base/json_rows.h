/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An array of objects without anything nested in them, written key by key: the very bytes of
 * rz_json_print(), without an object in memory, and in a tenth of the time.
 *
 * Comes in: begin; for each object open, its keys, close; end. Goes out: text, to a stream.
 */
#ifndef RZ_BASE_JSON_ROWS_H
#define RZ_BASE_JSON_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct rz_json_rows {
	FILE *f;
	bool compact; /* on one line */
	size_t n, keys;
	size_t used;
	char text[8192]; /* of what is not written to f yet */
};

void rz_json_rows_begin(struct rz_json_rows *j, FILE *f, bool compact);
void rz_json_rows_open(struct rz_json_rows *j);
/* NULL is null. ASCII; what is none is shown as "?". */
void rz_json_rows_string(struct rz_json_rows *j, const char *key, const char *s);
/* The same, and "" is null, too. */
void rz_json_rows_text(struct rz_json_rows *j, const char *key, const char *s);
void rz_json_rows_number(struct rz_json_rows *j, const char *key, int64_t n);
void rz_json_rows_bool(struct rz_json_rows *j, const char *key, bool known, bool is);
/* To a tenth; less than 0 is null. */
void rz_json_rows_seconds(struct rz_json_rows *j, const char *key, double s);
/* `named`: with the key `node` (rz_json_set_node). */
void rz_json_rows_close(struct rz_json_rows *j, bool named);
void rz_json_rows_end(struct rz_json_rows *j);

#endif
