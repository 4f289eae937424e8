// SPDX-License-Identifier: Apache-2.0
/*
 * Events of connections that are held for their client's sake (map follow).
 *
 * Comes in: the client's entry, the connection that it is bound to. Goes out: events. Called by
 * daemon/follow.c and catch.c.
 */
#include "daemon/daemon.h"

#include <stdio.h>
#include <bpf/bpf.h>

#include "base/str.h"

struct rz_event rz_daemon_followed_event(const struct rz_daemon *d, enum rz_event_type type,
					 const struct rz_follow *e, const struct rz_conn *c,
					 uint64_t now_ns)
{
	uint64_t held_until_ns = now_ns < e->until_ns ? now_ns : e->until_ns;
	static const struct rz_snapshot none;
	struct rz_event v =
		rz_event_of(type, &none, c->cookie, c->frame.client, &c->tuple, NULL, NULL);
	struct rz_client client;

	if (!bpf_map_lookup_elem(d->maps->clients, &c->frame.client, &client)) {
		rz_str_copy(v.client_id, sizeof(v.client_id), client.id);
		rz_str_copy(v.to_zone, sizeof(v.to_zone), client.zone);
	}
	v.move = e->moved;
	v.held_ms = (uint32_t)((held_until_ns - e->first_ns) / 1000000);
	return v;
}

void rz_daemon_let_through(struct rz_daemon *d, const struct rz_follow *e, const struct rz_conn *c,
			   const char *why, uint64_t now_ns)
{
	struct rz_event v = rz_daemon_followed_event(d, RZ_EVENT_LET_THROUGH, e, c, now_ns);

	snprintf(v.text, sizeof(v.text), "let through after a hold of %u ms: %s", v.held_ms, why);
	rz_daemon_tell(d, &v);
}
