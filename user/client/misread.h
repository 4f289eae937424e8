/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an agent may read a client's zone otherwise than rezone does, so that it would show the
 * client other agents than rezone expects. docs/dialects.md has the same cases, with what is known
 * of each system. Pure.
 *
 * Comes in: a client.id, what rezone read in it, the topology. Goes out: a set of cases. Called by
 * cmd/explain.c.
 */
#ifndef RZ_CLIENT_MISREAD_H
#define RZ_CLIENT_MISREAD_H

#include "client/tags.h"
#include "topo/topo.h"

enum rz_misread {
	RZ_MISREAD_PREFIX,
	RZ_MISREAD_SUFFIX,
	RZ_MISREAD_BAR,
	RZ_MISREAD_OPT_IN,
	RZ_MISREAD_TWICE,
	RZ_MISREAD_DIALECTS,
	RZ_MISREAD_CUSTOM,
	RZ_MISREAD_TRUNCATED,
	RZ_MISREAD_CASE,
	RZ_MISREAD_ALIAS,
	RZ_MISREAD_ADDRESS,
	RZ_MISREAD_COUNT,
};

/* A bit, 1 << enum rz_misread, for each case that holds. `len`: as in rz_tags_read(). `zone`: the
 * client's zone as rezone takes it, "": not known; `by_address`: by a CIDR block. */
unsigned rz_misread_find(const __u8 *id, int len, const struct rz_tags_custom *custom,
			 const struct rz_topo *topo, const char *zone, bool by_address);

const char *rz_misread_name(enum rz_misread m); /* prefix suffix bar opt-in twice ... */
/* What rezone does, and what an agent may do: a sentence without a stop. */
const char *rz_misread_text(enum rz_misread m);

#endif
