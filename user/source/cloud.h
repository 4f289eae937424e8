/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This node's zone from the cloud's metadata service.
 *
 * Comes in: which cloud. Goes out: the zone's name
 * and, on AWS, its id. Asked until it answers once, for a machine's zone never changes. Called by
 * tell.c. Shapes: AWS EC2 user guide "Instance metadata" (IMDSv2: a PUT for a token, its
 * answer with a hop limit; placement/availability-zone and availability-zone-id); GCP "VM metadata"
 * (instance/zone, header Metadata-Flavor); Azure "Instance Metadata Service" (compute: location,
 * zone).
 */
#ifndef RZ_SOURCE_CLOUD_H
#define RZ_SOURCE_CLOUD_H

#include "base/loop.h"
#include "source/vendor.h"
#include "topo/source.h"

struct rz_cloud_conf {
	enum rz_cloud_which which; /* as rz_vendor_cloud() has it */
	const char *url;	   /* of the metadata service, NULL: the cloud's own */
};

struct rz_cloud;
typedef void (*rz_cloud_fn)(void *arg);

/* *ret stays NULL for RZ_CLOUD_OFF. `learned` is called when the zone is known. */
int rz_cloud_new(const struct rz_cloud_conf *c, struct rz_loop *loop, rz_cloud_fn learned,
		 void *arg, struct rz_cloud **ret);
void rz_cloud_free(struct rz_cloud *c); /* takes NULL */

const char *rz_cloud_zone(const struct rz_cloud *c); /* "" until it is known; c may be NULL */
const char *rz_cloud_id(const struct rz_cloud *c);   /* AWS's id of the same zone, "" */
/* False if there is none (c is NULL). */
bool rz_cloud_row(const struct rz_cloud *c, struct rz_source_row *row);

#endif
