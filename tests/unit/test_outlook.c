// SPDX-License-Identifier: Apache-2.0
/* user/out/outlook*.c, user/policy/advice.c: what `rezone plan` prints, whole (docs/json.md). */
#include "golden.h"
#include "printed.h"
#include "world.h"

#include <jansson.h>

#include "out/outlook.h"
#include "policy/advice.h"

enum { FIRST, SECOND, ASKS_NOT, AT_HOME, METADATA, AWAITED, UNKNOWN, NO_AGENT, N_CONNS };

struct fixture {
	struct test_world w;
	struct rz_conn conns[N_CONNS];
	struct rz_client_row clients[N_CONNS];
	struct rz_move_row moves[2];
	struct rz_counted bases[4];
	size_t n_bases;
	struct rz_snapshot snap;
	struct rz_limits limits;
	struct rz_conn_row *rows;
	struct rz_conn_totals totals;
	struct rz_forecast forecast;
	struct rz_outlook outlook;
};

static void client(struct fixture *f, int i, const char *id, const char *zone, bool opt_in)
{
	struct rz_client *c = &f->clients[i].client;

	f->conns[i].frame.client = i + 1;
	*c = f->w.client;
	strcpy(c->id, id);
	strcpy(c->zone, zone);
	c->opt_in = opt_in;
}

/* Two of one client that go, and one of each other kind. */
static void make(struct fixture *f)
{
	int i;

	memset(f, 0, sizeof(*f));
	test_world_make(&f->w);
	f->w.settings.interval_ns = 30 * SECOND_NS;
	f->w.settings.grace_ns = 2 * HOUR_NS;
	f->w.settings.mode = RZ_MODE_OBSERVE;
	f->w.status.way = RZ_WAY_KFUNC;
	f->limits = (struct rz_limits){.rates = {.node = 5, .per_target = 2, .phase = 1},
				       .per_client_ns = 24 * SECOND_NS,
				       .cooldown_ns = MINUTE_NS,
				       .cooldown_max_ns = HOUR_NS};
	for (i = 0; i < N_CONNS; i++) {
		f->conns[i] = f->w.conn;
		f->conns[i].cookie = i + 1;
		f->conns[i].tuple.client_port = 50000 + i;
		f->conns[i].frame.data_version = 12;
		f->conns[i].opened_ns = NOW_NS - HOUR_NS;
		f->conns[i].rx_bytes = 100000000 * (uint64_t)(i + 1);
		f->conns[i].tx_bytes = 1000000;
		f->clients[i].hash = i + 1;
	}
	client(f, FIRST, "orders", "b", true);
	client(f, ASKS_NOT, "audit", "b", false);
	client(f, AT_HOME, "home", "a", true);
	client(f, METADATA, "admin", "b", true);
	client(f, AWAITED, "writer", "b", true);
	client(f, NO_AGENT, "far", "c", true);
	f->conns[SECOND].frame.client = FIRST + 1;
	f->conns[SECOND].opened_ns = NOW_NS - SECOND_NS;
	f->conns[METADATA].frame.fetch = 0;
	f->conns[AWAITED].frame.produce = 1;
	f->conns[UNKNOWN].frame.client = 0;
	f->conns[UNKNOWN].frame.state = RZ_STATE_TLS;
	f->snap = (struct rz_snapshot){.conns = f->conns,
				       .n_conns = N_CONNS,
				       .clients = f->clients,
				       .n_clients = N_CONNS,
				       .settings = f->w.settings,
				       .status = f->w.status,
				       .now_ns = NOW_NS};
}

static struct rz_outlook_view look(struct fixture *f)
{
	struct rz_conn_filter all = RZ_CONN_FILTER_ALL;
	struct rz_world world = test_world_view(&f->w);
	struct rz_outlook_from from;

	assert_int_equal(rz_conn_rows_make(&f->snap, &world, &all, &f->rows, &f->totals), 0);
	assert_int_equal(rz_forecast_run(&f->snap, &world, &f->limits, 1000, &f->forecast), 0);
	from = (struct rz_outlook_from){.snap = &f->snap,
					.rows = f->rows,
					.n = f->totals.shown,
					.forecast = &f->forecast,
					.bases = f->bases,
					.n_bases = f->n_bases};
	assert_int_equal(rz_outlook_make(&from, &f->outlook), 0);
	return (struct rz_outlook_view){.outlook = &f->outlook,
					.snap = &f->snap,
					.limits = &f->limits,
					.totals = &f->totals,
					.group = RZ_OUTLOOK_GROUP_COUNT,
					.wall_ns = 1764150000ULL * SECOND_NS};
}

static void forget(struct fixture *f)
{
	rz_outlook_free(&f->outlook);
	rz_forecast_free(&f->forecast);
	free(f->rows);
}

static void test_text(void **state)
{
	struct rz_outlook_view v;
	struct fixture f;

	(void)state;
	make(&f);
	v = look(&f);
	v.price = *rz_price_list(0);
	v.limit = 20;
	golden("plan.txt", PRINTED(rz_outlook_print_text, &v));
	v.wide = true;
	v.limit = 2;
	golden("plan-wide.txt", PRINTED(rz_outlook_print_text, &v));
	forget(&f);
}

/* Rows added up by what they have in common; reasons stay apart, sums are the same. */
static void test_group(void **state)
{
	struct rz_outlook_view v;
	struct fixture f;

	(void)state;
	make(&f);
	v = look(&f);
	rz_outlook_group(&f.outlook, v.group = RZ_OUTLOOK_GROUP_ZONES);
	golden("plan-zones.txt", PRINTED(rz_outlook_print_text, &v));
	rz_outlook_group(&f.outlook, v.group = RZ_OUTLOOK_GROUP_CLIENT_ZONE);
	assert_string_equal(f.outlook.moves.rows[0].agent_zone, "");
	assert_int_equal(f.outlook.moves.rows[0].sum.conns, 2);
	forget(&f);
	make(&f);
	v = look(&f);
	rz_outlook_group(&f.outlook, v.group = RZ_OUTLOOK_GROUP_CLIENT_ID);
	assert_string_equal(f.outlook.moves.rows[0].client->id, "orders");
	assert_string_equal(f.outlook.moves.rows[0].client_zone, "");
	rz_outlook_group(&f.outlook, v.group = RZ_OUTLOOK_GROUP_AGENT_ZONE);
	v.limit = 1;
	golden("plan-agent-zone.json", PRINTED(rz_outlook_print_json, &v));
	forget(&f);
}

static void test_sort(void **state)
{
	static const char *const first[RZ_OUTLOOK_SORT_COUNT] = {
		[RZ_OUTLOOK_SORT_BYTES] = "far",    [RZ_OUTLOOK_SORT_RX] = "far",
		[RZ_OUTLOOK_SORT_TX] = "admin",	    [RZ_OUTLOOK_SORT_CONNECTIONS] = "admin",
		[RZ_OUTLOOK_SORT_TIME] = "admin",   [RZ_OUTLOOK_SORT_CLIENT_ID] = "",
		[RZ_OUTLOOK_SORT_CLIENT_ZONE] = "", [RZ_OUTLOOK_SORT_AGENT_ZONE] = "",
		[RZ_OUTLOOK_SORT_REASON] = "far",
	};
	const struct rz_outlook_row *r;
	struct fixture f;
	int by;

	(void)state;
	make(&f);
	f.conns[METADATA].tx_bytes = 2000000;
	look(&f);
	for (by = 0; by < RZ_OUTLOOK_SORT_COUNT; by++) {
		rz_outlook_sort(&f.outlook, by);
		r = &f.outlook.stays.rows[0];
		assert_string_equal(r->client ? r->client->id : "", first[by]);
	}
	forget(&f);
}

static void test_json(void **state)
{
	struct rz_outlook_view v;
	struct fixture f;

	(void)state;
	make(&f);
	v = look(&f);
	v.price = *rz_price_list(0);
	golden("plan.json", PRINTED(rz_outlook_print_json, &v));
	forget(&f);
}

/* What the daemon remembers of a client keeps it; a move that has begun is no plan. */
static void test_memory_of_the_daemon(void **state)
{
	struct fixture f;

	(void)state;
	make(&f);
	f.moves[0] = (struct rz_move_row){FIRST + 1, {.client = FIRST + 1, .phase = RZ_PHASE_WAIT}};
	f.moves[0].move.reason = RZ_REASON_GAVE_UP;
	f.moves[1] =
		(struct rz_move_row){SECOND + 1, {.client = FIRST + 1, .phase = RZ_PHASE_HOLD}};
	f.snap.moves = f.moves;
	f.snap.n_moves = 2;
	look(&f);
	assert_int_equal(f.outlook.moves.n, 0);
	assert_int_equal(f.outlook.under_way, 1);
	assert_int_equal(f.outlook.stays.n, 5);
	forget(&f);
	/* a turn, or mode observe, keeps nobody in a plan */
	make(&f);
	f.moves[0] = (struct rz_move_row){FIRST + 1, {.client = FIRST + 1, .phase = RZ_PHASE_WAIT}};
	f.moves[0].move.reason = RZ_REASON_OBSERVING;
	f.snap.moves = f.moves;
	f.snap.n_moves = 1;
	look(&f);
	assert_int_equal(f.outlook.all_moves.conns, 2);
	forget(&f);
}

/* An older one goes only while it is in use. */
static void fetches(struct rz_conn *c)
{
	c->data_cs = (uint32_t)((NOW_NS - c->opened_ns) / RZ_CS_NS);
}

/* No price is shown of bytes of which nobody knows whether they cross zones, of connections too
 * young, or older than rezone, or where no price is known. */
static void test_price(void **state)
{
	struct rz_outlook_view v;
	struct fixture f;
	size_t i;
	double usd;

	(void)state;
	make(&f);
	f.conns[FIRST].frame.adopted = 1;
	fetches(&f.conns[FIRST]);
	v = look(&f);
	assert_false(rz_outlook_price(&v, &f.outlook.all_moves, &usd));
	v.price = *rz_price_list(0);
	assert_false(rz_outlook_price(&v, &f.outlook.all_moves, &usd));
	for (i = 0; i < f.outlook.reasons.n; i++)
		assert_int_equal(rz_outlook_price(&v, &f.outlook.reasons.rows[i].sum, &usd),
				 f.outlook.reasons.rows[i].locality == RZ_LOCALITY_CROSS);
	forget(&f);
}

/* Of a connection that is older than rezone what it carried before does not count. */
static void test_older(void **state)
{
	struct fixture f;

	(void)state;
	make(&f);
	f.conns[FIRST].frame.adopted = f.conns[SECOND].frame.adopted = 1;
	f.conns[SECOND].opened_ns = NOW_NS - HOUR_NS;
	fetches(&f.conns[FIRST]);
	fetches(&f.conns[SECOND]);
	look(&f);
	assert_int_equal(f.outlook.all_moves.projected, 0);
	forget(&f);
	f.bases[0] = (struct rz_counted){.cookie = 99, .rx_bytes = 1};
	f.bases[1] = (struct rz_counted){.cookie = FIRST + 1, .rx_bytes = 95000000};
	f.bases[2] = (struct rz_counted){.cookie = 99, .rx_bytes = 7, .base = true};
	f.bases[3] = (struct rz_counted){.cookie = FIRST + 1, .rx_bytes = 90000000, .base = true};
	f.n_bases = rz_outlook_make_bases(f.bases, 4);
	assert_int_equal(f.n_bases, 2);
	look(&f);
	assert_int_equal(f.outlook.all_moves.projected, 1);
	assert_true(f.outlook.all_moves.rx_month == 730 * 10000000.0);
	assert_true(f.outlook.all_moves.tx_month == 730 * 1000000.0);
	forget(&f);
}

/* Of some connections alone their own times are told; the pace is that of all. */
static void test_some(void **state)
{
	struct rz_outlook_from from;
	struct rz_outlook some;
	struct fixture f;

	(void)state;
	make(&f);
	look(&f);
	assert_int_equal(f.outlook.last_ns, 30 * SECOND_NS);
	from = (struct rz_outlook_from){
		.snap = &f.snap, .rows = &f.rows[FIRST], .n = 1, .forecast = &f.forecast};
	assert_int_equal(rz_outlook_make(&from, &some), 0);
	assert_int_equal(some.all_moves.conns, 1);
	assert_int_equal(some.first_tick + (some.last_ns > 0), 1);
	rz_outlook_free(&some);
	forget(&f);
}

static void test_nothing(void **state)
{
	struct rz_outlook_view v;
	struct fixture f;

	(void)state;
	make(&f);
	f.snap.n_conns = 0;
	v = look(&f);
	PRINTED(rz_outlook_print_text, &v);
	assert_non_null(strstr(printed_text, "nobody"));
	json_decref(json_loads(PRINTED(rz_outlook_print_json, &v), 0, NULL));
	forget(&f);
}

/* Each reason says what its rule asks for, and what to do. */
static void test_advice(void **state)
{
	int r;

	(void)state;
	for (r = 0; r < RZ_REASON_COUNT; r++) {
		assert_true(strlen(rz_advice_on(r).rule) > 5);
		assert_true(strlen(rz_advice_on(r).change) > 3);
		assert_string_not_equal(rz_who_name(rz_advice_on(r).who), "?");
	}
	assert_string_equal(rz_advice_on(RZ_REASON_COUNT).rule, "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_memory_of_the_daemon),
		cmocka_unit_test(test_price),
		cmocka_unit_test(test_some),
		cmocka_unit_test(test_older),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
