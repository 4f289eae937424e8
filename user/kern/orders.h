/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers in map orders. What becomes of an order stands in map moves; where that has no room, the
 * order is put back with an error.
 *
 * Comes in: the maps. Goes out: entries of map orders. Called by daemon/moves.c and operator.c for
 * the daemon, and by cmd/reset.c.
 */
#ifndef RZ_KERN_ORDERS_H
#define RZ_KERN_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/maps.h"

/* The daemon: there was no room to say what became of the order for this connection. */
void rz_orders_answer(const struct rz_maps *maps, uint64_t cookie, uint64_t client);

/* The command: is there such an answer? Takes it out. */
bool rz_orders_take_answer(const struct rz_maps *maps, uint64_t cookie, int *ret_error);

#endif
