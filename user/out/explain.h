/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why one connection is moved or kept, whole: every rule, the tag as it was read, the library, how
 * it would be closed, what happened to its client, and when it may be moved next. Pure.
 *
 * Comes in: rows of `rezone list` (out/conn_row.h) and what cmd/explain.c has read beside them.
 * Goes out: text or JSON (docs/json.md).
 */
#ifndef RZ_OUT_EXPLAIN_H
#define RZ_OUT_EXPLAIN_H

#include <stdio.h>

#include "kern/pause.h"
#include "out/conn_row.h"

enum rz_next_kind {
	RZ_NEXT_NOW,	/* its move is under way */
	RZ_NEXT_TICK,	/* at the next tick, if its turn comes */
	RZ_NEXT_AT,	/* not before a time */
	RZ_NEXT_OPEN,	/* later; nobody knows when */
	RZ_NEXT_CHANGE, /* not before something is changed */
	RZ_NEXT_COUNT,
};

/* When a connection may be moved. */
struct rz_next {
	enum rz_next_kind kind;
	uint64_t at_ns;	       /* TICK, AT: by CLOCK_MONOTONIC */
	enum rz_reason reason; /* what it waits for; NONE: for nothing but the tick */
};

enum { RZ_TURN_MAX = 12 };

struct rz_explain {
	const struct rz_conn_row *row;
	struct rz_rule_answer rules[RZ_RULES_MAX]; /* in the order in which they are asked */
	size_t n_rules;
	/* What is asked of a connection that all rules let pass, in the same way. */
	struct rz_rule_answer turn[RZ_TURN_MAX];
	enum rz_reason by_hand; /* what forbids an operator's move, too; NONE: nothing */
	unsigned misreads;	/* bits of enum rz_misread (client/misread.h) */
	uint64_t not_before_ns; /* the daemon lets its client rest until then; 0: not known */
	struct rz_next next;
};

struct rz_explain_view {
	const struct rz_explain *rows;
	size_t n;
	const struct rz_snapshot *snap;
	const struct rz_event *events; /* of these connections and their clients, by time */
	size_t n_events;
	bool at_once;	  /* --in-flight ignore */
	uint64_t wall_ns; /* CLOCK_REALTIME at snap->now_ns */
	size_t limit;	  /* connections of a kind, and events; 0: all */
};

/* Is the event of this connection, or of its client (a client.id at an address)? */
bool rz_explain_is_of(const struct rz_event *e, const struct rz_conn *c);

/* Asks every rule. Of a connection at home it does not matter whether its client has opted in. */
void rz_explain_ask(struct rz_explain *e, const struct rz_judged_conn *c, const struct rz_world *w);

/* Answers what is asked behind the rules: what the daemon remembers of the client, the breaker, a
 * pause, the rates, the mode. By what the daemon said of it last, and what the maps say of the
 * node. `paused`: by the settings or an operator, whose pause ends at `pause_until_ns`; 0: nobody
 * knows.
 */
void rz_explain_turn(struct rz_explain *e, const struct rz_snapshot *snap, bool paused,
		     uint64_t pause_until_ns);

/* Fills `next` from all else. `pause_until_ns`: when the operator's pause ends, by CLOCK_MONOTONIC;
 * 0: nobody knows. */
struct rz_next rz_explain_next(const struct rz_explain *e, const struct rz_snapshot *snap,
			       uint64_t pause_until_ns);
const char *rz_next_name(enum rz_next_kind k); /* now tick at open change */

/* "by a reset, once all responses are out; ..." */
void rz_explain_close(const struct rz_explain_view *v, const struct rz_explain *e, char *dst,
		      size_t size);

/* explain_print.c, explain_json.c. 0 or -ENOMEM. */
int rz_explain_print_text(FILE *f, const struct rz_explain_view *v);
int rz_explain_print_json(FILE *f, const struct rz_explain_view *v);

#endif
