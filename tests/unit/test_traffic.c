// SPDX-License-Identifier: Apache-2.0
/* user/out/traffic.c: bytes of closed and open connections, by zones and by client. */
#include "golden.h"
#include "printed.h"
#include "world.h"

#include <jansson.h>

#include "out/traffic.h"

static const struct rz_traffic_sum *zones_of(const struct rz_traffic_report *r, const char *client,
					     const char *agent)
{
	size_t i;

	for (i = 0; i < r->n_zones; i++)
		if (!strcmp(r->zones[i].zones.client_zone, client) &&
		    !strcmp(r->zones[i].zones.agent_zone, agent))
			return &r->zones[i];
	fail_msg("no row %s, %s", client, agent);
	return NULL;
}

/* Groups are added up; bytes are those that were counted, under the zones of their time, and open
 * connections are counted where they are now; the most bytes come first. */
static void test_report(void **state)
{
	static const struct rz_ledger_key keys[] = {
		{"default", "b", "a"}, {"other", "b", "a"}, {"default", "a", "a"},
		{"default", "", "a"},  {"", "b", ""},	    {"default", "gone", "a"}};
	static const struct rz_ledger_sum sums[] = {{10, 1, 0, 0, 1},	{20, 2, 0, 0, 1},
						    {5000, 5, 0, 0, 2}, {7, 7, 0, 0, 1},
						    {3, 3, 0, 0, 1},	{1, 1, 0, 0, 1}};
	static const uint64_t clients[] = {CLIENT_HASH, 99};
	static const struct rz_traffic clients_sums[] = {{60, 6, 3}, {5, 0, 1}};
	struct rz_traffic_counted counted = {keys, sums, COUNT(keys), clients, clients_sums, 2};
	struct rz_traffic_report r = {};
	struct rz_client_row row = {CLIENT_HASH};
	const struct rz_traffic_sum *s;
	struct rz_snapshot snap = {};
	struct rz_world world;
	struct test_world w;

	(void)state;
	test_world_make(&w);
	row.client = w.client;
	snap = (struct rz_snapshot){
		.conns = &w.conn, .n_conns = 1, .clients = &row, .n_clients = 1, .now_ns = NOW_NS};
	world = test_world_view(&w);
	assert_int_equal(rz_traffic_report_make(&snap, &world, &counted, &r), 0);
	assert_int_equal(r.n_zones, 5);
	assert_string_equal(r.zones[0].zones.client_zone, "a");
	assert_int_equal(r.zones[0].locality, RZ_LOCALITY_SAME);
	s = zones_of(&r, "b", "a");
	assert_int_equal(s->locality, RZ_LOCALITY_CROSS);
	assert_int_equal(s->rx_bytes, 10 + 20);
	assert_int_equal(s->tx_bytes, 1 + 2);
	assert_int_equal(s->closed, 2);
	assert_int_equal(s->open, 1);
	assert_int_equal(zones_of(&r, "", "a")->locality, RZ_LOCALITY_UNKNOWN);
	assert_int_equal(zones_of(&r, "b", "")->locality, RZ_LOCALITY_UNKNOWN);
	/* a zone that has left the topology crossed zones then */
	assert_int_equal(zones_of(&r, "gone", "a")->locality, RZ_LOCALITY_CROSS);
	assert_int_equal(r.n_clients, 2);
	assert_int_equal(r.clients[0].client, CLIENT_HASH);
	assert_int_equal(r.clients[0].rx_bytes, 60 + 1234);
	assert_int_equal(r.clients[0].open, 1);
	rz_traffic_report_free(&r);
}

static void read_json(const struct rz_snapshot *snap, const struct rz_traffic_report *r,
		      json_t **ret)
{
	*ret = json_loads(PRINTED(rz_traffic_print_json, snap, r), 0, NULL);
	assert_non_null(*ret);
}

/* What is under TLS is told apart, and its share of what crosses zones. */
static void test_tls(void **state)
{
	static const struct rz_ledger_key keys[] = {{"default", "b", "a"}, {"default", "a", "a"}};
	static const struct rz_ledger_sum sums[] = {
		{.rx_bytes = 2434, .tx_bytes = 646, .tls_rx_bytes = 1434, .tls_tx_bytes = 146},
		{.rx_bytes = 900, .tx_bytes = 9000, .tls_rx_bytes = 900, .tls_tx_bytes = 9000}};
	struct rz_traffic_counted counted = {.zones = keys, .zones_sums = sums, .n_zones = 2};
	struct rz_traffic_report r = {};
	struct rz_snapshot snap = {};
	struct rz_world world;
	struct test_world w;
	struct rz_blocks *blocks = NULL;
	json_t *all, *row;
	char *text = NULL, why[128];
	size_t size;
	FILE *f;

	(void)state;
	test_world_make(&w);
	w.conn.frame = (struct rz_frame){.state = RZ_STATE_TLS, .protocol = RZ_PROTOCOL_TLS};
	snap = (struct rz_snapshot){.conns = &w.conn, .n_conns = 1, .now_ns = NOW_NS};
	world = test_world_view(&w);
	assert_int_equal(rz_blocks_parse("b@10.0.2.0/24", &blocks, why, sizeof(why)), 0);
	world.blocks = blocks;
	assert_int_equal(rz_traffic_report_make(&snap, &world, &counted, &r), 0);
	assert_int_equal(zones_of(&r, "b", "a")->tls_rx_bytes, 200 + 1234);
	assert_int_equal(zones_of(&r, "b", "a")->tls_tx_bytes, 47 + 99);
	assert_int_equal(zones_of(&r, "b", "a")->rx_bytes, 1000 + 200 + 1234);
	assert_int_equal(zones_of(&r, "a", "a")->tls_tx_bytes, 9000);
	read_json(&snap, &r, &all);
	/* 1580 of 3080 bytes */
	assert_float_equal(json_real_value(json_object_get(all, "tls_cross_percent")),
			   100.0 * 1580 / 3080, 1e-6);
	row = json_array_get(json_object_get(all, "zones"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "client_zone")), "a");
	assert_int_equal(json_integer_value(json_object_get(row, "tls_tx_bytes")), 9000);
	json_decref(all);
	f = open_memstream(&text, &size);
	assert_int_equal(rz_traffic_print_text(f, &snap, &r), 0);
	fclose(f);
	golden("traffic.txt", text);
	golden("traffic.json", PRINTED(rz_traffic_print_json, &snap, &r));
	assert_non_null(strstr(text, "76.3 % of 12.7K stayed in their zone; 51.3 % of 3.0K across "
				     "zones is under TLS, never moved"));
	free(text);
	rz_traffic_report_free(&r);
	rz_blocks_free(blocks);
}

static void test_nothing(void **state)
{
	struct rz_traffic_counted counted = {};
	struct rz_traffic_report r = {};
	struct rz_snapshot snap = {};
	struct rz_world world;
	struct test_world w;

	(void)state;
	test_world_make(&w);
	world = test_world_view(&w);
	assert_int_equal(rz_traffic_report_make(&snap, &world, &counted, &r), 0);
	assert_int_equal(r.n_zones + r.n_clients, 0);
	rz_traffic_report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
