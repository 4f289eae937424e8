// SPDX-License-Identifier: Apache-2.0
/*
 * The form of the topology file, see file.h and docs/topology.md. Pure.
 *
 * Comes in: a text. Goes out: a struct rz_topo in which everything has been checked, or one line
 * that says what is wrong, where, and how to mend it.
 */
#include "topo/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/yaml.h"

#define PORT_DEFAULT  9092
#define GROUP_DEFAULT "default"

static const char *const root_keys[] = {"zone", "aliases", "agents", NULL};
static const char *const agent_keys[] = {"address", "port", "name", "zone", "group", "ready", NULL};

static int take_zone(struct rz_yaml *y, const yaml_node_t *node, const char *what,
		     char dst[RZ_ZONE_SIZE])
{
	const char *text = rz_yaml_scalar(y, node, what);

	if (!text)
		return -EINVAL;
	if (!rz_zone_valid(text, strlen(text)))
		return rz_yaml_fail(y, node, "%s \"%.40s\" is no zone name; use " RZ_ZONE_FORM,
				    what, text);
	rz_str_copy(dst, RZ_ZONE_SIZE, text);
	return 0;
}

static int take_word(struct rz_yaml *y, const yaml_node_t *node, const char *what,
		     char dst[RZ_GROUP_SIZE])
{
	const char *text = rz_yaml_scalar(y, node, what), *p;

	if (!text)
		return -EINVAL;
	for (p = text; *p > 0x20 && *p < 0x7f; p++)
		;
	if (!*text || *p || strlen(text) >= RZ_GROUP_SIZE)
		return rz_yaml_fail(y, node,
				    "%s \"%.40s\" is no name; use 1 to 63 printable "
				    "characters without spaces",
				    what, text);
	rz_str_copy(dst, RZ_GROUP_SIZE, text);
	return 0;
}

static int take_port(struct rz_yaml *y, const yaml_node_t *node, __u16 *ret)
{
	const char *text = rz_yaml_scalar(y, node, "port");
	unsigned long port;
	char *end;

	if (!text)
		return -EINVAL;
	port = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || port < 1 || port > 65535)
		return rz_yaml_fail(
			y, node, "port \"%.20s\" is no port; use a number from 1 to 65535", text);
	*ret = (__u16)port;
	return 0;
}

static int take_ready(struct rz_yaml *y, const yaml_node_t *node, bool *ret)
{
	const char *text = rz_yaml_scalar(y, node, "ready");

	if (!text)
		return -EINVAL;
	if (strcmp(text, "true") && strcmp(text, "false"))
		return rz_yaml_fail(y, node, "ready \"%.20s\" is neither true nor false", text);
	*ret = text[0] == 't';
	return 0;
}

static int take_address(struct rz_yaml *y, const yaml_node_t *node, __u8 dst[16])
{
	const char *text = rz_yaml_scalar(y, node, "address");

	if (!text)
		return -EINVAL;
	if (rz_addr_parse(text, dst))
		return rz_yaml_fail(y, node,
				    "address \"%.60s\" is no IPv4 or IPv6 address; write it as "
				    "10.0.1.2 or 'fd00::2', the port under its own key",
				    text);
	if (rz_addr_is_any(dst))
		return rz_yaml_fail(y, node,
				    "address %s means any; name the address that clients connect "
				    "to",
				    text);
	if (rz_addr_is_many(dst))
		return rz_yaml_fail(y, node,
				    "address %s is multicast or broadcast, and TCP connects to one "
				    "host; name the address that clients connect to",
				    text);
	return 0;
}

/* An agent and the node it came from, for finding and naming those that do not go together. */
struct place {
	const yaml_node_t *node;
	struct rz_topo_agent *agent;
	char name[RZ_GROUP_SIZE]; /* "" if it has none */
};

/* An agent without a zone of its own is in this node's. One whose zone is null is in a zone that
 * whoever wrote the file did not know: it counts for none. */
static int take_agent(struct rz_yaml *y, struct place *p, const char *own_zone)
{
	yaml_node_t *node = (yaml_node_t *)p->node;
	struct rz_topo_agent *a = p->agent;
	yaml_node_t *address, *zone, *n;
	int err = rz_yaml_mapping(y, node, "an agent", agent_keys);

	if (err)
		return err;
	address = rz_yaml_get(y, node, "address");
	zone = rz_yaml_find(y, node, "zone");
	if (!address)
		return rz_yaml_fail(y, node, "this agent has no address; add address: ...");
	if (!zone && !own_zone[0])
		return rz_yaml_fail(y, node,
				    "this agent has no zone, and the file names none for this "
				    "node; add zone: ...");
	if (!zone)
		rz_str_copy(a->zone, sizeof(a->zone), own_zone);
	a->at.port = PORT_DEFAULT;
	a->ready = true;
	rz_str_copy(a->group, sizeof(a->group), GROUP_DEFAULT);
	err = take_address(y, address, a->at.addr);
	if (!err && zone && !rz_yaml_is_null(zone))
		err = take_zone(y, zone, "zone", a->zone);
	if (!err && (n = rz_yaml_get(y, node, "port")))
		err = take_port(y, n, &a->at.port);
	if (!err && (n = rz_yaml_get(y, node, "name")))
		err = take_word(y, n, "name", p->name);
	if (!err && (n = rz_yaml_get(y, node, "group")))
		err = take_word(y, n, "group", a->group);
	/* a null is refused here: neither ready nor not ready would be true */
	if (!err && (n = rz_yaml_find(y, node, "ready")))
		err = take_ready(y, n, &a->ready);
	return err;
}

static int in_file_order(const struct place *x, const struct place *y)
{
	return x->node->start_mark.index < y->node->start_mark.index ? -1 : 1;
}

static int by_address(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int d = memcmp(&x->agent->at, &y->agent->at, sizeof(x->agent->at));

	return d ? d : in_file_order(x, y);
}

static int by_name(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : in_file_order(x, y);
}

static int refuse_duplicates(struct rz_yaml *y, struct place *places, size_t n)
{
	char at[RZ_ENDPOINT_TEXT];
	size_t i;

	qsort(places, n, sizeof(*places), by_address);
	for (i = 1; i < n; i++) {
		const struct rz_endpoint *e = &places[i].agent->at;

		if (memcmp(&places[i - 1].agent->at, e, sizeof(*e)))
			continue;
		rz_endpoint_format(at, sizeof(at), e->addr, e->port);
		return rz_yaml_fail(y, places[i].node,
				    "agent %s stands in line %zu already; remove one", at,
				    places[i - 1].node->start_mark.line + 1);
	}
	return 0;
}

/* Entries with one name are the addresses of one agent. */
static int join_names(struct rz_yaml *y, struct place *places, size_t n, const struct rz_topo *t)
{
	uint32_t agent = 0;
	size_t i;

	qsort(places, n, sizeof(*places), by_name);
	for (i = 0; i < n; i++) {
		struct rz_topo_agent *a = places[i].agent, *was;

		if (!places[i].name[0])
			continue;
		if (i && !strcmp(places[i - 1].name, places[i].name)) {
			was = places[i - 1].agent;
			if (strcmp(rz_zone_canonical(t, a->zone),
				   rz_zone_canonical(t, was->zone)) ||
			    strcmp(a->group, was->group))
				return rz_yaml_fail(y, places[i].node,
						    "agent \"%s\" has another zone or group in "
						    "line %zu; give it one of each, or two names",
						    places[i].name,
						    places[i - 1].node->start_mark.line + 1);
		} else {
			agent++;
		}
		a->pod = agent;
	}
	return 0;
}

static int take_agents(struct rz_yaml *y, yaml_node_t *node, struct rz_topo *t)
{
	_cleanup_free_ struct place *places = NULL;
	size_t i, n;
	int err = 0;

	if (node->type != YAML_SEQUENCE_NODE)
		return rz_yaml_fail(y, node,
				    "agents must be a list; write each as - { address: ..., zone: "
				    "... }");
	n = node->data.sequence.items.top - node->data.sequence.items.start;
	if (n > RZ_AGENTS_MAX)
		return rz_yaml_fail(y, node, "%zu agents are more than the %d that fit", n,
				    RZ_AGENTS_MAX);
	t->agents = calloc(n + 1, sizeof(*t->agents));
	places = calloc(n + 1, sizeof(*places));
	if (!t->agents || !places)
		return -ENOMEM;
	for (i = 0; i < n && !err; i++) {
		places[i].node =
			yaml_document_get_node(&y->doc, node->data.sequence.items.start[i]);
		places[i].agent = &t->agents[i];
		err = take_agent(y, &places[i], t->own_zone);
	}
	t->n_agents = n;
	if (!err)
		err = refuse_duplicates(y, places, n);
	return err ? err : join_names(y, places, n, t);
}

static int add_alias(struct rz_yaml *y, const yaml_node_t *node, struct rz_topo *t,
		     const char *zone)
{
	struct rz_topo_alias *a;
	char name[RZ_ZONE_SIZE];
	size_t i;
	int err = take_zone(y, node, "alias", name);

	if (err)
		return err;
	for (i = 0; i < t->n_aliases; i++)
		if (!strcmp(t->aliases[i].name, name))
			return rz_yaml_fail(
				y, node,
				"alias \"%s\" stands for zone %s already; a name has one "
				"zone",
				name, t->aliases[i].zone);
	if (t->n_aliases == RZ_ALIASES_MAX)
		return rz_yaml_fail(y, node, "more than the %d aliases that fit", RZ_ALIASES_MAX);
	a = realloc(t->aliases, (t->n_aliases + 1) * sizeof(*a));
	if (!a)
		return -ENOMEM;
	t->aliases = a;
	a += t->n_aliases++;
	memcpy(a->name, name, sizeof(a->name));
	rz_str_copy(a->zone, sizeof(a->zone), zone);
	return 0;
}

/* One "zone: [name, ...]" or "zone: name". */
static int take_aliases_of(struct rz_yaml *y, yaml_node_t *key, yaml_node_t *names,
			   struct rz_topo *t)
{
	char zone[RZ_ZONE_SIZE];
	yaml_node_item_t *i;
	int err = take_zone(y, key, "zone", zone);

	if (err || rz_yaml_is_null(names))
		return err;
	if (names->type == YAML_SCALAR_NODE)
		return add_alias(y, names, t, zone);
	if (names->type != YAML_SEQUENCE_NODE)
		return rz_yaml_fail(y, names, "the aliases of %s must be a list; write %s: [name]",
				    zone, zone);
	for (i = names->data.sequence.items.start; i < names->data.sequence.items.top && !err; i++)
		err = add_alias(y, yaml_document_get_node(&y->doc, *i), t, zone);
	return err;
}

/* A name cannot be an alias and a zone with aliases of its own: nobody could say which is meant. */
static int refuse_chains(struct rz_yaml *y, const yaml_node_t *node, const struct rz_topo *t)
{
	size_t i, j;

	for (i = 0; i < t->n_aliases; i++)
		for (j = 0; j < t->n_aliases; j++)
			if (!strcmp(t->aliases[i].name, t->aliases[j].zone))
				return rz_yaml_fail(
					y, node,
					"\"%s\" is an alias of %s and has aliases of its own; "
					"put all names under one zone",
					t->aliases[i].name, t->aliases[i].zone);
	return 0;
}

static int take_aliases(struct rz_yaml *y, yaml_node_t *node, struct rz_topo *t)
{
	yaml_node_pair_t *p;
	int err = 0;

	if (node->type != YAML_MAPPING_NODE)
		return rz_yaml_fail(y, node,
				    "aliases must be a mapping; write aliases: { us-east-1a: "
				    "[use1-az1] }");
	for (p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top && !err; p++)
		err = take_aliases_of(y, yaml_document_get_node(&y->doc, p->key),
				      yaml_document_get_node(&y->doc, p->value), t);
	return err ? err : refuse_chains(y, node, t);
}

static int take_root(struct rz_yaml *y, struct rz_topo *t)
{
	yaml_node_t *root = rz_yaml_root(y), *n;
	char why[128];
	size_t i;
	int err;

	if (!root)
		return rz_yaml_fail(y, NULL, "the file is empty; it needs at least agents: []");
	err = rz_yaml_mapping(y, root, "the topology", root_keys);
	if (!err && (n = rz_yaml_get(y, root, "aliases")))
		err = take_aliases(y, n, t);
	if (!err && (n = rz_yaml_get(y, root, "zone")))
		err = take_zone(y, n, "zone", t->own_zone);
	if (!err && (n = rz_yaml_get(y, root, "agents")))
		err = take_agents(y, n, t);
	else if (!err)
		err = rz_yaml_fail(y, root,
				   "there is no agents list; add agents: [] if there are none");
	if (err)
		return err;
	rz_zone_canonicalise(t, t->own_zone);
	for (i = 0; i < t->n_agents; i++)
		rz_zone_canonicalise(t, t->agents[i].zone);
	rz_topo_sort(t);
	err = rz_topo_fits(t, why, sizeof(why));
	return err == -E2BIG ? rz_yaml_fail(y, root, "%s", why) : err;
}

int rz_topo_parse(const char *text, size_t len, const char *name, struct rz_topo **ret, char *why,
		  size_t why_size)
{
	struct rz_topo *t = calloc(1, sizeof(*t));
	struct rz_yaml y;
	int err;

	if (!t)
		return -ENOMEM;
	err = rz_yaml_load(&y, name, text, len, why, why_size);
	if (!err)
		err = take_root(&y, t);
	rz_yaml_free(&y);
	if (err) {
		rz_topo_free(t);
		return err;
	}
	*ret = t;
	return 0;
}
