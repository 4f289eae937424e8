// SPDX-License-Identifier: Apache-2.0
/* Who is never moved, see exclude.h. */
#include "policy/exclude.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "topo/blocks.h"
#include "topo/topo.h"

struct rz_exclude {
	char *clients, *zones; /* split: each word ends with a NUL, an empty one ends the list */
	struct rz_blocks *addresses;
};

void rz_exclude_free(struct rz_exclude *e)
{
	if (!e)
		return;
	free(e->clients);
	free(e->zones);
	rz_blocks_free(e->addresses);
	free(e);
}

/* The words between any of `separators`, each with its NUL, and one NUL more. NULL: no memory. */
static char *split(const char *text, const char *separators)
{
	char *words = calloc(1, strlen(text) + 2), *to = words;

	while (words && *(text += strspn(text, separators))) {
		size_t len = strcspn(text, separators);

		memcpy(to, text, len);
		to += len + 1;
		text += len;
	}
	return words;
}

#define FOR_WORDS(word, words) for ((word) = (words); *(word); (word) += strlen(word) + 1)

static int check(const struct rz_exclude *e, char *why, size_t size)
{
	const char *word;

	FOR_WORDS(word, e->zones)
	{
		if (rz_zone_valid(word, strlen(word)))
			continue;
		snprintf(why, size, "\"%.40s\" is no zone's name; give names as a,b", word);
		return -EINVAL;
	}
	return 0;
}

int rz_exclude_new(const char *clients, const char *addresses, const char *zones,
		   struct rz_exclude **ret, char *why, size_t size)
{
	_cleanup_free_ char *blocks = NULL;
	struct rz_exclude *e;
	int err;

	if (strlen(clients) >= RZ_EXCLUDE_SIZE || strlen(addresses) >= RZ_EXCLUDE_SIZE ||
	    strlen(zones) >= RZ_EXCLUDE_SIZE) {
		snprintf(why, size, "is longer than %d bytes; name fewer, by wider globs or blocks",
			 RZ_EXCLUDE_SIZE - 1);
		return -E2BIG;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->clients = split(clients, " \t\n");
	e->zones = split(zones, ", ");
	/* the grammar of zones by address, with one zone */
	if (!e->clients || !e->zones || asprintf(&blocks, "excluded@%s", addresses) < 0)
		err = -ENOMEM;
	else
		err = check(e, why, size);
	if (!err)
		err = rz_blocks_parse(*addresses ? blocks : "", &e->addresses, why, size);
	if (err)
		rz_exclude_free(e);
	else
		*ret = e;
	return err;
}

bool rz_exclude_client(const struct rz_exclude *e, const char *id)
{
	const char *glob;

	if (!e || !id)
		return false;
	FOR_WORDS(glob, e->clients)
	if (!fnmatch(glob, id, FNM_NOESCAPE))
		return true;
	return false;
}

bool rz_exclude_address(const struct rz_exclude *e, const uint8_t addr[16])
{
	return e && rz_blocks_zone(e->addresses, addr);
}

bool rz_exclude_zone(const struct rz_exclude *e, const struct rz_topo *topo, const char *zone)
{
	const char *name;

	if (!e || !zone)
		return false;
	FOR_WORDS(name, e->zones)
	if (!strcmp(rz_zone_canonical(topo, name), zone))
		return true;
	return false;
}
