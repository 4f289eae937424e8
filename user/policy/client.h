/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one memory of clients: their moves, the rest after them, what became of each move, and by
 * which evidence. Pure: the clock is an argument.
 *
 * Comes in: the connections of a tick, the moves that were allowed, and those that happened. Goes
 * out: whether a client may be moved now, and the outcomes. Called by policy/select.c, in this
 * order: begin, meet (twice) and see for every connection, settle, then ask, had_turn and go for
 * candidates; between two ticks moved and undo.
 *
 * Keys. A client is a client.id at an address: all replicas of an application have one client.id,
 * and each of them comes home, or does not, by itself. An address alone would not do, for many pods
 * may have one (SNAT). A client.id alone would not do, for a stranger may copy it: nothing that
 * happens at one address may delay a client at another one. Its moves are kept with it, with the
 * cookie, the addresses and zones of the connection that is gone by then.
 *
 * A client may call itself otherwise at its next connection: rz_client_meet() says who is taken for
 * one that was moved. Otherwise its rests, outcomes and giving up would end with its name. It rests
 * under its old client.id, too, for it may be back there, too.
 *
 * Several clients may have one client.id at one address (SNAT). A client does not replace more
 * connections than it lost: if it stays on more connections that it opened since its first move
 * than older ones were moved, it is several. From then on each connection rests by itself: one that
 * came back from a move, and is given up, by the number of moves in a row that it came back from;
 * any other one that was opened since the first move for `cooldown`, for it may be one, too. What
 * they do is no evidence for the moves of others.
 *
 * What is forgotten by itself: a client with nothing to wait for that was no candidate for
 * `cooldown_max`, once no move of its is without an outcome and it has had no turn for
 * `per_client_ns`. While it has a connection that it left behind, only that is remembered.
 *
 * What is forgotten for want of room, when there are `clients_max` and a client is to be moved that
 * is not remembered: of the clients whose next move does not depend on it, the one that was last
 * seen as a candidate the longest ago (of several, the one with the smallest key). The next move
 * depends on it if the client rests, was given up, has futile rounds in a row, is several, has a
 * move without an outcome or one so young that nobody can tell whether the client stays, has had
 * its turn, or has a connection that it left behind. If there are no others, nobody is forgotten,
 * and no client is moved that is not remembered (RZ_REASON_MEMORY_FULL): to forget that moving a
 * client is futile would be to reset it again and again, and whoever invents enough client.ids
 * could bring that about. Likewise nobody is moved while RZ_CLIENT_MOVES_MAX moves have no outcome.
 */
#ifndef RZ_POLICY_CLIENT_H
#define RZ_POLICY_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "policy/limits.h"
#include "policy/outcome.h"
#include "policy/reason.h"

#define RZ_CLIENT_MAX	    65536 /* clients */
#define RZ_CLIENT_MOVES_MAX 65536 /* moves without an outcome, of all clients */

struct rz_client_key {
	uint64_t id; /* hash of the client.id */
	uint8_t addr[16];
};
_Static_assert(sizeof(struct rz_client_key) == 24, "a hash key: no padding");

static inline struct rz_client_key rz_client_key(uint64_t id, const uint8_t addr[16])
{
	struct rz_client_key key = {.id = id};

	memcpy(key.addr, addr, sizeof(key.addr));
	return key;
}

/* A data connection of a client, as a tick sees it. */
struct rz_client_conn {
	struct rz_client_key key;
	uint64_t cookie;
	uint64_t opened_ns;
	uint64_t data_ns;    /* its latest Produce or Fetch; may be up to 10 ms early */
	bool home;	     /* to an agent of the client's own zone; else away */
	bool home_was_ready; /* when its client opened it, away */
	bool reconnected;    /* ... and had been here before (classify.h) */
	unsigned together; /* candidates of its client that may go at a time, with itself (pace.h);
			    * 0: they may not */
	bool twice;	   /* if a round's move brought it back it may go once more (plan.h) */
	bool witness; /* the policy keeps it, wherever it is (its client did not opt in, ...): it
		       * is evidence for moves by hand alone */
	/* For ask: what see said of it, now or before */
	uint64_t back_ns;
	unsigned returns;
	bool unknown; /* for chose, ask and had_turn: nothing is remembered of its client, as the
		       * caller knows; it need not be looked up */
};

/* What is seen of a connection. */
struct rz_client_sight {
	bool left_behind; /* its client left it behind (select.h): it is no candidate */
	uint64_t back_ns; /* it came back from a move that happened then; 0: from none */
	unsigned returns; /* that many moves in a row */
};

/* A move that happened. */
struct rz_client_move {
	struct rz_client_key key;
	uint64_t cookie;
	uint64_t opened_ns; /* of the connection */
	struct rz_tuple tuple;
	const char *from_zone, *to_zone; /* copied */
	bool by_hand;			 /* an operator's order */
	unsigned returns;		 /* of the connection (rz_client_sight) */
	uint64_t at_ns;
};

struct rz_client_memory;

/* `limits` are copied. 0 or -ENOMEM. */
int rz_client_new(const struct rz_limits *limits, struct rz_client_memory **ret);
/* Other limits from now on, but for clients_max. */
void rz_client_set_limits(struct rz_client_memory *m, const struct rz_limits *limits);
void rz_client_free(struct rz_client_memory *m); /* takes NULL */

/* A tick begins. */
void rz_client_begin(struct rz_client_memory *m, uint64_t now_ns);

/*
 * Finds out which connection came back from which move: one that was opened soon after it
 * (client_back.c), at most one for each move. All connections are shown twice: first those of
 * clients that are remembered find their client's moves; then (`strangers`) a client.id that is not
 * remembered may be the new name of a client at its address that was moved at most five seconds
 * before, and of which no connection is seen under its own: then the history is that of the new
 * name. Not one that only reconnected: its client was here under that client.id before. Not if
 * `home_ready_wait` is 0: then whoever comes is moved like any other.
 */
void rz_client_meet(struct rz_client_memory *m, const struct rz_client_conn *c, bool strangers);

/* Does a connection at home, or a witness, of this client say anything that is asked for: is the
 * client remembered, or may another one at its address turn out to be it? All others may be left
 * out of a tick. */
bool rz_client_cares(const struct rz_client_memory *m, const struct rz_client_key *key);

/* Take note of a connection. */
struct rz_client_sight rz_client_see(struct rz_client_memory *m, const struct rz_client_conn *c);

/* All connections of the tick were seen: judge the rounds and moves, forget what can no longer
 * matter. */
void rz_client_settle(struct rz_client_memory *m);

/* Until it is called again, what is asked is asked as of this time: select.c finds out so when a
 * client's rest is over. */
void rz_client_look_from(struct rz_client_memory *m, uint64_t now_ns);

/* The tick is over, and its moves may have lasted longer than an interval: until the next one
 * begins, a turn that was had in it counts by its time alone. */
void rz_client_between(struct rz_client_memory *m, uint64_t now_ns);
/* Did its client choose this agent, `home_ready_wait` ago at most, although home was ready? It
 * would probably choose it again. What a client opens while it is being moved, or soon after, is no
 * choice. Nor is it one if the client only reconnected, and no move of it has happened that is
 * remembered: after that it has looked. */
bool rz_client_chose(const struct rz_client_memory *m, const struct rz_client_conn *c);

/* NONE: may go; COOLING_DOWN, GAVE_UP, MEMORY_FULL. */
enum rz_reason rz_client_ask(struct rz_client_memory *m, const struct rz_client_conn *c);

/* Has its client had its turn, with as many moves as round.h gives it? */
bool rz_client_had_turn(const struct rz_client_memory *m, const struct rz_client_conn *c);

/* It is allowed to go: its client had its turn. 0 or -ENOMEM (then it must not go). */
int rz_client_go(struct rz_client_memory *m, const struct rz_client_conn *c);

/* It went. Also one that an operator moved; of a client for which there is no room no outcome is
 * told, and of a move beyond RZ_CLIENT_MOVES_MAX. */
void rz_client_moved(struct rz_client_memory *m, const struct rz_client_move *move);

/* It did not go after all. The turn was had; but between two ticks only if the client may have
 * `felt` it, for it was held. */
void rz_client_undo(struct rz_client_memory *m, const struct rz_client_key *key, bool felt);

/* What settle found, in the order of the moves: outcomes, and moves that are due and open (NONE).
 * They live until the next begin. */
const struct rz_outcome_row *rz_client_outcomes(const struct rz_client_memory *m, size_t *ret_n);

size_t rz_client_count(const struct rz_client_memory *m);

#endif
