/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of policy/classify.h: a table, walked by the verdict, by a move by hand and by
 * `rezone explain`. Pure. For classify.c alone.
 *
 * Comes in: a view of one connection. Goes out: the first rule that fails, or what each rule says.
 */
#ifndef RZ_POLICY_RULES_H
#define RZ_POLICY_RULES_H

#include "policy/classify.h"
#include "policy/library.h"

/* What is looked up once and asked by several rules. */
struct rz_view {
	const struct rz_judged_conn *c;
	const struct rz_world *w;
	const struct rz_topo_agent *agent; /* NULL: the local address is no agent's */
	bool ambiguous; /* ... or nobody can tell whose: it is in several network namespaces */
	const struct rz_topo_zone
		*there;		 /* the client's zone in the agent's group; NULL: no agent in it */
	const char *client_zone; /* canonical; NULL if neither tag nor address tells */
	bool by_address;	 /* the address tells, there is no tag */
	const char *agent_zone;	 /* NULL if unknown */
	enum rz_kind kind;
	struct rz_library_way way;
	bool ask;   /* the agent's versions may tell that its library bears more (policy/offer.h) */
	bool probe; /* a probe may tell that its library bears more (move/wait.h) */
};

/* The reason of the first rule that fails, NONE if none does; where that is PARKED, of the first
 * one behind it that lasts, if any. `by_hand`: of those that protect. */
enum rz_reason rz_rules_first(const struct rz_view *v, bool by_hand);

/* Does one of them fail in a way that lasts: not mended by time, nor by any request that is yet to
 * come? Then the connection is parked. A connection of which too little is known fails in no such
 * way. */
bool rz_rules_last(const struct rz_view *v);

/*
 * The same two answers by the rules alone that look at nothing but what alike connections have in
 * common (kern/alike.h): the client, where both ends are, and the connection's state. They come
 * first in the order. False: they do not decide, and the others have to be asked.
 */
bool rz_rules_early(const struct rz_view *v, enum rz_reason *ret, bool *ret_lasts);

/* What every rule says, in their order. Returns how many there are. */
size_t rz_rules_all(const struct rz_view *v, struct rz_rule_answer ret[RZ_RULES_MAX]);

/* Until when its library is to bring home a client that is left to it. v->there must be known. */
uint64_t rz_rules_expected_ns(const struct rz_view *v);

#endif
