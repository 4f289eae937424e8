/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: what connections have carried, added up as differences under the group and zones that
 * they have at that time. Pure: the hour is an argument.
 *
 * Comes in: at each tick the records of connections that have closed, then the open ones in the
 * order of their cookies; once, what an earlier run left in the maps. Goes out: rows that only
 * grow, marked where they changed. Called by daemon/ledger.c, which puts them into the maps
 * (include/rezone/ledger.h).
 *
 * A connection is counted from nothing if rezone saw it open, else from what it had carried when it
 * was first seen. What TCP says is never believed to become less. A connection that is neither open
 * nor has left a record is waited for one tick more, for its record may be on its way, and then
 * forgotten; it is counted as lost.
 */
#ifndef RZ_POLICY_LEDGER_H
#define RZ_POLICY_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/ipc.h>

#include "base/map.h"

struct rz_ledger_zone_row {
	struct rz_ledger_key key;
	struct rz_ledger_sum sum;
	bool changed;
	UT_hash_handle hh;
};

struct rz_ledger_client_row {
	struct rz_ledger_client_key key;
	struct rz_ledger_client value;
	uint64_t recent; /* bytes of the hours that count; by it the busiest keep their rows */
	bool changed;
	bool stored; /* the map has it */
	UT_hash_handle hh;
};

struct rz_ledger_conn {
	struct rz_counted counted;
	uint32_t place; /* in `places`, RZ_LEDGER_NO_PLACE: there is no room */
	bool missed;	/* at the latest tick it was neither open nor had it closed */
	bool closed;
};
#define RZ_LEDGER_NO_PLACE UINT32_MAX

struct rz_ledger {
	struct rz_ledger_zone_row *zones; /* hash tables */
	struct rz_ledger_client_row *clients;
	size_t zones_max, clients_max;
	struct rz_ledger_conn *conns; /* sorted by cookie */
	size_t n_conns;
	struct rz_counted *places; /* the same for the next run: map counted, in memory */
	uint32_t *free_places;
	size_t n_free;
	uint64_t lost; /* since it was made */
	/* of one tick */
	uint32_t hour;
	struct rz_ledger_conn *next; /* what conns becomes */
	size_t n_next, at;
	struct rz_ledger_client_key *evicted; /* rows that the map may still have */
	size_t n_evicted;
	uint64_t floor; /* no client's row has had less than this, 0: not known */
};

/*
 * `zones_max` counts the row of all that is not known. `places` is the caller's, and has what an
 * earlier run has counted; each place is brought up to date on its own, so a run that is killed
 * leaves it whole. 0 or -ENOMEM.
 */
int rz_ledger_new(size_t zones_max, size_t clients_max, struct rz_counted *places, size_t n_places,
		  struct rz_ledger **ret);
void rz_ledger_free(struct rz_ledger *l); /* takes NULL */

/* The rows that an earlier run left, each once, before the first tick. 0 or -ENOMEM. */
int rz_ledger_restore_zone(struct rz_ledger *l, const struct rz_ledger_key *key,
			   const struct rz_ledger_sum *sum);
int rz_ledger_restore_client(struct rz_ledger *l, const struct rz_ledger_client_key *key,
			     const struct rz_ledger_client *value);

/* A tick in this hour since 1970, with so many open connections and records. 0 or -ENOMEM (then the
 * tick is left out, and the next one counts its bytes too). */
int rz_ledger_begin(struct rz_ledger *l, uint32_t hour, size_t n_open);

/* What there is to add to a row. */
struct rz_ledger_more {
	uint64_t rx_bytes, tx_bytes;
	uint64_t closed;
	/* under TLS: once a connection is known to be, also what it has carried before */
	uint64_t tls_rx_bytes, tls_tx_bytes;
};
/* What of a connection is counted; NULL: nothing yet. */
const struct rz_counted *rz_ledger_counted(const struct rz_ledger *l, uint64_t cookie);
/* A connection has closed. */
struct rz_ledger_more rz_ledger_closed(struct rz_ledger *l, const struct rz_closed *c);
/* Is open; each one's cookie is above the one's before. */
struct rz_ledger_more rz_ledger_open(struct rz_ledger *l, const struct rz_conn *c);

/* Adds to the row of group and zones ("" not known), and to the client's (0: not identified). */
struct rz_ledger_entry {
	const char *group, *client_zone, *agent_zone;
	uint64_t client;
	const char *id;
	struct rz_ledger_more more;
};
/* 0, or -ENOMEM: then nothing was added. */
int rz_ledger_add(struct rz_ledger *l, const struct rz_ledger_entry *e);

/* All were seen. evicted lives until the next begin. */
void rz_ledger_end(struct rz_ledger *l);

/* A part of making one (ledger.c). 0 or -ENOMEM. */
int rz_ledger_read_places(struct rz_ledger *l, size_t n);

/* ---- sums (ledger_sum.c) ---- */

void rz_ledger_sum_add(struct rz_ledger_sum *s, uint32_t hour, const struct rz_ledger_more *more);
/* Bytes of one hour; nothing if the ring has none of it. */
struct rz_ledger_more rz_ledger_sum_hour(const struct rz_ledger_sum *s, uint32_t hour);
/* Bytes of the `n` hours up to and with `hour`. Hours behind it, which a clock that ran ahead has
 * left, do not count. */
struct rz_ledger_more rz_ledger_sum_last(const struct rz_ledger_sum *s, uint32_t hour, uint32_t n);

#define RZ_LEDGER_HOURS 48 /* that are shown, beside the present one */

static inline uint32_t rz_ledger_hour(uint64_t unix_ns)
{
	return (uint32_t)(unix_ns / (3600ULL * 1000000000));
}

#endif
