/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tracked connection as people and programs see it: the row that table and JSON both print.
 *
 * Comes in: a snapshot of the maps and the world they are judged by. Goes out: rows. Called by
 * cmd/list.c.
 */
#ifndef RZ_OUT_CONN_ROW_H
#define RZ_OUT_CONN_ROW_H

#include "base/str.h"
#include "kern/snapshot.h"
#include "policy/classify.h"

#define RZ_CONN_LIBRARY 128

struct rz_conn_row {
	const struct rz_conn *conn;
	const struct rz_client *client; /* NULL: its id is not known */
	struct rz_verdict verdict;
	enum rz_reason reason; /* the verdict's, or why a candidate waits */
	bool move;	       /* is moved, or just was */
	bool under_way;	       /* its move has begun */
	bool would_move;   /* mode observe: enforcing would move it, now or when its turn comes */
	const char *phase; /* how far its move is; NULL: none is known */
	const struct rz_software *software; /* what it has said it is; NULL: nothing */
	/* its library, by whatever it is known, "": it is not; by fingerprint "NAME or NAME" */
	char library[RZ_CONN_LIBRARY], library_version[RZ_SOFTWARE_SIZE];
	/* the newest Produce that its agent has, if it was asked because of this connection; -1: it
	 * was not, or did not say */
	int agent_produce;
	bool agent_silent; /* ... it did not say */
	char client_at[RZ_ENDPOINT_TEXT], agent_at[RZ_ENDPOINT_TEXT];
	char proxy_at[RZ_ENDPOINT_TEXT]; /* "" unless client_at is what a PROXY header names */
	double age_s;
	double idle_s;	       /* since its latest request; negative: it had none */
	double metadata_age_s; /* since it last asked for metadata; negative: never */
	double data_age_s;     /* since its latest Produce or Fetch; negative: it had none */
	double parked_s;       /* since its requests are not read; negative: they are */
	double expected_s;     /* until its library is to have brought it home; negative: it is
				* overdue. Only if verdict.expected_ns */
};

/* What `rezone list` is asked to show; NULL or negative: all. */
struct rz_conn_filter {
	const char *client_id_glob; /* fnmatch(3), against the printable id */
	const char *client;	    /* its address, with or without the port, as it is shown */
	const char *agent;	    /* likewise */
	const char *client_zone, *agent_zone; /* canonical */
	uint64_t cookie;		      /* 0: all */
	int locality;			      /* enum rz_locality, -1: all */
};

bool rz_conn_filter_is_all(const struct rz_conn_filter *f);
#define RZ_CONN_FILTER_ALL ((struct rz_conn_filter){.locality = -1})

/* How many there are of what, over all connections, shown or not. */
struct rz_conn_totals {
	size_t all, shown;
	size_t localities[RZ_LOCALITY_COUNT];
	size_t unidentified;		       /* not rz_frame_identified() */
	double unidentified_s;		       /* age of the oldest of them */
	size_t tls, tls_cross;		       /* under TLS; of those, across zones */
	uint64_t cross_bytes, tls_cross_bytes; /* in both directions, across zones */
	size_t parked;			       /* their requests are not read */
	size_t would_move; /* nothing speaks against moving them, but for rates and pauses */
	size_t moving;	   /* a move of theirs is under way */
	size_t moved;	   /* no longer there: they were moved in the last minute */
};

/*
 * Makes the rows of a snapshot that pass the filter, in the snapshot's order. They point into it
 * and into the world. 0 or -ENOMEM.
 */
int rz_conn_rows_make(const struct rz_snapshot *snap, const struct rz_world *world,
		      const struct rz_conn_filter *filter, struct rz_conn_row **ret,
		      struct rz_conn_totals *totals);

#endif
