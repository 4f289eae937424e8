/* SPDX-License-Identifier: Apache-2.0 */
/* What this binary is: a line, or one JSON object (docs/json.md). Called by cmd/version.c. */
#ifndef RZ_OUT_RELEASE_H
#define RZ_OUT_RELEASE_H

#include <stdio.h>

/* 0 or -ENOMEM. */
int rz_release_print_json(FILE *f);
void rz_release_print_text(FILE *f);

#endif
