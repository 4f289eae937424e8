/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which ports are Kafka's. The first question of every program, and the only one that is asked of
 * packets and sockets that do not concern rezone.
 */
#ifndef REZONE_BPF_PORT_H
#define REZONE_BPF_PORT_H

#include "maps.bpf.h"

static __always_inline bool rz_port_is_kafka(__u32 port)
{
	__u32 i;

	for (i = 0; i < RZ_PORTS_MAX; i++) {
		if (i >= rz_config.n_ports)
			break;
		if (port == rz_config.ports[i])
			return true;
	}
	return false;
}

#endif
