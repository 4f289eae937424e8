/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * What user space tells the BPF programs at load time. It lands in their read-only data, where the
 * verifier knows the values: loops over ports unroll to what is there, switched-off code vanishes.
 */
#ifndef REZONE_CONFIG_H
#define REZONE_CONFIG_H

#include <rezone/types.h>

struct rz_config {
	__u32 n_ports;
	__u16 ports[RZ_PORTS_MAX]; /* host order; what is accepted on one of them is tracked */
	__u64 hash_seed; /* of client.id hashes; as old as pins can be, unknown to clients */
};

#endif
