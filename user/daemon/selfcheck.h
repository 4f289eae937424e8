/* SPDX-License-Identifier: Apache-2.0 */
/* What the self-check's facts mean. Pure; see selfcheck.c. */
#ifndef RZ_DAEMON_SELFCHECK_H
#define RZ_DAEMON_SELFCHECK_H

#include <stddef.h>

#include "kern/attached.h"

/* Why nobody may be moved, with one line; RZ_FREEZE_NONE: all is where it was put. The gravest
 * first: without a program nothing that is known of a connection is current. */
enum rz_freeze rz_attached_judge(const struct rz_attached *a, char *why, size_t size);

#endif
