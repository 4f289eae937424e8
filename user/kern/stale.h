/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims that were left behind. The segment program gives each claim on an entry back within
 * nanoseconds (bpf/claim.bpf.h). If one is left all the same, no segment of that connection gets
 * through any more, so its entry is forgotten: the next segment makes a new one.
 *
 * Comes in: entries of map `conns` with a claim, as a tick meets them. Goes out: whether the claim
 * is stale. Pure. Called by daemon/pass.c.
 */
#ifndef RZ_KERN_STALE_H
#define RZ_KERN_STALE_H

#include <stdbool.h>
#include <stdint.h>

#include <rezone/conn.h>

#define RZ_STALE_NS   (10 * 1000000000ULL)
#define RZ_STALE_MET  3 /* ticks: a short one after a long one is no proof */
#define RZ_STALE_ROWS 16

/* Claims that are watched. The one that was not met for the longest time makes room. */
struct rz_stale {
	struct rz_stale_row {
		uint64_t cookie, last_request_ns;
		uint64_t since_ns, met_ns;
		uint32_t requests, met;
		uint16_t generation, claim;
	} rows[RZ_STALE_ROWS];
};

/* This entry has a claim. Has it been the same, and nothing changed, for RZ_STALE_NS and at so many
 * ticks? */
bool rz_stale_see(struct rz_stale *s, const struct rz_conn *c, uint64_t now_ns);

#endif
