// SPDX-License-Identifier: Apache-2.0
/* Which connections are parked, see park.h. Pure. */
#include "policy/park.h"

#include "kern/snapshot.h"

/* Since when its requests are read without a break. */
static uint64_t read_since_ns(const struct rz_conn *c)
{
	return c->park_cs ? rz_conn_time_ns(c, c->park_cs) : c->opened_ns;
}

bool rz_park_is_known(const struct rz_conn *c, uint64_t after_ns, uint64_t now_ns)
{
	uint64_t read_ns = after_ns && after_ns < RZ_PARK_READ_NS ? after_ns : RZ_PARK_READ_NS;

	if (c->park == RZ_PARK_NO)
		return true;
	return c->park == RZ_PARK_ENDED && !c->frame.unseen && now_ns >= read_since_ns(c) + read_ns;
}

/* TLS, or no Kafka: no request of it is read in any case. */
static bool is_settled(const struct rz_frame *f)
{
	return f->state == RZ_STATE_TLS || f->state == RZ_STATE_NOT_KAFKA ||
	       f->state == RZ_STATE_MPTCP;
}

/* Was enough of it read to know what it is? */
static bool is_learned(const struct rz_conn *c, uint64_t after_ns, uint64_t now_ns)
{
	const struct rz_frame *f = &c->frame;

	if (now_ns < read_since_ns(c) + after_ns)
		return false;
	return is_settled(f) || (f->requests >= RZ_PARK_REQUESTS && !f->unseen);
}

enum rz_park rz_park_next(const struct rz_conn *c, bool lasts, uint64_t after_ns, uint64_t now_ns)
{
	bool may = lasts && after_ns;

	switch (c->park) {
	case RZ_PARK_NO:
		return may && is_learned(c, after_ns, now_ns) ? RZ_PARK_WANTED : RZ_PARK_NO;
	case RZ_PARK_ENDED:
		return rz_park_is_known(c, after_ns, now_ns) ? RZ_PARK_NO : RZ_PARK_ENDED;
	case RZ_PARK_WANTED:
		return may ? RZ_PARK_WANTED : RZ_PARK_NO;
	default:
		return may ? RZ_PARK_PARKED : RZ_PARK_ENDING;
	}
}
