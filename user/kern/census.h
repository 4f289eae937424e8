/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map conns against the kernel's own sockets: connections that are older than rezone are found, and
 * entries whose close was not seen are removed.
 *
 * Comes in: the loaded programs. Goes out: map conns. Called by daemon/wake.c at start and every
 * --reconcile.
 */
#ifndef RZ_KERN_CENSUS_H
#define RZ_KERN_CENSUS_H

#include <stdbool.h>

#include "kern/load.h"

struct rz_census; /* the entries that the last one did not meet */

int rz_census_new(struct rz_census **ret);
void rz_census_free(struct rz_census *c); /* takes NULL */

/*
 * Walks the network namespaces of the tracked connections; all of the node's if `whole`. An entry
 * that two walks running did not meet, and that had no request meanwhile, is removed: one walk may
 * miss a socket while others come and go (before Linux 6.17), and then its next request would bring
 * the entry back. Says what it found in one log line, if anything. *ret_all: all of the node's were
 * walked, which needs `whole` and rezone-enter to the end. 0 or -errno; -EOPNOTSUPP before Linux
 * 5.12.
 */
int rz_census_run(struct rz_census *c, struct rz_kern *k, bool whole, bool *ret_all);

#endif
