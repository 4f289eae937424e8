/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product's answers to one tick, and whether they are the naive ones, see model.h. Called by
 * main.c.
 */
#ifndef TESTS_MODEL_COMPARE_H
#define TESTS_MODEL_COMPARE_H

#include "model.h"

extern bool quiet; /* a difference is what is looked for: none is printed */

struct product {
	struct rz_snapshot snap;
	struct rz_client_row clients[MAX_CLIENTS];
	struct rz_tick *tick;
	const struct run *run;
	bool rules_agree, early_agree;
	size_t early; /* connections that were told as alike ones */
};

/* Fills `p`, whose tick the caller frees. False: no memory. */
bool ask_product(struct run *r, struct rz_select *s, struct product *p);
/* The product's reason for a connection; `ctx`: the product. */
enum rz_reason product_said(const void *ctx, uint64_t cookie);
/* The first difference is said. `o`: of each connection. */
bool agree(const struct run *r, const struct product *p, const struct opinion *o);
bool agree_on_outcomes(const struct run *r, const struct rz_select *s);
void say(const struct run *r, const char *what);

#endif
