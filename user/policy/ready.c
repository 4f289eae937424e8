// SPDX-License-Identifier: Apache-2.0
/* May clients be moved into a zone now? See ready.h. Pure. */
#include "policy/ready.h"

bool rz_ready_is_too_few(const struct rz_topo_zone *z, const struct rz_settings *s)
{
	return !z || !z->ready || z->ready < s->min_agents;
}

uint64_t rz_ready_stable_ns(const struct rz_topo_zone *z, const struct rz_settings *s)
{
	return z->ready_since_ns ? z->ready_since_ns + s->stable_for_ns : 0;
}

bool rz_ready_is_stable(const struct rz_topo_zone *z, const struct rz_settings *s, uint64_t now_ns)
{
	uint64_t stable_ns = rz_ready_stable_ns(z, s);

	return stable_ns && now_ns >= stable_ns;
}

bool rz_ready_topology_is_stale(const struct rz_settings *s, const struct rz_status *status,
				uint64_t now_ns)
{
	return status->frozen || !status->topology_proved_ns ||
	       now_ns > status->topology_proved_ns + s->topology_max_age_ns;
}

enum rz_reason rz_ready_reason(const struct rz_topo_zone *z, const struct rz_settings *s,
			       const struct rz_status *status, uint64_t now_ns)
{
	if (rz_ready_is_too_few(z, s))
		return RZ_REASON_NO_AGENT_THERE;
	if (!rz_ready_is_stable(z, s, now_ns))
		return RZ_REASON_ZONE_NOT_STABLE;
	return rz_ready_topology_is_stale(s, status, now_ns) ? RZ_REASON_TOPOLOGY_STALE
							     : RZ_REASON_NONE;
}
