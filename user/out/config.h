/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings that hold now, and where each is from: a table, or one JSON object (docs/json.md).
 * Pure.
 *
 * Comes in: rows of map config. Goes out: text. Called by cmd/config.c.
 */
#ifndef RZ_OUT_CONFIG_H
#define RZ_OUT_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "kern/conf_map.h"

struct rz_config_view {
	const struct rz_conf_map_row *rows;
	size_t n;
	bool changed; /* only those that are not by default */
};

/* 0 or -ENOMEM. */
int rz_config_print_json(FILE *f, const struct rz_config_view *v);
int rz_config_print_text(FILE *f, const struct rz_config_view *v);

#endif
