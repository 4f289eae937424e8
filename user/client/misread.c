// SPDX-License-Identifier: Apache-2.0
/* Where an agent may read an id otherwise, see misread.h. */
#include "client/misread.h"

#include <ctype.h>
#include <string.h>

static const struct {
	const char *name, *text;
} cases[] = {
	[RZ_MISREAD_PREFIX] = {"prefix",
			       "rezone passes over a text before the first key (Kafka Connect puts "
			       "its group there); an agent may see another key there, and no tag"},
	[RZ_MISREAD_SUFFIX] = {"suffix",
			       "rezone cuts off what a framework appended to the zone at the id's "
			       "end, as Inkless does; an agent may take all of it for the zone"},
	[RZ_MISREAD_BAR] =
		{"bar", "rezone ends the zone at the bar that MirrorMaker 2 appends, as Inkless "
			"does; an agent may take the bar and the rest for a part of it"},
	[RZ_MISREAD_OPT_IN] =
		{"opt-in", "rezone takes \"true-...\" for an opt-in; an agent may take \"true\" "
			   "alone"},
	[RZ_MISREAD_TWICE] = {"twice",
			      "the zone stands there twice, and rezone takes the first, as AutoMQ "
			      "does; an agent may take the last"},
	[RZ_MISREAD_DIALECTS] = {"dialects",
				 "several systems' tags name a zone, and rezone takes the first "
				 "dialect's; an agent reads its own"},
	[RZ_MISREAD_CUSTOM] = {"custom",
			       "the zone is read by --zone-keys; an agent may not know that key"},
	[RZ_MISREAD_TRUNCATED] = {"truncated",
				  "rezone reads the first 255 bytes of the id; an agent reads all"},
	[RZ_MISREAD_CASE] = {"case",
			     "the zone has upper-case letters, which rezone takes as they are; an "
			     "agent may take lower-case letters alone for a zone"},
	[RZ_MISREAD_ALIAS] = {"alias",
			      "the topology says that this is another name of the zone; an agent "
			      "may know its zone by the other name only"},
	[RZ_MISREAD_ADDRESS] =
		{"address", "the zone is known by the address; an agent knows it only if it was "
			    "given the same blocks"},
};
_Static_assert(sizeof(cases) / sizeof(cases[0]) == RZ_MISREAD_COUNT, "a text for each case");

static bool has_upper(const char *s)
{
	while (*s && !isupper((unsigned char)*s))
		s++;
	return *s != '\0';
}

static unsigned bit(enum rz_misread m, bool holds)
{
	return holds ? 1U << m : 0;
}

/* The name in the id is not the zone that it stands for. */
static unsigned by_name(const struct rz_client *c, const struct rz_topo *topo, const char *zone)
{
	const char *canonical = rz_zone_canonical(topo, c->zone);

	if (!c->zone[0] || !*zone || !strcmp(c->zone, zone))
		return 0;
	return bit(RZ_MISREAD_ALIAS, !strcmp(canonical, zone)) |
	       bit(RZ_MISREAD_SUFFIX, strcmp(canonical, zone) != 0);
}

unsigned rz_misread_find(const __u8 *id, int len, const struct rz_tags_custom *custom,
			 const struct rz_topo *topo, const char *zone, bool by_address)
{
	struct rz_client c;
	unsigned notes = rz_tags_read_noted(id, len, custom, &c), named = by_name(&c, topo, zone);

	if (by_address)
		return bit(RZ_MISREAD_ADDRESS, true) | bit(RZ_MISREAD_TRUNCATED, c.truncated);
	return bit(RZ_MISREAD_PREFIX, notes & RZ_TAGS_PREFIX) |
	       bit(RZ_MISREAD_BAR, notes & RZ_TAGS_BAR) |
	       bit(RZ_MISREAD_OPT_IN, notes & RZ_TAGS_APPENDED) |
	       bit(RZ_MISREAD_TWICE, notes & RZ_TAGS_TWICE) |
	       bit(RZ_MISREAD_DIALECTS, notes & RZ_TAGS_DIALECTS) |
	       bit(RZ_MISREAD_CUSTOM, c.zone[0] && c.dialect == RZ_DIALECT_CUSTOM) |
	       bit(RZ_MISREAD_TRUNCATED, c.truncated) |
	       bit(RZ_MISREAD_CASE,
		   has_upper(named & bit(RZ_MISREAD_SUFFIX, true) ? zone : c.zone)) |
	       named;
}

const char *rz_misread_name(enum rz_misread m)
{
	return m < RZ_MISREAD_COUNT ? cases[m].name : "?";
}

const char *rz_misread_text(enum rz_misread m)
{
	return m < RZ_MISREAD_COUNT ? cases[m].text : "?";
}
