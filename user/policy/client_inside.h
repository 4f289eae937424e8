/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of the memory of clients, for client*.c alone. */
#ifndef RZ_POLICY_CLIENT_INSIDE_H
#define RZ_POLICY_CLIENT_INSIDE_H

#include "policy/client.h"

#include "base/map.h"
#include "policy/round.h"

struct rz_client_open_move {
	struct rz_open_move open;
	struct rz_client_entry *client;
	uint64_t back;	  /* cookie of the connection that came back from it, 0: none */
	unsigned returns; /* moves in a row from which the moved one had come back */
	struct rz_client_open_move *prev, *next; /* of its client */
	struct rz_client_open_move *address_prev, *address_next;
};

/* The open moves at an address from which no connection came back. */
struct rz_client_address {
	uint8_t addr[16];
	struct rz_client_open_move *moves;
	UT_hash_handle hh;
};

struct rz_client_entry {
	struct rz_client_key key;
	uint64_t turn_ns;	       /* when its turn began: it was allowed to go; 0: never */
	uint64_t turn_tick;	       /* the latest in which it was */
	unsigned turn;		       /* how many of its connections were, in this turn */
	bool felt;		       /* ... and one of them was closed, or may have been held */
	struct rz_round round, before; /* before the tick with its latest moves, for undo */
	uint64_t go_tick, go_ns;       /* that tick; when they were allowed; these moves: */
	unsigned going;		       /* ... allowed, and nobody knows yet whether they happen */
	bool went;		       /* ... one has happened */
	bool first;		       /* ... they began a round */
	uint64_t seen_tick;	       /* the latest with a candidate of its */
	unsigned gone;		       /* moves since the latest tick without one */
	uint64_t seen_ns;	       /* last seen as a candidate */
	/* Ticks: the last with a candidate that was opened since the round began, with a same-zone
	 * connection opened since, and with a connection that was left behind */
	uint64_t away_tick, home_tick, behind_tick;
	/* Connections that are older than first_ns and were moved; and, at tick count_tick, those
	 * that are younger and on which the client stays */
	size_t lost, count;
	uint64_t count_tick;
	bool several;
	uint64_t met_tick; /* the last with a connection of it, at home or away, that is no witness
			    */
	/* Moves that happened, by the policy or an operator; 0: none that matters any more */
	uint64_t first_ns, latest_ns;
	struct rz_client_open_move *moves; /* without an outcome, the oldest first */
	UT_hash_handle hh;
};

struct rz_client_memory {
	struct rz_limits limits;
	uint64_t leaving_ns;
	struct rz_client_entry *clients;
	struct rz_client_address *addresses; /* with such moves */
	size_t open;			     /* moves, of all clients */
	uint64_t tick, now_ns;
	bool between; /* that tick is over, and the next one has not begun */
	struct rz_client_entry
		*oldest; /* if `searched`: who is forgotten next, NULL: nobody may be */
	bool searched;
	struct rz_outcome_row *known;
	size_t n_known;
};

struct rz_client_entry *rz_client_find(const struct rz_client_memory *m,
				       const struct rz_client_key *key);

static inline struct rz_client_entry *rz_client_find_of(const struct rz_client_memory *m,
							const struct rz_client_conn *conn)
{
	return conn->unknown ? NULL : rz_client_find(m, &conn->key);
}

/* May a client be added that is not remembered? */
bool rz_client_has_room(struct rz_client_memory *m);
/* Add a client; forget another one if it must be. NULL: no room, or no memory. */
struct rz_client_entry *rz_client_remember(struct rz_client_memory *m,
					   const struct rz_client_key *key);
/* Forget a client with all of its moves, or one of these. */
void rz_client_forget(struct rz_client_memory *m, struct rz_client_entry *c);
void rz_client_forget_move(struct rz_client_memory *m, struct rz_client_entry *c,
			   struct rz_client_open_move *d);

/* NULL: no such moves there. */
struct rz_client_address *rz_client_find_address(const struct rz_client_memory *m,
						 const uint8_t addr[16]);
/* A move from which nobody came back yet; and not any more. No memory costs it to be recognised
 * under another client.id. */
void rz_client_list_move(struct rz_client_memory *m, struct rz_client_open_move *d);
void rz_client_unlist_move(struct rz_client_memory *m, struct rz_client_open_move *d);

/* The client's id is another one now, which no client at its address has. Its rest remains under
 * the one that it had. NULL: there is no room for that; or no memory, and it is forgotten. */
struct rz_client_entry *rz_client_rename(struct rz_client_memory *m, struct rz_client_entry *c,
					 uint64_t id);

/* client_back.c: the move that this connection came back from, or NULL. */
struct rz_client_open_move *rz_client_back(const struct rz_client_entry *c, uint64_t cookie);

/* client_ask.c: is a connection left alone that came back from so many moves in a row? */
bool rz_client_given_up(const struct rz_client_memory *m, unsigned returns);

/* Does a turn that was had at this time (0: never) forbid another one? */
bool rz_client_turn_counts(const struct rz_client_memory *m, uint64_t turn_ns);

#endif
