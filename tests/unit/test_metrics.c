// SPDX-License-Identifier: Apache-2.0
/* user/out/metrics*.c, exposition.c: golden families, for dashboards and alerts rely on them; and
 * the rules for every row of the table: what may be a label, and how many series there may be. */
#include "world.h"

#include "out/metrics.h"

/* 2026-11-26 11:20:00 UTC */
#define WALL_NS (1795692000ULL * SECOND_NS)
#define N_ROWS	5

struct place {
	struct test_world w;
	struct rz_snapshot snap;
	struct rz_conn conns[N_ROWS];
	struct rz_conn_row rows[N_ROWS];
	struct rz_source_val source;
	struct rz_moved_key moved[2];
	uint64_t moved_counts[2];
	struct rz_arrival_key arrivals[2];
	uint64_t arrivals_counts[2];
	struct rz_error_key errors[2];
	uint64_t errors_counts[2];
	struct rz_tallies tallies;
	struct rz_map_fill fills[2];
	struct rz_ledger_key traffic[2];
	struct rz_ledger_sum traffic_sums[2];
	struct rz_ledger_rows ledger;
	struct rz_metrics_view v;
};

static struct rz_conn_row row(const char *client_zone, const char *agent_zone,
			      enum rz_locality locality, enum rz_reason reason)
{
	return (struct rz_conn_row){.reason = reason,
				    .verdict = {.locality = locality,
						.client_zone = client_zone,
						.agent_zone = agent_zone,
						.group = agent_zone ? "default" : NULL}};
}

static void make(struct place *p)
{
	memset(p, 0, sizeof(*p));
	test_world_make(&p->w);
	p->rows[0] = row("b", "a", RZ_LOCALITY_CROSS, RZ_REASON_PAUSED);
	p->rows[1] = row("b", "a", RZ_LOCALITY_CROSS, RZ_REASON_NOT_OPTED_IN);
	p->rows[2] = row("a", "a", RZ_LOCALITY_SAME, RZ_REASON_SAME_ZONE);
	/* what a client says, and nobody knows */
	p->rows[3] = row("evil\"\n{}", "a", RZ_LOCALITY_UNKNOWN, RZ_REASON_ZONE_UNKNOWN);
	p->rows[4] = row(NULL, NULL, RZ_LOCALITY_UNKNOWN, RZ_REASON_NOT_AN_AGENT);
	p->snap = (struct rz_snapshot){
		.now_ns = NOW_NS,
		.settings = {.mode = RZ_MODE_OBSERVE},
		.status = {.started_ns = NOW_NS - HOUR_NS,
			   .tick_ns = NOW_NS - 1500000000,
			   .listening = 2,
			   .conf_ns = NOW_NS - HOUR_NS,
			   .version = "0.1.0+abc"},
		.counters = {.outcomes = {[RZ_OUTCOME_HOME] = 3, [RZ_OUTCOME_LEFT] = 2}}};
	p->snap.stats.conns_full = 7;
	p->source = (struct rz_source_val){.proved_ns = NOW_NS - 250000000, .name = "file t.yaml"};
	p->moved[0] = (struct rz_moved_key){"b", RZ_MOVED_MOVED, RZ_CLOSE_FIN, RZ_TRIGGER_POLICY};
	p->moved_counts[0] = 4;
	p->moved[1] =
		(struct rz_moved_key){"", RZ_MOVED_LET_GO, RZ_CLOSE_RESET, RZ_TRIGGER_OPERATOR};
	p->moved_counts[1] = 1;
	p->arrivals[0] = (struct rz_arrival_key){"b", 1};
	p->arrivals_counts[0] = 5;
	p->arrivals[1] = (struct rz_arrival_key){"old-zone", 0};
	p->arrivals_counts[1] = 6;
	p->errors[0] = (struct rz_error_key){RZ_PLACE_CLOSE, -ESRCH};
	p->errors_counts[0] = 2;
	p->errors[1] = (struct rz_error_key){RZ_PLACE_COUNT, -4000};
	p->errors_counts[1] = 1;
	p->tallies = (struct rz_tallies){p->moved,    p->moved_counts,	  2,
					 p->arrivals, p->arrivals_counts, 2,
					 p->errors,   p->errors_counts,	  2};
	rz_histogram_add(&p->tallies.spans[RZ_SPAN_HOLD], 30 * 1000000);
	rz_histogram_add(&p->tallies.spans[RZ_SPAN_HOLD], 70 * SECOND_NS);
	p->traffic[0] = (struct rz_ledger_key){"default", "b", "a"};
	p->traffic_sums[0] = (struct rz_ledger_sum){.rx_bytes = 1000, .tx_bytes = 5000000000};
	p->traffic_sums[1].rx_bytes = 7;
	p->ledger = (struct rz_ledger_rows){
		.zones = p->traffic, .zones_sums = p->traffic_sums, .n_zones = 2};
	p->fills[0] = (struct rz_map_fill){"conns", 12, 64};
	p->v = (struct rz_metrics_view){.snap = &p->snap,
					.zones = &p->w.zones,
					.rows = p->rows,
					.n_rows = N_ROWS,
					.sources = &p->source,
					.n_sources = 1,
					.tallies = &p->tallies,
					.ledger = &p->ledger,
					.fills = p->fills,
					.n_fills = 1,
					.n_next = 3,
					.wall_ns = WALL_NS,
					.process = {1.25, 1795692000.5, 4096, 8192, 20, 128}};
}

static const struct rz_metric *find(const char *name)
{
	size_t i;

	for (i = 0; i < rz_metrics_n && strcmp(rz_metrics[i].family.name, name); i++)
		;
	assert_true(i < rz_metrics_n);
	return &rz_metrics[i];
}

/* What one family prints, with its name left out of each line. For free(). */
static char *values(const struct place *p, const char *name)
{
	const struct rz_metric *m = find(name);
	char *text, *ret = NULL, *line, *rest;
	size_t size;
	FILE *f = open_memstream(&text, &size), *out;
	struct rz_exposition x = {f, &m->family};

	m->collect(&x, &p->v);
	fclose(f);
	out = open_memstream(&ret, &size);
	for (rest = text; (line = strsep(&rest, "\n")) && *line;) {
		assert_memory_equal(line, name, strlen(name));
		fprintf(out, "%s\n", line + strlen(name));
	}
	fclose(out);
	free(text);
	return ret;
}

static void expect(const struct place *p, const char *name, const char *wanted)
{
	char *text = values(p, name);

	assert_string_equal(text, wanted);
	free(text);
}

/* A family that has more lines than are to be written down here: this one is among them. */
static void expect_line(const struct place *p, const char *name, const char *line)
{
	char *text = values(p, name);

	if (!strstr(text, line))
		print_error("%s\nis not in\n%s", line, text);
	assert_non_null(strstr(text, line));
	free(text);
}

static void test_connections(void **state)
{
	struct place p;

	(void)state;
	make(&p);
	expect(&p, "rezone_connections",
	       "{group=\"default\",client_zone=\"a\",agent_zone=\"a\"} 1\n"
	       "{group=\"default\",client_zone=\"b\",agent_zone=\"a\"} 2\n"
	       "{group=\"default\",client_zone=\"unknown\",agent_zone=\"a\"} 1\n"
	       "{group=\"unknown\",client_zone=\"unknown\",agent_zone=\"unknown\"} 1\n");
	expect_line(&p, "rezone_connections_by_reason",
		    "{locality=\"cross\",reason=\"paused\"} 1\n");
	expect_line(&p, "rezone_connections_by_reason",
		    "{locality=\"same\",reason=\"paused\"} 0\n");
	expect(&p, "rezone_moves_blocked",
	       "{cause=\"own zone unknown\"} 0\n{cause=\"zone not stable yet\"} 0\n"
	       "{cause=\"topology stale\"} 0\n{cause=\"cooling down\"} 0\n"
	       "{cause=\"gave up\"} 0\n{cause=\"client memory full\"} 0\n"
	       "{cause=\"breaker open\"} 0\n{cause=\"paused\"} 1\n{cause=\"over budget\"} 0\n"
	       "{cause=\"over target budget\"} 0\n{cause=\"over cluster budget\"} 0\n"
	       "{cause=\"observing\"} 0\n");
	expect(&p, "rezone_connections_listened_to", " 2\n");
	expect(&p, "rezone_clients_next_connection", " 3\n");
	expect(&p, "rezone_arrivals_total",
	       "{client_zone=\"a\",home_was_ready=\"no\"} 0\n"
	       "{client_zone=\"a\",home_was_ready=\"yes\"} 0\n"
	       "{client_zone=\"b\",home_was_ready=\"no\"} 0\n"
	       "{client_zone=\"b\",home_was_ready=\"yes\"} 5\n"
	       "{client_zone=\"c\",home_was_ready=\"no\"} 0\n"
	       "{client_zone=\"c\",home_was_ready=\"yes\"} 0\n"
	       "{client_zone=\"unknown\",home_was_ready=\"no\"} 0\n"
	       "{client_zone=\"unknown\",home_was_ready=\"yes\"} 0\n"
	       "{client_zone=\"old-zone\",home_was_ready=\"no\"} 6\n");
}

static void test_traffic(void **state)
{
	struct place p;

	(void)state;
	make(&p);
	expect(&p, "rezone_traffic_bytes_total",
	       "{group=\"default\",client_zone=\"b\",agent_zone=\"a\",direction=\"from_client\"} "
	       "1000\n"
	       "{group=\"default\",client_zone=\"b\",agent_zone=\"a\",direction=\"to_client\"} "
	       "5000000000\n"
	       "{group=\"unknown\",client_zone=\"unknown\",agent_zone=\"unknown\",direction="
	       "\"from_client\"} 7\n"
	       "{group=\"unknown\",client_zone=\"unknown\",agent_zone=\"unknown\",direction="
	       "\"to_client\"} 0\n"
	       /* zones whose clients have carried nothing to these agents yet */
	       "{group=\"default\",client_zone=\"a\",agent_zone=\"a\",direction=\"from_client\"} "
	       "0\n"
	       "{group=\"default\",client_zone=\"a\",agent_zone=\"a\",direction=\"to_client\"} 0\n"
	       "{group=\"default\",client_zone=\"c\",agent_zone=\"a\",direction=\"from_client\"} "
	       "0\n"
	       "{group=\"default\",client_zone=\"c\",agent_zone=\"a\",direction=\"to_client\"} "
	       "0\n");
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void test_moves(void **state)
{
	struct place p;
	char *text;

	(void)state;
	make(&p);
	text = values(&p, "rezone_moves_total");
	assert_int_equal(count_lines(text), 3 * 15 + 1); /* zones a, b, c; and "unknown" */
	free(text);
	expect_line(&p, "rezone_moves_total",
		    "{result=\"moved\",method=\"fin\",trigger=\"policy\",to_zone=\"b\"} 4\n");
	expect_line(&p, "rezone_moves_total",
		    "{result=\"moved\",method=\"reset\",trigger=\"follow-up\",to_zone=\"c\"} 0\n");
	expect_line(&p, "rezone_moves_total",
		    "{result=\"let-go\",method=\"reset\",trigger=\"operator\",to_zone=\"unknown\"} "
		    "1\n");
	expect(&p, "rezone_move_outcomes_total",
	       "{outcome=\"home\"} 3\n{outcome=\"returned\"} 0\n{outcome=\"left\"} 2\n"
	       "{outcome=\"gone\"} 0\n");
	expect(&p, "rezone_move_hold_seconds",
	       "_bucket{le=\"0.001\"} 0\n_bucket{le=\"0.0025\"} 0\n_bucket{le=\"0.005\"} 0\n"
	       "_bucket{le=\"0.01\"} 0\n_bucket{le=\"0.025\"} 0\n_bucket{le=\"0.05\"} 1\n"
	       "_bucket{le=\"0.1\"} 1\n_bucket{le=\"0.25\"} 1\n_bucket{le=\"0.5\"} 1\n"
	       "_bucket{le=\"1\"} 1\n_bucket{le=\"2.5\"} 1\n_bucket{le=\"5\"} 1\n"
	       "_bucket{le=\"10\"} 1\n_bucket{le=\"30\"} 1\n_bucket{le=\"60\"} 1\n"
	       "_bucket{le=\"+Inf\"} 2\n_sum 70.03\n_count 2\n");
}

static void test_daemon(void **state)
{
	struct place p;

	(void)state;
	make(&p);
	expect(&p, "rezone_build_info", "{version=\"0.1.0+abc\",map_abi=\"14\"} 1\n");
	expect(&p, "rezone_mode", "{mode=\"enforce\"} 0\n{mode=\"observe\"} 1\n");
	expect(&p, "rezone_topology_agents",
	       "{group=\"default\",zone=\"a\",ready=\"yes\"} 1\n"
	       "{group=\"default\",zone=\"a\",ready=\"no\"} 0\n"
	       "{group=\"default\",zone=\"b\",ready=\"yes\"} 1\n"
	       "{group=\"default\",zone=\"b\",ready=\"no\"} 0\n"
	       "{group=\"default\",zone=\"c\",ready=\"yes\"} 0\n"
	       "{group=\"default\",zone=\"c\",ready=\"no\"} 1\n");
	expect(&p, "rezone_topology_age_seconds", "{source=\"file t.yaml\"} 0.25\n");
	expect(&p, "rezone_bpf_map_entries", "{map=\"conns\"} 12\n");
	expect(&p, "rezone_bpf_map_capacity", "{map=\"conns\"} 64\n");
	expect_line(&p, "rezone_bpf_dropped_total", "{cause=\"conns_full\"} 7\n");
	expect_line(&p, "rezone_bpf_dropped_total", "{cause=\"races\"} 0\n");
	expect(&p, "rezone_errors_total",
	       "{place=\"close\",errno=\"ESRCH\"} 2\n{place=\"?\",errno=\"4000\"} 1\n");
	expect(&p, "rezone_last_tick_timestamp_seconds", " 1795691998.5\n");
	expect(&p, "rezone_config_last_reload_successful", " 1\n");
	expect(&p, "rezone_config_last_reload_success_timestamp_seconds", " 1795688400\n");
	expect(&p, "process_cpu_seconds_total", " 1.25\n");
	p.snap.status.tick_ns = 0;
	p.snap.status.conf_failed_ns = NOW_NS;
	p.source.proved_ns = 0;
	expect(&p, "rezone_last_tick_timestamp_seconds", " 0\n");
	expect(&p, "rezone_config_last_reload_successful", " 0\n");
	expect(&p, "rezone_topology_age_seconds", "{source=\"file t.yaml\"} 3600\n");
}

/* The page has each family once: HELP, TYPE, values. Nothing of a client is in it. */
static void test_page(void **state)
{
	struct place p;
	char *text, head[128];
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	make(&p);
	rz_metrics_print(f, &p.v);
	fclose(f);
	assert_null(strstr(text, "evil"));
	for (i = 0; i < rz_metrics_n; i++) {
		const struct rz_family *m = &rz_metrics[i].family;
		char *first;

		snprintf(head, sizeof(head), "# TYPE %s %s\n", m->name,
			 rz_family_type_name(m->type));
		first = strstr(text, head);
		assert_non_null(first);
		assert_null(strstr(first + 1, head));
	}
	free(text);
}

/* What every row keeps to. */
static void test_table(void **state)
{
	/* none of them is for what a client says or where it comes from */
	static const char *const allowed[] = {
		"version",  "map_abi", "mode",		 "group",    "client_zone", "agent_zone",
		"locality", "reason",  "result",	 "method",   "trigger",	    "to_zone",
		"outcome",  "cause",   "home_was_ready", "zone",     "ready",	    "source",
		"map",	    "place",   "errno",		 "direction"};
	size_t i, k, a;

	(void)state;
	for (i = 0; i < rz_metrics_n; i++) {
		const struct rz_metric *m = &rz_metrics[i];
		size_t len = strlen(m->family.name), total = strlen("_total");

		assert_true(!strncmp(m->family.name, "rezone_", 7) ||
			    !strncmp(m->family.name, "process_", 8));
		assert_int_equal(m->family.type == RZ_COUNTER,
				 !strcmp(m->family.name + len - total, "_total"));
		assert_non_null(m->family.help);
		assert_true(m->family.help[strlen(m->family.help) - 1] != '.');
		assert_non_null(m->from);
		assert_int_equal(!m->values, !m->family.labels[0]);
		for (k = 0; m->family.labels[k]; k++) {
			for (a = 0; a < COUNT(allowed); a++)
				if (!strcmp(allowed[a], m->family.labels[k]))
					break;
			assert_true(a < COUNT(allowed));
		}
	}
}

/* However many zones there are, a family has RZ_SERIES_MAX series and one for the rest. */
static void test_bounded(void **state)
{
	const size_t n = 3 * RZ_SERIES_MAX;
	struct rz_conn_row *rows = calloc(n, sizeof(*rows));
	char(*zones)[16] = calloc(n, sizeof(*zones));
	struct place p;
	char *text;
	size_t i;

	(void)state;
	make(&p);
	for (i = 0; i < n; i++) {
		snprintf(zones[i], sizeof(zones[i]), "z%06zu", i);
		rows[i] = row(zones[i], "a", RZ_LOCALITY_CROSS, RZ_REASON_PAUSED);
	}
	p.v.rows = rows;
	p.v.n_rows = n;
	text = values(&p, "rezone_connections");
	assert_int_equal(count_lines(text), RZ_SERIES_MAX + 1);
	free(text);
	expect_line(&p, "rezone_connections",
		    "{group=\"others\",client_zone=\"others\",agent_zone=\"others\"} 4000\n");
	free(rows);
	free(zones);
}

/* A label's value cannot end its line or its quotes, and is UTF-8. */
static void test_escapes(void **state)
{
	struct place p;

	(void)state;
	make(&p);
	strcpy(p.source.name, "a\"b\\c\nd\xff\x1b");
	expect(&p, "rezone_topology_age_seconds", "{source=\"a\\\"b\\\\c\\nd??\"} 0.25\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections), cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_moves),	    cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_page),	    cmocka_unit_test(test_table),
		cmocka_unit_test(test_bounded),	    cmocka_unit_test(test_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
