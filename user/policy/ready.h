/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May clients be moved into a zone now: are its agents ready, for long enough, and is that known?
 * Pure.
 *
 * Comes in: a zone of a group (`z` NULL: no agent is in it), settings, what the daemon knows of the
 * topology, the time. Goes out: yes or no, and the reason. Called by policy/rules.c, policy/tick.c
 * and `rezone topology` (out/topology.c).
 */
#ifndef RZ_POLICY_READY_H
#define RZ_POLICY_READY_H

#include <rezone/ipc.h>

#include "policy/reason.h"
#include "topo/topo.h"

bool rz_ready_is_too_few(const struct rz_topo_zone *z, const struct rz_settings *s);

/* From when on the zone counts (--stable-for); 0: nobody knows. */
uint64_t rz_ready_stable_ns(const struct rz_topo_zone *z, const struct rz_settings *s);
bool rz_ready_is_stable(const struct rz_topo_zone *z, const struct rz_settings *s, uint64_t now_ns);

/* The topology is frozen, or was last proved too long ago. */
bool rz_ready_topology_is_stale(const struct rz_settings *s, const struct rz_status *status,
				uint64_t now_ns);

/* The first of these that speaks against it: NONE, NO_AGENT_THERE, ZONE_NOT_STABLE,
 * TOPOLOGY_STALE. */
enum rz_reason rz_ready_reason(const struct rz_topo_zone *z, const struct rz_settings *s,
			       const struct rz_status *status, uint64_t now_ns);

#endif
