/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: what connections have carried, added up as differences under the group and zones that
 * they have at that time. Pure: the hour is an argument.
 *
 * Comes in: at each tick the records of connections that have closed, then the open ones in any
 * order; once, what an earlier run left in the maps. Goes out: rows that only grow, marked where
 * they changed. Called by daemon/ledger.c, which puts them into the maps (include/rezone/ledger.h).
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
#include "policy/roll.h"

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

struct rz_ledger {
	struct rz_ledger_zone_row *zones; /* hash tables */
	struct rz_ledger_client_row *clients;
	size_t zones_max, clients_max;
	struct rz_roll *roll; /* the caller's: what of each connection is counted */
	uint64_t lost;	      /* since it was made */
	/* Until the first tick is over: a connection that is older, and has no place, may be
	 * counted already, for the run before had none for it (rz_ledger_state); 0: all had one */
	uint64_t unplaced_ns;
	/* of one tick */
	uint32_t hour;
	uint8_t tick;			      /* its number, the low bits of it */
	struct rz_ledger_client_key *evicted; /* rows that the map may still have */
	size_t n_evicted;
	uint64_t floor; /* no client's row has had less than this, 0: not known */
};

/* `zones_max` counts the row of all that is not known. `roll` is the caller's; each place of it is
 * brought up to date on its own, so a run that is killed leaves it whole. 0 or -ENOMEM. */
int rz_ledger_new(size_t zones_max, size_t clients_max, struct rz_roll *roll,
		  struct rz_ledger **ret);
void rz_ledger_free(struct rz_ledger *l); /* takes NULL */

/* The rows that an earlier run left, each once, before the first tick. 0 or -ENOMEM. */
int rz_ledger_restore_zone(struct rz_ledger *l, const struct rz_ledger_key *key,
			   const struct rz_ledger_sum *sum);
int rz_ledger_restore_client(struct rz_ledger *l, const struct rz_ledger_client_key *key,
			     const struct rz_ledger_client *value);

/* A tick in this hour since 1970. */
void rz_ledger_begin(struct rz_ledger *l, uint32_t hour);

/* What there is to add to a row. */
struct rz_ledger_more {
	uint64_t rx_bytes, tx_bytes;
	uint64_t closed;
	/* under TLS: once a connection is known to be, also what it has carried before */
	uint64_t tls_rx_bytes, tls_tx_bytes;
};
/* What it had carried when it was first seen; nothing, if it is not older than rezone. */
struct rz_ledger_more rz_ledger_base(const struct rz_ledger *l, uint64_t cookie);
/* A connection has closed. */
struct rz_ledger_more rz_ledger_closed(struct rz_ledger *l, const struct rz_closed *c);
/* Is open. *ret_place: its place in the roll; NONE: there is no memory, and it is counted at a
 * later tick. */
struct rz_ledger_more rz_ledger_open(struct rz_ledger *l, const struct rz_conn *c,
				     uint32_t *ret_place);

static inline bool rz_ledger_more_is_none(const struct rz_ledger_more *m)
{
	return !(m->rx_bytes | m->tx_bytes | m->closed | m->tls_rx_bytes | m->tls_tx_bytes);
}

static inline void rz_ledger_more_add(struct rz_ledger_more *to, const struct rz_ledger_more *m)
{
	to->rx_bytes += m->rx_bytes;
	to->tx_bytes += m->tx_bytes;
	to->closed += m->closed;
	to->tls_rx_bytes += m->tls_rx_bytes;
	to->tls_tx_bytes += m->tls_tx_bytes;
}

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
