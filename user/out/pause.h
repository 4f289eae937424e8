/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `rezone pause` and `rezone resume` did: a line, or one JSON object (docs/json.md). Pure.
 *
 * Comes in: the pause. Goes out: text. Called by cmd/pause.c; the object also by status_json.c.
 */
#ifndef RZ_OUT_PAUSE_H
#define RZ_OUT_PAUSE_H

#include <stdio.h>
#include <jansson.h>

#include "kern/pause.h"

enum rz_pause_result { RZ_PAUSED, RZ_PAUSED_ALREADY, RZ_RESUMED, RZ_NOT_PAUSED };

/* NULL: null. */
json_t *rz_pause_json(const struct rz_pause *p);

/* `p`: the pause that stands or stood, NULL: none. 0 or -ENOMEM. */
int rz_pause_print_json(FILE *f, enum rz_pause_result result, const struct rz_pause *p);
void rz_pause_print_text(FILE *f, enum rz_pause_result result, const struct rz_pause *p);

#endif
