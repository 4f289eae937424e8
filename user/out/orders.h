/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of connections that an operator wants moved: a table, or a JSON array (docs/json.md).
 * Pure.
 *
 * Comes in: rows. Goes out: text. Called by cmd/reset.c.
 */
#ifndef RZ_OUT_ORDERS_H
#define RZ_OUT_ORDERS_H

#include <stdbool.h>
#include <stdio.h>

#include "out/conn_row.h"

/* One connection that was asked for. */
struct rz_order_shown {
	const struct rz_conn_row *conn;
	enum rz_reason reason; /* NONE: it was, or would be, ordered */
	uint64_t asked_ns;
	bool answered;
	int error;
	bool dry_run; /* nothing was ordered */
};

/* Was it moved; or would it be, if nothing was ordered? */
bool rz_order_went_well(const struct rz_order_shown *r);

/* 0 or -ENOMEM. */
int rz_orders_print_json(FILE *f, const struct rz_order_shown *rows, size_t n);
int rz_orders_print_text(FILE *f, const struct rz_order_shown *rows, size_t n);

#endif
