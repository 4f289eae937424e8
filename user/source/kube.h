/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes as a source of the topology: all targets together.
 *
 * Comes in: settings, the event loop. Goes out: a topology, whenever it changed, and one row for
 * each Service or selector that says how far it can be trusted. Called by daemon/topology.c. In a
 * build with WITH_KUBE=0, without.c stands in, and says so.
 */
#ifndef RZ_SOURCE_KUBE_H
#define RZ_SOURCE_KUBE_H

#include "base/loop.h"
#include "source/slice.h"
#include "topo/source.h"
#include "topo/topo.h"

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

struct rz_kube_conf {
	const char *services, *selectors;
	const char *server, *token_file, *ca_file; /* NULL: as in a pod */
	const char *port_name;
	const char *node_name;	/* "" */
	const char *zone_label; /* asked of the node object; NULL: it is not asked */
	uint64_t max_age_ns, empty_confirm_ns;
};

struct rz_kube;
typedef void (*rz_kube_fn)(void *arg);

/* Begins to list. `changed` is called, at most ten times a second, when there is news. */
int rz_kube_new(const struct rz_kube_conf *c, struct rz_loop *loop, rz_kube_fn changed, void *arg,
		struct rz_kube **ret);
void rz_kube_free(struct rz_kube *k); /* takes NULL */

/* What is known now; NULL until everything was listed once. Agents' `source` is their target's
 * number. Lives until the next call of `changed`. */
const struct rz_topo *rz_kube_topo(const struct rz_kube *k);
const char *rz_kube_own_zone(const struct rz_kube *k);	 /* of this node's agents, "" */
const char *rz_kube_label_zone(const struct rz_kube *k); /* of the node object, "" */
size_t rz_kube_rows(const struct rz_kube *k, struct rz_source_row *rows, size_t max);
/* The clock jumped: everything is to be proved anew. */
void rz_kube_doubt(struct rz_kube *k);

#endif
