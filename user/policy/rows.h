/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of one tick that are judged one by one, in 48 bytes each. Pure.
 *
 * A connection's row has what is its own: cookie, times, the client's port. All that it shares with
 * others stands once. First that is the connection's template: client, agent, what it carries. When
 * it has been judged, it is a kind: the template with its verdict, and with the plan by which its
 * connections are moved. So 100,000 candidates of 4,000 kinds take 5 MB while the tick lasts, and
 * not 50.
 *
 * Comes in: connections, one after the other; then verdicts (policy/tick.c) and the answers of
 * policy/select.c. Goes out: a connection, or a candidate, by its number. Called by daemon/pass.c,
 * which fills the rows while the maps are read, and by the policy.
 */
#ifndef RZ_POLICY_ROWS_H
#define RZ_POLICY_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/conn.h>

#include "policy/candidate.h"

struct rz_row {
	uint64_t cookie;
	uint64_t opened_ns, request_ns, data_ns; /* as in rz_candidate */
	uint32_t kind;				 /* of rz_rows.kinds; of conns until `judged` */
	uint32_t place;				 /* in the roll (policy/roll.h), or the caller's */
	uint32_t rank;				 /* queue_order.c's */
	uint16_t client_port;
	uint8_t reason; /* enum rz_reason: classify's, then select's */
	uint8_t judged : 1;
	uint8_t ready : 1; /* select.c's: nothing but a rate can speak against it */
	uint8_t asked : 1; /* select.c's: its turn has come */
};
_Static_assert(sizeof(struct rz_row) == 48, "a tick has one for each connection that it keeps");

/* A verdict, as it is told. */
struct rz_tick_verdict {
	enum rz_reason reason;		 /* classify's, or select's; NONE: it goes */
	const char *from_zone, *to_zone; /* NULL: not known; as in rz_candidate */
	uint64_t expected_ns;		 /* as in rz_verdict */
	bool lasts;			 /* likewise */
	bool home_ready; /* an agent that it could use is ready in to_zone, and has been for long
			  * enough (rz_ready_reason) */
	bool ask;	 /* its agent is to be asked for its versions; as in rz_verdict */
};

struct rz_row_kind {
	struct rz_candidate candidate; /* what a row has of its own is any one's */
	struct rz_tick_verdict verdict;
	uint32_t conn; /* of rz_rows.conns */
	uint32_t rows; /* so many are of this kind */
	bool wanted;   /* select is told of them: candidates, at home, or witnesses */
	/* tick.c's: the number of its verdict, and another kind of the same template, + 1 */
	uint32_t number, next;
};

struct rz_rows { /* all zero at first */
	struct rz_row *rows;
	size_t n, room;
	struct rz_conn *conns; /* templates */
	size_t n_conns, conns_room;
	uint32_t *index; /* of templates: number + 1; 0: nobody's place */
	size_t n_index;
	struct rz_row_kind *kinds;
	size_t n_kinds, kinds_room;
};

/* Adds a row. `like`: the caller's, 0 at first, of connections most of which share a template: that
 * of the latest is tried first. 0 or -ENOMEM. */
int rz_rows_add(struct rz_rows *r, const struct rz_conn *c, uint32_t place, uint32_t *like);
/* Sorts the rows by cookie, in place. */
void rz_rows_sort(struct rz_rows *r);
void rz_rows_free(struct rz_rows *r); /* its arrays; all zero again */

/* The connection of a row, but for its bytes, the place in its byte stream, when it last asked for
 * metadata, and when it was parked, if it is: these are 0. Of its requests it has none, or
 * RZ_PARK_REQUESTS if there were more. */
struct rz_conn rz_rows_conn(const struct rz_rows *r, const struct rz_row *row);

/* A new kind. Its number; SIZE_MAX: no memory. */
size_t rz_rows_add_kind(struct rz_rows *r, const struct rz_row_kind *kind);
/* The row has been judged: it is of this kind, whose template is the row's. */
void rz_rows_judged(struct rz_rows *r, struct rz_row *row, size_t kind);
/* The row, as a candidate of its kind, with its reason. */
struct rz_candidate rz_rows_candidate(const struct rz_rows *r, const struct rz_row *row);
/* The verdict that the connection is told. */
struct rz_tick_verdict rz_rows_verdict(const struct rz_rows *r, const struct rz_row *row);

/* Is select told of it? */
static inline bool rz_rows_is_wanted(const struct rz_rows *r, const struct rz_row *row)
{
	return r->kinds[row->kind].wanted;
}

/* One that the policy would move? Not if it is told only as one at home, or as a witness. */
bool rz_rows_is_candidate(const struct rz_rows *r, const struct rz_row *row);
/* The candidate with this cookie. NULL: it is none. The rows are sorted. */
struct rz_row *rz_rows_find(const struct rz_rows *r, uint64_t cookie);

/* Rows of candidates that are there already, each of a kind of its own. 0 or -ENOMEM. */
int rz_rows_of(const struct rz_candidate *candidates, size_t n, struct rz_rows *ret);

#endif
