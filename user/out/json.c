// SPDX-License-Identifier: Apache-2.0
/* JSON output, see json.h. Text in the maps is printable ASCII already; jansson refuses anything
 * else. */
#include "out/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "policy/classify.h"
#include "topo/group.h"
#include "topo/source.h"

json_t *rz_json_text(const char *s)
{
	return s && *s ? json_string(s) : json_null();
}

json_t *rz_json_number(bool known, int64_t n)
{
	return known ? json_integer(n) : json_null();
}

static json_t *seconds(double s)
{
	return json_real(round(s * 10) / 10);
}

int rz_json_print(FILE *f, json_t *all, bool compact)
{
	int err = !all || json_dumpf(all, f, compact ? JSON_COMPACT : JSON_INDENT(1)) ? -ENOMEM : 0;

	putc('\n', f);
	json_decref(all);
	return err;
}

/* Adds one key; jansson takes the value over, also where it fails. */
static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static void set_client(json_t *o, const struct rz_conn_row *r)
{
	const struct rz_client *c = r->client;

	set(o, "client_id", c && !c->is_null ? json_string(c->id) : json_null());
	set(o, "truncated", c ? json_boolean(c->truncated) : json_null());
	set(o, "dialect", c ? json_string(rz_dialect_name(c->dialect)) : json_null());
	set(o, "opt_in", c ? json_boolean(c->opt_in) : json_null());
	set(o, "session_id", rz_json_text(c ? c->session_id : NULL));
	set(o, "proxy_target", rz_json_text(c ? c->proxy_target : NULL));
	set(o, "agent_group", rz_json_text(c ? c->agent_group : NULL));
	set(o, "software", rz_json_text(r->software ? r->software->name : NULL));
	set(o, "software_version", rz_json_text(r->software ? r->software->version : NULL));
}

static void set_zones(json_t *o, const struct rz_verdict *v)
{
	set(o, "client_zone", rz_json_text(v->client_zone));
	set(o, "zone_from",
	    v->client_zone ? json_string(v->zone_by_address ? "address" : "tag") : json_null());
	set(o, "agent_zone", rz_json_text(v->agent_zone));
	set(o, "group", rz_json_text(v->group));
	set(o, "locality", json_string(rz_locality_name(v->locality)));
	set(o, "kind", json_string(rz_kind_name(v->kind)));
}

static json_t *conn_object(const struct rz_conn_row *r)
{
	const struct rz_frame *f = &r->conn->frame;
	json_t *o = json_object();

	set(o, "cookie", json_integer((json_int_t)r->conn->cookie));
	set(o, "netns", json_integer((json_int_t)r->conn->netns));
	set(o, "client", json_string(r->client_at));
	set(o, "proxy", rz_json_text(r->proxy_at));
	set(o, "via", json_string(rz_via_name(f->via)));
	set(o, "agent", json_string(r->agent_at));
	set_client(o, r);
	set_zones(o, &r->verdict);
	set(o, "state", json_string(rz_state_name(f->state)));
	set(o, "protocol", f->protocol ? json_string(rz_protocol_name(f->protocol)) : json_null());
	set(o, "age_s", seconds(r->age_s));
	set(o, "metadata_age_s", r->metadata_age_s < 0 ? json_null() : seconds(r->metadata_age_s));
	set(o, "data_age_s", r->data_age_s < 0 ? json_null() : seconds(r->data_age_s));
	set(o, "idle_s", r->idle_s < 0 ? json_null() : seconds(r->idle_s));
	set(o, "requests", json_integer(f->requests));
	set(o, "answerable", json_integer(f->answerable));
	set(o, "rx_bytes", json_integer((json_int_t)r->conn->rx_bytes));
	set(o, "tx_bytes", json_integer((json_int_t)r->conn->tx_bytes));
	set(o, "adopted", json_boolean(f->adopted));
	set(o, "verdict", json_string(r->move ? "move" : "keep"));
	set(o, "phase", rz_json_text(r->phase));
	set(o, "reason", json_string(rz_reason_name(r->reason)));
	return o;
}

int rz_json_conns(FILE *f, const struct rz_conn_row *rows, size_t n, bool compact)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		if (json_array_append_new(all, conn_object(&rows[i]))) {
			json_decref(all);
			return -ENOMEM;
		}
	return rz_json_print(f, all, compact);
}

static json_t *since(uint64_t at_ns, uint64_t now_ns)
{
	return at_ns && now_ns >= at_ns ? seconds((double)(now_ns - at_ns) / 1e9) : json_null();
}

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
	why = rz_zone_standing(z, &v->snap->settings, &v->snap->status, v->now_ns);
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

static json_t *zones_array(const struct rz_topo_view *v)
{
	const struct rz_topo_zones *z = v->zones;
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < z->n; i++)
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

	for (i = 0; i < t->n_agents; i++) {
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

int rz_json_topology(FILE *f, const struct rz_topo_view *v)
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
