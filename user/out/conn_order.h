/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections in an order, and added up by something that they have in common. Pure.
 *
 * Comes in: rows of `rezone list` (out/conn_row.h). Goes out: the same rows in another order; or
 * groups, as a table or JSON (docs/json.md). Called by cmd/list.c.
 */
#ifndef RZ_OUT_CONN_ORDER_H
#define RZ_OUT_CONN_ORDER_H

#include <stdio.h>

#include "out/conn_row.h"

/* In the words' order. */
enum rz_conn_sort {
	RZ_CONN_SORT_CLIENT_ID, /* then the oldest first; the default of tables */
	RZ_CONN_SORT_CLIENT,
	RZ_CONN_SORT_AGENT,
	RZ_CONN_SORT_CLIENT_ZONE,
	RZ_CONN_SORT_AGENT_ZONE,
	RZ_CONN_SORT_REASON,
	RZ_CONN_SORT_AGE, /* of this and what follows the greatest first */
	RZ_CONN_SORT_IDLE,
	RZ_CONN_SORT_RX,
	RZ_CONN_SORT_TX,
	RZ_CONN_SORT_BYTES,
	RZ_CONN_SORT_COOKIE, /* ... but for this: the default of JSON */
	RZ_CONN_SORT_COUNT,
};
extern const char *const rz_conn_sort_words[]; /* NULL-terminated */

/* Rows that are equal stay in the order of their cookies. */
void rz_conn_rows_sort(struct rz_conn_row *rows, size_t n, enum rz_conn_sort by);

enum rz_conn_group {
	RZ_CONN_GROUP_CLIENT_ID,
	RZ_CONN_GROUP_ZONES, /* of client and agent */
	RZ_CONN_GROUP_CLIENT_ZONE,
	RZ_CONN_GROUP_AGENT_ZONE,
	RZ_CONN_GROUP_AGENT,
	RZ_CONN_GROUP_REASON,
	RZ_CONN_GROUP_COUNT,
};
extern const char *const rz_conn_group_words[]; /* NULL-terminated */

/* Prints the groups, the one with the most bytes first, at most `limit` (0: all). 0 or
 * -ENOMEM. */
int rz_conn_groups_print(FILE *f, const struct rz_conn_row *rows, size_t n, enum rz_conn_group by,
			 size_t limit, bool json);

#endif
