// SPDX-License-Identifier: Apache-2.0
/* This node's share of the cluster, see share.h. */
#include "policy/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct rz_share {
	const struct rz_topo *topo;
	const struct rz_topo_zones *zones;
	bool *here;   /* of each of the topology's addresses */
	size_t *list; /* the agents here, one address each */
	size_t n;
	bool listed;
	struct rz_target *targets; /* of each of `zones`; key 0: not worked out yet */
};

int rz_share_new(const struct rz_topo *topo, const struct rz_topo_zones *zones,
		 struct rz_share **ret)
{
	struct rz_share *s = calloc(1, sizeof(*s));
	size_t i;

	if (!s)
		return -ENOMEM;
	s->topo = topo;
	s->zones = zones;
	s->here = calloc(topo->n_agents + 1, sizeof(*s->here));
	s->list = calloc(topo->n_agents + 1, sizeof(*s->list));
	s->targets = calloc(zones->n + 1, sizeof(*s->targets));
	if (!s->here || !s->list || !s->targets) {
		rz_share_free(s);
		return -ENOMEM;
	}
	for (i = 0; i < topo->n_agents; i++)
		s->here[i] = topo->agents[i].local;
	*ret = s;
	return 0;
}

void rz_share_free(struct rz_share *s)
{
	if (!s)
		return;
	free(s->here);
	free(s->list);
	free(s->targets);
	free(s);
}

void rz_share_see(struct rz_share *s, const struct rz_conn *c)
{
	struct rz_endpoint at = {.port = c->tuple.agent_port};
	const struct rz_topo_agent *a;
	bool ambiguous;

	memcpy(at.addr, c->tuple.agent_addr, sizeof(at.addr));
	a = rz_topo_agent_in(s->topo, &at, c->netns, &ambiguous);
	if (a)
		s->here[a - s->topo->agents] = true;
}

/* Lists the agents here; of one with several addresses, one. */
static void list(struct rz_share *s)
{
	const struct rz_topo_agent *agents = s->topo->agents;
	size_t i, k;

	if (s->listed)
		return;
	s->listed = true;
	for (i = 0; i < s->topo->n_agents; i++) {
		for (k = 0; s->here[i] && k < s->n; k++)
			if (agents[i].pod && agents[s->list[k]].pod == agents[i].pod)
				break;
		if (s->here[i] && k == s->n)
			s->list[s->n++] = i;
	}
}

double rz_share_all(struct rz_share *s)
{
	size_t i, all = 0;

	list(s);
	for (i = 0; i < s->zones->n; i++)
		all += s->zones->rows[i].agents;
	return s->n < all ? (double)s->n / (double)all : 1;
}

/* FNV-1a. The key outlives the topology that it was made from. */
static uint64_t key_of(const struct rz_zone_key *k)
{
	const unsigned char *p = (const unsigned char *)k;
	uint64_t h = 0xcbf29ce484222325ULL;
	size_t i;

	for (i = 0; i < sizeof(*k); i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h ? h : 1;
}

struct rz_target rz_share_target(struct rz_share *s, const struct rz_topo_zone *z)
{
	struct rz_target *t = &s->targets[z - s->zones->rows];
	double own = 0, others = 0;
	size_t i;

	if (t->key)
		return *t;
	list(s);
	for (i = 0; i < s->n; i++) {
		const struct rz_topo_agent *a = &s->topo->agents[s->list[i]];

		own += !strcmp(a->group, z->key.group) && strcmp(a->zone, z->key.zone);
	}
	for (i = 0; i < s->zones->n; i++)
		if (!strcmp(s->zones->rows[i].key.group, z->key.group))
			others += s->zones->rows[i].agents;
	others -= z->agents;
	t->key = key_of(&z->key);
	t->share = z->ready * (own < others ? own / others : 1);
	return *t;
}
