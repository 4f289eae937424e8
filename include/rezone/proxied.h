/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Maps `proxied` and `proxy_peers`: load balancers in front of clients. And their PROXY header, as
 * far as the packet path must read it; the rest is user/client/proxy.c's. Pure.
 */
#ifndef REZONE_PROXIED_H
#define REZONE_PROXIED_H

#include <rezone/abi.h>
#include <rezone/bytes.h>
#include <rezone/request.h>

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

/*
 * A PROXY protocol header before the first request (HAProxy, proxy-protocol.txt, 2.1 and 2.2).
 * rz_proxied_begins() looks at RZ_KAFKA_FIXED bytes; no Kafka request has a size that large, or an
 * api_version of 0x0a51. Returns 1 or 2, the version, or 0.
 */
static inline int rz_proxied_begins(const __u8 *p)
{
	if (rz_bytes_be32(p) == 0x50524f58 && p[4] == 'Y' && p[5] == ' ')
		return 1;
	if (rz_bytes_be32(p) == 0x0d0a0d0a && rz_bytes_be32(p + 4) == 0x000d0a51 &&
	    rz_bytes_be32(p + 8) == 0x5549540a)
		return 2;
	return 0;
}

/* Length of the version 1 header whose first `have` bytes (at most RZ_PROXY_V1_MAX) are at `p`,
 * line end included; 0 if its end is not among them. None is shorter than "PROXY UNKNOWN\r\n", nor,
 * what counts here, than the bytes that have been read to see that it is one. */
static inline __u32 rz_proxied_v1_length(const __u8 *p, __u32 have)
{
	__u32 i;

	for (i = RZ_KAFKA_FIXED; i < RZ_PROXY_V1_MAX; i++) {
		if (i >= have)
			return 0;
		if (p[i] == '\n')
			return i + 1;
	}
	return 0;
}

#define RZ_PROXY_V2_FIXED 16
#define RZ_PROXY_V2_KEPT  (RZ_PROXY_V2_FIXED + 36) /* with two IPv6 addresses and ports */

/* Length of a version 2 header with all its fields, from its first RZ_PROXY_V2_FIXED bytes. */
static inline __u32 rz_proxied_v2_length(const __u8 *p)
{
	return RZ_PROXY_V2_FIXED + (__u32)rz_bytes_be16(p + 14);
}

#endif
