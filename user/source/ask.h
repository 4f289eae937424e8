/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking agents which versions of Produce they have.
 *
 * Comes in: RZ_REPORT_ASK of the daemon (report/report.h), at most RZ_REPORT_ASKS_MAX, each with a
 * connection that the daemon has begun to open. Goes out: one RZ_REPORT_ANSWER for each, within
 * RZ_ASK_TIMEOUT_NS. Called by user/source.c, which has given up all rights before.
 */
#ifndef RZ_SOURCE_ASK_H
#define RZ_SOURCE_ASK_H

#include "base/clock.h"

#define RZ_ASK_TIMEOUT_NS RZ_SECOND_NS

/* Returns when the daemon's end is closed: 0, or -errno. */
int rz_ask_run(int fd);

#endif
