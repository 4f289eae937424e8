/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of candidates: who may be asked next. Pure: the clock is an argument.
 *
 * Comes in: this tick's rows, and who of them was allowed to go. Goes out: the order in which
 * candidates are asked. Called by policy/select.c: begin; client for each kind of rows, and join
 * for each row that waits; order, and next until nobody who is left may go; went, end. A row is
 * named by its number.
 *
 * Addresses take turns: first one candidate of each address, then the second of each, and so on.
 * Otherwise one address with a hundred client.ids would delay a client at another address by a
 * hundred moves. Among addresses the one goes first whose candidate has waited longest, counted
 * from the address's latest turn if that is later; among the candidates of one address likewise,
 * counted from their client's latest turn. Equal ones go by cookie.
 *
 * Of 100,000 candidates a tick lets a few go, so they are not sorted: each round finds the first of
 * each address among those that are left (queue_order.c).
 *
 * Bounded by the candidates of one tick: what was no candidate at a tick is forgotten, and so is
 * the turn of a client or address without candidates. It changes nothing, for whoever comes later
 * waits since a later time.
 */
#ifndef RZ_POLICY_QUEUE_H
#define RZ_POLICY_QUEUE_H

#include "base/map.h"
#include "policy/client.h"
#include "policy/rows.h"

/* What is remembered of few candidates beside how long they have waited. */
struct rz_waiting_more {
	unsigned let_go; /* times that no moment was found to move it */
	uint64_t not_before_ns;
	uint64_t listened_ns; /* since when its next request is waited for; 0: it is not */
	uint64_t back_ns;     /* as rz_client_sight has it */
	unsigned returns;
};

/* What is remembered of a candidate for as long as it is one. */
struct rz_waiting {
	uint64_t cookie;
	uint64_t since_ns : 63;	      /* since when it has been a candidate */
	uint64_t observed : 1;	      /* mode observe: would have been moved already */
	struct rz_waiting_more *more; /* NULL: all of it is 0 */
};

/* The latest turn of a client, or of an address: a client.id of 0. */
struct rz_queue_turn {
	struct rz_client_key key;
	struct rz_queue_turn *address; /* a client's; NULL: no memory */
	uint64_t turn_ns;	       /* 0: none */
	uint64_t tick;		       /* the last with a candidate of it */
	/* Of this tick: */
	bool unknown;	 /* a client's: nothing is remembered of it (client.h) */
	uint64_t was_ns; /* turn_ns when the tick began */
	uint64_t round;	 /* an address's: the latest that had a candidate of it, and */
	uint32_t best;	 /* ... the first of these */
	UT_hash_handle hh;
};

struct rz_queue {		    /* all zero at first */
	struct rz_waiting *waiting; /* sorted by cookie */
	size_t n_waiting;
	size_t at; /* in `waiting`: the one whose turn to join again it is, if all do */
	struct rz_queue_turn *turns;
	uint64_t tick, round;
	/* Of this tick: */
	struct rz_rows *rows;
	struct rz_waiting *next; /* beside each row; a cookie of 0: it has not joined */
	struct rz_queue_turn *
		*clients; /* beside each kind of rows; NULL: not found, or no memory */
};

/* A tick with these rows. 0 or -ENOMEM: then nothing has happened. */
int rz_queue_begin(struct rz_queue *q, struct rz_rows *rows);
/* Finds the turn of a kind's client. *first: the client's first kind of this tick. NULL: no memory,
 * which costs its candidates their place, no more. */
struct rz_queue_turn *rz_queue_client(struct rz_queue *q, size_t kind, bool *first);
/* This row waits. */
struct rz_waiting *rz_queue_join(struct rz_queue *q, size_t row, uint64_t now_ns);
/* It is allowed to go: this client, and its address, had their turn. NULL will do. */
void rz_queue_went(struct rz_queue_turn *client, uint64_t now_ns);
void rz_queue_end(struct rz_queue *q);

static inline struct rz_queue_turn *rz_queue_turn_of(const struct rz_queue *q, size_t row)
{
	return q->clients[q->rows->rows[row].kind];
}

/* Those that are left to be asked. */
struct rz_queue_order {
	struct rz_queue *queue;
	uint32_t *left; /* rows */
	size_t n;
	size_t heads;	 /* so many of `left`, at its beginning, are this round's: a heap */
	unsigned rounds; /* that have begun */
	bool sorted;	 /* all that are left make one round, in the order of their ranks */
};
/* `left`: rows that have joined. It lives as long as the order, which changes it. */
void rz_queue_order(struct rz_queue *q, uint32_t *left, size_t n, struct rz_queue_order *ret);
/* False: nobody is left. */
bool rz_queue_next(struct rz_queue_order *o, size_t *ret_row);

/* Between two ticks. NULL: it is no candidate. */
struct rz_waiting *rz_queue_find(const struct rz_queue *q, uint64_t cookie);
/* To be filled. NULL: no memory. */
struct rz_waiting_more *rz_queue_more(struct rz_waiting *w);

/* Another mode: nothing was done to whom mode observe would have moved. */
void rz_queue_forget_observed(struct rz_queue *q);
/* Nobody's next request is waited for any more. */
void rz_queue_forget_listened(struct rz_queue *q);

void rz_queue_free(struct rz_queue *q);

#endif
