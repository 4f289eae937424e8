/* SPDX-License-Identifier: Apache-2.0 */
/* One look at the pinned maps for `rezone top`. Called by cmd/top.c. */
#ifndef RZ_CMD_TOP_READ_H
#define RZ_CMD_TOP_READ_H

#include "cmd/ask.h"
#include "out/top.h"

struct rz_top_reader;

/* 0 or -errno, logged. `a` must stay. */
int rz_top_reader_new(const struct rz_ask *a, struct rz_top_reader **ret);
void rz_top_reader_free(struct rz_top_reader *r); /* takes NULL */

/* Fills a frame, all of it; events are added to those that it has. 0 or -errno, logged. */
int rz_top_read(struct rz_top_reader *r, struct rz_top_frame *ret);

#endif
