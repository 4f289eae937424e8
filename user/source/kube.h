/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes as a source of the topology: all targets together.
 *
 * Comes in: settings, the event loop. Goes out: a topology, whenever it changed, and one row for
 * each Service or selector that says how far it can be trusted. Called by tell.c.
 */
#ifndef RZ_SOURCE_KUBE_H
#define RZ_SOURCE_KUBE_H

#include "base/loop.h"
#include "source/credential.h"
#include "source/slice.h"
#include "source/spec.h"
#include "topo/source.h"
#include "topo/topo.h"

struct rz_kube_conf {
	const char *services, *selectors;
	const char *server;			/* https://10.0.0.1:443 */
	const struct rz_credential *token, *ca; /* stay the caller's */
	const char *port_name;
	const char *node_name;	/* "" */
	const char *zone_label; /* asked of the node object; NULL: it is not asked */
	uint64_t max_age_ns, empty_confirm_ns;
	/* what the process before this one knew: targets that had agents, versions it has seen */
	bool full[RZ_KUBE_GROUPS_MAX];
	uint64_t newest[RZ_KUBE_GROUPS_MAX];
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
uint64_t rz_kube_number(const struct rz_kube *k); /* another one with each topology; 0: none yet */
const char *rz_kube_own_zone(const struct rz_kube *k);	 /* of this node's agents, "" */
const char *rz_kube_label_zone(const struct rz_kube *k); /* of the node object, "" */
size_t rz_kube_rows(const struct rz_kube *k, struct rz_source_row *rows, size_t max);
/* The newest version of a target's that was ever seen, 0: none. */
uint64_t rz_kube_newest(const struct rz_kube *k, size_t target);
/* The clock jumped: everything is to be proved anew. */
void rz_kube_doubt(struct rz_kube *k);

#endif
