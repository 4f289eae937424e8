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
	__u64 hash_seed;	   /* of all hashes, as in map `secret` */
	/* what there is room for, 0: no limit but the map's own */
	__s32 peer_conns;      /* connections of one client address */
	__s32 peer_client_ids; /* client ids brought by one */
	__s32 peer_softwares;  /* libraries named by one */
	__s32 strangers;       /* connections accepted by no known agent */
	/* From so many entries on, a client address with more connections than `few` adds none: so
	 * no address fills the maps that have room for some connections only. */
	__s32 prints_half;
	__s32 partial_half;
	__s32 few;
	/* Atomic instructions that say what was there before (Linux 5.12; arm64: 5.18): the fast
	 * path takes a claim instead of the entry's lock (bpf/claim.bpf.h). */
	__u32 claims;
};

#endif
