/* SPDX-License-Identifier: Apache-2.0 */
/* out/: which connections `rezone list` shows, in which order, and added up. */
#include "shown.h"

#include <jansson.h>

#include "out/conn_order.h"
#include "out/table.h"

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
		cmocka_unit_test(test_home_without_opt_in),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_small_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
