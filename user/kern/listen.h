/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where somebody listens on this node: the local addresses and ports of listening TCP sockets, in
 * every network namespace.
 *
 * Comes in: the ports that are watched, the cgroup that rezone is attached to (of sockets outside
 * it no connection is seen, so they are nobody's rival). Goes out: places (topo/place.h), a
 * wildcard listener as one for each address of its namespace. By SOCK_DIAG_BY_FAMILY and
 * getifaddrs() inside each namespace. Called by daemon/place.c.
 */
#ifndef RZ_KERN_LISTEN_H
#define RZ_KERN_LISTEN_H

#include "topo/place.h"

/*
 * 0 or -errno: what could not be looked into is left out then, and *ret is written all the same
 * (the caller frees), unless it is -ENOMEM. Not sorted.
 */
int rz_listen_read(const uint16_t *ports, size_t n_ports, const char *cgroup,
		   struct rz_socket_place **ret, size_t *ret_n);

#endif
