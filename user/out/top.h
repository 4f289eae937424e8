/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `rezone top` shows at one moment: bytes a second between zones and by client, from two looks
 * at the connections. A frame has copies of all that it shows, so that it can be kept while the
 * view is frozen. Pure.
 *
 * Comes in: rows of `rezone list` (out/conn_row.h), the counts of the look before. Goes out: a
 * frame; it as JSON (docs/json.md). Called by cmd/top.c.
 */
#ifndef RZ_OUT_TOP_H
#define RZ_OUT_TOP_H

#include <stdio.h>

#include "out/conn_row.h"
#include "out/health.h"

/* A client.id between two zones. */
struct rz_top_client {
	char id[RZ_CLIENT_ID_SIZE];				    /* "": not known */
	char client_zone[RZ_ZONE_SHOWN], agent_zone[RZ_ZONE_SHOWN]; /* "": not known */
	enum rz_locality locality;
	size_t conns, moving;
	double rx_rate, tx_rate; /* bytes a second from and to the client */
	uint64_t rx_bytes, tx_bytes;
	uint64_t cookie; /* of its connection with the most bytes a second, then the most bytes */
	enum rz_reason reason; /* why that one is kept */
	bool move;	       /* it is moved */
};

/* All clients between two zones. */
struct rz_top_zones {
	char client_zone[RZ_ZONE_SHOWN], agent_zone[RZ_ZONE_SHOWN];
	enum rz_locality locality;
	size_t conns;
	double rx_rate, tx_rate;
};

#define RZ_TOP_EVENTS 64
struct rz_top_frame {
	uint64_t wall_ns;
	double span_s; /* between the two looks; 0: there was only one, and no rate is known */
	struct rz_top_client *clients;
	size_t n_clients;
	struct rz_top_zones *zones;
	size_t n_zones;
	struct rz_conn_totals totals;
	char node[RZ_NODE_SIZE], own_zone[RZ_ZONE_SIZE];
	enum rz_mode mode;
	double running_s; /* negative: no daemon runs */
	uint64_t moved;
	char why[RZ_FAULT_TEXT + 32];	       /* the first thing that is wrong, "" */
	struct rz_event events[RZ_TOP_EVENTS]; /* holds, moves, outcomes; the latest last */
	size_t n_events;
};

/* What all connections had carried at one look, by cookie. */
struct rz_top_counts {
	struct rz_top_count {
		uint64_t cookie, rx, tx;
		uint64_t at_ns; /* when the bytes were read: for a parked connection, at a tick */
		double rx_rate, tx_rate;
	} * rows;
	size_t n;
	uint64_t at_ns; /* 0: there was no look yet */
};

enum rz_top_sort {
	RZ_TOP_SORT_RATE,
	RZ_TOP_SORT_BYTES,
	RZ_TOP_SORT_CONNECTIONS,
	RZ_TOP_SORT_CLIENT_ID,
	RZ_TOP_SORT_COUNT,
};
extern const char *const rz_top_sort_words[]; /* NULL-terminated */

/*
 * Fills clients, zones and span_s of *ret, and puts the counts of this look in the place of those
 * before. A connection that was not there before counts with all that it has carried. 0 or -ENOMEM.
 *
 * The daemon reads the bytes of a parked connection at each tick, `tick_ns` apart. Its rate is that
 * between two ticks and stays until the next one; before the first, it is the mean since the
 * connection was opened. Without new bytes in two ticks it is 0.
 */
int rz_top_add_up(const struct rz_conn_row *rows, size_t n, uint64_t now_ns, uint64_t tick_ns,
		  struct rz_top_counts *counts, struct rz_top_frame *ret);
void rz_top_sort(struct rz_top_frame *f, enum rz_top_sort by);
/* Of no connection that an event tells of is a frame made; the oldest goes. */
void rz_top_add_event(struct rz_top_frame *f, const struct rz_event *e);
bool rz_top_tells(enum rz_event_type t); /* is it a part of a move? */

/* Is the client to be shown? `filter` is a pattern (fnmatch), or a part of its id; "": all. */
bool rz_top_shows(const struct rz_top_client *c, const char *filter, bool cross_only);

/* Leaves only the first `n` (0: all) of the clients that are shown. */
void rz_top_keep_first(struct rz_top_frame *f, size_t n, const char *filter, bool cross_only);

void rz_top_counts_free(struct rz_top_counts *c);
void rz_top_frame_free(struct rz_top_frame *f); /* what it points to */

/* One line. `limit`: so many clients, 0: all. 0 or -ENOMEM. */
int rz_top_print_json(FILE *f, const struct rz_top_frame *t, size_t limit, const char *filter,
		      bool cross_only);

#endif
