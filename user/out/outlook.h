/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of a node as `rezone plan` adds them up: whom enforcing would move and when, who
 * stays across zones and why, who is expected home by itself. Pure.
 *
 * Comes in: rows of `rezone list` (out/conn_row.h), a forecast of the policy. Goes out: rows by
 * client and zones, or added up further, in an order (outlook_order.c). Called by cmd/plan.c.
 */
#ifndef RZ_OUT_OUTLOOK_H
#define RZ_OUT_OUTLOOK_H

#include <stdio.h>

#include "kern/pause.h"
#include "out/conn_row.h"
#include "policy/counted.h"
#include "policy/forecast.h"
#include "policy/price.h"

/* Bytes of payload, in both directions. */
struct rz_outlook_sum {
	size_t conns;
	bool crosses;		     /* zones, as far as is known: else they have no price */
	uint64_t rx_bytes, tx_bytes; /* so far */
	/* What goes on for a month as it did until now, of the `projected` connections that say so:
	 * seen for a minute at least, and what they carried before that is known. */
	double rx_month, tx_month;
	size_t projected;
};

/* Connections of one client between two zones, with one reason. */
struct rz_outlook_row {
	const struct rz_client *client;		      /* NULL: not known */
	uint64_t hash;				      /* of its client.id; 0: not known */
	const char *client_zone, *agent_zone, *group; /* "": not known */
	enum rz_locality locality;
	enum rz_reason reason; /* NONE: it would be moved */
	enum rz_close close;   /* how, if it would be */
	struct rz_outlook_sum sum;
	uint64_t first_ns, last_ns; /* NONE: since the first tick; first: LATER if all are */
	size_t later;		    /* ... behind all that was looked at */
	uint64_t expected_ns;	    /* MAY_COME: until when, the earliest */
	size_t clients;		    /* of a row of `reasons`: client.ids, or 1 for all unknown */
};

struct rz_outlook_rows {
	struct rz_outlook_row *rows;
	size_t n;
};

struct rz_outlook {
	struct rz_outlook_rows moves;	/* the most bytes first */
	struct rz_outlook_rows stays;	/* cross-zone first, then unknown; the most bytes first */
	struct rz_outlook_rows reasons; /* the same by locality and reason alone */
	struct rz_outlook_rows awaited; /* who is expected first */
	struct rz_outlook_sum all_moves;
	size_t first_tick; /* moves in the first tick */
	uint64_t last_ns;  /* the last one, since the first tick */
	size_t later;	   /* moves behind all that was looked at */
	size_t under_way;  /* connections that are being moved now */
};

/* What it is made from. */
struct rz_outlook_from {
	const struct rz_snapshot *snap;
	const struct rz_conn_row *rows;
	size_t n;
	const struct rz_forecast *forecast;
	/* What connections had carried before rezone saw them: rz_outlook_make_bases() */
	const struct rz_counted *bases;
	size_t n_bases;
};

/* From all used places of map counted: one row a connection, sorted by cookie, with what it had
 * carried when it was first seen, 0 of those that are not older than rezone. Returns how many. */
size_t rz_outlook_make_bases(struct rz_counted *places, size_t n);

/* 0 or -ENOMEM; to be freed on success. Points into the rows and their world. */
int rz_outlook_make(const struct rz_outlook_from *from, struct rz_outlook *ret);
void rz_outlook_free(struct rz_outlook *o);

/* What rows are added up by; in the words' order. Reason and locality stay apart. */
enum rz_outlook_group {
	RZ_OUTLOOK_GROUP_CLIENT_ID,
	RZ_OUTLOOK_GROUP_ZONES, /* of client and agent */
	RZ_OUTLOOK_GROUP_CLIENT_ZONE,
	RZ_OUTLOOK_GROUP_AGENT_ZONE,
	RZ_OUTLOOK_GROUP_COUNT, /* by client and zones */
};
extern const char *const rz_outlook_group_words[]; /* NULL-terminated */
void rz_outlook_group(struct rz_outlook *o, enum rz_outlook_group by);

/* In the words' order. */
enum rz_outlook_sort {
	RZ_OUTLOOK_SORT_BYTES, /* of this and what follows the greatest first */
	RZ_OUTLOOK_SORT_RX,
	RZ_OUTLOOK_SORT_TX,
	RZ_OUTLOOK_SORT_CONNECTIONS,
	RZ_OUTLOOK_SORT_TIME, /* who goes, or comes, first */
	RZ_OUTLOOK_SORT_CLIENT_ID,
	RZ_OUTLOOK_SORT_CLIENT_ZONE,
	RZ_OUTLOOK_SORT_AGENT_ZONE,
	RZ_OUTLOOK_SORT_REASON,
	RZ_OUTLOOK_SORT_COUNT,
};
extern const char *const rz_outlook_sort_words[]; /* NULL-terminated */
/* Each table in another order than rz_outlook_make() gives it. */
void rz_outlook_sort(struct rz_outlook *o, enum rz_outlook_sort by);

/* What is printed. */
struct rz_outlook_view {
	const struct rz_outlook *outlook;
	const struct rz_snapshot *snap;
	const struct rz_limits *limits;
	const struct rz_conn_totals *totals;
	const struct rz_pause *pause; /* the operator's, NULL: none */
	struct rz_price price;
	uint64_t wall_ns;	     /* CLOCK_REALTIME at snap->now_ns */
	size_t limit;		     /* rows of each table; 0: all */
	bool wide;		     /* those who stay by client, too */
	enum rz_outlook_group group; /* COUNT: rows are by client and zones */
};

/* US dollars a month for bytes that cross zones. False: price or bytes are not known. */
bool rz_outlook_price(const struct rz_outlook_view *v, const struct rz_outlook_sum *sum,
		      double *ret_usd);

/* outlook_print.c, outlook_json.c (docs/json.md). 0 or -ENOMEM. */
int rz_outlook_print_text(FILE *f, const struct rz_outlook_view *v);
int rz_outlook_print_json(FILE *f, const struct rz_outlook_view *v);

#endif
