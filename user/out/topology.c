// SPDX-License-Identifier: Apache-2.0
/* `rezone topology`, see topology.h. */
#include "out/topology.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "out/table.h"
#include "policy/ready.h"
#include "policy/reason.h"
#include "topo/group.h"

const char *rz_topo_standing(const struct rz_topo_view *v, const struct rz_topo_zone *z)
{
	enum rz_reason why;

	if (!z->key.zone[0])
		return "no zone";
	if (!z->ready)
		return "nobody ready";
	if (!rz_group_serves(z->key.group, "", ""))
		return "serves no client";
	if (!v->snap)
		return "counts";
	why = rz_ready_reason(z, &v->snap->settings, &v->snap->status, v->now_ns);
	if (why == RZ_REASON_NO_AGENT_THERE)
		return "fewer than min-agents ready";
	return why == RZ_REASON_NONE ? "counts" : rz_reason_name(why);
}

const char *rz_topo_source_of(const struct rz_topo_view *v, const struct rz_topo_agent *a)
{
	return a->source < v->n_sources ? v->sources[a->source].name : NULL;
}

const char *rz_topo_zone_source(const struct rz_topo_view *v, const struct rz_topo_zone *z)
{
	const struct rz_topo_agent *first = NULL;
	size_t i;

	for (i = 0; i < v->topo->n_agents; i++) {
		const struct rz_topo_agent *a = &v->topo->agents[i];

		if (strcmp(a->group, z->key.group) || strcmp(a->zone, z->key.zone))
			continue;
		if (first && first->source != a->source)
			return NULL;
		first = a;
	}
	return first ? rz_topo_source_of(v, first) : NULL;
}

/* ---- order ---- */

const char *const rz_topo_sort_words[] = {"agent", "zone",   "group", "ready",
					  "here",  "source", NULL};
_Static_assert(sizeof(rz_topo_sort_words) / sizeof(char *) == RZ_TOPO_SORT_COUNT + 1,
	       "a word for each order");

static int compare(const void *a, const void *b, void *order)
{
	const struct rz_topo_agent *x = a, *y = b;
	int d = 0;

	switch (*(const enum rz_topo_sort *)order) {
	case RZ_TOPO_SORT_ZONE:
		d = strcmp(x->zone, y->zone);
		break;
	case RZ_TOPO_SORT_GROUP:
		d = strcmp(x->group, y->group);
		break;
	case RZ_TOPO_SORT_READY:
		d = (int)x->ready - (int)y->ready;
		break;
	case RZ_TOPO_SORT_HERE:
		d = (y->home == RZ_HOME_HERE) - (x->home == RZ_HOME_HERE);
		break;
	case RZ_TOPO_SORT_SOURCE:
		d = (int)x->source - (int)y->source;
		break;
	default:
		break;
	}
	d = d ? d : memcmp(x->at.addr, y->at.addr, sizeof(x->at.addr));
	return d ? d : (int)x->at.port - (int)y->at.port;
}

void rz_topology_order(struct rz_topo *t, enum rz_topo_sort by)
{
	if (t->n_agents)
		qsort_r(t->agents, t->n_agents, sizeof(*t->agents), compare, &by);
}

static size_t shown(const struct rz_topo_view *v, size_t n)
{
	return v->limit && v->limit < n ? v->limit : n;
}

static void print_rest(FILE *f, const struct rz_topo_view *v, size_t n)
{
	if (shown(v, n) < n)
		fprintf(f, "and %zu more (--limit)\n", n - shown(v, n));
}

/* ---- JSON ---- */

static json_t *since(uint64_t at_ns, uint64_t now_ns)
{
	return rz_json_seconds(at_ns && now_ns >= at_ns ? (double)(now_ns - at_ns) / 1e9 : -1);
}

static json_t *zones_array(const struct rz_topo_view *v)
{
	const struct rz_topo_zones *z = v->zones;
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < z->n && json_array_size(a) < shown(v, z->n); i++)
		if (z->rows[i].agents)
			json_array_append_new(
				a, json_pack("{s:s, s:s, s:i, s:i, s:o, s:s, s:o}", "group",
					     z->rows[i].key.group, "zone", z->rows[i].key.zone,
					     "agents", (int)z->rows[i].agents, "ready",
					     (int)z->rows[i].ready, "ready_for_s",
					     since(z->rows[i].ready_since_ns, v->now_ns),
					     "standing", rz_topo_standing(v, &z->rows[i]), "source",
					     rz_json_text(rz_topo_zone_source(v, &z->rows[i]))));
	return a;
}

static json_t *sources_array(const struct rz_topo_view *v)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < v->n_sources; i++)
		json_array_append_new(a, json_pack("{s:s, s:o, s:i, s:i, s:o, s:i, s:o}", "name",
						   v->sources[i].name, "age_s",
						   since(v->sources[i].proved_ns, v->now_ns),
						   "agents", (int)v->sources[i].agents, "ready",
						   (int)v->sources[i].ready, "fault",
						   rz_json_text(v->sources[i].note), "left_out",
						   (int)v->sources[i].left_out, "left_out_why",
						   rz_json_text(v->sources[i].left_out_why)));
	return a;
}

static json_t *agents_array(const struct rz_topo_view *v)
{
	const struct rz_topo *t = v->topo;
	json_t *a = json_array();
	char at[RZ_ENDPOINT_TEXT];
	size_t i;

	for (i = 0; i < shown(v, t->n_agents); i++) {
		rz_endpoint_format(at, sizeof(at), t->agents[i].at.addr, t->agents[i].at.port);
		json_array_append_new(
			a, json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:o}", "agent", at, "group",
				     t->agents[i].group, "zone", t->agents[i].zone, "ready",
				     t->agents[i].ready, "source",
				     rz_json_text(rz_topo_source_of(v, &t->agents[i])), "here",
				     rz_json_text(rz_home_name(t->agents[i].home)), "netns",
				     rz_json_number(t->agents[i].netns, t->agents[i].netns)));
	}
	return a;
}

static json_t *aliases_object(const struct rz_topo *t)
{
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < t->n_aliases; i++)
		json_object_set_new(o, t->aliases[i].name, json_string(t->aliases[i].zone));
	return o;
}

int rz_topology_print_json(FILE *f, const struct rz_topo_view *v)
{
	const struct rz_status *s = v->snap ? &v->snap->status : NULL;

	return rz_json_print(
		f,
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "own_zone",
			  rz_json_text(v->topo->own_zone), "own_zone_from",
			  rz_json_text(s ? s->own_zone_from : NULL), "age_s",
			  s ? since(s->topology_proved_ns, v->now_ns) : json_null(), "frozen",
			  s && s->frozen ? json_string(rz_freeze_name(s->frozen)) : json_null(),
			  "frozen_why", rz_json_text(s ? s->frozen_why : NULL), "freezes",
			  s ? json_integer(v->snap->counters.freezes) : json_null(), "sources",
			  sources_array(v), "zones", zones_array(v), "agents", agents_array(v),
			  "aliases", aliases_object(v->topo)),
		false);
}

/* ---- text ---- */

static int print_zones(FILE *f, const struct rz_topo_view *v)
{
	static const char *const columns[] = {"GROUP", "ZONE",	   "AGENTS", "READY",
					      "FOR",   "STANDING", "SOURCE", NULL};
	struct rz_table *t;
	size_t i, n = 0;
	int err = rz_table_new(f, columns, &t);

	for (i = 0; !err && i < v->zones->n && n < shown(v, v->zones->n); i++) {
		const struct rz_topo_zone *z = &v->zones->rows[i];
		char agents[16], ready[16], since[32] = "";
		const char *cells[] = {z->key.group,
				       z->key.zone,
				       agents,
				       ready,
				       since,
				       rz_topo_standing(v, z),
				       rz_topo_zone_source(v, z)};

		if (!z->agents)
			continue;
		n++;
		snprintf(agents, sizeof(agents), "%u", z->agents);
		snprintf(ready, sizeof(ready), "%u", z->ready);
		if (v->snap && z->ready_since_ns)
			rz_table_age(since, sizeof(since),
				     (double)(v->now_ns - z->ready_since_ns) / 1e9);
		err = rz_table_add(t, cells, strcmp(cells[5], "counts") ? "yellow" : "green");
	}
	if (!err)
		err = rz_table_end(t);
	print_rest(f, v, rz_topo_zones_present(v->zones));
	return err;
}

static int print_sources(FILE *f, const struct rz_topo_view *v)
{
	static const char *const columns[] = {"SOURCE",	  "AGE",   "ADDRESSES", "READY",
					      "LEFT OUT", "FAULT", NULL};
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(f, columns, &t);

	for (i = 0; !err && i < v->n_sources; i++) {
		const struct rz_source_val *s = &v->sources[i];
		char age[32] = "never", addresses[16], ready[16], left_out[16];
		const char *cells[] = {s->name, age,	  addresses,
				       ready,	left_out, s->note[0] ? s->note : s->left_out_why};

		if (s->proved_ns)
			rz_table_age(age, sizeof(age), (double)(v->now_ns - s->proved_ns) / 1e9);
		snprintf(addresses, sizeof(addresses), "%u", s->agents);
		snprintf(ready, sizeof(ready), "%u", s->ready);
		snprintf(left_out, sizeof(left_out), "%u", s->left_out);
		err = rz_table_add(t, cells, s->note[0] || s->left_out ? "yellow" : NULL);
	}
	return err ? err : rz_table_end(t);
}

static int print_agents(FILE *f, const struct rz_topo_view *v)
{
	static const char *const columns[] = {"AGENT", "ZONE",	 "GROUP", "READY",
					      "HERE",  "SOURCE", NULL};
	char at[RZ_ENDPOINT_TEXT];
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(f, columns, &t);

	for (i = 0; !err && i < shown(v, v->topo->n_agents); i++) {
		const struct rz_topo_agent *a = &v->topo->agents[i];
		const char *cells[] = {at,
				       a->zone,
				       a->group,
				       a->ready ? "yes" : "no",
				       rz_home_name(a->home),
				       rz_topo_source_of(v, a)};

		rz_endpoint_format(at, sizeof(at), a->at.addr, a->at.port);
		err = rz_table_add(t, cells, a->home == RZ_HOME_AMBIGUOUS ? "yellow" : NULL);
	}
	if (!err)
		err = rz_table_end(t);
	print_rest(f, v, v->topo->n_agents);
	return err;
}

int rz_topology_print_text(FILE *f, const struct rz_topo_view *v)
{
	const char *own = v->topo->own_zone;
	char age[32];
	size_t i;
	int err;

	fprintf(f, "own zone: %s", *own ? own : "not given (each agent's own entry says its zone)");
	if (v->snap && v->snap->status.own_zone_from[0])
		fprintf(f, " (from %s)", v->snap->status.own_zone_from);
	putc('\n', f);
	if (v->snap && v->snap->status.topology_proved_ns) {
		rz_table_age(age, sizeof(age),
			     (double)(v->now_ns - v->snap->status.topology_proved_ns) / 1e9);
		fprintf(f, "last known to be current: %s ago\n", age);
	} else if (v->snap) {
		fprintf(f, "last known to be current: never\n");
	}
	if (v->snap && v->snap->status.frozen)
		fprintf(f, "nobody is moved now: %s\n", v->snap->status.frozen_why);
	if (v->snap && v->snap->counters.freezes)
		fprintf(f, "frozen so far: %u times\n", v->snap->counters.freezes);
	for (i = 0; i < v->topo->n_aliases; i++)
		fprintf(f, "alias: %s is %s\n", v->topo->aliases[i].name, v->topo->aliases[i].zone);
	if (!v->topo->n_agents) {
		fprintf(f, "no agents\n");
		return v->n_sources ? print_sources(f, v) : 0;
	}
	putc('\n', f);
	err = v->n_sources ? print_sources(f, v) : 0;
	if (v->n_sources)
		putc('\n', f);
	if (!err)
		err = print_zones(f, v);
	putc('\n', f);
	return err ? err : print_agents(f, v);
}
