// SPDX-License-Identifier: Apache-2.0
/* A zone's name, see zone.h. Pure. */
#include "topo/zone.h"

#include <string.h>

#include "base/str.h"
#include "topo/topo.h"

_Static_assert(RZ_ZONE_NAME_MAX < RZ_ZONE_SIZE, "a name fits, with its NUL");

static bool char_valid(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

bool rz_zone_valid(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!char_valid(name[i]))
			return false;
	return len >= 1 && len <= RZ_ZONE_NAME_MAX;
}

const char *rz_zone_canonical(const struct rz_topo *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n_aliases; i++)
		if (!strcmp(t->aliases[i].name, name))
			return t->aliases[i].zone;
	return name;
}

void rz_zone_canonicalise(const struct rz_topo *t, char name[RZ_ZONE_SIZE])
{
	const char *canonical = rz_zone_canonical(t, name);

	if (canonical != name)
		rz_str_copy(name, RZ_ZONE_SIZE, canonical);
}

int rz_zone_order(const struct rz_zone_key *a, const struct rz_zone_key *b)
{
	int d = strcmp(a->group, b->group);

	return d ? d : strcmp(a->zone, b->zone);
}
