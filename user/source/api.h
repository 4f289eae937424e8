/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of the API server, and how its refusals are worded.
 *
 * Comes in: which slices, and whom to call with the answer. Goes out: HTTP requests; a line for an
 * answer that cannot be used, with how to mend it. Called by list.c, watch.c, proof.c and, for the
 * node's object, kube.c. Knows none of them.
 */
#ifndef RZ_SOURCE_API_H
#define RZ_SOURCE_API_H

#include "source/credential.h"
#include "source/http.h"
#include "source/slice.h"

/* The server, and what all its targets share. */
struct rz_kube_api {
	struct rz_http *http;
	char *server; /* https://10.0.0.1:443 */
	/* read again for each request, so that a rotated one counts */
	const struct rz_credential *token, *ca;
	struct rz_kube_form form;
	uint64_t max_age_ns;
	void (*changed)(void *arg); /* a store changed, or how far it can be trusted */
	void *arg;
};

/* The slices of one target. */
struct rz_kube_slices {
	char *ns;
	char *selector;	       /* fit for a URL */
	bool fresh_connection; /* the open one may be dead: ask on another */
};

struct rz_kube_ask {
	const struct rz_kube_slices *slices;
	const char *next;    /* list and names: the continue token, NULL for the first page */
	unsigned limit;	     /* of slices a page */
	const char *version; /* watch: where it begins */
	int (*on_data)(void *arg, const char *bytes, size_t n); /* watch */
	void (*on_done)(void *arg, const struct rz_http_answer *a);
	void *arg;
	char *why; /* RZ_KUBE_WHY_SIZE: why it cannot be asked */
};

/* Each returns 0, or -errno with a line in ask->why. */
int rz_kube_api_list(const struct rz_kube_api *api, const struct rz_kube_ask *ask,
		     struct rz_http_req **ret);
/* Names and versions alone (PartialObjectMetadata): a few hundred bytes a slice. */
int rz_kube_api_names(const struct rz_kube_api *api, const struct rz_kube_ask *ask,
		      struct rz_http_req **ret);
int rz_kube_api_watch(const struct rz_kube_api *api, const struct rz_kube_ask *ask,
		      struct rz_http_req **ret);
/* A node's object. */
int rz_kube_api_node(const struct rz_kube_api *api, const char *name,
		     void (*done)(void *arg, const struct rz_http_answer *a), void *arg,
		     struct rz_http_req **ret);

/* How long an answer may take to come. */
uint64_t rz_kube_api_time_out_ms(const struct rz_kube_api *api);
/* For what all nodes must not do at the same moment. */
uint32_t rz_kube_api_random(void);

/* A line for an answer that cannot be used, with how to mend it. `what` was asked: "list". */
void rz_kube_api_fault(const struct rz_kube_api *api, const char *what,
		       const struct rz_http_answer *a, char *dst, size_t size);
/* Adds to `why` (RZ_KUBE_WHY_SIZE) what kind of answer it was. */
void rz_kube_api_bad(char *why, const struct rz_http_answer *a);

#endif
