// SPDX-License-Identifier: Apache-2.0
/* Zones and agents, naively, see model.h: topo.h's, blocks.h's and share.h's contracts. */
#include <stdio.h>

#include "where.h"

void through_aliases(const struct run *r, const char *name, char *zone)
{
	size_t i;

	strcpy(zone, name);
	for (i = 0; i < r->topo.n_aliases && twist != TWIST_ALIASES; i++)
		if (!strcmp(r->aliases[i].name, name)) {
			strcpy(zone, r->aliases[i].zone);
			return;
		}
}

/* An agent, an alias or the own zone has that name. */
bool is_known(const struct run *r, const char *zone)
{
	size_t i;

	if (!*zone)
		return false;
	for (i = 0; i < latest(r)->n; i++)
		if (!strcmp(latest(r)->agents[i].zone, zone))
			return true;
	for (i = 0; i < r->topo.n_aliases; i++)
		if (!strcmp(r->aliases[i].zone, zone))
			return true;
	return !strcmp(r->topo.own_zone, zone);
}

/* The longest beginning of `name`, ending before a '-', that means a known zone; of a name that is
 * not the `last` of an id, only the whole. */
void zone_by_name(const struct run *r, const char *name, bool last, char *zone)
{
	char begin[RZ_ZONE_SIZE];
	size_t len;

	for (len = strlen(name); len > 0; len--) {
		if (name[len] && !last && twist != TWIST_LAST)
			break;
		if (name[len] && (name[len] != '-' || twist == TWIST_SUFFIX))
			continue;
		memset(begin, 0, sizeof(begin));
		memcpy(begin, name, len);
		through_aliases(r, begin, zone);
		if (is_known(r, zone))
			return;
	}
	through_aliases(r, name, zone); /* nobody knows it */
}

/* The zone of the longest block that the address is in; blocks_text is of our own making. */
bool zone_by_address(const struct run *r, const uint8_t *addr, char *name)
{
	char text[256], *part, *next;
	int longest = -1;

	snprintf(text, sizeof(text), "%s", r->blocks_text);
	for (part = text; part && *part; part = next) {
		unsigned a, b, c, d, len, bits, block;
		char zone[32];

		next = strstr(part, "<>");
		if (next) {
			*next = 0;
			next += 2;
		}
		if (sscanf(part, "%31[^@]@%u.%u.%u.%u/%u", zone, &a, &b, &c, &d, &len) != 6)
			continue;
		bits = (unsigned)addr[12] << 24 | addr[13] << 16 | addr[14] << 8 | addr[15];
		block = a << 24 | b << 16 | c << 8 | d;
		if (bits >> (32 - len) != block >> (32 - len) ||
		    ((int)len <= longest && twist != TWIST_LONGEST_BLOCK))
			continue;
		longest = (int)len;
		strcpy(name, zone);
	}
	return longest >= 0;
}

/* Agents. */

static bool same_agent(const struct rz_topo_agent *a, const struct rz_topo_agent *b)
{
	return a == b || (a->pod && a->pod == b->pod && twist != TWIST_PODS);
}

static bool all_ready(const struct look *l, const struct rz_topo_agent *a)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (same_agent(a, &l->agents[i]) && !l->agents[i].ready)
			return false;
	return true;
}

/* Is it the first of its addresses in the list? So each agent is counted once. */
static bool is_first(const struct look *l, const struct rz_topo_agent *a)
{
	size_t i;

	for (i = 0; !same_agent(a, &l->agents[i]); i++)
		;
	return &l->agents[i] == a;
}

size_t count_agents(const struct run *r, const struct look *l, const char *group, const char *zone,
		    bool ready)
{
	size_t i, n = 0;

	(void)r;
	for (i = 0; i < l->n; i++)
		n += !strcmp(l->agents[i].group, group) &&
		     (!zone || !strcmp(l->agents[i].zone, zone)) && is_first(l, &l->agents[i]) &&
		     (!ready || all_ready(l, &l->agents[i]));
	return n;
}

/* Since which look there have been enough of them, without a break. */
uint64_t enough_since(const struct run *r, const char *group, const char *zone)
{
	uint64_t since = 0;
	size_t i, n, least = r->settings.min_agents ? r->settings.min_agents : 1;

	for (i = r->n_looks; i-- > 0;) {
		n = count_agents(r, &r->looks[i], group, zone, true);
		if (n < least)
			break;
		since = r->looks[i].at_ns;
		if (twist == TWIST_STABLE_CARRIED)
			break;
	}
	return since;
}

/* Was there a look at which there were not enough? */
bool was_seen_coming(const struct run *r, const char *group, const char *zone)
{
	size_t i, least = r->settings.min_agents ? r->settings.min_agents : 1;

	for (i = 0; i < r->n_looks; i++)
		if (count_agents(r, &r->looks[i], group, zone, true) < least)
			return true;
	return twist == TWIST_CHOSE_SEEN;
}

enum standing who_is_at(const struct rz_topo_agent *a, const struct rz_conn *c)
{
	if (memcmp(c->tuple.agent_addr, a->at.addr, 16) || c->tuple.agent_port != a->at.port ||
	    a->home == RZ_HOME_OTHER_NODE)
		return STANDING_NOT;
	if (a->home == RZ_HOME_UNCHECKED || (a->home == RZ_HOME_HERE && a->netns == c->netns))
		return STANDING_AGENT;
	return STANDING_DOUBT;
}

static bool is_here(const struct run *r, const struct rz_topo_agent *a)
{
	size_t i;

	if (a->local)
		return true;
	for (i = 0; i < r->n_conns; i++)
		if (who_is_at(a, &r->conns[i]) == STANDING_AGENT)
			return true;
	return false;
}

/* Agents on this node, each once: of a group and outside of a zone, or (NULL) all. */
static size_t count_here(const struct run *r, const struct rz_zone_key *but)
{
	const struct look *l = latest(r);
	size_t i, k, n = 0;

	for (i = 0; i < l->n; i++) {
		const struct rz_topo_agent *a = &l->agents[i];

		if (!is_here(r, a) ||
		    (but && (strcmp(a->group, but->group) || !strcmp(a->zone, but->zone))))
			continue;
		for (k = 0; k < i && !(is_here(r, &l->agents[k]) && same_agent(a, &l->agents[k]));
		     k++)
			;
		n += k == i;
	}
	return n;
}

long double share_of_all(const struct run *r)
{
	const struct look *l = latest(r);
	size_t i, all = 0, here = count_here(r, NULL);

	for (i = 0; i < l->n; i++)
		all += is_first(l, &l->agents[i]);
	if (twist == TWIST_CLUSTER_SHARE)
		return 1;
	return here < all ? (long double)here / (long double)all : 1;
}

long double share_of_target(const struct run *r, const struct rz_zone_key *zone)
{
	const struct look *l = latest(r);
	size_t i, others = 0, here = count_here(r, zone);
	long double ready = (long double)count_agents(r, l, zone->group, zone->zone, true);

	for (i = 0; i < l->n; i++)
		others += is_first(l, &l->agents[i]) && !strcmp(l->agents[i].group, zone->group) &&
			  strcmp(l->agents[i].zone, zone->zone);
	if (twist == TWIST_TARGET_SHARE)
		return ready;
	return here < others ? ready * (long double)here / (long double)others : ready;
}
