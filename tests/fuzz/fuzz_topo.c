// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer over rz_topo_parse(): a topology is whole, its agents are found by their addresses and
 * its zones are known; or one line, fit for a log, says what is wrong. Run by `make fuzz`.
 */
#include "fuzz.h"

#include "topo/file.h"

static void whole(const struct rz_topo *t)
{
	struct rz_topo_zones *zones = NULL;
	size_t i;

	CLAIM(!rz_topo_zones_count(t, NULL, 1, 1, &zones));
	for (i = 0; i < t->n_agents; i++) {
		const struct rz_topo_agent *a = &t->agents[i];

		CLAIM(rz_topo_agent_at(t, &a->at) == a);
		CLAIM(is_plain(a->zone, sizeof(a->zone)) && is_plain(a->group, sizeof(a->group)));
		CLAIM(!*a->zone || rz_topo_zone_known(t, zones, a->zone)); /* zone: null */
		CLAIM(rz_topo_zone_find(zones, a->group, a->zone)->agents);
	}
	for (i = 0; i < t->n_aliases; i++)
		CLAIM(rz_topo_resolve(t, zones, t->aliases[i].name, false));
	CLAIM(is_plain(t->own_zone, sizeof(t->own_zone)));
	rz_topo_zones_free(zones);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rz_topo *t = NULL;
	char why[512] = "";

	if (rz_topo_parse((const char *)data, size, "t.yaml", &t, why, sizeof(why))) {
		CLAIM(!t && why[0] && is_plain(why, sizeof(why)));
		return 0;
	}
	CLAIM(t);
	whole(t);
	rz_topo_free(t);
	return 0;
}
