// SPDX-License-Identifier: Apache-2.0
/* user/out/: what `rezone stats`, `rezone check` and `rezone reset` print, as far as programs read
 * it (docs/json.md), and what of it a person must not miss. */
#include "golden.h"
#include "world.h"

#include <errno.h>
#include <jansson.h>

#include "base/json.h"
#include "out/abilities.h"
#include "out/bugtool.h"
#include "out/orders.h"
#include "out/stats.h"
#include "out/topology.h"

static char text[16384];

static FILE *to_text(void)
{
	memset(text, 0, sizeof(text));
	return fmemopen(text, sizeof(text) - 1, "w");
}

static json_t *read_text(void)
{
	json_t *o = json_loads(text, 0, NULL);

	assert_non_null(o);
	return o;
}

static json_int_t number(const json_t *o, const char *key)
{
	assert_true(json_is_integer(json_object_get(o, key)));
	return json_integer_value(json_object_get(o, key));
}

static const char *word(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* ---- stats ---- */

static const struct rz_error_key failed = {RZ_PLACE_RINGBUF, -EAGAIN};
static const uint64_t failed_count = 3;
static const struct rz_pause pause_now = {.since_ns = 1, .by = "alice"};

static struct rz_snapshot counted(void)
{
	struct rz_snapshot snap = {.now_ns = NOW_NS};

	snap.stats.segments = 7;
	snap.stats.resets_refused = 8; /* the last of the table's rows */
	snap.stats.checks[RZ_CHECK_UNSEEN] = 2;
	snap.counters.checks[RZ_CHECK_UNSEEN] = 4;
	snap.counters.moved = 5;
	snap.counters.outcomes[RZ_OUTCOME_RETURNED] = 6;
	snap.counters.by_itself_home = 11;
	snap.counters.by_itself_left = 12;
	snap.counters.not_come = 13;
	snap.counters.awaited = 14;
	snap.counters.breaker_opened = 1;
	snap.status.breaker_until_ns = NOW_NS + 90 * SECOND_NS;
	return snap;
}

static struct rz_stats_view view_of(const struct rz_snapshot *snap)
{
	return (struct rz_stats_view){.snap = snap,
				      .conns_max = 100,
				      .clients_max = 10,
				      .errors = &failed,
				      .errors_counts = &failed_count,
				      .n_errors = 1,
				      .pause = &pause_now};
}

/* The walk's checks and the daemon's are one number. */
static void test_stats_json(void **state)
{
	struct rz_snapshot snap = counted();
	struct rz_stats_view v = view_of(&snap);
	const json_t *error;
	json_t *o;
	FILE *f = to_text();

	(void)state;
	assert_int_equal(rz_stats_print_json(f, &v), 0);
	fclose(f);
	golden("stats.json", text);
	o = read_text();
	assert_int_equal(number(o, "segments"), 7);
	assert_int_equal(number(o, "resets_refused"), 8);
	assert_int_equal(number(o, "moved"), 5);
	assert_int_equal(number(o, "connections_max"), 100);
	assert_int_equal(number(o, "clients_max"), 10);
	assert_int_equal(number(json_object_get(o, "checks"), rz_check_name(RZ_CHECK_UNSEEN)), 6);
	assert_int_equal(number(json_object_get(o, "outcomes"), "returned"), 6);
	assert_int_equal(number(json_object_get(o, "by_itself"), "home"), 11);
	assert_int_equal(number(json_object_get(o, "by_itself"), "left"), 12);
	assert_int_equal(number(json_object_get(o, "by_itself"), "not_come"), 13);
	assert_int_equal(number(json_object_get(o, "by_itself"), "awaited"), 14);
	assert_int_equal(number(o, "breaker_opened"), 1);
	assert_true(json_real_value(json_object_get(o, "breaker_open_for_s")) == 90);
	assert_true(json_is_true(json_object_get(o, "paused")));
	error = json_array_get(json_object_get(o, "errors"), 0);
	assert_string_equal(word(error, "place"), "ringbuf");
	assert_int_equal(number(error, "errno"), EAGAIN);
	assert_int_equal(number(error, "count"), 3);
	json_decref(o);
}

/* Numbers are as people write them, and each object says which node it is of: also those in an
 * array, and not twice. */
static void test_numbers_and_node(void **state)
{
	FILE *f = to_text();

	(void)state;
	rz_json_set_node("node-7");
	assert_int_equal(rz_json_print(f,
				       json_pack("[{s:f, s:o, s:o}, {s:s}, f]", "n", 0.1 + 0.2, "s",
						 rz_json_seconds(0.44), "none", rz_json_seconds(-1),
						 "node", "other", 1e6 / 3),
				       true),
			 0);
	rz_json_set_node("");
	fclose(f);
	assert_string_equal(text, "[{\"n\":0.3,\"s\":0.4,\"none\":null,\"node\":\"node-7\"},"
				  "{\"node\":\"other\"},333333.333333333]\n");
}

/* Why nobody is moved stands there, and only while it is so. */
static void test_stats_text(void **state)
{
	struct rz_snapshot snap = counted();
	struct rz_stats_view v = view_of(&snap);
	FILE *f = to_text();

	(void)state;
	assert_int_equal(rz_stats_print_text(f, &v), 0);
	fclose(f);
	golden("stats.txt", text);
	assert_non_null(strstr(text, "\npaused: "));
	assert_non_null(strstr(text, "\nbreaker: "));
	assert_non_null(strstr(text, "\nfailed: ringbuf, 3 times"));
	v.pause = NULL;
	v.n_errors = 0;
	snap.status.breaker_until_ns = NOW_NS - SECOND_NS; /* over */
	f = to_text();
	assert_int_equal(rz_stats_print_text(f, &v), 0);
	fclose(f);
	assert_null(strstr(text, "paused"));
	assert_null(strstr(text, "\nbreaker: "));
	assert_null(strstr(text, "\nfailed: "));
}

/* ---- check ---- */

/* The worst line decides, wherever it stands; a cure is told where one is needed. */
static void test_abilities(void **state)
{
	struct rz_abilities a = {};
	const json_t *rows;
	json_t *o;
	FILE *f;

	(void)state;
	assert_int_equal(rz_abilities_worst(&a), RZ_ABILITY_OK);
	rz_abilities_note(&a, "one", RZ_ABILITY_LIMITED, "cure of one", "%d of two", 1);
	assert_int_equal(rz_abilities_note(&a, "two", RZ_ABILITY_OK, "cure of two", "all"),
			 RZ_ABILITY_OK);
	assert_int_equal(rz_abilities_worst(&a), RZ_ABILITY_LIMITED);
	f = to_text();
	assert_int_equal(rz_abilities_print_json(f, &a), 0);
	fclose(f);
	golden("check.json", text);
	o = read_text();
	assert_string_equal(word(o, "result"), "with limits");
	rows = json_object_get(o, "checks");
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(word(json_array_get(rows, 0), "status"), "limited");
	assert_string_equal(word(json_array_get(rows, 0), "detail"), "1 of two");
	assert_string_equal(word(json_array_get(rows, 0), "cure"), "cure of one");
	assert_null(json_object_get(json_array_get(rows, 1), "cure"));
	json_decref(o);
	rz_abilities_note(&a, "three", RZ_ABILITY_FAILED, "", "not");
	rz_abilities_note(&a, "four", RZ_ABILITY_OK, "", "yes");
	assert_int_equal(rz_abilities_worst(&a), RZ_ABILITY_FAILED);
	f = to_text();
	rz_abilities_print_text(f, &a);
	fclose(f);
	golden("check.txt", text);
	assert_non_null(strstr(text, "-> cure of one\n"));
	assert_null(strstr(text, "cure of two"));
	assert_non_null(strstr(text, ": no\n"));
}

/* ---- reset ---- */

/* A row that was ordered went well once the daemon has said so; one that was not, if it could be.
 */
static void test_orders(void **state)
{
	static const struct rz_conn conn = {.cookie = 4711};
	static const struct rz_conn_row c = {
		.conn = &conn, .client_at = "10.0.2.7:1", .agent_at = "10.0.1.2:2"};
	static const struct {
		struct rz_order_shown row;
		bool well, moved;
	} rows[] = {
		{{&c, .answered = true}, true, true},
		{{&c, .answered = true, .error = -ETIMEDOUT}, false, false},
		{{&c, .answered = true, .error = -ENOENT}, false, false},
		{{&c}, false, false}, /* no answer */
		{{&c, .reason = RZ_REASON_LIBRARY}, false, false},
		{{&c, .dry_run = true}, true, false},
		{{&c, .dry_run = true, .reason = RZ_REASON_LIBRARY}, false, false},
	};
	struct rz_order_shown shown[COUNT(rows)];
	json_t *all;
	size_t i;
	FILE *f = to_text();

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		shown[i] = rows[i].row;
	assert_int_equal(rz_orders_print_json(f, shown, COUNT(rows)), 0);
	fclose(f);
	golden("reset.json", text);
	all = read_text();
	assert_int_equal(json_array_size(all), COUNT(rows));
	for (i = 0; i < COUNT(rows); i++) {
		const json_t *o = json_array_get(all, i);

		assert_int_equal(rz_order_went_well(&shown[i]), rows[i].well);
		assert_int_equal(number(o, "cookie"), 4711);
		assert_int_equal(json_is_true(json_object_get(o, "moved")), rows[i].moved);
		if (shown[i].reason)
			assert_string_equal(word(o, "result"), rz_reason_name(shown[i].reason));
	}
	json_decref(all);
	f = to_text();
	assert_int_equal(rz_orders_print_text(f, shown, COUNT(rows)), 0);
	fclose(f);
	golden("reset.txt", text);
}

/* ---- bugtool ---- */

static void test_bugtool(void **state)
{
	static const struct rz_bugtool_part parts[] = {
		{"list", 0}, {"status", 1}, {"cost", -ENOENT}};
	const struct rz_bugtool_report r = {.file = "rezone-bugtool-20260101T120000Z.tar.gz",
					    .made_ns = 1767268800 * SECOND_NS,
					    .parts = parts,
					    .n_parts = COUNT(parts)};
	FILE *f = to_text();

	(void)state;
	assert_int_equal(rz_bugtool_print_json(f, &r), 0);
	rz_bugtool_print_text(f, &r);
	fclose(f);
	golden("bugtool.txt", text);
}

/* Agents in each order, by the first one's address. */
static void test_topology_order(void **state)
{
	static const char *const first[RZ_TOPO_SORT_COUNT] = {
		[RZ_TOPO_SORT_AGENT] = "10.0.1.2", [RZ_TOPO_SORT_ZONE] = "10.0.2.2",
		[RZ_TOPO_SORT_GROUP] = "10.0.3.2", [RZ_TOPO_SORT_READY] = "10.0.3.2",
		[RZ_TOPO_SORT_HERE] = "10.0.2.2",  [RZ_TOPO_SORT_SOURCE] = "10.0.2.2",
	};
	struct rz_topo_view view;
	struct rz_topo_agent *a;
	char at[RZ_ENDPOINT_TEXT];
	struct rz_snapshot snap = {.now_ns = NOW_NS};
	struct test_world w;
	FILE *f;
	int by;

	(void)state;
	test_world_make(&w);
	snap.status = w.status;
	snap.settings = w.settings;
	a = w.topo.agents;
	rz_str_copy(a[0].zone, sizeof(a[0].zone), "z");
	a[1].home = RZ_HOME_HERE;
	a[0].source = a[2].source = 1;
	rz_str_copy(a[2].group, sizeof(a[2].group), "a-group");
	for (by = 0; by < RZ_TOPO_SORT_COUNT; by++) {
		rz_topology_order(&w.topo, by);
		rz_endpoint_format(at, sizeof(at), a[0].at.addr, 0);
		assert_non_null(strstr(at, first[by]));
	}
	view = (struct rz_topo_view){&w.topo, &w.zones, &snap, NOW_NS, NULL, 0, 1};
	f = to_text();
	assert_int_equal(rz_topology_print_text(f, &view), 0);
	fclose(f);
	golden("topology-limit.txt", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stats_json),	 cmocka_unit_test(test_stats_text),
		cmocka_unit_test(test_numbers_and_node), cmocka_unit_test(test_abilities),
		cmocka_unit_test(test_orders),		 cmocka_unit_test(test_bugtool),
		cmocka_unit_test(test_topology_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
