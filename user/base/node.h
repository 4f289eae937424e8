/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This node's name, as the daemon, the commands and every JSON form say it: what a setting or the
 * environment names, else the host's name. Fit to be printed.
 */
#ifndef RZ_BASE_NODE_H
#define RZ_BASE_NODE_H

#include <rezone/ipc.h>

/* `given`: --node-name; NULL or "": REZONE_NODE_NAME or NODE_NAME, by which the daemon knows it. */
void rz_node_name(char dst[static RZ_NODE_SIZE], const char *given);

#endif
