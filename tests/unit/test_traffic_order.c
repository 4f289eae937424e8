// SPDX-License-Identifier: Apache-2.0
/* user/out/traffic_order.c: `rezone traffic --sort`, `--limit`, `--group-by` (docs/json.md). */
#include "printed.h"
#include "world.h"

#include <jansson.h>

#include "out/traffic_order.h"

enum { CROSS, SAME, UNKNOWN, N_ZONES };

struct fixture {
	struct rz_traffic_sum zones[N_ZONES], clients[2];
	struct rz_client_row ids[2];
	struct rz_snapshot snap;
	struct rz_traffic_report r;
};

static void zone(struct fixture *f, int i, const char *client, const char *agent, int locality,
		 uint64_t rx, uint64_t tx)
{
	strcpy(f->zones[i].zones.client_zone, client);
	strcpy(f->zones[i].zones.agent_zone, agent);
	f->zones[i].locality = locality;
	f->zones[i].rx_bytes = rx;
	f->zones[i].tx_bytes = tx;
	f->zones[i].open = i;
	f->zones[i].closed = 10 - i;
}

static void make(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	zone(f, CROSS, "b", "a", RZ_LOCALITY_CROSS, 100, 5000);
	zone(f, SAME, "a", "a", RZ_LOCALITY_SAME, 900, 50);
	zone(f, UNKNOWN, "", "a", RZ_LOCALITY_UNKNOWN, 7, 7);
	f->clients[0] = (struct rz_traffic_sum){.client = 1, .rx_bytes = 9};
	f->clients[1] = (struct rz_traffic_sum){.client = 2, .rx_bytes = 8, .tx_bytes = 3};
	f->ids[0].hash = 1;
	strcpy(f->ids[0].client.id, "zoo");
	f->ids[1].hash = 2;
	strcpy(f->ids[1].client.id, "app");
	f->snap = (struct rz_snapshot){.clients = f->ids, .n_clients = 2};
	f->r = (struct rz_traffic_report){
		.zones = f->zones, .n_zones = N_ZONES, .clients = f->clients, .n_clients = 2};
}

static const char *first(struct fixture *f, enum rz_traffic_sort by)
{
	rz_traffic_order(&f->r, &f->snap, by);
	return f->zones[0].zones.client_zone;
}

static void test_order(void **state)
{
	struct fixture f;

	(void)state;
	make(&f);
	assert_string_equal(first(&f, RZ_TRAFFIC_SORT_RX), "a");
	assert_int_equal(f.clients[0].client, 1);
	assert_string_equal(first(&f, RZ_TRAFFIC_SORT_BYTES), "b");
	assert_int_equal(f.clients[0].client, 2);
	assert_string_equal(first(&f, RZ_TRAFFIC_SORT_OPEN), "");
	assert_string_equal(first(&f, RZ_TRAFFIC_SORT_CLOSED), "b");
	assert_string_equal(first(&f, RZ_TRAFFIC_SORT_TX), "b");
	assert_string_equal(first(&f, RZ_TRAFFIC_SORT_NAME), "");
	assert_int_equal(f.clients[0].client, 2);
}

static json_t *groups(struct fixture *f, enum rz_traffic_group by)
{
	json_t *all =
		json_loads(PRINTED(rz_traffic_groups_print, &f->snap, &f->r, by, true), 0, NULL);

	assert_non_null(all);
	return all;
}

static json_int_t number(const json_t *all, size_t i, const char *key)
{
	return json_integer_value(json_object_get(json_array_get(all, i), key));
}

static const char *word(const json_t *all, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_array_get(all, i), key));
}

static void test_groups(void **state)
{
	struct fixture f;
	json_t *all;

	(void)state;
	make(&f);
	all = groups(&f, RZ_TRAFFIC_GROUP_AGENT_ZONE);
	assert_int_equal(json_array_size(all), 1);
	assert_string_equal(word(all, 0, "by"), "agent-zone");
	assert_int_equal(number(all, 0, "rx_bytes"), 1007);
	assert_int_equal(number(all, 0, "tx_bytes"), 5057);
	assert_int_equal(number(all, 0, "open"), 3);
	assert_int_equal(number(all, 0, "closed"), 27);
	json_decref(all);
	all = groups(&f, RZ_TRAFFIC_GROUP_CLIENT_ZONE);
	assert_int_equal(json_array_size(all), 3);
	assert_string_equal(word(all, 0, "name"), "b");
	assert_null(word(all, 2, "name")); /* not known */
	json_decref(all);
	all = groups(&f, RZ_TRAFFIC_GROUP_LOCALITY);
	assert_string_equal(word(all, 0, "name"), "cross");
	json_decref(all);
	all = groups(&f, RZ_TRAFFIC_GROUP_ZONES);
	assert_string_equal(word(all, 2, "name"), "- -> a");
	json_decref(all);
	f.r.limit = 1;
	all = groups(&f, RZ_TRAFFIC_GROUP_CLIENT_ID);
	assert_int_equal(json_array_size(all), 1);
	assert_string_equal(word(all, 0, "name"), "app");
	json_decref(all);
}

/* The limit cuts rows, not what the share is of. */
static void test_limit(void **state)
{
	struct fixture f;
	json_t *all;

	(void)state;
	make(&f);
	f.r.limit = 1;
	all = json_loads(PRINTED(rz_traffic_print_json, &f.snap, &f.r), 0, NULL);
	assert_int_equal(json_array_size(json_object_get(all, "zones")), 1);
	assert_int_equal(json_array_size(json_object_get(all, "clients")), 1);
	json_decref(all);
	PRINTED(rz_traffic_print_text, &f.snap, &f.r);
	assert_non_null(strstr(printed_text, "15.7 % of 5.9K"));
	assert_non_null(strstr(printed_text, "and 1 more"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
