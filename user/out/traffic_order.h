/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a traffic report in an order, and added up by one thing alone. Pure.
 *
 * Comes in: a report (out/traffic.h). Goes out: the same in another order; or groups, as a table or
 * JSON (docs/json.md). Called by cmd/traffic.c.
 */
#ifndef RZ_OUT_TRAFFIC_ORDER_H
#define RZ_OUT_TRAFFIC_ORDER_H

#include "out/traffic.h"

/* In the words' order; the greatest first, but for the last. */
enum rz_traffic_sort {
	RZ_TRAFFIC_SORT_BYTES, /* the default */
	RZ_TRAFFIC_SORT_RX,
	RZ_TRAFFIC_SORT_TX,
	RZ_TRAFFIC_SORT_OPEN,
	RZ_TRAFFIC_SORT_CLOSED,
	RZ_TRAFFIC_SORT_NAME, /* of the zones; of the client.id */
	RZ_TRAFFIC_SORT_COUNT,
};
extern const char *const rz_traffic_sort_words[]; /* NULL-terminated */

void rz_traffic_order(struct rz_traffic_report *r, const struct rz_snapshot *snap,
		      enum rz_traffic_sort by);

enum rz_traffic_group {
	RZ_TRAFFIC_GROUP_CLIENT_ID,
	RZ_TRAFFIC_GROUP_ZONES, /* of client and agent */
	RZ_TRAFFIC_GROUP_CLIENT_ZONE,
	RZ_TRAFFIC_GROUP_AGENT_ZONE,
	RZ_TRAFFIC_GROUP_LOCALITY,
	RZ_TRAFFIC_GROUP_COUNT,
};
extern const char *const rz_traffic_group_words[]; /* NULL-terminated */

/* Prints the groups, the one with the most bytes first, at most r->limit (0: all). 0 or -ENOMEM. */
int rz_traffic_groups_print(FILE *f, const struct rz_snapshot *snap,
			    const struct rz_traffic_report *r, enum rz_traffic_group by, bool json);

#endif
