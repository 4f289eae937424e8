/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parked connections, in the kernel (bpf/park.bpf.h): user space may write no whole value of map
 * conns, so small programs change the mark, and read the bytes.
 *
 * Comes in: the loaded programs. Goes out: entries of map conns. Called by daemon/park.c.
 */
#ifndef RZ_KERN_PARK_H
#define RZ_KERN_PARK_H

#include <stddef.h>

#include "kern/load.h"

/* Can this kernel tell the bytes of parked connections (Linux 5.9)? Else nobody is to be parked. */
bool rz_kern_can_park(const struct rz_kern *k);
/* Gives each of these connections its mark, if it still has the one it was seen with. 0 or -errno,
 * logged. */
int rz_kern_park(struct rz_kern *k, const struct rz_park_order *orders, size_t n);
/* Reads the bytes of the parked connections in these network namespaces from their sockets. What
 * cannot be entered is passed over. 0 or the first -errno. */
int rz_kern_look_at_parked(struct rz_kern *k, const uint32_t *netns, size_t n);

#endif
