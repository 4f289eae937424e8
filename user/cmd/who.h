/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs this command, for events. Called by cmd/pause.c and cmd/reset.c. */
#ifndef RZ_CMD_WHO_H
#define RZ_CMD_WHO_H

#include <stddef.h>

/* "alice by sudo (uid 0, pid 4242)": root by sudo is somebody; so is `for_whom`, whom a tool names
 * for which this runs (NULL: nobody), "alice by root (uid 0, pid 4242)". Fit to be printed. */
void rz_who(char *dst, size_t size, const char *for_whom);

#endif
