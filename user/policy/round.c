// SPDX-License-Identifier: Apache-2.0
/* Rounds of moves, see round.h. */
#include "policy/round.h"

uint64_t rz_round_rest(const struct rz_limits *l, unsigned futile)
{
	uint64_t ns = l->cooldown_ns;

	while (ns && futile-- && ns < l->cooldown_max_ns)
		ns *= 2;
	return ns < l->cooldown_max_ns ? ns : l->cooldown_max_ns;
}

bool rz_round_given_up(const struct rz_limits *l, const struct rz_round *r)
{
	return l->give_up_after && r->futile >= l->give_up_after;
}

unsigned rz_round_turn(const struct rz_limits *l, const struct rz_round *r, unsigned together,
		       unsigned gone)
{
	double n = l->client_share * ((double)together + gone);

	return r->futile || !together || n < 1 ? 1 : (unsigned)n;
}

bool rz_round_go(const struct rz_limits *l, struct rz_round *r, uint64_t now_ns)
{
	bool first = !r->open || now_ns >= r->until_ns;

	r->moved_ns = now_ns;
	if (!first)
		return false;
	r->began_ns = now_ns;
	r->open = true;
	r->until_ns = now_ns + rz_round_rest(l, r->futile);
	return true;
}

/* The round, or its latest move, counts from when the client saw it: a connection that the client
 * opened while an older one waited for a gap was not brought back by the move. */
void rz_round_moved(struct rz_round *r, bool first, uint64_t now_ns, uint64_t at_ns)
{
	if (at_ns < now_ns)
		return;
	r->moved_ns = at_ns;
	if (!first)
		return;
	r->began_ns = at_ns;
	r->until_ns += at_ns - now_ns;
}

/* A candidate weighs more than a connection at home: the client may have both. */
void rz_round_judge(const struct rz_limits *l, struct rz_round *r, bool away, bool home,
		    uint64_t now_ns)
{
	uint64_t plain = r->moved_ns + rz_round_rest(l, 0);

	if (away) {
		if (!r->open || now_ns < r->until_ns)
			return; /* found futile already, or the client may still come home */
		r->open = false;
		r->futile++;
		r->until_ns = rz_round_given_up(l, r) ? now_ns + l->give_up_for_ns
						      : r->moved_ns + rz_round_rest(l, r->futile);
	} else if (home) {
		r->futile = 0;
		if (r->until_ns > plain)
			r->until_ns = plain;
	}
}
