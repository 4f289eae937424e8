// SPDX-License-Identifier: Apache-2.0
/* Claims that were left behind, see stale.h. */
#include "kern/stale.h"

#include <stddef.h>

/* The row of this connection, else the one to be used for it. */
static struct rz_stale_row *find(struct rz_stale *s, uint64_t cookie)
{
	struct rz_stale_row *oldest = &s->rows[0];
	size_t i;

	for (i = 0; i < RZ_STALE_ROWS; i++) {
		if (s->rows[i].cookie == cookie)
			return &s->rows[i];
		if (s->rows[i].met_ns < oldest->met_ns)
			oldest = &s->rows[i];
	}
	return oldest;
}

static bool is_same(const struct rz_stale_row *r, const struct rz_conn *c)
{
	return r->cookie == c->cookie && r->claim == c->claim &&
	       r->generation == c->frame.generation && r->requests == c->frame.requests &&
	       r->last_request_ns == c->last_request_ns;
}

bool rz_stale_see(struct rz_stale *s, const struct rz_conn *c, uint64_t now_ns)
{
	struct rz_stale_row *r = find(s, c->cookie);

	if (!is_same(r, c))
		*r = (struct rz_stale_row){.cookie = c->cookie,
					   .last_request_ns = c->last_request_ns,
					   .since_ns = now_ns,
					   .requests = c->frame.requests,
					   .generation = c->frame.generation,
					   .claim = c->claim};
	r->met++;
	r->met_ns = now_ns;
	return r->met >= RZ_STALE_MET && now_ns - r->since_ns >= RZ_STALE_NS;
}
