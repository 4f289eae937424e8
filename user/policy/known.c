// SPDX-License-Identifier: Apache-2.0
/* Which library a connection's client is, see known.h. */
#include "policy/known.h"

#include "kern/named.h"
#include "policy/library.h"

static void by_others(struct rz_known *k, const struct rz_snapshot *snap, const struct rz_conn *c,
		      const struct rz_print *p)
{
	const struct rz_software *sibling = rz_named_find(snap, c);
	rz_print_names prints = p ? rz_print_match(p) : 0;

	if (sibling && rz_library_contradicts(sibling, prints))
		return;
	k->software = sibling;
	if (sibling) {
		k->by = RZ_KNOWN_SIBLING;
	} else if (prints) {
		k->by = RZ_KNOWN_FINGERPRINT;
		k->prints = prints;
	}
}

/* One that was seen to begin without a name has none: it is a library that never says one, or none
 * that is known here. */
static void by_print_without_name(struct rz_known *k, const struct rz_print *p)
{
	rz_print_names prints = p ? rz_print_match(p) : 0;
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++)
		if (prints >> i & 1 && rz_print_says_name(i))
			return;
	if (!prints)
		return;
	k->by = RZ_KNOWN_FINGERPRINT;
	k->prints = prints;
}

struct rz_known rz_known_library(const struct rz_snapshot *snap, const struct rz_conn *c)
{
	const struct rz_print *p = rz_snapshot_print(snap, c);
	struct rz_known k = {.idempotent = rz_print_is_idempotent(p)};

	/* what it said and could not be kept is not guessed: it may be any library */
	if (c->frame.software) {
		k.software = rz_snapshot_software(snap, c);
		k.by = k.software ? RZ_KNOWN_SAID : RZ_KNOWN_UNKNOWN;
	} else if (!c->frame.tentative && !c->frame.several) {
		if (c->frame.adopted)
			by_others(&k, snap, c, p);
		else
			by_print_without_name(&k, p);
	}
	return k;
}
