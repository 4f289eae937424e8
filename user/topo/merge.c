// SPDX-License-Identifier: Apache-2.0
/* Several sources, one topology; see merge.h. Pure. */
#include "topo/merge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static int take_aliases(const struct rz_merge_in *in, struct rz_topo *t)
{
	size_t n = in->file ? in->file->n_aliases : 0;
	struct rz_topo_alias *a;

	t->aliases = calloc(n + 2, sizeof(*t->aliases));
	if (!t->aliases)
		return -ENOMEM;
	if (n)
		memcpy(t->aliases, in->file->aliases, n * sizeof(*t->aliases));
	t->n_aliases = n;
	/* learned: the id and the name of this node's own zone; the file has the last word */
	if (!*in->cloud_id || !*in->cloud_zone || !strcmp(in->cloud_id, in->cloud_zone) ||
	    strcmp(rz_zone_canonical(t, in->cloud_id), in->cloud_id) ||
	    !strcmp(rz_zone_canonical(t, in->cloud_zone), in->cloud_id))
		return 0;
	a = &t->aliases[t->n_aliases];
	rz_str_copy(a->name, sizeof(a->name), in->cloud_id);
	rz_str_copy(a->zone, sizeof(a->zone), rz_zone_canonical(t, in->cloud_zone));
	t->n_aliases++;
	return 0;
}

static const char *take_own_zone(const struct rz_merge_in *in, struct rz_topo *t)
{
	const struct {
		const char *zone, *from;
	} by_order[] = {
		{in->agents_zone, "its agents' EndpointSlices"},
		{in->setting_zone, "the setting --zone"},
		{in->file ? in->file->own_zone : "", "the topology file"},
		{in->label_zone, "the node's label"},
		{in->cloud_zone, "the cloud's metadata"},
	};
	size_t i;

	for (i = 0; i < sizeof(by_order) / sizeof(by_order[0]); i++) {
		if (!*by_order[i].zone)
			continue;
		rz_str_copy(t->own_zone, sizeof(t->own_zone), by_order[i].zone);
		rz_zone_canonicalise(t, t->own_zone);
		return by_order[i].from;
	}
	return "";
}

static void take_agents(const struct rz_merge_in *in, struct rz_topo *t)
{
	size_t i, n_file = in->file ? in->file->n_agents : 0;
	struct rz_topo_agent *a;
	uint32_t pods = 0; /* of the file; those of Kubernetes come after them */

	for (i = 0; i < n_file; i++) {
		const struct rz_topo_agent *k;

		a = &t->agents[t->n_agents++];
		*a = in->file->agents[i];
		a->source = in->file_source;
		k = in->kube ? rz_topo_agent_at(in->kube, &a->at) : NULL;
		a->home = k ? k->home : RZ_HOME_UNCHECKED; /* a file knows no nodes */
		pods = a->pod > pods ? a->pod : pods;
	}
	for (i = 0; in->kube && i < in->kube->n_agents; i++) {
		if (n_file && rz_topo_agent_at(in->file, &in->kube->agents[i].at))
			continue;
		a = &t->agents[t->n_agents++];
		*a = in->kube->agents[i];
		a->source = (uint8_t)(in->kube_source + in->kube->agents[i].source);
		a->pod += a->pod ? pods : 0;
		if (!a->zone[0] && a->local)
			memcpy(a->zone, t->own_zone, sizeof(a->zone));
	}
	for (i = 0; i < t->n_agents; i++)
		rz_zone_canonicalise(t, t->agents[i].zone);
	rz_topo_sort(t);
}

int rz_topo_merge(const struct rz_merge_in *in, struct rz_topo **ret, const char **ret_from,
		  char *why, size_t size)
{
	struct rz_topo *t = calloc(1, sizeof(*t));
	const char *from = "";
	int err;

	if (!t)
		return -ENOMEM;
	t->agents = calloc((in->file ? in->file->n_agents : 0) +
				   (in->kube ? in->kube->n_agents : 0) + 1,
			   sizeof(*t->agents));
	err = t->agents ? take_aliases(in, t) : -ENOMEM;
	if (!err) {
		from = take_own_zone(in, t);
		take_agents(in, t);
		err = rz_topo_fits(t, why, size);
	}
	if (err) {
		rz_topo_free(t);
		return err;
	}
	*ret = t;
	*ret_from = from;
	return 0;
}
