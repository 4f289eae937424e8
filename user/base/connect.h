/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a TCP connection without waiting for it.
 *
 * Comes in: an address. Goes out: a socket, and where this end of it is. Called by
 * daemon/ask_process.c.
 */
#ifndef RZ_BASE_CONNECT_H
#define RZ_BASE_CONNECT_H

#include <rezone/types.h>

/* Begins to connect; an IPv4-mapped address is IPv4's. The socket does not block, and the kernel
 * has given it its own address and port, which go to *ret_local. The socket, or -errno. */
int rz_connect_begin(const struct rz_endpoint *to, struct rz_endpoint *ret_local);

#endif
