/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of candidates: who may be asked next. Pure: the clock is an argument.
 *
 * Comes in: this tick's candidates, and who of them was allowed to go. Goes out: the order in which
 * candidates are asked. Called by policy/select.c: begin, join for each candidate, sort for those
 * that nothing but the rates speaks against, went, end.
 *
 * Addresses take turns: first one candidate of each address, then the second of each, and so on.
 * Otherwise one address with a hundred client.ids would delay a client at another address by a
 * hundred moves. Among addresses the one goes first whose candidate has waited longest, counted
 * from the address's latest turn if that is later; among the candidates of one address likewise,
 * counted from their client's latest turn. Equal ones go by cookie.
 *
 * Bounded by the candidates of one tick: what was no candidate at a tick is forgotten, and so is
 * the turn of a client or address without candidates. It changes nothing, for whoever comes later
 * waits since a later time.
 */
#ifndef RZ_POLICY_QUEUE_H
#define RZ_POLICY_QUEUE_H

#include "base/map.h"
#include "policy/candidate.h"
#include "policy/client.h"

/* What is remembered of a candidate for as long as it is one. */
struct rz_waiting {
	uint64_t cookie;
	uint64_t since_ns; /* since when it has been a candidate */
	uint64_t tick;	   /* the last that had it as one */
	bool observed;	   /* mode observe: would have been moved already */
	unsigned let_go;   /* times that no moment was found to move it */
	uint64_t not_before_ns;
	uint64_t listened_ns; /* since when its next request is waited for; 0: it is not */
	uint64_t back_ns;     /* as rz_client_sight has it */
	unsigned returns;
	UT_hash_handle hh;
};

/* The latest turn of a client, or of an address: a client.id of 0. */
struct rz_queue_turn {
	struct rz_client_key key;
	uint64_t turn_ns; /* 0: none */
	uint64_t tick;	  /* the last with a candidate of it */
	unsigned ranked;  /* candidates that the latest sort has seen */
	UT_hash_handle hh;
};

struct rz_queue { /* all zero at first */
	struct rz_waiting *waiting;
	struct rz_queue_turn *turns;
	uint64_t tick;
};

/* A candidate's place. */
struct rz_queue_place {
	struct rz_candidate *row;
	/* remembered of it, its address and its client until rz_queue_end(); NULL: no memory */
	struct rz_waiting *waiting;
	struct rz_queue_turn *address, *client;
	uint64_t from_ns; /* counted from then */
	unsigned rank;	  /* so many of its address are asked before it */
};

void rz_queue_begin(struct rz_queue *q);
/* Returns its place, without a rank. No memory costs a candidate its place, no more. */
struct rz_queue_place rz_queue_join(struct rz_queue *q, struct rz_candidate *row, uint64_t now_ns);
void rz_queue_sort(struct rz_queue *q, struct rz_queue_place *places, size_t n);
/* It is allowed to go: its client and its address had their turn. */
void rz_queue_went(const struct rz_queue_place *place, uint64_t now_ns);
void rz_queue_end(struct rz_queue *q);

/* NULL: it is no candidate, or there was no memory. */
struct rz_waiting *rz_queue_find(const struct rz_queue *q, uint64_t cookie);

/* Another mode: nothing was done to whom mode observe would have moved. */
void rz_queue_forget_observed(struct rz_queue *q);

void rz_queue_free(struct rz_queue *q);

#endif
