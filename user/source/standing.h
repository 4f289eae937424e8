/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far one target is known to be current, and what is wrong with it.
 *
 * Comes in: what list, watch and proof saw. Goes out: since when the store is proved, the fault,
 * once in the log, and how long to wait until the next try. Called by target.c, list.c, watch.c
 * and proof.c. Knows none of them.
 */
#ifndef RZ_SOURCE_STANDING_H
#define RZ_SOURCE_STANDING_H

#include "source/api.h"

struct rz_kube_standing {
	const struct rz_kube_api *api;
	char label[128];		    /* the target's, for people */
	uint64_t proved_ns;		    /* it was current then, 0: never */
	uint64_t prove_at_ns;		    /* when the next proof is due */
	bool failed;			    /* the server cannot be reached */
	bool bad;			    /* unreadable data came */
	char fault[RZ_KUBE_WHY_SIZE + 128]; /* "" if nothing is wrong */

	unsigned tries;		 /* without an answer that could be used */
	uint64_t retry_after_ns; /* asked for by the latest answer; 0 once it was waited for */

	uint64_t newest; /* version that was ever seen, 0: none */
	uint64_t older_since_ns,
		older_first; /* answers are older than that since then, from this one */
};

void rz_kube_standing_tell(const struct rz_kube_standing *s); /* there is news */
/* A fault: in the log if it is another than before. */
void rz_kube_standing_note(struct rz_kube_standing *s, const char *fault);
/* What is in the store was current at `at_ns`. */
void rz_kube_standing_proved(struct rz_kube_standing *s, uint64_t at_ns);
/* How long to wait until the next try; each call is one try. */
uint64_t rz_kube_standing_backoff(struct rz_kube_standing *s);

/* A version was seen. */
void rz_kube_standing_saw(struct rz_kube_standing *s, const char *version);
/* Is an answer of this version older than `newest`, which was seen before it was asked for? Then it
 * proves nothing, and `fault` (RZ_KUBE_WHY_SIZE) says so of `what`. */
bool rz_kube_standing_older(struct rz_kube_standing *s, const char *what, const char *version,
			    uint64_t newest, char *fault);

#endif
