/* SPDX-License-Identifier: Apache-2.0 */
/* What people read: tables by libsmartcols, which also escapes what a terminal must not get. */
#ifndef RZ_OUT_TABLE_H
#define RZ_OUT_TABLE_H

#include <stdio.h>

#include "kern/pause.h"
#include "out/conn_row.h"

struct rz_table; /* columns, then rows of text */

int rz_table_new(FILE *f, const char *const *columns, struct rz_table **ret);
/* Adds a row, one text a column; NULL is shown as "-". `color` is "red", "green", ... or NULL; it
 * is used on terminals only, and not where NO_COLOR is set. */
int rz_table_add(struct rz_table *t, const char *const *cells, const char *color);
/* Prints and frees. */
int rz_table_end(struct rz_table *t);

/* The connections; `wide` has every column. */
int rz_table_conns(FILE *f, const struct rz_conn_row *rows, size_t n, bool wide);
/* "12 connections: 8 same zone, 3 cross zone, 1 unknown; 1 not identified, the oldest for 3s" */
void rz_table_totals(FILE *f, const struct rz_conn_totals *t);
/* How connections are reset here, where that says something. */
void rz_table_way(FILE *f, const struct rz_status *s, bool wide);
/* Of how many clients the next connection is waited for; nothing if of none. */
void rz_table_next(FILE *f, size_t n);
/* "paused: nobody is moved, since ..."; NULL: not by the operator. By the settings, a line of its
 * own. */
void rz_table_pause(FILE *f, const struct rz_pause *pause, const struct rz_settings *s);

/* "label       text", a line; the text as printf has it. */
void rz_table_line(FILE *f, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "850B", "1.2K", "3.4M", "5.6G", powers of 1024. dst of 16 bytes suffices. */
void rz_table_bytes(char *dst, size_t size, uint64_t bytes);
/* "7s", "12m", "3h20m", "5d3h". dst of 32 bytes suffices. */
void rz_table_age(char *dst, size_t size, double seconds);

#endif
