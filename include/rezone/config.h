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
	__u16 ports[RZ_PORTS_MAX]; /* host order; an accepted connection on one of them is tracked */
	__u64 hash_seed; /* of client.id hashes; the same for as long as pins can live, secret to clients */
};

#endif
