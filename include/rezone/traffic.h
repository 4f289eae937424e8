/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Map `client_traffic`: bytes of closed connections.
 */
#ifndef REZONE_TRAFFIC_H
#define REZONE_TRAFFIC_H

#include <rezone/abi.h>

/* client_traffic: hash of a client.id -> what its closed connections carried. BPF adds to it
 * atomically. */
struct rz_traffic {
	__u64 rx_bytes; /* from clients */
	__u64 tx_bytes; /* to them, acknowledged */
	__u64 connections;
};

#endif
