/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One list and watch: the EndpointSlices of one Service or selector, kept current.
 *
 * Comes in: the API server's answers, the time. Goes out: a store of slices, since when it is known
 * to be current, and what is wrong, once, in the log. Called by kube.c.
 *
 * A list, page by page; then a watch from the list's version. The watch's silence proves nothing,
 * so whenever no event and no bookmark came for a third of topology_max_age, names and versions of
 * the slices are listed (PartialObjectMetadata, a few hundred bytes a slice): equal to what we
 * have, they prove it; different, the watch has missed something, and the list is made anew.
 */
#ifndef RZ_SOURCE_TARGET_H
#define RZ_SOURCE_TARGET_H

#include "source/api.h"
#include "source/store.h"

struct rz_kube_target;

/* `newest`: a version that was seen before this process began, 0: none. */
int rz_kube_target_new(const struct rz_kube_api *api, const struct rz_kube_spec *spec,
		       uint64_t newest, struct rz_kube_target **ret);
void rz_kube_target_free(struct rz_kube_target *t); /* takes NULL */

/* Does what is due. Returns when it wants to be called next (CLOCK_MONOTONIC). */
uint64_t rz_kube_target_step(struct rz_kube_target *t, uint64_t now_ns);
/* What is known is in doubt (the clock jumped): list again at once. */
void rz_kube_target_doubt(struct rz_kube_target *t, uint64_t now_ns);

const char *rz_kube_target_label(const struct rz_kube_target *t);
const struct rz_kube_store *rz_kube_target_store(const struct rz_kube_target *t);
bool rz_kube_target_listed(const struct rz_kube_target *t);	   /* at least once, whole */
uint64_t rz_kube_target_proved_ns(const struct rz_kube_target *t); /* 0: never */
uint64_t rz_kube_target_newest(const struct rz_kube_target *t);	   /* version seen, 0 */
/* What is wrong with it, "" if nothing; and whether it is known not to be current now. */
const char *rz_kube_target_fault(const struct rz_kube_target *t);
bool rz_kube_target_bad(const struct rz_kube_target *t);    /* unreadable data came */
bool rz_kube_target_failed(const struct rz_kube_target *t); /* the server cannot be reached */

#endif
