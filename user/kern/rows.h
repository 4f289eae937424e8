/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The orders of a snapshot's rows, for qsort(3) and bsearch(3). Pure.
 *
 * Comes in: two rows. Goes out: less than, equal to or greater than 0. Called by kern/snapshot.c,
 * which looks rows up, and kern/snapshot_read.c, which sorts them.
 */
#ifndef RZ_KERN_ROWS_H
#define RZ_KERN_ROWS_H

#include <stdint.h>

#include <rezone/conn.h>

/* Connections by their socket cookie. */
static inline int rz_rows_by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct rz_conn *)a)->cookie, y = ((const struct rz_conn *)b)->cookie;

	return x < y ? -1 : x > y;
}

/* Rows that begin with their 64-bit key. */
static inline int rz_rows_by_key(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

#endif
