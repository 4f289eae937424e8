/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of a target's slices, page by page.
 *
 * Comes in: the API server's answers. Goes out: a whole list in `fresh`, or why there is none, by a
 * call of `ended`. Called by target.c.
 */
#ifndef RZ_SOURCE_LIST_H
#define RZ_SOURCE_LIST_H

#include "source/standing.h"
#include "source/store.h"

enum rz_kube_list_end {
	RZ_KUBE_LIST_DONE,   /* `fresh` has all slices of version `version` */
	RZ_KUBE_LIST_AGAIN,  /* begin anew at once: in smaller pages */
	RZ_KUBE_LIST_FAILED, /* the server cannot be reached, or refuses */
	RZ_KUBE_LIST_BAD,    /* it sent what cannot be read */
};

struct rz_kube_list {
	const struct rz_kube_api *api;
	const struct rz_kube_slices *slices;
	struct rz_kube_standing *standing; /* learns of Retry-After alone */
	/* The request is over; the next one may be begun from here. `fault`: of FAILED and BAD. */
	void (*ended)(void *arg, enum rz_kube_list_end end, const char *fault);
	void *arg;

	struct rz_http_req *req; /* NULL: none is under way */
	struct rz_kube_store *fresh;
	char version[RZ_KUBE_VERSION_SIZE];
	unsigned page_slices;
	uint64_t began_ns;
};

int rz_kube_list_init(struct rz_kube_list *l); /* the pointers are set by then; 0 or -ENOMEM */
void rz_kube_list_clear(struct rz_kube_list *l);
void rz_kube_list_begin(struct rz_kube_list *l);
void rz_kube_list_stop(struct rz_kube_list *l); /* `ended` is not called */

#endif
