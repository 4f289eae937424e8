/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Maps `proxied` and `proxy_peers`: load balancers in front of clients.
 */
#ifndef REZONE_PROXIED_H
#define REZONE_PROXIED_H

#include <rezone/abi.h>

/* proxied: socket cookie -> how the connection began: a PROXY protocol header, version 1 or 2
 * (HAProxy, proxy-protocol.txt), which names the true client. Read by user/client/proxy.c. */
#define RZ_PROXY_V1_MAX 107
struct rz_proxied {
	__u8 len; /* bytes in raw[]; of version 2 the addresses, not what follows them */
	__u8 raw[RZ_PROXY_V1_MAX];
};

/* proxy_peers: address -> when a connection from it closed that had begun with a PROXY header. */
#define RZ_PROXY_PEERS_MAX 1024

RZ_ASSERT(sizeof(struct rz_proxied) == 108, "rz_proxied has no hidden padding");

#endif
