/* SPDX-License-Identifier: Apache-2.0 */
/* Between ledger.c (what connections have carried), saved.c (what moves have saved) and
 * ledger_failed.c. */
#ifndef RZ_DAEMON_LEDGER_INSIDE_H
#define RZ_DAEMON_LEDGER_INSIDE_H

#include "daemon/daemon.h"
#include "policy/ledger.h"

struct rz_daemon_moved; /* saved.c: what of moves in a row is not written yet */

struct rz_daemon_ledger {
	struct rz_ledger *l;
	struct rz_counted_entry *places; /* map counted; roll.h */
	size_t n_places;
	struct rz_ledger_state state;
	struct rz_closed *closed;
	size_t n_closed, closed_room;
	uint64_t dropped;
	uint32_t hour;	 /* of the latest tick */
	uint64_t failed; /* writes, since the log was last told */
	uint64_t failed_logged_ns;
	struct rz_daemon_moved *moved; /* NULL: each move is written by itself */
};

/* So many entries of this map could not be written: counts them (`rezone stats`, errors, place
 * ledger), and tells the log. */
void rz_daemon_ledger_failed(struct rz_daemon *d, const char *map, int err, size_t writes);

/* Moves count for as long as the hours do. */
void rz_daemon_saved_forget(struct rz_daemon *d, uint64_t unix_ns);

#endif
