// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer over what the API server says: a list page, a watch event and a list of versions are
 * whole, and add up to agents that are found by their addresses; or one line, fit for a log, says
 * what is wrong. Run by `make fuzz`.
 */
#include "fuzz.h"

#include "source/kube.h"
#include "source/store.h"

static const struct rz_kube_form form = {"kafka", "n"};

static void add_up(struct rz_kube_page *p)
{
	struct rz_kube_store *s = NULL;
	struct rz_topo_zones *zones = NULL;
	struct rz_topo *t = NULL;
	struct rz_kube_sum sum;
	size_t i;

	CLAIM(!rz_kube_store_new(&s));
	for (i = 0; i < p->n; i++) {
		CLAIM(!rz_kube_store_set(s, p->slices[i]));
		p->slices[i] = NULL;
	}
	CLAIM(!rz_kube_build(&(struct rz_kube_group){s, "g"}, 1, &t, &sum));
	CLAIM(is_plain(sum.contradiction, sizeof(sum.contradiction)) && is_zone(sum.own_zone));
	CLAIM(t->n_agents <= rz_kube_store_endpoints(s));
	CLAIM(!rz_topo_zones_count(t, NULL, 1, 1, &zones));
	for (i = 0; i < t->n_agents; i++) {
		CLAIM(rz_topo_agent_at(t, &t->agents[i].at) == &t->agents[i]);
		CLAIM(is_zone(t->agents[i].zone));
		CLAIM(rz_topo_zone_find(zones, "g", t->agents[i].zone)->agents);
	}
	for (i = 0; i < zones->n; i++)
		CLAIM(zones->rows[i].ready <= zones->rows[i].agents);
	CLAIM(sum.ready_of[0] <= sum.agents_of[0]);
	rz_topo_zones_free(zones);
	rz_topo_free(t);
	rz_kube_store_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	char why[RZ_KUBE_WHY_SIZE] = "", label[RZ_ZONE_SIZE];
	struct rz_kube_page *p = NULL;
	struct rz_kube_event e;

	if (rz_kube_page_parse(text, size, &form, &p, why)) {
		CLAIM(!p && why[0] && is_plain(why, sizeof(why)));
	} else {
		add_up(p);
		rz_kube_page_free(p);
	}
	p = NULL;
	why[0] = '\0';
	if (rz_kube_versions_parse(text, size, &p, why))
		CLAIM(!p && is_plain(why, sizeof(why)));
	rz_kube_page_free(p);
	why[0] = '\0';
	if (rz_kube_event_parse(text, size, &form, &e, why)) {
		CLAIM(why[0] && is_plain(why, sizeof(why)));
	} else {
		CLAIM(is_plain(e.message, sizeof(e.message)));
		CLAIM(e.type != RZ_KUBE_SET || e.slice);
		rz_kube_event_clear(&e);
	}
	rz_kube_status_message(text, size, why, sizeof(why));
	CLAIM(is_plain(why, sizeof(why)));
	rz_kube_node_label(text, size, "z", label, why);
	return 0;
}
