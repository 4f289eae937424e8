/* SPDX-License-Identifier: Apache-2.0 */
/* out/: the rows of `rezone list`, the JSON contract (docs/json.md), and what people read. */
#include "world.h"

#include <time.h>
#include <jansson.h>

#include "out/conn_json.h"
#include "out/conn_order.h"
#include "out/table.h"
#include "out/topology.h"

/* A snapshot of the world's one connection and a stranger on an unknown port. */
struct shown {
	struct test_world w;
	struct rz_conn conns[2];
	struct rz_client_row clients[1];
	struct rz_move_row moves[1];
	struct rz_proxied_row proxied[1];
	struct rz_software_row softwares[1];
	struct rz_snapshot snap;
	struct rz_conn_row *rows;
	struct rz_conn_totals totals;
	char text[8192];
};

static const char proxy_line[] = "PROXY TCP4 203.0.113.9 10.0.0.1 4242 9092\r\n";

static void shown_make(struct shown *s)
{
	memset(s, 0, sizeof(*s));
	test_world_make(&s->w);
	s->conns[0] = s->w.conn;
	test_conn(&s->conns[1]);
	s->conns[1].cookie = 4712;
	s->conns[1].tuple.agent_port = 9999;
	s->conns[1].frame = (struct rz_frame){.api_key = -1};
	s->conns[1].opened_ns = NOW_NS - 3 * SECOND_NS;
	s->proxied[0].cookie = 4711;
	s->proxied[0].proxied.len = strlen(proxy_line);
	memcpy(s->proxied[0].proxied.raw, proxy_line, strlen(proxy_line));
	s->softwares[0] = (struct rz_software_row){7, {"kgo", "1.22"}};
	s->clients[0] = (struct rz_client_row){CLIENT_HASH, s->w.client};
	s->snap = (struct rz_snapshot){.conns = s->conns,
				       .n_conns = 2,
				       .clients = s->clients,
				       .n_clients = 1,
				       .moves = s->moves,
				       .proxied = s->proxied,
				       .softwares = s->softwares,
				       .settings = s->w.settings,
				       .status = s->w.status,
				       .now_ns = NOW_NS};
}

static void shown_rows(struct shown *s, const struct rz_conn_filter *f)
{
	struct rz_world world = test_world_view(&s->w);

	free(s->rows);
	assert_int_equal(rz_conn_rows_make(&s->snap, &world, f, &s->rows, &s->totals), 0);
}

static const struct rz_conn_filter all = {.locality = -1};

static FILE *to_text(struct shown *s)
{
	memset(s->text, 0, sizeof(s->text));
	return fmemopen(s->text, sizeof(s->text) - 1, "w");
}

static void test_rows(void **state)
{
	struct shown s;

	(void)state;
	shown_make(&s);
	shown_rows(&s, &all);
	assert_int_equal(s.totals.all, 2);
	assert_int_equal(s.totals.shown, 2);
	assert_int_equal(s.totals.localities[RZ_LOCALITY_CROSS], 1);
	assert_int_equal(s.totals.localities[RZ_LOCALITY_UNKNOWN], 1);
	assert_int_equal(s.totals.unidentified, 1);
	assert_true(s.totals.unidentified_s > 2.9 && s.totals.unidentified_s < 3.1);
	assert_true(s.rows[0].move);
	assert_string_equal(s.rows[0].client_at, "10.0.2.7:51544");
	assert_false(s.rows[1].move);
	assert_int_equal(s.rows[1].reason, RZ_REASON_NOT_IDENTIFIED);
	free(s.rows);
}

static void test_filters(void **state)
{
	struct shown s;

	(void)state;
	shown_make(&s);
	shown_rows(&s, &(struct rz_conn_filter){.client_id_glob = "app,*", .locality = -1});
	assert_int_equal(s.totals.shown, 1);
	shown_rows(&s, &(struct rz_conn_filter){.client_id_glob = "other*", .locality = -1});
	assert_int_equal(s.totals.shown, 0);
	assert_int_equal(s.totals.all, 2); /* the totals are over all */
	shown_rows(&s, &(struct rz_conn_filter){.locality = RZ_LOCALITY_UNKNOWN});
	assert_int_equal(s.totals.shown, 1);
	assert_int_equal(s.rows[0].conn->cookie, 4712);
	shown_rows(&s, &(struct rz_conn_filter){.client_id_glob = "app,*",
						.locality = RZ_LOCALITY_SAME});
	assert_int_equal(s.totals.shown, 0);
	free(s.rows);
}

/* One connection is 10.0.2.7:51544 in zone b at 10.0.1.2:9092 in zone a; of the other little is
 * known. */
static void test_filters_of_one(void **state)
{
	static const struct {
		struct rz_conn_filter f;
		size_t shown;
	} rows[] = {
		{{.client = "10.0.2.7", .locality = -1}, 1},
		{{.client = "10.0.2.7:51544", .locality = -1}, 1},
		{{.client = "10.0.2.7:5154", .locality = -1}, 0},
		{{.client = "10.0.2", .locality = -1}, 0},
		{{.agent = "10.0.1.2", .client_zone = "b", .locality = -1}, 1},
		{{.client_zone = "a", .locality = -1}, 0},
		{{.agent_zone = "a", .client_zone = "b", .locality = -1}, 1},
		{{.agent_zone = "b", .locality = -1}, 0},
		{{.cookie = 4711, .locality = -1}, 1},
		{{.cookie = 1, .locality = -1}, 0},
	};
	struct shown s;
	size_t i;

	(void)state;
	shown_make(&s);
	test_ip4(s.conns[1].tuple.client_addr, 10, 0, 2, 70);
	test_ip4(s.conns[1].tuple.agent_addr, 10, 0, 1, 20);
	assert_true(rz_conn_filter_is_all(&all));
	for (i = 0; i < COUNT(rows); i++) {
		assert_false(rz_conn_filter_is_all(&rows[i].f));
		shown_rows(&s, &rows[i].f);
		print_message("%zu\n", i);
		assert_int_equal(s.totals.shown, rows[i].shown);
	}
	free(s.rows);
}

/* What the daemon's history says of a candidate is shown, if it is still about this client. */
static void test_waiting(void **state)
{
	struct shown s;

	(void)state;
	shown_make(&s);
	s.moves[0] = (struct rz_move_row){
		4711,
		{.client = CLIENT_HASH, .phase = RZ_PHASE_WAIT, .reason = RZ_REASON_COOLING_DOWN}};
	s.snap.n_moves = 1;
	shown_rows(&s, &all);
	assert_false(s.rows[0].move);
	assert_int_equal(s.rows[0].reason, RZ_REASON_COOLING_DOWN);
	s.moves[0].move.client++;
	shown_rows(&s, &all);
	assert_true(s.rows[0].move);
	free(s.rows);
}

/* Every key of docs/json.md with the value it must have; unknown is null, never missing. */
static void test_json(void **state)
{
	static const char expected[] =
		"[{\"cookie\":4711,\"netns\":4026532288,\"client\":\"203.0.113.9:4242\","
		"\"proxy\":\"10.0.2.7:51544\",\"via\":\"proxy\",\"agent\":\"10.0.1.2:9092\","
		"\"truncated\":0,"
		"\"zone_from\":\"tag\",\"protocol\":\"kafka\",\"metadata_age_s\":2.5,"
		"\"data_age_s\":1.5,"
		"\"idle_s\":null,\"requests\":17,\"answerable\":16,"
		"\"client_id\":\"app,warpstream_az=b,warpstream_interzone_lb=true\","
		"\"dialect\":\"warpstream\",\"client_zone\":\"b\",\"agent_zone\":\"a\","
		"\"group\":\"default\",\"opt_in\":true,\"locality\":\"cross\",\"state\":\"data\","
		"\"kind\":\"data\",\"software\":\"kgo\",\"software_version\":\"1.22\","
		"\"library\":\"kgo\",\"library_version\":\"1.22\","
		"\"library_known_by\":\"said\",\"age_s\":12."
		"5,"
		"\"rx_bytes\":1234,\"tx_bytes\":99,\"verdict\":\"keep\","
		"\"reason\":\"behind a load balancer\",\"session_id\":null,\"proxy_target\":null,"
		"\"agent_group\":null,\"adopted\":0,\"phase\":null,\"expected_home_by\":null},"
		"{\"cookie\":4712,\"netns\":4026532288,\"client\":\"10.0.2.7:51544\","
		"\"proxy\":null,\"via\":\"network\",\"truncated\":null,\"zone_from\":null,"
		"\"protocol\":null,"
		"\"metadata_age_s\":null,\"data_age_s\":null,\"idle_s\":null,\"requests\":0,"
		"\"answerable\":0,"
		"\"agent\":\"10.0.1.2:9999\",\"client_id\":null,\"dialect\":null,"
		"\"client_zone\":null,\"agent_zone\":null,\"group\":null,\"opt_in\":null,"
		"\"locality\":\"unknown\",\"state\":\"new\",\"kind\":\"silent\","
		"\"library\":null,\"library_version\":null,\"library_known_by\":\"unknown\","
		"\"software\":null,\"software_version\":null,\"age_s\":3.0,\"rx_bytes\":1234,"
		"\"tx_bytes\":99,\"verdict\":\"keep\",\"reason\":\"not identified\","
		"\"session_id\":null,\"proxy_target\":null,\"agent_group\":null,"
		"\"adopted\":0,\"phase\":null,\"expected_home_by\":null}]";
	json_t *want = json_loads(expected, 0, NULL), *have, *row;
	struct shown s;
	size_t i;
	FILE *f;

	(void)state;
	shown_make(&s);
	s.conns[0].frame.via = RZ_VIA_PROXY;
	s.conns[0].frame.software = 7;
	s.conns[0].frame.protocol = RZ_PROTOCOL_KAFKA;
	s.conns[0].frame.answerable = 16;
	s.conns[0].metadata_cs = 1001; /* of the 12.5 s that it is open */
	s.conns[0].data_cs = 1101;
	s.snap.n_proxied = s.snap.n_softwares = 1;
	shown_rows(&s, &all);
	f = to_text(&s);
	assert_int_equal(rz_conn_json_print(f, s.rows, s.totals.shown, true), 0);
	fclose(f);
	assert_string_equal(strchr(s.text, '\n'), "\n"); /* compact is one line */
	have = json_loads(s.text, 0, NULL);
	assert_non_null(have);
	assert_non_null(want);
	json_array_foreach (want, i, row)
		json_object_set_new(row, "adopted", json_false());
	json_object_set_new(json_array_get(want, 0), "truncated", json_false());
	if (!json_equal(have, want))
		fail_msg("have %s", s.text);
	json_decref(have);
	json_decref(want);
	free(s.rows);
}

/* A client that is left to its library: until when, to the second; in wide form how long from now.
 */
static void test_expected(void **state)
{
	struct shown s;
	json_t *have;
	const char *at;
	struct tm tm = {};
	FILE *f;

	(void)state;
	shown_make(&s);
	s.w.settings.grace_ns = HOUR_NS;
	s.conns[0].frame.produce = 1;
	s.conns[0].frame.software = 7;
	s.softwares[0] = (struct rz_software_row){7, {"librdkafka", "2.16.0"}};
	s.snap.n_softwares = 1;
	shown_rows(&s, &all);
	assert_int_equal(s.rows[0].reason, RZ_REASON_MAY_COME);
	f = to_text(&s);
	assert_int_equal(rz_conn_json_print(f, s.rows, s.totals.shown, true), 0);
	fclose(f);
	have = json_loads(s.text, 0, NULL);
	at = json_string_value(json_object_get(json_array_get(have, 0), "expected_home_by"));
	assert_non_null(at);
	assert_non_null(strptime(at, "%Y-%m-%dT%H:%M:%S.000Z", &tm));
	assert_in_range(timegm(&tm) - time(NULL), 3600 - 12 - 3, 3600 - 12 + 1);
	json_decref(have);
	f = to_text(&s);
	assert_int_equal(rz_table_conns(f, s.rows, s.totals.shown, true), 0);
	fclose(f);
	assert_non_null(strstr(s.text, "in 59m47s"));
	s.w.settings.grace_ns = 10 * SECOND_NS;
	shown_rows(&s, &all);
	assert_int_equal(s.rows[0].reason, RZ_REASON_LIBRARY);
	f = to_text(&s);
	assert_int_equal(rz_table_conns(f, s.rows, s.totals.shown, true), 0);
	fclose(f);
	assert_non_null(strstr(s.text, "2s ago"));
	free(s.rows);
}

static void test_json_topology(void **state)
{
	struct rz_source_val source = {.name = "kube ws/agent", .proved_ns = NOW_NS - SECOND_NS};
	struct rz_topo_view view;
	struct shown s;
	json_t *o;
	FILE *f;

	(void)state;
	shown_make(&s);
	f = to_text(&s);
	view = (struct rz_topo_view){&s.w.topo, &s.w.zones, &s.snap, NOW_NS, &source, 1};
	assert_int_equal(rz_topology_print_json(f, &view), 0);
	fclose(f);
	o = json_loads(s.text, 0, NULL);
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, "own_zone")), "a");
	assert_int_equal(json_array_size(json_object_get(o, "agents")), 3);
	assert_int_equal(json_array_size(json_object_get(o, "zones")), 3);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(o, "aliases"), "bz-1")), "b");
	assert_true(json_real_value(json_object_get(o, "age_s")) == 1.0);
	assert_true(json_is_null(
		json_object_get(json_array_get(json_object_get(o, "zones"), 2), "ready_for_s")));
	json_decref(o);
}

/* A connection that is being moved, by hand even one that is at home, is shown as such; who was
 * moved is counted. */
static void test_moves_shown(void **state)
{
	static const enum rz_phase under_way[] = {RZ_PHASE_GAP, RZ_PHASE_HOLD, RZ_PHASE_RESET,
						  RZ_PHASE_CLOSE};
	struct shown s;
	size_t i;
	FILE *f;

	(void)state;
	shown_make(&s);
	strcpy(s.clients[0].client.zone, "a");
	s.snap.n_moves = 1;
	for (i = 0; i < COUNT(under_way); i++) {
		s.moves[0] =
			(struct rz_move_row){4711, {.client = CLIENT_HASH, .phase = under_way[i]}};
		shown_rows(&s, &all);
		assert_true(s.rows[0].move);
		assert_string_equal(s.rows[0].phase, rz_phase_name(under_way[i]));
		assert_int_equal(s.totals.moving, 1);
		assert_int_equal(s.totals.moved, 0);
	}
	s.moves[0].move.phase = RZ_PHASE_DONE;
	shown_rows(&s, &all);
	assert_false(s.rows[0].move);
	assert_int_equal(s.totals.moving, 0);
	f = to_text(&s);
	rz_table_totals(f, &s.totals);
	fclose(f);
	assert_non_null(strstr(s.text, "; 1 moved in the last minute"));
	free(s.rows);
}

static void test_table(void **state)
{
	struct shown s;
	FILE *f;

	(void)state;
	shown_make(&s);
	shown_rows(&s, &all);
	rz_conn_rows_sort(s.rows, s.totals.shown, RZ_CONN_SORT_CLIENT_ID);
	f = to_text(&s);
	assert_int_equal(rz_table_conns(f, s.rows, s.totals.shown, false), 0);
	rz_table_totals(f, &s.totals);
	fclose(f);
	assert_string_equal(
		s.text, "CLIENT         CLIENT ZONE AGENT         AGENT ZONE LOCALITY KIND   AGE "
			"FROM CLIENT TO CLIENT VERDICT              CLIENT ID\n"
			"10.0.2.7:51544 -           10.0.1.2:9999 -          unknown  silent 3s  "
			"1.2K        99B       keep: not identified -\n"
			"10.0.2.7:51544 b           10.0.1.2:9092 a          cross    data   12s "
			"1.2K        99B       move                 "
			"app,warpstream_az=b,warpstream_interzone_lb=true\n"
			"2 connections: 0 same zone, 1 cross zone, 1 unknown; 1 not identified, "
			"the oldest for 3s\n");
	free(s.rows);
}

/* In mode observe a rate keeps nobody: what enforcing would do is shown, with what it waits for. */
static void test_observe(void **state)
{
	static const struct {
		enum rz_reason reason;
		const char *shown;
	} waits[] = {{RZ_REASON_OBSERVING, "would move: observing"},
		     {RZ_REASON_OVER_BUDGET, "would move: over budget"},
		     {RZ_REASON_TARGET_BUDGET, "would move: over target budget"},
		     {RZ_REASON_CLUSTER_BUDGET, "would move: over cluster budget"},
		     {RZ_REASON_PAUSED, "keep: paused"},
		     {RZ_REASON_COOLING_DOWN, "keep: cooling down"}};
	struct shown s;
	size_t i;
	FILE *f;

	(void)state;
	shown_make(&s);
	s.w.settings.mode = RZ_MODE_OBSERVE;
	s.snap.n_moves = 1;
	for (i = 0; i < COUNT(waits); i++) {
		s.moves[0] = (struct rz_move_row){
			4711,
			{.client = CLIENT_HASH, .phase = RZ_PHASE_WAIT, .reason = waits[i].reason}};
		shown_rows(&s, &all);
		assert_false(s.rows[0].move);
		assert_int_equal(s.rows[0].reason, waits[i].reason);
		assert_int_equal(s.totals.would_move, 1);
		f = to_text(&s);
		assert_int_equal(rz_table_conns(f, s.rows, 1, false), 0);
		fclose(f);
		assert_non_null(strstr(s.text, waits[i].shown));
	}
	s.w.settings.mode = RZ_MODE_ENFORCE;
	s.moves[0].move.reason = RZ_REASON_OVER_BUDGET;
	shown_rows(&s, &all);
	f = to_text(&s);
	assert_int_equal(rz_table_conns(f, s.rows, 1, false), 0);
	fclose(f);
	assert_non_null(strstr(s.text, "keep: over budget"));
	free(s.rows);
}

/* Who is at home and did not opt in is at home; who is not, did not opt in. */
static void test_home_without_opt_in(void **state)
{
	struct shown s;

	(void)state;
	shown_make(&s);
	s.clients[0].client.opt_in = 0;
	shown_rows(&s, &all);
	assert_int_equal(s.rows[0].reason, RZ_REASON_NOT_OPTED_IN);
	strcpy(s.clients[0].client.zone, "a");
	shown_rows(&s, &all);
	assert_int_equal(s.rows[0].reason, RZ_REASON_SAME_ZONE);
	free(s.rows);
}

/* Each order, by two rows of which the second comes first. */
static void test_sort(void **state)
{
	enum rz_conn_sort by;
	struct shown s;
	unsigned i;

	(void)state;
	shown_make(&s);
	s.conns[1].tuple.client_addr[15] = 6; /* 10.0.2.6 */
	s.conns[1].tuple.agent_port = 8000;
	s.conns[1].opened_ns = NOW_NS - HOUR_NS;
	s.conns[1].last_request_ns = NOW_NS - MINUTE_NS;
	s.conns[1].rx_bytes = 5000;
	s.conns[1].tx_bytes = 100;
	for (i = 0; i < RZ_CONN_SORT_COUNT; i++) {
		by = (enum rz_conn_sort)i;
		shown_rows(&s, &all);
		rz_conn_rows_sort(s.rows, 2, by);
		/* "not identified" is before "ready to move" */
		assert_int_equal(s.rows[0].conn->cookie, by == RZ_CONN_SORT_COOKIE ? 4711 : 4712);
	}
	/* one client's connections: the oldest first */
	s.conns[1] = s.conns[0];
	s.conns[1].cookie = 4712;
	s.conns[1].opened_ns -= SECOND_NS;
	shown_rows(&s, &all);
	rz_conn_rows_sort(s.rows, 2, RZ_CONN_SORT_CLIENT_ID);
	assert_int_equal(s.rows[0].conn->cookie, 4712);
	rz_conn_rows_sort(s.rows, 0, RZ_CONN_SORT_AGE);
	free(s.rows);
}

/* Added up by zones: golden, as JSON and as a table; a limit keeps the greatest. */
static void test_groups(void **state)
{
	struct shown s;
	FILE *f;

	(void)state;
	shown_make(&s);
	s.conns[0].rx_bytes = 10000;
	shown_rows(&s, &all);
	f = to_text(&s);
	assert_int_equal(rz_conn_groups_print(f, s.rows, 2, RZ_CONN_GROUP_ZONES, 0, false), 0);
	fclose(f);
	assert_string_equal(
		s.text,
		"ZONE OF CLIENT -> AGENT CONNECTIONS SAME CROSS UNKNOWN FROM CLIENT TO CLIENT\n"
		"b -> a                  1           0    1     0       9.8K        99B\n"
		"- -> -                  1           0    0     1       1.2K        99B\n");
	f = to_text(&s);
	assert_int_equal(rz_conn_groups_print(f, s.rows, 2, RZ_CONN_GROUP_CLIENT_ID, 1, true), 0);
	fclose(f);
	assert_string_equal(
		s.text, "[\n {\n  \"by\": \"client-id\",\n"
			"  \"name\": \"app,warpstream_az=b,warpstream_interzone_lb=true\",\n"
			"  \"connections\": 1,\n  \"same\": 0,\n  \"cross\": 1,\n"
			"  \"unknown\": 0,\n  \"rx_bytes\": 10000,\n  \"tx_bytes\": 99\n }\n]\n");
	/* two of one name are one group */
	s.conns[1] = s.conns[0];
	s.conns[1].cookie = 4712;
	shown_rows(&s, &all);
	f = to_text(&s);
	assert_int_equal(rz_conn_groups_print(f, s.rows, 2, RZ_CONN_GROUP_REASON, 0, true), 0);
	fclose(f);
	assert_non_null(strstr(s.text, "\"connections\": 2"));
	assert_non_null(strstr(s.text, "\"rx_bytes\": 20000"));
	free(s.rows);
}

/* A connection under TLS has a zone by its address, is kept, and has its share of the bytes across
 * zones. */
static void test_tls(void **state)
{
	struct rz_blocks *blocks = NULL;
	struct rz_world world;
	struct shown s;
	char why[128];
	FILE *f;

	(void)state;
	shown_make(&s);
	s.conns[1].tuple.agent_port = 9092;
	s.conns[1].frame = (struct rz_frame){
		.api_key = -1, .state = RZ_STATE_TLS, .protocol = RZ_PROTOCOL_TLS};
	s.conns[1].rx_bytes = 3000;
	s.conns[1].tx_bytes = 999;
	assert_int_equal(rz_blocks_parse("b@10.0.2.0/24", &blocks, why, sizeof(why)), 0);
	world = test_world_view(&s.w);
	world.blocks = blocks;
	assert_int_equal(rz_conn_rows_make(&s.snap, &world, &all, &s.rows, &s.totals), 0);
	assert_int_equal(s.rows[1].verdict.locality, RZ_LOCALITY_CROSS);
	assert_true(s.rows[1].verdict.zone_by_address);
	assert_false(s.rows[1].move);
	assert_int_equal(s.totals.tls, 1);
	assert_int_equal(s.totals.tls_cross, 1);
	assert_int_equal(s.totals.cross_bytes, 1234 + 99 + 3999);
	assert_int_equal(s.totals.tls_cross_bytes, 3999);
	f = to_text(&s);
	rz_table_totals(f, &s.totals);
	fclose(f);
	assert_string_equal(s.text, "2 connections: 0 same zone, 2 cross zone, 0 unknown; 1 not "
				    "identified, the oldest for 3s; 1 under TLS, 1 cross zone with "
				    "75.0 % of the cross-zone bytes\n");
	free(s.rows);
	rz_blocks_free(blocks);
}

static void test_small_words(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} bytes[] = {{0, "0B"},		{1023, "1023B"},      {1024, "1.0K"},	    {1536, "1.5K"},
		     {1 << 20, "1.0M"}, {5ULL << 30, "5.0G"}, {UINT64_MAX, "16.0E"}};
	static const struct {
		double s;
		const char *text;
	} ages[] = {{0, "0s"},	    {59.9, "59s"},    {60, "1m0s"},
		    {3600, "1h0m"}, {12000, "3h20m"}, {86400 * 5 + 3 * 3600, "5d3h"}};
	char text[32];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bytes); i++) {
		rz_table_bytes(text, 16, bytes[i].bytes);
		assert_string_equal(text, bytes[i].text);
	}
	for (i = 0; i < COUNT(ages); i++) {
		rz_table_age(text, sizeof(text), ages[i].s);
		assert_string_equal(text, ages[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_filters_of_one),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_expected),
		cmocka_unit_test(test_json_topology),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_observe),
		cmocka_unit_test(test_home_without_opt_in),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_small_words),
		cmocka_unit_test(test_moves_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
