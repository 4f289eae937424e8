// SPDX-License-Identifier: Apache-2.0
/* The table of metrics, and what is made from it but for the values, see metrics.h. */
#include "out/metrics.h"

#include <jansson.h>

#include "base/json.h"
#include "out/metrics_inside.h"

#define F	     "{job=~\"$job\",instance=~\"$instance\"}"
#define RATE(name)   "rate(" name F "[$__rate_interval])"
#define SUM(by, x)   "sum by (" by ") (" x ")"
#define Q95(name)    "histogram_quantile(0.95, sum by (le) (" RATE(name "_bucket") "))"
#define ZONE_VALUES  "zones of the topology, or `unknown`"
#define GROUP_VALUES "agent groups of the topology, or `unknown`"

/* clang-format off */
const struct rz_metric rz_metrics[] = {
	{{"rezone_build_info", RZ_GAUGE, "1",
	  "Version and map ABI of the daemon, as labels", {"version", "map_abi"}},
	 "map `status`", "the version that `rezone status` shows, and the number of the map ABI",
	 rz_metrics_build_info,
	 {"Overview", "Versions", SUM("version", "rezone_build_info" F), "{{version}}", "short"}},
	{{"rezone_mode", RZ_GAUGE, "0 or 1",
	  "Whether the daemon is in this mode", {"mode"}},
	 "map `settings`", "`enforce`, `observe`", rz_metrics_mode,
	 {"Overview", "Nodes by mode", SUM("mode", "rezone_mode" F), "{{mode}}", "short"}},
	{{"rezone_connections", RZ_GAUGE, "connections",
	  "Tracked connections by agent group, zone of the client and zone of the agent",
	  {"group", "client_zone", "agent_zone"}},
	 "map `conns`, judged as `rezone list` does", "`group`: " GROUP_VALUES
	 "; zones: " ZONE_VALUES, rz_metrics_connections,
	 {"Overview", "Connections from zone to zone",
	  SUM("client_zone, agent_zone", "rezone_connections" F),
	  "{{client_zone}} to {{agent_zone}}", "short"}},
	{{"rezone_connections_by_reason", RZ_GAUGE, "connections",
	  "Tracked connections by locality and the reason why each is kept or moved",
	  {"locality", "reason"}},
	 "likewise", "`locality`: `same`, `cross`, `unknown`; `reason`: the words of "
	 "[troubleshoot.md](troubleshoot.md)", rz_metrics_by_reason,
	 {"Overview", "Cross-zone connections by reason",
	  SUM("reason", "rezone_connections_by_reason{job=~\"$job\",instance=~\"$instance\","
	      "locality=\"cross\"}") " > 0", "{{reason}}", "short"}},
	{{"rezone_connections_parked", RZ_GAUGE, "connections",
	  "Tracked connections whose requests are not read, for nobody would move them", {}},
	 "map `conns`", NULL, rz_metrics_parked,
	 {"Overview", "Parked connections", "sum(rezone_connections_parked" F ")", "parked",
	  "short"}},
	{{"rezone_traffic_bytes_total", RZ_COUNTER, "bytes",
	  "Payload between clients and agents of this node, counted once, at the agent",
	  {"group", "client_zone", "agent_zone", "direction"}},
	 "map `zone_bytes`", "`group`: " GROUP_VALUES "; zones: " ZONE_VALUES
	 ", as they were when the bytes went; `direction`: `from_client`, `to_client`",
	 rz_metrics_traffic,
	 {"Overview", "Bytes from zone to zone",
	  SUM("client_zone, agent_zone", RATE("rezone_traffic_bytes_total")),
	  "{{client_zone}} to {{agent_zone}}", "Bps"}},
	{{"rezone_moves_total", RZ_COUNTER, "moves",
	  "Moves that ended since the daemon started, and moves that mode observe did not begin",
	  {"result", "method", "trigger", "to_zone"}},
	 "map `moved`", "`result`: `moved`, `let-go`, `refused`, `observed`; `method`: `reset`, "
	 "`fin`; `trigger`: `policy`, `operator` (`rezone reset`), `follow-up` (the close of a "
	 "connection that a moved client opened here again); `to_zone`: " ZONE_VALUES,
	 rz_metrics_moves,
	 {"Moves", "Moves by result", SUM("result", RATE("rezone_moves_total")), "{{result}}",
	  "ops"}},
	{{"rezone_move_outcomes_total", RZ_COUNTER, "moves",
	  "What became of the clients of moves since the daemon started", {"outcome"}},
	 "map `counters`", "`home`, `returned` (futile), `left` (not seen on this node again), "
	 "`gone` (before it could be moved)", rz_metrics_outcomes,
	 {"Moves", "Outcomes", SUM("outcome", RATE("rezone_move_outcomes_total")), "{{outcome}}",
	  "ops"}},
	{{"rezone_move_wait_seconds", RZ_HISTOGRAM, "seconds",
	  "From the begin of a move to the close of its connection", {}},
	 "map `spans`", NULL, rz_metrics_wait,
	 {"Moves", "Wait for a close, 95th percentile", Q95("rezone_move_wait_seconds"), "95 %",
	  "s"}},
	{{"rezone_move_hold_seconds", RZ_HISTOGRAM, "seconds",
	  "How long new requests of a connection were held back, whatever came of its move", {}},
	 "map `spans`", NULL, rz_metrics_hold,
	 {"Moves", "Hold, 95th percentile", Q95("rezone_move_hold_seconds"), "95 %", "s"}},
	{{"rezone_moves_blocked", RZ_GAUGE, "connections",
	  "Connections that rezone would move, were it not for this cause", {"cause"}},
	 "map `conns`, judged as `rezone list` does; map `moves`",
	 "the reasons that are of the node and not of the connection: `paused`, `topology stale`, "
	 "`breaker open`, ...", rz_metrics_blocked,
	 {"Moves", "Connections that wait, by cause",
	  SUM("cause", "rezone_moves_blocked" F) " > 0", "{{cause}}", "short"}},
	{{"rezone_connections_listened_to", RZ_GAUGE, "connections",
	  "Connections whose next request rezone waits for, for none came while their move waited",
	  {}},
	 "map `status`", NULL, rz_metrics_listened_to, {}},
	{{"rezone_clients_next_connection", RZ_GAUGE, "clients",
	  "Clients whose next connection a move waits for, to close it as they begin to write", {}},
	 "map `follow`", NULL, rz_metrics_next_connection, {}},
	{{"rezone_arrivals_total", RZ_COUNTER, "connections",
	  "Data connections that were opened to agents of this node since the daemon started",
	  {"client_zone", "home_was_ready"}},
	 "map `arrivals`", "`client_zone`: " ZONE_VALUES "; `home_was_ready`: `yes` if an agent "
	 "that the client could use was ready in that zone, else `no`", rz_metrics_arrivals,
	 {"Topology", "Arrivals by zone of the client",
	  SUM("client_zone, home_was_ready", RATE("rezone_arrivals_total")),
	  "{{client_zone}}, home ready: {{home_was_ready}}", "cps"}},
	{{"rezone_topology_agents", RZ_GAUGE, "agents",
	  "Agents of the whole cluster as this node counts them", {"group", "zone", "ready"}},
	 "map `zones`", "`group`, `zone`: names of the topology; `ready`: `yes`, `no`",
	 rz_metrics_agents,
	 {"Topology", "Ready agents by zone", "max by (group, zone) (rezone_topology_agents{"
	  "job=~\"$job\",instance=~\"$instance\",ready=\"yes\"})", "{{group}} {{zone}}", "short"}},
	{{"rezone_topology_age_seconds", RZ_GAUGE, "seconds",
	  "Since when a source of the topology has not been proved to be current", {"source"}},
	 "map `sources`", "the sources that `rezone topology` shows", rz_metrics_topology_age,
	 {"Topology", "Age of the topology, oldest node",
	  "max by (source) (rezone_topology_age_seconds" F ")", "{{source}}", "s"}},
	{{"rezone_bpf_map_entries", RZ_GAUGE, "entries",
	  "Entries of a BPF map", {"map"}},
	 "the maps", "the maps that may become full, by their names", rz_metrics_map_entries,
	 {"Health", "Fullest maps", "topk(5, max by (map) (rezone_bpf_map_entries" F
	  " / rezone_bpf_map_capacity" F "))", "{{map}}", "percentunit"}},
	{{"rezone_bpf_map_capacity", RZ_GAUGE, "entries",
	  "Entries that a BPF map has room for", {"map"}},
	 "the maps", "likewise", rz_metrics_map_capacity, {}},
	{{"rezone_bpf_dropped_total", RZ_COUNTER, "segments, requests or connections",
	  "What the BPF programs could not follow and left alone", {"cause"}},
	 "map `stats`; `state_skipped` of map `counters`", "the counters of `rezone stats` of "
	 "which anything but 0 deserves a look", rz_metrics_dropped,
	 {"Health", "Not followed, by cause",
	  SUM("cause", RATE("rezone_bpf_dropped_total")) " > 0", "{{cause}}", "ops"}},
	{{"rezone_agents_asked_total", RZ_COUNTER, "questions",
	  "Agents that were asked for the versions they have, since the daemon started",
	  {"result"}},
	 "map `counters`", "`answered`; `failed`: `rezone status` has the latest reason",
	 rz_metrics_asked,
	 {"Health", "Agents asked for their versions",
	  SUM("result", RATE("rezone_agents_asked_total")), "{{result}}", "ops"}},
	{{"rezone_errors_total", RZ_COUNTER, "errors",
	  "Calls of the BPF programs and of the daemon that failed", {"place", "errno"}},
	 "map `errors`", "the places of `rezone stats`; the name of the error (`ENOMEM`)",
	 rz_metrics_errors,
	 {"Health", "Errors", SUM("place, errno", RATE("rezone_errors_total")) " > 0",
	  "{{place}} {{errno}}", "ops"}},
	{{"rezone_last_tick_timestamp_seconds", RZ_GAUGE, "seconds since 1970",
	  "When the latest tick was; 0 before the first", {}},
	 "map `status`", NULL, rz_metrics_last_tick,
	 {"Health", "Since the latest tick", "time() - rezone_last_tick_timestamp_seconds" F,
	  "{{instance}}", "s"}},
	{{"rezone_tick_duration_seconds", RZ_HISTOGRAM, "seconds",
	  "How long a tick took", {}},
	 "map `spans`", NULL, rz_metrics_tick_duration,
	 {"Health", "Tick, 95th percentile", Q95("rezone_tick_duration_seconds"), "95 %", "s"}},
	{{"rezone_config_last_reload_successful", RZ_GAUGE, "0 or 1",
	  "Whether the latest change of the settings was taken", {}},
	 "map `status`", NULL, rz_metrics_reload_successful,
	 {"Health", "Nodes that refused a change of their settings",
	  "sum(rezone_config_last_reload_successful" F " == bool 0)", "nodes", "short"}},
	{{"rezone_config_last_reload_success_timestamp_seconds", RZ_GAUGE, "seconds since 1970",
	  "When the settings that hold now were read", {}},
	 "map `status`", NULL, rz_metrics_reload_time, {}},
	{{"process_cpu_seconds_total", RZ_COUNTER, "seconds",
	  "CPU time of the process that answers, which is not the daemon", {}},
	 "getrusage", NULL, rz_metrics_process_cpu,
	 {"Health", "CPU of `rezone serve`", RATE("process_cpu_seconds_total"), "{{instance}}",
	  "percentunit"}},
	{{"process_start_time_seconds", RZ_GAUGE, "seconds since 1970",
	  "When that process started", {}},
	 "the clock", NULL, rz_metrics_process_start, {}},
	{{"process_resident_memory_bytes", RZ_GAUGE, "bytes",
	  "Resident memory of that process", {}},
	 "/proc/self/statm", NULL, rz_metrics_process_resident, {}},
	{{"process_virtual_memory_bytes", RZ_GAUGE, "bytes",
	  "Virtual memory of that process", {}},
	 "/proc/self/statm", NULL, rz_metrics_process_virtual, {}},
	{{"process_open_fds", RZ_GAUGE, "descriptors",
	  "Open file descriptors of that process", {}},
	 "fcntl", NULL, rz_metrics_process_open_fds, {}},
	{{"process_max_fds", RZ_GAUGE, "descriptors",
	  "File descriptors that that process may have", {}},
	 "getrlimit", NULL, rz_metrics_process_max_fds, {}},
};
/* clang-format on */
const size_t rz_metrics_n = sizeof(rz_metrics) / sizeof(rz_metrics[0]);

void rz_metrics_print(FILE *f, const struct rz_metrics_view *v)
{
	size_t i;

	for (i = 0; i < rz_metrics_n; i++) {
		struct rz_exposition x = rz_exposition_begin(f, &rz_metrics[i].family);

		rz_metrics[i].collect(&x, v);
	}
}

static void markdown_row(FILE *f, const struct rz_metric *m)
{
	size_t k;

	fprintf(f, "| `%s` | %s | %s | %s |", m->family.name, rz_family_type_name(m->family.type),
		m->family.unit, m->family.help);
	for (k = 0; m->family.labels[k]; k++)
		fprintf(f, "%s`%s`", k ? ", " : " ", m->family.labels[k]);
	fprintf(f, "%s%s | %s |\n", k ? ": " : "", m->values ?: "", m->from);
}

void rz_metrics_markdown(FILE *f)
{
	size_t i;

	fputs("# Metrics\n\n"
	      "What `rezone serve` and `rezone run --listen` have on `/metrics`, made from the "
	      "table "
	      "in\n`user/out/metrics.c` by `make docs`; the dashboard is made from the same table. "
	      "How to serve, scrape\nand alert: [operate.md](operate.md#metrics-and-health).\n\n"
	      "* No label has a client.id or an address, and a zone or group in a label is one of "
	      "the\n"
	      "  topology, else `unknown`. So a client does not decide how many series there are; "
	      "a "
	      "family has\n  2,000 at most, and one more (`others`) for the rest.\n"
	      "* Series whose labels are words of rezone's start at 0; so do counters by zone, for "
	      "the first 16\n  zones that have agents (bytes: towards agents that have clients).\n"
	      "* Counters count since the daemon started, but for `rezone_bpf_*`, "
	      "`rezone_errors_total`\n  and `rezone_traffic_bytes_total`: these are as old as the "
	      "maps (`--keep-pins`).\n"
	      "* A page is made once a second at most; what is asked for in between is the same "
	      "one.\n\n"
	      "| name | type | in | what it is | labels | from |\n|---|---|---|---|---|---|\n",
	      f);
	for (i = 0; i < rz_metrics_n; i++)
		markdown_row(f, &rz_metrics[i]);
}

static json_t *labels_json(const struct rz_family *f)
{
	json_t *a = json_array();
	size_t k;

	for (k = 0; f->labels[k]; k++)
		json_array_append_new(a, json_string(f->labels[k]));
	return a;
}

static json_t *panel_json(const struct rz_panel *p)
{
	return p->row ? json_pack("{s:s, s:s, s:s, s:s, s:s}", "row", p->row, "title", p->title,
				  "expr", p->expr, "legend", p->legend, "unit", p->unit)
		      : json_null();
}

int rz_metrics_print_json(FILE *f)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < rz_metrics_n; i++) {
		const struct rz_metric *m = &rz_metrics[i];

		json_array_append_new(
			all, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "name", m->family.name,
				       "type", rz_family_type_name(m->family.type), "unit",
				       m->family.unit, "help", m->family.help, "labels",
				       labels_json(&m->family), "panel", panel_json(&m->panel)));
	}
	return rz_json_print(f, all, false);
}
