/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What moves have saved: an estimate, as a range. Pure: the clock is an argument.
 *
 * Comes in: the moves that happened (map saved), with their outcomes. Goes out: bytes that would
 * have crossed zones without them. Called by out/cost.c.
 *
 * A move of a connection that carried B bytes across zones while rezone saw it for a time L, and
 * that was T ago, has saved B / L (its mean rate) times
 *
 *  - at least: the shorter of T and L, if its outcome is `home`: the client was seen on an agent of
 *    its zone. It is taken to have stayed across zones for as long again as it was seen there;
 *  - at most: T, if its outcome is `home` or `left`: it was not seen here again, and is taken to be
 *    at home on another node, and would have gone on for ever.
 *
 * Other outcomes (returned, gone, not known yet) have saved nothing.
 */
#ifndef RZ_POLICY_SAVING_H
#define RZ_POLICY_SAVING_H

#include <stddef.h>
#include <stdint.h>

#include <rezone/ipc.h>

struct rz_saving {
	size_t moves; /* across zones */
	size_t home, left, returned, open;
	double least_rx, least_tx; /* bytes */
	double most_rx, most_tx;
};

struct rz_saving rz_saving_of(const struct rz_saved *moves, size_t n, uint64_t now_unix_ns);

#endif
