/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AZ tags in a client.id. Pure: no I/O, no allocation.
 *
 * Comes in: the bytes of a client.id. Goes out: zone, opt-in and the other known keys. Called by
 * kern/clients.c, which writes the result to map `clients`; and by tests.
 */
#ifndef RZ_CLIENT_TAGS_H
#define RZ_CLIENT_TAGS_H

#include <stddef.h>

#include <rezone/types.h>

/*
 * Reads WarpStream's grammar (WarpStream docs, "Force Interzone Load Balancing" and "Configure
 * Clients to Eliminate AZ Networking Costs"): elements separated by ',', each key=value, an element
 * without '=' is no tag, any position; keys match exactly, of two values of one tag the first wins.
 * Keys: warpstream_az, ws_az (zone); warpstream_interzone_lb (opt-in, value "true");
 * warpstream_session_id; warpstream_proxy_target, ws_proxy_target, ws_pt; warpstream_agent_group,
 * ws_ag.
 *
 * `len` is the length on the wire (-1: null), `id` holds min(len, RZ_CLIENT_ID_KEPT) bytes of any
 * value. A tag that runs into the cut end of a truncated id does not count: it may be only a part.
 * A value that is too long or, for zones, not of [A-Za-z0-9._-], leaves its field empty.
 * Fills *ret wholly; text in it is safe to print.
 */
void rz_tags_read(const __u8 *id, int len, struct rz_client *ret);

#endif
