/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of the memory of clients, for client.c and client_table.c alone. */
#ifndef RZ_POLICY_CLIENT_INSIDE_H
#define RZ_POLICY_CLIENT_INSIDE_H

#include "policy/client.h"

#include "base/map.h"
#include "policy/round.h"

/* What all clients with one client.id share. */
struct rz_client_id_entry {
	uint64_t id;
	uint64_t turn_ns; /* when its turn began: one of its clients was allowed to go; 0: never */
	uint64_t turn_tick; /* the latest in which one was */
	unsigned turn;	    /* how many were, in this turn */
	size_t clients;
	UT_hash_handle hh;
};

struct rz_client_open_move {
	struct rz_open_move open;
	struct rz_client_open_move *next;
};

struct rz_client_entry {
	struct rz_client_key key;
	struct rz_client_id_entry *id;
	uint64_t turn_ns;	       /* it was allowed to go itself; 0: never */
	struct rz_round round, before; /* before the tick with its latest moves, for undo */
	uint64_t go_tick;	       /* that tick; its moves: */
	unsigned going;		       /* ... allowed, and nobody knows yet whether they happen */
	bool went;		       /* ... one has happened */
	bool first;		       /* ... they began a round */
	uint64_t seen_tick;	       /* the latest with a candidate of its */
	unsigned gone;		       /* moves since the latest tick without one */
	uint64_t seen_ns;	       /* last seen as a candidate */
	/* Ticks: the last with a candidate that was opened since the round began, with a same-zone
	 * connection opened since, and with a connection that was left behind */
	uint64_t away_tick, home_tick, behind_tick;
	/* Moves that happened, by the policy or an operator; 0: none that matters any more */
	uint64_t first_ns, latest_ns;
	struct rz_client_open_move *moves; /* without an outcome, the oldest first */
	UT_hash_handle hh;
};

struct rz_client_memory {
	struct rz_limits limits;
	uint64_t leaving_ns;
	struct rz_client_entry *clients;
	struct rz_client_id_entry *ids;
	size_t open; /* moves, of all clients */
	uint64_t tick, now_ns;
	struct rz_client_entry
		*oldest; /* if `searched`: who is forgotten next, NULL: nobody may be */
	bool searched;
	struct rz_outcome_row *known;
	size_t n_known;
};

struct rz_client_entry *rz_client_find(const struct rz_client_memory *m,
				       const struct rz_client_key *key);
struct rz_client_id_entry *rz_client_find_id(const struct rz_client_memory *m, uint64_t id);

/* May a client be added that is not remembered? */
bool rz_client_has_room(struct rz_client_memory *m);
/* Add a client; forget another one if it must be. NULL: no room, or no memory. */
struct rz_client_entry *rz_client_remember(struct rz_client_memory *m,
					   const struct rz_client_key *key);
/* Forget a client with all of its moves, or one of these. */
void rz_client_forget(struct rz_client_memory *m, struct rz_client_entry *c);
void rz_client_forget_move(struct rz_client_memory *m, struct rz_client_entry *c,
			   struct rz_client_open_move *d);

/* Does a turn that was had at this time (0: never) forbid another one? */
bool rz_client_turn_counts(const struct rz_client_memory *m, uint64_t turn_ns);

#endif
