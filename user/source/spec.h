/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings --kube-service and --kube-selector: which EndpointSlices, and the group that their
 * agents are. Pure.
 *
 * Comes in: a text. Goes out: a row for each Service or selector. Called by conf/conf.c, which
 * refuses a wrong one, by daemon/reporter.c, which names the sources, and by kube.c, which asks.
 */
#ifndef RZ_SOURCE_SPEC_H
#define RZ_SOURCE_SPEC_H

#include <stddef.h>

#include <rezone/types.h>

#define RZ_KUBE_GROUPS_MAX 16 /* Services and selectors */

/* One Service or label selector, and the group its agents are. */
struct rz_kube_spec {
	char ns[64];
	char selector[256];
	char label[128]; /* for people */
	char group[RZ_GROUP_SIZE];
};

/*
 * "NAMESPACE/SERVICE[=GROUP][@ROLE+ROLE],..." and "GROUP[@ROLE+ROLE]:NAMESPACE:SELECTOR;...";
 * either may be NULL. rows has room for RZ_KUBE_GROUPS_MAX. 0, or -EINVAL with a line.
 */
int rz_kube_specs_parse(const char *services, const char *selectors, struct rz_kube_spec *rows,
			size_t *ret_n, char *why, size_t size);

#endif
