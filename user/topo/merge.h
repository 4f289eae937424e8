/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One topology from several sources, with a fixed precedence. Pure.
 *
 * Agents: an address that the file names is as the file says, whatever Kubernetes says of it.
 * Aliases: the file's, then the cloud's. This node's zone: its agents' in the EndpointSlices, the
 * setting --zone, the file's `zone`, the node's label, the cloud. Called by daemon/topology.c.
 */
#ifndef RZ_TOPO_MERGE_H
#define RZ_TOPO_MERGE_H

#include "topo/topo.h"

struct rz_merge_in {
	const struct rz_topo *file, *kube; /* NULL: none */
	const char *agents_zone;	   /* of this node's agents in kube, "" */
	const char *setting_zone;	   /* "" */
	const char *label_zone;		   /* of the node object, "" */
	const char *cloud_zone, *cloud_id; /* "" */
	uint8_t file_source, kube_source;  /* what agents are marked with */
};

/*
 * 0 or -ENOMEM; or -E2BIG with a line in why if groups and zones are more than the maps take.
 * *ret_from is a constant text, where the own zone comes from ("" if unknown). Written on success.
 */
int rz_topo_merge(const struct rz_merge_in *in, struct rz_topo **ret, const char **ret_from,
		  char *why, size_t size);

#endif
