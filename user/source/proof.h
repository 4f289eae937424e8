/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof beside a watch: which slices there are, by name and version.
 *
 * Comes in: the API server's answers. Goes out: all names in `names`, by a call of `ended`; whether
 * they are what the store has is for target.c to say. What goes wrong is noted, and the proof is
 * due again a little later. Called by target.c.
 */
#ifndef RZ_SOURCE_PROOF_H
#define RZ_SOURCE_PROOF_H

#include "source/standing.h"
#include "source/store.h"

struct rz_kube_proof {
	const struct rz_kube_api *api;
	struct rz_kube_slices *slices;	   /* the proof that failed asks for a fresh connection */
	struct rz_kube_standing *standing; /* prove_at_ns, and faults */
	void (*ended)(void *arg);	   /* all names are there */
	void *arg;

	struct rz_http_req *req; /* NULL: none is under way */
	struct rz_kube_store *names;
	char version[RZ_KUBE_VERSION_SIZE];
	uint64_t began_ns;
	uint64_t newest; /* the standing's, when it began */
};

int rz_kube_proof_init(struct rz_kube_proof *p); /* the pointers are set by then; 0 or -ENOMEM */
void rz_kube_proof_clear(struct rz_kube_proof *p);
void rz_kube_proof_begin(struct rz_kube_proof *p);
void rz_kube_proof_stop(struct rz_kube_proof *p); /* `ended` is not called */
void rz_kube_proof_later(struct rz_kube_proof *p, uint64_t ns);

#endif
