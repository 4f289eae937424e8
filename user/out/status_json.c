// SPDX-License-Identifier: Apache-2.0
/* `rezone status -o json`, see status.h. Every key is always there; what is not known is null. */
#include "out/status.h"

#include "base/json.h"
#include "base/str.h"
#include "kern/watch.h"
#include "move/catch.h"
#include "move/listen.h"
#include "out/pause.h"
#include "out/status_inside.h"
#include "policy/reason.h"
#include "topo/source.h"

static json_t *time_of(const struct rz_status_view *v, uint64_t at_ns)
{
	return rz_json_time(v->snap ? rz_status_wall_ns(v, at_ns) : 0);
}

static json_t *age_of(const struct rz_status_view *v, uint64_t at_ns)
{
	uint64_t now = v->snap ? v->snap->now_ns : 0;

	return rz_json_seconds(at_ns && now >= at_ns ? (double)(now - at_ns) / 1e9 : -1);
}

static json_t *count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *faults_array(const struct rz_health *h)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < h->n; i++)
		json_array_append_new(a, json_pack("{s:s, s:s}", "fault",
						   rz_fault_word(h->rows[i].fault), "text",
						   h->rows[i].text));
	return a;
}

static json_t *frozen_object(const struct rz_status_view *v)
{
	const struct rz_status *s = &v->snap->status;

	if (!s->frozen)
		return json_null();
	return json_pack("{s:o, s:s, s:o}", "since", time_of(v, s->frozen_ns ?: s->started_ns),
			 "freeze", rz_freeze_name(s->frozen), "why", rz_json_text(s->frozen_why));
}

static json_t *breaker_object(const struct rz_status_view *v)
{
	const struct rz_status *s = &v->snap->status;

	if (s->breaker_until_ns <= v->snap->now_ns)
		return json_null();
	return json_pack("{s:o, s:o, s:s}", "since", time_of(v, s->breaker_since_ns), "until",
			 time_of(v, s->breaker_until_ns), "why",
			 "too many of the latest moves were futile");
}

static json_t *responses_object(const struct rz_status_view *v)
{
	enum rz_wide wide = v->snap->status.wide;

	return wide ? json_pack("{s:s}", "why", rz_wide_text(wide)) : json_null();
}

static json_t *asked_object(const struct rz_status_view *v)
{
	const struct rz_status *s = &v->snap->status;

	return json_pack("{s:o, s:o, s:o, s:o}", "answered",
			 count(v->snap->counters.asked_answered), "failed",
			 count(v->snap->counters.asked_failed), "failed_at",
			 time_of(v, s->ask_failed_ns), "failed_why", rz_json_text(s->ask_why));
}

static json_t *sources_array(const struct rz_status_view *v)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < v->n_sources; i++) {
		const struct rz_source_val *r = &v->sources[i];

		json_array_append_new(a, json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", r->name,
						   "age_s", age_of(v, r->proved_ns), "agents",
						   count(r->agents), "ready", count(r->ready),
						   "fault", rz_json_text(r->note)));
	}
	return a;
}

static json_t *topology_object(const struct rz_status_view *v)
{
	struct rz_topo_total n = rz_topo_zones_total(v->zones);

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "age_s",
			 age_of(v, v->snap->status.topology_proved_ns), "agents", count(n.agents),
			 "ready", count(n.ready), "zones", count(n.zones), "sources",
			 sources_array(v));
}

static json_t *connections_object(const struct rz_conn_totals *t)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "all", count(t->all),
			 "same", count(t->localities[RZ_LOCALITY_SAME]), "cross",
			 count(t->localities[RZ_LOCALITY_CROSS]), "unknown",
			 count(t->localities[RZ_LOCALITY_UNKNOWN]), "unidentified",
			 count(t->unidentified), "would_move", count(t->would_move), "moving",
			 count(t->moving), "tls", count(t->tls), "tls_cross", count(t->tls_cross),
			 "parked", count(t->parked));
}

static json_t *moves_object(const struct rz_counters *n)
{
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "moved", count(n->moved), "home",
		count(n->outcomes[RZ_OUTCOME_HOME]), "left", count(n->outcomes[RZ_OUTCOME_LEFT]),
		"returned", count(n->outcomes[RZ_OUTCOME_RETURNED]), "not_known_yet",
		count(rz_status_open(n)), "gone", count(n->outcomes[RZ_OUTCOME_GONE]), "let_go",
		count(n->let_go), "refused", count(n->refused), "observed", count(n->observed));
}

static json_t *next_object(const struct rz_status_view *v, const struct rz_follow_row *r)
{
	const struct rz_client *client = rz_snapshot_client(v->snap, r->key.client);
	char addr[RZ_ENDPOINT_TEXT], agent[RZ_ENDPOINT_TEXT];

	rz_addr_format(addr, sizeof(addr), r->key.client_addr);
	rz_endpoint_format(agent, sizeof(agent), r->key.agent_addr, r->key.agent_port);
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "client", addr, "client_id",
			 client ? rz_json_text(client->id) : json_null(), "agent", agent, "cookie",
			 count(r->follow.moved), "since", time_of(v, r->follow.since_ns), "until",
			 time_of(v, r->follow.until_ns));
}

static json_t *make_waiting(const struct rz_status_view *v)
{
	json_t *clients = json_array();
	size_t i;

	for (i = 0; i < v->n_next; i++)
		json_array_append_new(clients, next_object(v, &v->next[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "listening", count(v->snap->status.listening),
			 "listening_most", count(RZ_LISTEN_MAX), "next_connection",
			 count(v->n_next), "next_connection_most", count(RZ_CATCH_MAX), "clients",
			 clients);
}

static json_t *make_version(const struct rz_status_view *v)
{
	return rz_json_text(v->snap->status.version);
}

static json_t *make_mode(const struct rz_status_view *v)
{
	return json_string(rz_mode_name(v->snap->settings.mode));
}

static json_t *make_pid(const struct rz_status_view *v)
{
	return count(v->snap->status.pid);
}

static json_t *make_started(const struct rz_status_view *v)
{
	return time_of(v, v->snap->status.started_ns);
}

static json_t *make_running(const struct rz_status_view *v)
{
	return v->alive ? age_of(v, v->snap->status.started_ns) : json_null();
}

static json_t *make_interval(const struct rz_status_view *v)
{
	return rz_json_seconds((double)v->snap->settings.interval_ns / 1e9);
}

static json_t *make_tick(const struct rz_status_view *v)
{
	return age_of(v, v->snap->status.tick_ns);
}

static json_t *make_beat(const struct rz_status_view *v)
{
	return age_of(v, v->snap->status.beat_ns);
}

static json_t *make_own_zone(const struct rz_status_view *v)
{
	return rz_json_text(v->snap->status.own_zone);
}

static json_t *make_own_zone_from(const struct rz_status_view *v)
{
	return rz_json_text(v->snap->status.own_zone_from);
}

static json_t *make_connections(const struct rz_status_view *v)
{
	return connections_object(&v->totals);
}

static json_t *make_moves(const struct rz_status_view *v)
{
	return moves_object(&v->snap->counters);
}

static json_t *make_settings(const struct rz_status_view *v)
{
	const struct rz_status *s = &v->snap->status;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "file", rz_json_text(s->conf_file),
			 "taken", time_of(v, s->conf_ns), "reloads", count(s->conf_reloads),
			 "refused", time_of(v, s->conf_failed_ns), "refused_why",
			 rz_json_text(s->conf_why), "restart_for", rz_json_text(s->conf_restart));
}

static json_t *make_paused(const struct rz_status_view *v)
{
	return json_boolean(v->snap->settings.paused);
}

/* Keys and their values while there are maps; null each while there are none. */
static const struct {
	const char *key;
	json_t *(*make)(const struct rz_status_view *v);
} parts[] = {
	{"version", make_version},
	{"mode", make_mode},
	{"pid", make_pid},
	{"started", make_started},
	{"running_s", make_running},
	{"interval_s", make_interval},
	{"tick_age_s", make_tick},
	{"beat_age_s", make_beat},
	{"own_zone", make_own_zone},
	{"own_zone_from", make_own_zone_from},
	{"topology", topology_object},
	{"connections", make_connections},
	{"moves", make_moves},
	{"waiting", make_waiting},
	{"settings", make_settings},
	{"paused_by_settings", make_paused},
	{"frozen", frozen_object},
	{"breaker", breaker_object},
	{"responses", responses_object},
	{"asked", asked_object},
};

int rz_status_print_json(FILE *f, const struct rz_status_view *v, const struct rz_health *h)
{
	json_t *all = json_pack("{s:s, s:s, s:b, s:b, s:o, s:o}", "node", v->node, "health",
				rz_health_word(h), "live", v->alive, "ready", rz_health_ready(h, v),
				"faults", faults_array(h), "paused", rz_pause_json(v->pause));
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		json_object_set_new(all, parts[i].key, v->snap ? parts[i].make(v) : json_null());
	return rz_json_print(f, all, false);
}
