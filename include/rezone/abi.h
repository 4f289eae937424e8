/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * What the headers of the pinned maps share: the number of the ABI, the sizes, addresses.
 *
 * `bpftool map dump pinned /sys/fs/bpf/rezone/conns` prints the structures by their field names, so
 * the names are documentation: they carry units (_ns, _bytes), enums print as words, flags are
 * bytes of 0 or 1 with a name each. Addresses are 16 bytes in network order, IPv4 as ::ffff:a.b.c.d
 * (RFC 4291, 2.5.5.2), so one key fits both families; ports are in host order. Times are
 * CLOCK_MONOTONIC nanoseconds. Text is NUL-terminated and safe to print, raw[] alone excepted.
 *
 * Who writes and reads a map, and under which lock, stands above its value. Where nothing is said,
 * one side writes whole values: a reader finds the old one or the new one. BPF programs run on any
 * CPU. rz_segment runs in a softirq without the socket lock, on two CPUs at once for one connection
 * if it so happens; rz_response, rz_reset and rz_census run under the socket lock.
 *
 * A change of any layout in types.h, what it includes, or ipc.h asks for a new RZ_ABI: pins live in
 * a directory of that number, so an old and a new rezone never read each other's maps.
 *
 * Comes in: nothing. Goes out: types only, no code, no libc.
 */
#ifndef REZONE_ABI_H
#define REZONE_ABI_H

#include <linux/bpf.h> /* struct bpf_spin_lock */
#include <linux/types.h>

#define RZ_ABI 14

/* Bytes of a client.id that are kept; the protocol allows 32,767 (KIP: nullable string, i16). */
#define RZ_CLIENT_ID_KEPT 255
#define RZ_CLIENT_ID_SIZE 256
/* Zones are at most 128 bytes; conns shows the first 31 of them, the clients map has them whole. */
#define RZ_ZONE_SIZE	  132
#define RZ_ZONE_SHOWN	  32
#define RZ_GROUP_SIZE	  64
#define RZ_PORTS_MAX	  8
/* Entries of the maps agents, zones and aliases; a topology with more is refused whole. */
#define RZ_AGENTS_MAX	  16384
#define RZ_ZONES_MAX	  1024
#define RZ_ALIASES_MAX	  1024
#define RZ_SOFTWARES_MAX  1024
#define RZ_BLOCKS_MAX	  4096
#define RZ_HOLDS_MAX	  1024
#define RZ_HELD_MAX	  4096 /* not a setting: a map of another size would be made anew, empty */
#define RZ_FOLLOW_MAX	  1024
#define RZ_UNDO_DEPTH	  8 /* a power of two, as rz_frame.generation's range is */
#define RZ_UNDO_SLOTS	  256
#define RZ_PEERS_MAX	  16384
/* One client address has this part of the room in conns, client_ids and softwares at most; all
 * connections that were accepted by no known agent have this part of conns. */
#define RZ_PEER_SHARE	  4
#define RZ_STRANGER_SHARE 8
/* Maps that only some connections have entries in at a time have room for this part of conns, and
 * for so many at least: moves for what operators order at once, prints for connections that are not
 * parked (for all, if none is), partial for those whose header came in pieces just now, proxied for
 * those that a load balancer brings. */
#define RZ_SOME_LEAST	  16384
#define RZ_MOVES_SHARE	  8
#define RZ_PRINTS_SHARE	  8
#define RZ_PARTIAL_SHARE  8
#define RZ_PROXIED_SHARE  8
#define RZ_FEW_PART	  32 /* an address with this part of partial in connections has few */

#define RZ_PACKED_ENUM __attribute__((packed))

struct rz_endpoint {
	__u8 addr[16];
	__u16 port;
	__u16 pad;
};

struct rz_tuple {
	__u8 client_addr[16];
	__u8 agent_addr[16];
	__u16 client_port;
	__u16 agent_port;
};

#ifdef __cplusplus
#define RZ_ASSERT static_assert
#else
#define RZ_ASSERT _Static_assert
#endif

RZ_ASSERT(sizeof(struct rz_endpoint) == 20, "rz_endpoint is a map key: no hidden padding");
RZ_ASSERT(sizeof(struct rz_tuple) == 36, "rz_tuple has no hidden padding");

#endif
