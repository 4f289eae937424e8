/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How rezone is on this node, on one screen, or as one JSON object (docs/json.md). Pure.
 *
 * Comes in: what was read of the maps, once (out/health.h). Goes out: text. Called by cmd/status.c.
 */
#ifndef RZ_OUT_STATUS_H
#define RZ_OUT_STATUS_H

#include <stdio.h>

#include "out/health.h"

/* 0 or -ENOMEM. */
int rz_status_print_json(FILE *f, const struct rz_status_view *v, const struct rz_health *h);
int rz_status_print_text(FILE *f, const struct rz_status_view *v, const struct rz_health *h);

#endif
