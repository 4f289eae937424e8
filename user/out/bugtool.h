/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `rezone bugtool` puts into its archive beside other commands' JSON, and what it says when it
 * is done: text, or JSON (docs/json.md). Pure.
 *
 * Comes in: facts, and what became of each part. Goes out: JSON and text. Called by cmd/bugtool.c.
 */
#ifndef RZ_OUT_BUGTOOL_H
#define RZ_OUT_BUGTOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>

#include "kern/facts.h"

struct rz_bugtool_part {
	const char *name;
	int status; /* the command's exit status, or -errno */
};

struct rz_bugtool_report {
	const char *file; /* the archive; "-": stdout */
	uint64_t made_ns; /* CLOCK_REALTIME */
	bool raw;	  /* nothing is hashed */
	const struct rz_bugtool_part *parts;
	size_t n_parts;
};

struct rz_bugtool_facts {
	const struct rz_fact *facts;
	size_t n_facts;
	const struct rz_map_fact *maps;
	size_t n_maps; /* 0: no daemon has run */
	const struct rz_prog_fact *progs;
	size_t n_progs;
};

/* NULL: no memory. */
json_t *rz_bugtool_facts_json(const struct rz_bugtool_facts *f);
json_t *rz_bugtool_json(const struct rz_bugtool_report *r);
/* 0 or -ENOMEM. */
int rz_bugtool_print_json(FILE *f, const struct rz_bugtool_report *r);
void rz_bugtool_print_text(FILE *f, const struct rz_bugtool_report *r);

#endif
