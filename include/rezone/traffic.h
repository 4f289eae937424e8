/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Maps `traffic` and `client_traffic`: bytes of closed connections.
 */
#ifndef REZONE_TRAFFIC_H
#define REZONE_TRAFFIC_H

#include <rezone/abi.h>

/* traffic: zones -> what closed connections between them carried, those under TLS apart. A zone is
 * cut at 31 bytes, "" if it is not known, or not in the topology (map zone_names). */
struct rz_traffic_key {
	char client_zone[RZ_ZONE_SHOWN];
	char agent_zone[RZ_ZONE_SHOWN];
	__u32 tls; /* 0 or 1 */
};
/* client_traffic: hash of a client.id -> the same of that client. BPF adds to both atomically. */
struct rz_traffic {
	__u64 rx_bytes; /* from clients */
	__u64 tx_bytes; /* to them, acknowledged */
	__u64 connections;
};

#endif
