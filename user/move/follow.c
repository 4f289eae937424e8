// SPDX-License-Identifier: Apache-2.0
/* What becomes of a client that is followed, see follow.h. */
#include "move/follow.h"

uint64_t rz_follow_latest_ns(const struct rz_follow *e)
{
	uint64_t latest_ns = e->first_ns > e->since_ns ? e->first_ns : e->since_ns;

	return e->closed_ns > latest_ns ? e->closed_ns : latest_ns;
}

static bool is_idle(const struct rz_follow *e, uint64_t now_ns)
{
	return now_ns >= rz_follow_latest_ns(e) + e->idle_ns;
}

enum rz_follow_act rz_follow_decide(const struct rz_follow *e, const struct rz_follow_seen *s,
				    uint64_t now_ns)
{
	if (now_ns >= e->until_ns)
		return RZ_FOLLOW_END;
	if (!e->cookie || !s->there || s->left)
		return is_idle(e, now_ns) ? RZ_FOLLOW_END : RZ_FOLLOW_WAIT;
	if (now_ns < e->first_ns + RZ_FOLLOW_WAIT_NS)
		return RZ_FOLLOW_WAIT;
	return e->connections <= RZ_FOLLOW_CLOSES ? RZ_FOLLOW_CLOSE : RZ_FOLLOW_LET_THROUGH;
}
