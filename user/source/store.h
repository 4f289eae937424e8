/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EndpointSlices of one Service or selector, and what they add up to. Pure.
 *
 * Comes in: slices, from lists and watch events (slice.h). Goes out: struct rz_topo, with each pod
 * counted once however many slices, address families and Services name it; and what contradicts
 * itself. Called by target.c, list.c, proof.c
 * and kube.c.
 */
#ifndef RZ_SOURCE_STORE_H
#define RZ_SOURCE_STORE_H

#include "source/slice.h"
#include "topo/topo.h"

struct rz_kube_store; /* slices by name */

int rz_kube_store_new(struct rz_kube_store **ret);
void rz_kube_store_free(struct rz_kube_store *s); /* takes NULL */

/* Takes one slice over (frees it on failure too), in place of an older one of its name. 0/-ENOMEM.
 */
int rz_kube_store_set(struct rz_kube_store *s, struct rz_kube_slice *slice);
/* Likewise all of a page. */
int rz_kube_store_take(struct rz_kube_store *s, struct rz_kube_page *p);
void rz_kube_store_clear(struct rz_kube_store *s);
void rz_kube_store_delete(struct rz_kube_store *s, const char *name);
/* Moves all of `from` over: what it has not is gone. `from` is empty afterwards. */
void rz_kube_store_replace(struct rz_kube_store *s, struct rz_kube_store *from);

size_t rz_kube_store_slices(const struct rz_kube_store *s);
size_t rz_kube_store_endpoints(const struct rz_kube_store *s);
/* True if it holds exactly the slices that `names` has (name, uid, version). */
bool rz_kube_store_equals(const struct rz_kube_store *s, const struct rz_kube_store *names);

struct rz_kube_group {
	const struct rz_kube_store *store;
	const char *group;
};

/* What was noticed while adding up. */
struct rz_kube_sum {
	char own_zone[RZ_ZONE_SIZE]; /* of the endpoints on this node, "" if none has one */
	char contradiction[256];     /* "" if there is none */
	size_t agents_of[RZ_KUBE_GROUPS_MAX], ready_of[RZ_KUBE_GROUPS_MAX]; /* pods, by group */
	uint32_t left_out_of[RZ_KUBE_GROUPS_MAX]; /* what is of no use, and the first of it */
	char left_out_why[RZ_KUBE_GROUPS_MAX][RZ_KUBE_LEFT_OUT_SIZE];
};

/*
 * Adds up `n` groups, at most RZ_KUBE_GROUPS_MAX. Where two of them name one address, the first
 * one has it. Zone names are as the API server has them, not yet through aliases; an agent may have
 * none. 0 or -ENOMEM; written on success only.
 */
int rz_kube_build(const struct rz_kube_group *groups, size_t n, struct rz_topo **ret,
		  struct rz_kube_sum *sum);

#endif
