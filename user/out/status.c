// SPDX-License-Identifier: Apache-2.0
/* `rezone status` for people, see status.h; for programs: status_json.c. */
#include "out/status.h"

#include <string.h>
#include <time.h>

#include "kern/watch.h"
#include "move/catch.h"
#include "move/listen.h"
#include "out/status_inside.h"
#include "out/table.h"
#include "policy/reason.h"
#include "topo/source.h"

#define SECOND_NS 1000000000ULL

uint64_t rz_status_wall_ns(const struct rz_status_view *v, uint64_t at_ns)
{
	uint64_t now = v->snap->now_ns;

	if (!at_ns)
		return 0;
	return at_ns < now ? v->wall_ns - (now - at_ns) : v->wall_ns + (at_ns - now);
}

uint64_t rz_status_open(const struct rz_counters *n)
{
	uint64_t known = n->outcomes[RZ_OUTCOME_HOME] + n->outcomes[RZ_OUTCOME_LEFT] +
			 n->outcomes[RZ_OUTCOME_RETURNED];

	return n->moved > known ? n->moved - known : 0;
}

/* "2026-11-26 11:20:01 UTC" */
static const char *clock_text(char dst[static 32], uint64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / SECOND_NS);
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(dst, 32, "%Y-%m-%d %H:%M:%S UTC", &tm);
	return dst;
}

/* "5m3s ago", "never" */
static const char *ago(const struct rz_status_view *v, char dst[static 48], uint64_t at_ns)
{
	uint64_t now = v->snap->now_ns;

	if (!at_ns)
		return "never";
	rz_table_age(dst, 48, now > at_ns ? (double)(now - at_ns) / 1e9 : 0);
	return strcat(dst, " ago");
}

static void print_process(FILE *f, const struct rz_status_view *v)
{
	const struct rz_status *s = &v->snap->status;
	char since[32], age[48], tick[48], interval[32];

	clock_text(since, rz_status_wall_ns(v, s->started_ns));
	rz_duration_format(interval, sizeof(interval), v->snap->settings.interval_ns);
	rz_table_line(f, v->alive ? "running" : "last run", "since %s (%s), pid %u, version %s",
		      since, ago(v, age, s->started_ns), s->pid, s->version);
	rz_table_line(f, "mode", "%s; a tick every %s, the last %s",
		      rz_mode_name(v->snap->settings.mode), interval,
		      s->tick_ns ? ago(v, tick, s->tick_ns) : "not yet");
}

/* What there is to say of the file: nothing, if there is none. */
static void print_settings(FILE *f, const struct rz_status_view *v)
{
	const struct rz_status *s = &v->snap->status;
	char age[48];

	if (!s->conf_file[0])
		return;
	rz_table_line(f, "settings", "%s, taken %s%s%s", s->conf_file, ago(v, age, s->conf_ns),
		      *s->conf_restart ? "; a restart is needed for " : "", s->conf_restart);
}

static void print_topology(FILE *f, const struct rz_status_view *v)
{
	struct rz_topo_total n = rz_topo_zones_total(v->zones);
	const struct rz_status *s = &v->snap->status;
	char age[48];
	size_t i;

	if (s->own_zone[0])
		rz_table_line(f, "own zone", "%s%s%s", s->own_zone,
			      *s->own_zone_from ? ", from " : "", s->own_zone_from);
	else
		rz_table_line(f, "own zone", "not known (each agent's own entry says its zone)");
	rz_table_line(f, "topology", "%zu agents in %zu zones, %zu ready; known to be current %s",
		      n.agents, n.zones, n.ready, ago(v, age, s->topology_proved_ns));
	for (i = 0; i < v->n_sources; i++) {
		const struct rz_source_val *r = &v->sources[i];

		rz_table_line(f, "  source", "%s: %u addresses, %u ready; %s%s%s", r->name,
			      r->agents, r->ready, ago(v, age, r->proved_ns), *r->note ? "; " : "",
			      r->note);
	}
}

/* "kgo-1,warpstream_az=b at 10.0.2.7, for its next one to 10.0.1.1:9092, since ... until ..." */
static void print_next(FILE *f, const struct rz_status_view *v, const struct rz_follow_row *r)
{
	const struct rz_client *client = rz_snapshot_client(v->snap, r->key.client);
	char addr[RZ_ENDPOINT_TEXT], agent[RZ_ENDPOINT_TEXT], since[32], until[32];

	rz_addr_format(addr, sizeof(addr), r->key.client_addr);
	rz_endpoint_format(agent, sizeof(agent), r->key.agent_addr, r->key.agent_port);
	rz_table_line(f, "  client", "%s at %s, connections to %s; since %s until %s at most",
		      client ? client->id : "-", addr, agent,
		      clock_text(since, rz_status_wall_ns(v, r->follow.since_ns)),
		      clock_text(until, rz_status_wall_ns(v, r->follow.until_ns)));
}

/* Whom moves wait for, if anybody. */
static void print_waiting(FILE *f, const struct rz_status_view *v)
{
	size_t i;

	if (v->snap->status.listening)
		rz_table_line(f, "listening",
			      "to %u connections, of %d at most: their next request makes them "
			      "candidates again",
			      v->snap->status.listening, RZ_LISTEN_MAX);
	if (v->n_next)
		rz_table_line(f, "waiting",
			      "for the next connection of %zu clients, of %d at most: it is closed "
			      "as it begins to write%s",
			      v->n_next, RZ_CATCH_MAX,
			      v->wide ? "" : " (-o wide names the clients)");
	for (i = 0; v->wide && i < v->n_next; i++)
		print_next(f, v, &v->next[i]);
}

static void print_moves(FILE *f, const struct rz_status_view *v)
{
	const struct rz_counters *n = &v->snap->counters;
	const struct rz_conn_totals *t = &v->totals;

	rz_table_line(f, "connections", "%zu: %zu same zone, %zu cross zone, %zu unknown", t->all,
		      t->localities[RZ_LOCALITY_SAME], t->localities[RZ_LOCALITY_CROSS],
		      t->localities[RZ_LOCALITY_UNKNOWN]);
	if (t->tls)
		rz_table_line(f, "under TLS", "%zu, %zu of them cross zone: never moved", t->tls,
			      t->tls_cross);
	if (t->parked)
		rz_table_line(f, "parked",
			      "%zu: nobody would move them, and their requests are not read",
			      t->parked);
	rz_table_line(f, "would move", "%zu now, %zu are being moved", t->would_move, t->moving);
	print_waiting(f, v);
	rz_table_line(f, "moved",
		      "%llu: %llu home, %llu left this node, %llu returned, %llu not known yet; "
		      "not moved: %llu without a safe moment, %llu refused",
		      (unsigned long long)n->moved,
		      (unsigned long long)n->outcomes[RZ_OUTCOME_HOME],
		      (unsigned long long)n->outcomes[RZ_OUTCOME_LEFT],
		      (unsigned long long)n->outcomes[RZ_OUTCOME_RETURNED],
		      (unsigned long long)rz_status_open(n), (unsigned long long)n->let_go,
		      (unsigned long long)n->refused);
	if (v->snap->settings.mode == RZ_MODE_OBSERVE)
		rz_table_line(f, "observed", "%llu moves that enforcing would have begun",
			      (unsigned long long)n->observed);
	if (v->snap->status.wide)
		rz_table_line(
			f, "responses",
			"the latest move followed them at the whole cgroup, at a cost for all "
			"packets that are sent: %s",
			rz_wide_text(v->snap->status.wide));
}

/* Nothing, if no agent was asked. */
static void print_asked(FILE *f, const struct rz_status_view *v)
{
	const struct rz_counters *n = &v->snap->counters;
	const struct rz_status *s = &v->snap->status;
	char age[48];

	if (!n->asked_answered && !n->asked_failed)
		return;
	rz_table_line(f, "asked", "agents for their versions: %llu answered, %llu did not%s%s%s%s",
		      (unsigned long long)n->asked_answered, (unsigned long long)n->asked_failed,
		      s->ask_failed_ns ? "; the latest " : "",
		      s->ask_failed_ns ? ago(v, age, s->ask_failed_ns) : "",
		      s->ask_failed_ns ? ", " : "", s->ask_why);
}

static void print_stops(FILE *f, const struct rz_status_view *v)
{
	const struct rz_status *s = &v->snap->status;
	char text[RZ_PAUSE_TEXT + 160], since[32], until[32];

	if (v->pause) {
		rz_pause_format(text, sizeof(text), v->pause);
		rz_table_line(f, "paused", "%s", text);
	}
	if (v->snap->settings.paused)
		rz_table_line(f, "paused", "by the settings (--paused), until they change");
	if (s->frozen)
		rz_table_line(
			f, "frozen", "since %s until it is over: %s: %s",
			clock_text(since, rz_status_wall_ns(v, s->frozen_ns ?: s->started_ns)),
			rz_freeze_name(s->frozen), s->frozen_why);
	if (s->breaker_until_ns > v->snap->now_ns)
		rz_table_line(f, "breaker",
			      "open since %s until %s: too many of the latest moves were futile",
			      clock_text(since, rz_status_wall_ns(v, s->breaker_since_ns)),
			      clock_text(until, rz_status_wall_ns(v, s->breaker_until_ns)));
}

int rz_status_print_text(FILE *f, const struct rz_status_view *v, const struct rz_health *h)
{
	char text[RZ_PAUSE_TEXT + 160];
	size_t i;

	rz_table_line(f, "rezone", "%s, node %s", rz_health_word(h), v->node);
	if (v->snap) {
		print_process(f, v);
		print_settings(f, v);
		print_topology(f, v);
		print_moves(f, v);
		print_asked(f, v);
		print_stops(f, v);
	} else if (v->pause) {
		rz_pause_format(text, sizeof(text), v->pause);
		rz_table_line(f, "paused", "%s", text);
	}
	for (i = 0; i < h->n; i++)
		rz_table_line(f, i ? "" : "because", "%s: %s", rz_fault_word(h->rows[i].fault),
			      h->rows[i].text);
	return 0;
}
