/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's second half: which of the candidates may go now. Pure apart from what it remembers:
 * the clock is an argument, so a simulation can run it by the million.
 *
 * Comes in: this tick's candidates, and what became of those that went. Goes out: for each "go" or
 * the reason to wait; outcomes of earlier moves. Called by policy/tick.c. It puts together what is
 * in client.h (rounds, cooldown, giving up, outcomes), queue.h, breaker.h and budget.h (rates), and
 * asks them in the order of enum rz_reason.
 *
 * Rate: see budget.h. A client has a turn in `per_client_ns`, and one a tick (between two ticks the
 * time alone counts, for the moves of a tick may last longer than an interval): one move, or a
 * share of its connections that do not depend on one another (rz_round_turn()). A move that was
 * allowed and did not happen counts too, for its client may have been held for it.
 *
 * Rounds: a client is a client.id at an address. Its first move begins a round, which lasts
 * `cooldown`; the connections it had then may follow, so that a client with one connection a
 * partition comes home within minutes. One that it opened since waits (cooling down): if such a one
 * is a candidate when the round is over, the moves were futile. Then the next round begins twice
 * `cooldown` after the last move, doubled again each time up to `cooldown_max`, and has one move
 * only; after `give_up_after` futile rounds in a row the client is left alone for `give_up_for`. A
 * row of futile rounds ends when the client opened a data connection in its own zone here, or was
 * not seen as a candidate for `cooldown_max`.
 *
 * Of a library that may have nobody to ask after its first loss (plan.twice) a connection that the
 * round's first move brought back goes once more in the round, as soon as it is known that the
 * client stays on it.
 *
 * Left behind: a connection that a client opened after a move of its, and on which no Produce or
 * Fetch came since the client could have left it (rz_stays_from), is no candidate and proves
 * nothing about the move: its client works elsewhere. Its next Produce or Fetch makes it one.
 *
 * Home was ready: a connection that a client opened here although its zone had been ready for
 * `stable_for` is left alone for `home_ready_wait`: what its client chose then it would choose
 * again, or its metadata are old and it will come home by itself. Not so what a client opened
 * between its first move and soon after its latest: there another move helps. Nor what a client
 * opened that was not moved yet, was here before home was ready, and has not asked for metadata
 * since: it did not choose, it only reconnected.
 *
 * Busy: of a library that does not miss a connection which it does not use (plan.busy) only one
 * goes that has carried data within RZ_BUSY_NS. The others wait (LISTENING).
 *
 * Listening: a connection on which no request came while its move waited keeps its place in the
 * queue, and takes no rate or turn from anybody, until a request of its is seen (then it is a
 * candidate as before) or `listen` is over (then it was let go).
 *
 * Memory is bounded: clients by `clients_max` (client.h says who is forgotten first, and what
 * happens if nobody may be), the queue by the candidates of one tick.
 */
#ifndef RZ_POLICY_SELECT_H
#define RZ_POLICY_SELECT_H

#include "policy/candidate.h"
#include "policy/client.h"
#include "policy/limits.h"
#include "policy/rows.h"

/* The moment of a tick. */
struct rz_moment {
	uint64_t now_ns;
	double share; /* this node's part of all agents, 0 to 1: of the cluster's rate */
	bool paused;  /* by the operator */
};

/* A reader that works has sent a Fetch within this time: franz-go lets each wait for 5 s. */
#define RZ_BUSY_NS (6 * 1000000000ULL)

struct rz_select; /* the memory of clients, the queue, the breaker and the buckets */

/* `limits` are copied. 0 or -ENOMEM. */
int rz_select_new(const struct rz_limits *limits, struct rz_select **ret);
/* Other limits from now on; what is remembered of clients stays. rates.phase and clients_max stay
 * as they were. */
void rz_select_set_limits(struct rz_select *s, const struct rz_limits *limits);
void rz_select_free(struct rz_select *s); /* takes NULL */

/* Must a tick have this client's connections that are no candidates among its rows? */
bool rz_select_cares(const struct rz_select *s, uint64_t client, const uint8_t addr[16]);

/*
 * Judges all of a tick at once, in an order that is fair: addresses take turns (queue.h). Fills
 * reason of every candidate; a same_zone row gets RZ_REASON_SAME_ZONE, that of a witness means
 * nothing, one that was left behind RZ_REASON_LEFT_BEHIND. In mode observe a connection that would
 * have been moved stays OBSERVING, at no further cost, for as long as it is a candidate. 0 or
 * -ENOMEM (then no row may go: all are OVER_BUDGET).
 */
int rz_select_rows(struct rz_select *s, struct rz_rows *rows, const struct rz_moment *m);
/* The same of rows that stand each by itself. */
int rz_select_run(struct rz_select *s, struct rz_candidate *rows, size_t n,
		  const struct rz_moment *m);

/*
 * When the rest is over of a candidate that the latest run kept for what is remembered of its
 * client (HOME_WAS_READY, COOLING_DOWN, GAVE_UP): up to a second late, 0: nobody knows. The same
 * rules are asked as of later times.
 */
uint64_t rz_select_not_before(struct rz_select *s, const struct rz_candidate *row);

/*
 * May this candidate of an earlier run go now, between two ticks, by its client's next connection
 * (move/catch.h)? NONE: as by a run, but nothing is taken before it went: its close may be tried
 * several times. Then rz_select_moved_late(), before anything else is asked.
 */
enum rz_reason rz_select_late(struct rz_select *s, const struct rz_candidate *row, uint64_t now_ns);
void rz_select_moved_late(struct rz_select *s, const struct rz_candidate *row, uint64_t at_ns);

/* Does anybody wait for a rate alone? Then a tick before the next interval is worth it. */
bool rz_select_backlog(const struct rz_select *s);

/* A move that the latest run allowed, or that an operator asked for, has happened, at this time. */
void rz_select_moved(struct rz_select *s, const struct rz_candidate *row, uint64_t at_ns);

/*
 * A move that the latest run allowed did not happen (the socket was gone, refused): gives the
 * tokens back, takes it out of the client's round, and puts the connection at the end of the
 * queue, so that one which is refused for good holds up nobody.
 */
void rz_select_undo(struct rz_select *s, const struct rz_candidate *row);

/*
 * The same for a move that was begun and let go, because no moment was found in which it would have
 * harmed nobody: the connection cools down for `cooldown`, doubled each time up to `cooldown_max`,
 * for a client that is held again and again could not work. One in which the client said nothing
 * (`silent`) was not kept from anything, and may be met by the next try: it doubles the rest up to
 * eight times only. It begins at `at_ns`.
 */
void rz_select_let_go(struct rz_select *s, const struct rz_candidate *row, bool silent,
		      uint64_t at_ns);

/* The same for a move on which no request came since it began, at `since_ns`, and whose connection
 * is listened to from then on for `listen_ns`. Each such time in vain doubles the rest that
 * follows.
 */
void rz_select_listen(struct rz_select *s, const struct rz_candidate *row, uint64_t since_ns);
/* Nobody is listened to any more: whoever was is a candidate as before. */
void rz_select_listen_no_more(struct rz_select *s);

/* Outcomes of earlier moves that the latest run has found, and those that are due and open (NONE);
 * they live until the next one. */
const struct rz_outcome_row *rz_select_outcomes(const struct rz_select *s, size_t *ret_n);

/* The breaker is open until then, 0: it is closed. `opened`: how often it has been. */
uint64_t rz_select_breaker_until(const struct rz_select *s, unsigned *opened);

/* Clients that are remembered; for tests and metrics. */
size_t rz_select_remembered(const struct rz_select *s);

#endif
