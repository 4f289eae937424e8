// SPDX-License-Identifier: Apache-2.0
/* user/out/: what `rezone status` prints and with which status it exits: golden texts, for scripts
 * and people rely on them (docs/json.md), and each fault alone. */
#include "printed.h"
#include "world.h"

#include "out/status.h"

/* 2026-11-26 11:20:00 UTC */
#define WALL_NS (1795692000ULL * SECOND_NS)

/* A daemon that is well, with one thing of each kind to tell. */
struct place {
	struct test_world w;
	struct rz_snapshot snap;
	struct rz_source_val source;
	struct rz_pause pause;
	struct rz_status_view v;
};

static void make(struct place *p)
{
	memset(p, 0, sizeof(*p));
	test_world_make(&p->w);
	p->snap.now_ns = NOW_NS;
	p->snap.settings = p->w.settings;
	p->snap.settings.interval_ns = 30 * SECOND_NS;
	p->snap.status = (struct rz_status){.started_ns = NOW_NS - 303 * SECOND_NS,
					    .tick_ns = NOW_NS - 12 * SECOND_NS,
					    .beat_ns = NOW_NS - SECOND_NS / 5 * 2,
					    .topology_proved_ns = NOW_NS - SECOND_NS,
					    .pid = 4242,
					    .way = RZ_WAY_KFUNC,
					    .own_zone = "a",
					    .own_zone_from = "file t.yaml",
					    .version = "0.1.0+abc",
					    .node = "node-1",
					    .conf_ns = NOW_NS - 60 * SECOND_NS,
					    .conf_reloads = 2,
					    .conf_file = "/etc/rezone.yaml",
					    .conf_restart = "port",
					    .ask_failed_ns = NOW_NS - 30 * SECOND_NS,
					    .ask_why = "10.0.1.2:9092: no answer"};
	p->snap.counters.moved = 6;
	p->snap.counters.outcomes[RZ_OUTCOME_HOME] = 1;
	p->snap.counters.outcomes[RZ_OUTCOME_RETURNED] = 1;
	p->snap.counters.outcomes[RZ_OUTCOME_LEFT] = 2;
	p->snap.counters.outcomes[RZ_OUTCOME_GONE] = 1;
	p->snap.counters.let_go = 3;
	p->snap.counters.refused = 1;
	p->snap.counters.asked_answered = 2;
	p->snap.counters.asked_failed = 1;
	p->source = (struct rz_source_val){
		.proved_ns = NOW_NS - SECOND_NS, .agents = 3, .ready = 2, .name = "file t.yaml"};
	p->pause = (struct rz_pause){.since_ns = WALL_NS - 60 * SECOND_NS,
				     .until_ns = WALL_NS + 3600 * SECOND_NS,
				     .by = "alice (uid 0, pid 7)",
				     .why = "shift"};
	p->v = (struct rz_status_view){.pin_dir = "/sys/fs/bpf/x",
				       .node = "node-1",
				       .alive = true,
				       .wall_ns = WALL_NS,
				       .snap = &p->snap,
				       .topo = &p->w.topo,
				       .zones = &p->w.zones,
				       .sources = &p->source,
				       .n_sources = 1,
				       .totals = {.all = 12,
						  .localities = {1, 8, 3},
						  .unidentified = 1,
						  .would_move = 2,
						  .tls = 2,
						  .tls_cross = 1},
				       .conns_max = 100,
				       .clients_max = 100};
}

typedef int (*print_fn)(FILE *f, const struct rz_status_view *v, const struct rz_health *h);

static const char *printed(const struct place *p, print_fn print)
{
	struct rz_health h = rz_health_judge(&p->v);

	return PRINTED(print, &p->v, &h);
}

static int exit_of(const struct place *p)
{
	struct rz_health h = rz_health_judge(&p->v);

	return rz_health_exit(&h);
}

static bool ready(const struct place *p)
{
	struct rz_health h = rz_health_judge(&p->v);

	return rz_health_ready(&h, &p->v);
}

static void test_healthy(void **state)
{
	struct place p;

	(void)state;
	make(&p);
	assert_int_equal(exit_of(&p), 0);
	assert_true(ready(&p));
	assert_string_equal(
		printed(&p, rz_status_print_text),
		"rezone       healthy, node node-1\n"
		"running      since 2026-11-26 11:14:57 UTC (5m3s ago), pid 4242, version "
		"0.1.0+abc\n"
		"mode         enforce; a tick every 30s, the last 12s ago\n"
		"settings     /etc/rezone.yaml, taken 1m0s ago; a restart is needed for port\n"
		"own zone     a, from file t.yaml\n"
		"topology     3 agents in 3 zones, 2 ready; known to be current 1s ago\n"
		"  source     file t.yaml: 3 addresses, 2 ready; 1s ago\n"
		"connections  12: 8 same zone, 3 cross zone, 1 unknown\n"
		"under TLS    2, 1 of them cross zone: never moved\n"
		"would move   2 now, 0 are being moved\n"
		"moved        6: 1 home, 2 left this node, 1 returned, 2 not known yet; not moved: "
		"3 without a safe moment, 1 refused\n"
		"asked        agents for their versions: 2 answered, 1 did not; the latest 30s "
		"ago, 10.0.1.2:9092: no answer\n");
	assert_string_equal(
		printed(&p, rz_status_print_json),
		"{\n \"node\": \"node-1\",\n \"health\": \"healthy\",\n \"live\": true,\n"
		" \"ready\": true,\n \"faults\": [],\n \"paused\": null,\n"
		" \"version\": \"0.1.0+abc\",\n \"mode\": \"enforce\",\n \"pid\": 4242,\n"
		" \"started\": \"2026-11-26T11:14:57.000Z\",\n \"running_s\": 303.0,\n"
		" \"interval_s\": 30.0,\n \"tick_age_s\": 12.0,\n \"beat_age_s\": 0.4,\n"
		" \"own_zone\": \"a\",\n \"own_zone_from\": \"file t.yaml\",\n"
		" \"topology\": {\n  \"age_s\": 1.0,\n  \"agents\": 3,\n  \"ready\": 2,\n"
		"  \"zones\": 3,\n  \"sources\": [\n   {\n    \"name\": \"file t.yaml\",\n"
		"    \"age_s\": 1.0,\n    \"agents\": 3,\n    \"ready\": 2,\n"
		"    \"fault\": null\n   }\n  ]\n },\n"
		" \"connections\": {\n  \"all\": 12,\n  \"same\": 8,\n  \"cross\": 3,\n"
		"  \"unknown\": 1,\n  \"unidentified\": 1,\n  \"would_move\": 2,\n"
		"  \"moving\": 0,\n  \"tls\": 2,\n  \"tls_cross\": 1,\n  \"parked\": 0\n },\n"
		" \"moves\": {\n  \"moved\": 6,\n  \"home\": 1,\n  \"left\": 2,\n"
		"  \"returned\": 1,\n  \"not_known_yet\": 2,\n  \"gone\": 1,\n"
		"  \"let_go\": 3,\n  \"refused\": 1,\n  \"observed\": 0\n },\n"
		" \"waiting\": {\n  \"listening\": 0,\n  \"listening_most\": 64,\n"
		"  \"next_connection\": 0,\n  \"next_connection_most\": 64,\n"
		"  \"clients\": []\n },\n"
		" \"settings\": {\n  \"file\": \"/etc/rezone.yaml\",\n"
		"  \"taken\": \"2026-11-26T11:19:00.000Z\",\n  \"reloads\": 2,\n"
		"  \"refused\": null,\n  \"refused_why\": null,\n"
		"  \"restart_for\": \"port\"\n },\n \"paused_by_settings\": false,\n"
		" \"frozen\": null,\n \"breaker\": null,\n \"responses\": null,\n"
		" \"asked\": {\n  \"answered\": 2,\n  \"failed\": 1,\n"
		"  \"failed_at\": \"2026-11-26T11:19:30.000Z\",\n"
		"  \"failed_why\": \"10.0.1.2:9092: no answer\"\n }\n}\n");
}

/* Whom moves wait for: how many, and with -o wide who; a client whose client.id is not known any
 * more has none. */
static void test_waiting(void **state)
{
	struct rz_follow_row next[2] = {
		{.key = {.agent_port = 9092},
		 .follow = {.moved = 77,
			    .software = 1,
			    .since_ns = NOW_NS - 20 * SECOND_NS,
			    .until_ns = NOW_NS + 100 * SECOND_NS}},
	};
	struct rz_client_row client = {.hash = 7, .client = {.id = "kgo-1,warpstream_az=b"}};
	uint8_t addr[16] = {[10] = 0xff, [11] = 0xff, 10, 0, 2, 7};
	struct place p;

	(void)state;
	make(&p);
	memcpy(next[0].key.client_addr, addr, sizeof(addr));
	memcpy(next[0].key.agent_addr, addr, sizeof(addr));
	next[1] = next[0];
	next[0].key.client = client.hash;
	p.snap.clients = &client;
	p.snap.n_clients = 1;
	p.snap.status.listening = 3;
	assert_non_null(strstr(printed(&p, rz_status_print_text),
			       "\nlistening    to 3 connections, of 64 at most: their next request "
			       "makes them candidates again\nmoved "));
	p.v.next = next;
	p.v.n_next = 2;
	assert_non_null(
		strstr(printed(&p, rz_status_print_text),
		       "\nwaiting      for the next connection of 2 clients, of 64 at most: "
		       "it is closed as it begins to write (-o wide names the "
		       "clients)\nmoved "));
	p.v.wide = true;
	assert_non_null(strstr(printed(&p, rz_status_print_text),
			       " begins to write\n"
			       "  client     kgo-1,warpstream_az=b at 10.0.2.7, connections to "
			       "10.0.2.7:9092; since 2026-11-26 11:19:40 UTC until 2026-11-26 "
			       "11:21:40 UTC at most\n"
			       "  client     - at 10.0.2.7, "));
	assert_non_null(strstr(printed(&p, rz_status_print_json),
			       "\"listening\": 3,\n  \"listening_most\": 64,\n"
			       "  \"next_connection\": 2,\n  \"next_connection_most\": 64,\n"
			       "  \"clients\": [\n   {\n    \"client\": \"10.0.2.7\",\n"
			       "    \"client_id\": \"kgo-1,warpstream_az=b\",\n"
			       "    \"agent\": \"10.0.2.7:9092\",\n    \"cookie\": 77,\n"
			       "    \"since\": \"2026-11-26T11:19:40.000Z\",\n"
			       "    \"until\": \"2026-11-26T11:21:40.000Z\"\n   },\n   {\n"
			       "    \"client\": \"10.0.2.7\",\n    \"client_id\": null,\n"));
}

/* Why nobody is moved, since when and until when; a pause costs the node no restart and no rollout.
 */
static void test_stopped(void **state)
{
	struct place p;

	(void)state;
	make(&p);
	p.v.pause = &p.pause;
	p.snap.status.frozen = RZ_FREEZE_STALE;
	p.snap.status.frozen_ns = NOW_NS - 30 * SECOND_NS;
	strcpy(p.snap.status.frozen_why, "file t.yaml is old");
	p.snap.status.wide = RZ_WIDE_MANY;
	p.snap.status.breaker_since_ns = NOW_NS - 120 * SECOND_NS;
	p.snap.status.breaker_until_ns = NOW_NS + 60 * SECOND_NS;
	assert_int_equal(exit_of(&p), 1);
	assert_true(ready(&p));
	printed(&p, rz_status_print_text);
	assert_string_equal(
		strstr(printed_text, "paused"),
		"paused       since 2026-11-26 11:19:00 UTC by alice (uid 0, pid 7), until "
		"2026-11-26 12:20:00 UTC: shift\n"
		"frozen       since 2026-11-26 11:19:30 UTC until it is over: stale: file t.yaml "
		"is old\n"
		"breaker      open since 2026-11-26 11:18:00 UTC until 2026-11-26 11:21:00 UTC: "
		"too "
		"many of the latest moves were futile\n"
		"because      frozen: stale: file t.yaml is old\n"
		"             paused: by alice (uid 0, pid 7): shift\n"
		"             breaker open: too many of the latest moves were futile: their "
		"clients "
		"came back\n");
	printed(&p, rz_status_print_json);
	assert_non_null(strstr(printed_text,
			       "\"paused\": {\n  \"since\": \"2026-11-26T11:19:00.000Z\",\n"
			       "  \"until\": \"2026-11-26T12:20:00.000Z\",\n"
			       "  \"by\": \"alice (uid 0, pid 7)\",\n"
			       "  \"why\": \"shift\"\n }"));
	assert_non_null(strstr(printed_text,
			       "\"frozen\": {\n  \"since\": \"2026-11-26T11:19:30.000Z\",\n"
			       "  \"freeze\": \"stale\",\n"
			       "  \"why\": \"file t.yaml is old\"\n }"));
	assert_non_null(strstr(printed_text,
			       "\"breaker\": {\n  \"since\": \"2026-11-26T11:18:00.000Z\",\n"
			       "  \"until\": \"2026-11-26T11:21:00.000Z\""));
	assert_non_null(strstr(printed_text,
			       "\"responses\": {\n  \"why\": \"the sockets that move are of "
			       "too many cgroups\"\n }"));
}

/* The settings' pause and the operator's are apart, and one fault. */
static void test_paused_by_settings(void **state)
{
	struct rz_health h;
	struct place p;

	(void)state;
	make(&p);
	p.snap.settings.paused = 1;
	h = rz_health_judge(&p.v);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.rows[0].fault, RZ_FAULT_PAUSED);
	assert_string_equal(strstr(printed(&p, rz_status_print_text), "paused"),
			    "paused       by the settings (--paused), until they change\n"
			    "because      paused: by the settings (--paused)\n");
	printed(&p, rz_status_print_json);
	assert_non_null(strstr(printed_text, "\"paused\": null"));
	assert_non_null(strstr(printed_text, "\"paused_by_settings\": true"));
	p.v.pause = &p.pause;
	h = rz_health_judge(&p.v);
	assert_int_equal(h.n, 1);
	assert_non_null(strstr(h.rows[0].text, "; also by the settings"));
	assert_true(ready(&p));
}

/* One after the other: each alone makes the node degraded. */
static void test_each_fault(void **state)
{
	static const enum rz_fault faults[] = {
		RZ_FAULT_STALLED,  RZ_FAULT_TICK_LATE, RZ_FAULT_NO_SOURCE,  RZ_FAULT_NO_CLOSE,
		RZ_FAULT_SETTINGS, RZ_FAULT_HELPER,    RZ_FAULT_NEARLY_FULL};
	struct rz_health h;
	struct place p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		make(&p);
		switch (faults[i]) {
		case RZ_FAULT_STALLED:
			p.snap.status.beat_ns = NOW_NS - 11 * SECOND_NS;
			break;
		case RZ_FAULT_TICK_LATE: /* 30 s and a tenth, and 10 s for a busy machine */
			p.snap.status.tick_ns = NOW_NS - 44 * SECOND_NS;
			break;
		case RZ_FAULT_NO_SOURCE:
			p.v.n_sources = 0;
			break;
		case RZ_FAULT_NO_CLOSE:
			p.snap.status.way = RZ_WAY_NONE;
			break;
		case RZ_FAULT_HELPER:
			p.snap.status.helper = RZ_HELPER_DOWN;
			break;
		case RZ_FAULT_SETTINGS:
			p.snap.status.conf_failed_ns = NOW_NS - SECOND_NS;
			break;
		default:
			p.snap.n_clients = 95;
			break;
		}
		h = rz_health_judge(&p.v);
		assert_int_equal(h.n, 1);
		assert_int_equal(h.rows[0].fault, faults[i]);
		assert_int_equal(rz_health_exit(&h), 1);
		assert_int_equal(rz_health_ready(&h, &p.v),
				 faults[i] != RZ_FAULT_STALLED && faults[i] != RZ_FAULT_TICK_LATE);
	}
}

/* What is normal at the start, and just before the limits, is no fault. */
static void test_no_fault(void **state)
{
	struct place p;

	(void)state;
	make(&p);
	p.snap.status.started_ns = NOW_NS - 5 * SECOND_NS;
	p.snap.status.tick_ns = 0;
	assert_int_equal(exit_of(&p), 0);
	/* left by the daemon before, whose pins were kept */
	p.snap.status.tick_ns = NOW_NS - HOUR_NS;
	assert_int_equal(exit_of(&p), 0);
	make(&p);
	p.snap.status.tick_ns = NOW_NS - 42 * SECOND_NS;
	p.snap.status.beat_ns = NOW_NS - 9 * SECOND_NS;
	p.snap.n_conns = p.snap.n_clients = 94;
	p.snap.status.breaker_until_ns = NOW_NS - 1; /* over, not yet told */
	assert_int_equal(exit_of(&p), 0);
}

/* Detached, no segment is seen: not ready. Any other freeze is. */
static void test_ready(void **state)
{
	struct place p;

	(void)state;
	make(&p);
	p.snap.status.frozen = RZ_FREEZE_UNREACHABLE;
	assert_true(ready(&p));
	p.snap.status.frozen = RZ_FREEZE_DETACHED;
	assert_false(ready(&p));
	p.snap.status.frozen = RZ_FREEZE_NONE;
	p.v.alive = false;
	assert_false(ready(&p));
}

/* Not running: with what the last daemon left, and without. A pause is shown even then. */
static void test_not_running(void **state)
{
	struct place p;

	(void)state;
	make(&p);
	p.v.alive = false;
	p.snap.status.beat_ns = NOW_NS - HOUR_NS; /* one fault only */
	assert_int_equal(exit_of(&p), 3);
	assert_non_null(strstr(printed(&p, rz_status_print_text), "\nlast run     since "));
	assert_non_null(strstr(printed(&p, rz_status_print_json), "\"running_s\": null"));
	p.v.snap = NULL;
	p.v.pause = &p.pause;
	assert_int_equal(exit_of(&p), 3);
	assert_string_equal(
		printed(&p, rz_status_print_text),
		"rezone       not running, node node-1\n"
		"paused       since 2026-11-26 11:19:00 UTC by alice (uid 0, pid 7), until "
		"2026-11-26 12:20:00 UTC: shift\n"
		"because      not running: no rezone runs with --pin-dir /sys/fs/bpf/x; start it "
		"with `rezone run`\n");
	printed(&p, rz_status_print_json);
	assert_non_null(strstr(printed_text, "\"version\": null"));
	assert_non_null(strstr(printed_text, "\"moves\": null"));
	/* it holds its directory, and its maps are not there: another version, or a start */
	p.v.alive = true;
	assert_int_equal(exit_of(&p), 1);
	assert_false(ready(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_each_fault),
		cmocka_unit_test(test_paused_by_settings),
		cmocka_unit_test(test_no_fault),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_not_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
