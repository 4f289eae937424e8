/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes by zones, as the daemon has counted them until its latest tick (policy/ledger.h), and by
 * client: what closed connections left in map client_traffic, and what the open ones carried so
 * far. Pure.
 *
 * Comes in: a snapshot, the world, rows of maps zone_bytes and client_traffic. Goes out: sorted
 * rows. Called by cmd/traffic.c.
 */
#ifndef RZ_OUT_TRAFFIC_H
#define RZ_OUT_TRAFFIC_H

#include <stdio.h>

#include "kern/snapshot.h"
#include "policy/tick.h"

struct rz_traffic_sum {
	struct rz_ledger_key zones; /* canonical, without the group; "" unknown */
	uint64_t client;	    /* of a client's row: its hash, 0 not identified */
	enum rz_locality locality;  /* of a zones' row */
	uint64_t rx_bytes, tx_bytes;
	uint64_t tls_rx_bytes, tls_tx_bytes; /* of those, under TLS */
	uint64_t closed, open;		     /* connections */
};

/* What the maps have. */
struct rz_traffic_counted {
	const struct rz_ledger_key *zones;
	const struct rz_ledger_sum *zones_sums;
	size_t n_zones;
	const uint64_t *clients;
	const struct rz_traffic *clients_sums;
	size_t n_clients;
};

struct rz_traffic_report {
	struct rz_traffic_sum *zones; /* the most bytes first */
	size_t n_zones;
	struct rz_traffic_sum *clients; /* likewise */
	size_t n_clients;
	size_t limit; /* rows of each table that are printed; 0: all, and of clients 20 in a text */
};

/* Bytes in both directions, by locality. */
struct rz_traffic_share {
	uint64_t all[RZ_LOCALITY_COUNT];
	uint64_t tls[RZ_LOCALITY_COUNT]; /* of those, under TLS */
};
struct rz_traffic_share rz_traffic_share(const struct rz_traffic_report *r);

/* How many per cent of the bytes across zones are under TLS; negative: none crossed. */
double rz_traffic_tls_percent(const struct rz_traffic_share *s);

/* 0 or -ENOMEM. */
int rz_traffic_report_make(const struct rz_snapshot *snap, const struct rz_world *world,
			   const struct rz_traffic_counted *counted, struct rz_traffic_report *ret);
void rz_traffic_report_free(struct rz_traffic_report *r);

/* traffic_print.c: the report (docs/json.md), client ids out of the snapshot. 0 or -ENOMEM. */
int rz_traffic_print_json(FILE *f, const struct rz_snapshot *snap,
			  const struct rz_traffic_report *r);
int rz_traffic_print_text(FILE *f, const struct rz_snapshot *snap,
			  const struct rz_traffic_report *r);

#endif
