/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders, and answers in map orders. What becomes of an order stands in map moves; where that has
 * no room, the order is put back with an error.
 *
 * Comes in: the maps. Goes out: entries of map orders. Called by daemon/moves.c and operator.c for
 * the daemon, and by cmd/reset.c.
 */
#ifndef RZ_KERN_ORDERS_H
#define RZ_KERN_ORDERS_H

#include <stdint.h>

#include "kern/maps.h"
#include "rezone/ipc.h"

/* The command: puts the first *ret_n of `n` orders into the map, as many as it has room for. 0 or
 * -errno. */
int rz_orders_put(const struct rz_maps *maps, const uint64_t *cookies,
		  const struct rz_order *orders, uint32_t n, uint32_t *ret_n);

/* Takes these out: the daemon orders, the command answers. */
void rz_orders_take(const struct rz_maps *maps, const uint64_t *cookies, uint32_t n);

/* The daemon: there was no room to say what became of the order for this connection. */
void rz_orders_answer(const struct rz_maps *maps, uint64_t cookie, uint64_t client);

#endif
