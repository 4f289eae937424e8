/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's maps (include/rezone/ledger.h), read whole, and `counted` as memory.
 *
 * Comes in: the maps. Goes out: arrays, in no order. Called by daemon/ledger.c, and by the commands
 * that show bytes, which need no daemon.
 */
#ifndef RZ_KERN_LEDGER_H
#define RZ_KERN_LEDGER_H

#include "kern/maps.h"

struct rz_ledger_rows {
	struct rz_ledger_state state;
	struct rz_ledger_key *zones;
	struct rz_ledger_sum *zones_sums;
	size_t n_zones;
	struct rz_ledger_client_key *clients;
	struct rz_ledger_client *clients_values;
	size_t n_clients;
	uint64_t *saved_cookies;
	struct rz_saved *saved;
	size_t n_saved;
};

/* Clients are read before zones: what is added meanwhile is in the zones' rows at least. 0 or
 * -errno, logged; for rz_ledger_rows_free() in either case. */
int rz_ledger_rows_read(const struct rz_maps *m, struct rz_ledger_rows *ret);
void rz_ledger_rows_free(struct rz_ledger_rows *r);

/* Map counted as memory, and how many places it has; for rz_ledger_counted_unmap(). 0 or -errno.
 */
int rz_ledger_counted_map(const struct rz_maps *m, struct rz_counted_entry **ret, size_t *ret_n);
void rz_ledger_counted_unmap(struct rz_counted_entry *places, size_t n); /* takes NULL */

/*
 * Puts a larger map, with what is in it, in the place of map counted: its pin, its descriptor in
 * `m`, and *places, which rz_ledger_counted_map() gave. At most `limit` places. 0; -ENOSPC: it has
 * as many; another -errno: all stays as it was.
 */
int rz_ledger_counted_grow(const struct rz_maps *m, const char *pin_dir, size_t limit,
			   struct rz_counted_entry **places, size_t *n);

#endif
