/* SPDX-License-Identifier: Apache-2.0 */
/* out/: what is shown of a connection, as JSON (the contract of docs/json.md) and for people. */
#include "golden.h"
#include "shown.h"

#include <time.h>
#include <jansson.h>

#include "base/json.h"
#include "base/json_rows.h"
#include "out/conn_order.h"
#include "out/table.h"
#include "out/topology.h"

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
		"\"agent_group\":null,\"adopted\":0,\"phase\":null,\"expected_home_by\":null,"
		"\"parked\":false,\"parked_s\":null},"
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
		"\"adopted\":0,\"phase\":null,\"expected_home_by\":null,"
		"\"parked\":false,\"parked_s\":null}]";
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
	f = to_text(&s);
	assert_int_equal(rz_table_conns(f, s.rows, s.totals.shown, false), 0);
	fclose(f);
	golden("list.txt", s.text);
	f = to_text(&s);
	assert_int_equal(rz_table_conns(f, s.rows, s.totals.shown, true), 0);
	fclose(f);
	golden("list-wide.txt", s.text);
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
	golden("topology.json", s.text);
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
	f = to_text(&s);
	assert_int_equal(rz_topology_print_text(f, &view), 0);
	fclose(f);
	golden("topology.txt", s.text);
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
	s.moves[0].move.reason = RZ_REASON_OBSERVING; /* as of a tick before the mode changed */
	shown_rows(&s, &all);
	assert_true(s.rows[0].move);
	assert_int_equal(s.rows[0].reason, RZ_REASON_NONE);
	free(s.rows);
}

/* Rows that are written key by key have the bytes of an array that is printed whole, also where
 * what is kept to be written is full. */
static void test_json_rows(void **state)
{
	static const size_t sizes[] = {0, 1, 3, 700};
	static char long_text[9000];
	char *texts[2];
	size_t lens[2], i, k, n;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	for (i = 0; i < 4 * COUNT(sizes); i++) {
		struct rz_json_rows rows;
		json_t *whole = json_array();
		bool compact = i % 2, named = i / 2 % 2;
		FILE *f[2] = {open_memstream(&texts[0], &lens[0]),
			      open_memstream(&texts[1], &lens[1])};

		rz_json_set_node(named ? "node-1" : "");
		n = sizes[i / 4];
		rz_json_rows_begin(&rows, f[0], compact);
		for (k = 0; k < n; k++) {
			const char *text = k % 100 ? "a \"text\"\\\n\t\b\f\r\001\x7f/" : long_text;
			double s = (double)k * 1234.5678;
			int64_t number = k % 3 ? (int64_t)k * 1000003 : INT64_MIN + (int64_t)k;

			json_array_append_new(whole,
					      json_pack("{s:I, s:o, s:o, s:s, s:n, s:n, s:b, s:n}",
							"number", (json_int_t)number, "seconds",
							rz_json_seconds(s), "never",
							rz_json_seconds(-1), "text", text, "none",
							"empty", "yes", 1, "unknown"));
			rz_json_rows_open(&rows);
			rz_json_rows_number(&rows, "number", number);
			rz_json_rows_seconds(&rows, "seconds", s);
			rz_json_rows_seconds(&rows, "never", -1);
			rz_json_rows_string(&rows, "text", text);
			rz_json_rows_string(&rows, "none", NULL);
			rz_json_rows_text(&rows, "empty", "");
			rz_json_rows_bool(&rows, "yes", true, true);
			rz_json_rows_bool(&rows, "unknown", false, true);
			rz_json_rows_close(&rows, true);
		}
		rz_json_rows_end(&rows);
		assert_int_equal(rz_json_print(f[1], whole, compact), 0);
		for (k = 0; k < 2; k++)
			fclose(f[k]);
		assert_string_equal(texts[0], texts[1]);
		for (k = 0; k < 2; k++)
			free(texts[k]);
	}
	rz_json_set_node("");
}

/* Two rows, and in `text` their table; `odd`: a third one, with what must be escaped. */
static void two_rows(char **text, size_t *len, bool odd)
{
	static const char *const columns[] = {"NAME", "A LONG HEADING", "LAST", NULL};
	static const char *const rows[][3] = {{"a longer name", NULL, "z"}, {"b", "22", ""}};
	static const char *const odd_row[] = {"\\x\033", "", "\x7f"};
	FILE *f = open_memstream(text, len);
	struct rz_table *t;
	size_t i;

	assert_int_equal(rz_table_new(f, columns, &t), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(rz_table_add(t, rows[i], "red"), 0);
	if (odd)
		assert_int_equal(rz_table_add(t, odd_row, NULL), 0);
	assert_int_equal(rz_table_end(t), 0);
	fclose(f);
}

/* A table that is printed by hand has the bytes of one by libsmartcols, to which one with anything
 * to escape goes. */
static void test_table_forms(void **state)
{
	char *by_hand, *by_smartcols, *odd;
	size_t len, len_odd;

	(void)state;
	two_rows(&by_hand, &len, false);
	two_rows(&by_smartcols, &len_odd, true);
	assert_string_equal(by_hand, "NAME          A LONG HEADING LAST\n"
				     "a longer name -              z\n"
				     "b             22             -\n");
	assert_true(len_odd > len);
	odd = by_smartcols + len;
	assert_memory_equal(by_hand, by_smartcols, len);
	assert_non_null(strstr(odd, "\\x5cx\\x1b"));
	assert_null(strpbrk(odd, "\033\x7f"));
	free(by_hand);
	free(by_smartcols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_forms),   cmocka_unit_test(test_json_rows),
		cmocka_unit_test(test_json),	      cmocka_unit_test(test_expected),
		cmocka_unit_test(test_json_topology), cmocka_unit_test(test_moves_shown),
		cmocka_unit_test(test_table),	      cmocka_unit_test(test_observe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
