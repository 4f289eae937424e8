// SPDX-License-Identifier: Apache-2.0
/* user/out/explain*.c: what `rezone explain` prints, whole (docs/json.md), and when a connection
 * may be moved next. */
#include "golden.h"
#include "printed.h"
#include "world.h"

#include <jansson.h>

#include "client/misread.h"
#include "out/explain.h"

#define WALL_NS (1764150000ULL * SECOND_NS)

struct fixture {
	struct test_world w;
	struct rz_client_row clients[1];
	struct rz_move_row moves[1];
	struct rz_conn conns[2];
	struct rz_event events[3];
	struct rz_snapshot snap;
	struct rz_conn_row *rows;
	struct rz_explain explains[2];
};

static void make(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	test_world_make(&f->w);
	f->w.settings.interval_ns = 30 * SECOND_NS;
	f->w.settings.hold_timeout_ns = 5 * SECOND_NS;
	f->w.status.tick_ns = NOW_NS - 10 * SECOND_NS;
	f->conns[0] = f->conns[1] = f->w.conn;
	f->conns[0].opened_ns = f->conns[1].opened_ns = NOW_NS - HOUR_NS;
	f->conns[1].cookie++;
	f->conns[1].tuple.client_port++;
	f->clients[0] = (struct rz_client_row){CLIENT_HASH, f->w.client};
}

/* The row as `rezone list` has it, and all that is said of it. */
static struct rz_explain_view look(struct fixture *f, size_t n)
{
	struct rz_conn_filter all = RZ_CONN_FILTER_ALL;
	struct rz_world world = test_world_view(&f->w);
	struct rz_conn_totals totals;
	size_t i;

	f->snap = (struct rz_snapshot){.conns = f->conns,
				       .n_conns = n,
				       .clients = f->clients,
				       .n_clients = 1,
				       .moves = f->moves,
				       .n_moves = f->moves[0].cookie ? 1 : 0,
				       .settings = f->w.settings,
				       .status = f->w.status,
				       .now_ns = NOW_NS};
	assert_int_equal(rz_conn_rows_make(&f->snap, &world, &all, &f->rows, &totals), 0);
	for (i = 0; i < n; i++) {
		struct rz_judged_conn judged = {.conn = &f->conns[i],
						.client = &f->clients[0].client};
		struct rz_explain *e = &f->explains[i];

		e->row = &f->rows[i];
		rz_explain_ask(e, &judged, &world);
		rz_explain_turn(e, &f->snap, false, 0);
		e->next = rz_explain_next(e, &f->snap, 0);
	}
	return (struct rz_explain_view){.rows = f->explains,
					.n = n,
					.snap = &f->snap,
					.events = f->events,
					.n_events = COUNT(f->events),
					.wall_ns = WALL_NS,
					.limit = 1};
}

/* The JSON without what other tests hold: of the connection its cookie, of an event its word. */
static const char *short_json(const struct rz_explain_view *v)
{
	json_t *all = json_loads(PRINTED(rz_explain_print_json, v), 0, NULL), *o, *e, *words;
	size_t i, k;
	FILE *f;

	assert_non_null(all);
	json_array_foreach (all, i, o) {
		json_object_set(o, "connection",
				json_object_get(json_object_get(o, "connection"), "cookie"));
		words = json_array();
		json_array_foreach (json_object_get(o, "history"), k, e)
			json_array_append(words, json_object_get(e, "event"));
		json_object_set_new(o, "history", words);
	}
	f = printed_begin();
	json_dumpf(all, f, JSON_INDENT(1));
	putc('\n', f);
	json_decref(all);
	return printed_end(f, 0);
}

/* A verdict of the connection, one of an earlier connection of its client, and one of somebody
 * else. */
static void happened(struct fixture *f)
{
	size_t i;

	for (i = 0; i < COUNT(f->events); i++) {
		struct rz_event *e = &f->events[i];

		*e = (struct rz_event){.seq = i + 1,
				       .time_ns = WALL_NS - (60 - i) * SECOND_NS,
				       .cookie = f->conns[0].cookie - 2 + i,
				       .client = CLIENT_HASH,
				       .tuple = f->conns[0].tuple,
				       .type = RZ_EVENT_VERDICT,
				       .reason = RZ_REASON_NOT_OPTED_IN,
				       .from_zone = "a",
				       .to_zone = "b"};
		strcpy(e->client_id, f->clients[0].client.id);
	}
	f->events[0].client++;
	f->events[1].type = RZ_EVENT_MOVE;
	strcpy(f->events[1].text, "reset in a gap, after 0 ms");
}

static void test_golden(void **state)
{
	struct rz_explain_view v;
	struct fixture f;

	(void)state;
	make(&f);
	f.clients[0].client.opt_in = 0;
	f.w.settings.min_age_ns = 2 * HOUR_NS;
	f.conns[0].frame.produce = f.conns[1].frame.produce = 1;
	f.conns[0].frame.data_version = f.conns[1].frame.data_version = 7;
	happened(&f);
	v = look(&f, 2);
	f.explains[0].misreads = 1U << RZ_MISREAD_PREFIX;
	golden("explain.txt", PRINTED(rz_explain_print_text, &v));
	golden("explain-limit.json", short_json(&v));
	v.limit = 0;
	golden("explain.json", short_json(&v));
	free(f.rows);
}

/* Two of one client and agent that are judged alike are told once; what differs is told. */
static void test_alike(void **state)
{
	struct rz_explain_view v;
	struct fixture f;

	(void)state;
	make(&f);
	v = look(&f, 2);
	v.limit = 0;
	PRINTED(rz_explain_print_text, &v);
	assert_non_null(strstr(printed_text, "1 more connections of this client"));
	assert_null(strstr(printed_text, "cookie 4712"));
	free(f.rows);
	f.conns[1].frame.fetch = 0;
	v = look(&f, 2);
	v.limit = 0;
	PRINTED(rz_explain_print_text, &v);
	assert_non_null(strstr(printed_text, "cookie 4712"));
	v.limit = 1;
	PRINTED(rz_explain_print_text, &v);
	assert_null(strstr(printed_text, "cookie 4712"));
	assert_non_null(strstr(printed_text, "1 other kinds"));
	free(f.rows);
}

static struct rz_next next_of(struct fixture *f)
{
	struct rz_next n;

	look(f, 1);
	n = f->explains[0].next;
	free(f->rows);
	return n;
}

static void says(struct fixture *f, enum rz_reason reason)
{
	f->moves[0] = (struct rz_move_row){f->conns[0].cookie, {.client = CLIENT_HASH}};
	f->moves[0].move.reason = reason;
	f->moves[0].move.phase = RZ_PHASE_WAIT;
}

static enum rz_answer turn_of(const struct fixture *f, enum rz_reason reason)
{
	size_t i;

	for (i = 0; i < RZ_TURN_MAX; i++)
		if (f->explains[0].turn[i].reason == reason)
			return f->explains[0].turn[i].answer;
	fail_msg("reason %d", reason);
	return RZ_ANSWER_MOOT;
}

/* What the daemon said last; breaker, pause and mode are known of everybody. */
static void test_turn(void **state)
{
	struct rz_explain_view v;
	struct fixture f;

	(void)state;
	make(&f);
	says(&f, RZ_REASON_GAVE_UP);
	look(&f, 1);
	assert_int_equal(turn_of(&f, RZ_REASON_COOLING_DOWN), RZ_ANSWER_PASSED);
	assert_int_equal(turn_of(&f, RZ_REASON_GAVE_UP), RZ_ANSWER_FAILED);
	assert_int_equal(turn_of(&f, RZ_REASON_OVER_BUDGET), RZ_ANSWER_MOOT);
	assert_int_equal(turn_of(&f, RZ_REASON_BREAKER), RZ_ANSWER_PASSED);
	free(f.rows);
	f.w.status.breaker_until_ns = NOW_NS + HOUR_NS;
	f.w.settings.mode = RZ_MODE_OBSERVE;
	says(&f, RZ_REASON_OBSERVING);
	v = look(&f, 1);
	rz_explain_turn(&f.explains[0], &f.snap, true, NOW_NS + 2 * HOUR_NS);
	golden("explain-turn.txt", PRINTED(rz_explain_print_text, &v));
	free(f.rows);
	/* one that a rule keeps was not asked, and text says nothing of it */
	f.clients[0].client.opt_in = 0;
	v = look(&f, 1);
	assert_int_equal(turn_of(&f, RZ_REASON_GAVE_UP), RZ_ANSWER_MOOT);
	assert_int_equal(turn_of(&f, RZ_REASON_BREAKER), RZ_ANSWER_FAILED);
	PRINTED(rz_explain_print_text, &v);
	assert_null(strstr(printed_text, "its turn"));
	free(f.rows);
}

static void test_next_by_rules(void **state)
{
	struct rz_next n;
	struct fixture f;

	(void)state;
	make(&f);
	n = next_of(&f);
	assert_int_equal(n.kind, RZ_NEXT_TICK);
	assert_int_equal(n.at_ns, NOW_NS + 20 * SECOND_NS);
	f.w.settings.min_age_ns = 2 * HOUR_NS; /* the later one of two that pass by themselves */
	f.w.rows[AGENT_B].ready_since_ns = NOW_NS - 10 * SECOND_NS;
	n = next_of(&f);
	assert_int_equal(n.kind, RZ_NEXT_AT);
	assert_int_equal(n.reason, RZ_REASON_TOO_YOUNG);
	assert_int_equal(n.at_ns, NOW_NS + HOUR_NS);
	f.clients[0].client.opt_in = 0; /* ... and one that does not */
	n = next_of(&f);
	assert_int_equal(n.kind, RZ_NEXT_CHANGE);
	assert_int_equal(n.reason, RZ_REASON_NOT_OPTED_IN);
	assert_int_equal(n.at_ns, 0);
}

/* At home it waits for nothing, whatever it asks for. */
static void test_at_home(void **state)
{
	struct rz_explain_view v;
	struct fixture f;

	(void)state;
	make(&f);
	strcpy(f.clients[0].client.zone, "a");
	f.clients[0].client.opt_in = 0;
	v = look(&f, 1);
	assert_int_equal(f.explains[0].next.reason, RZ_REASON_SAME_ZONE);
	PRINTED(rz_explain_print_text, &v);
	assert_null(strstr(printed_text, "not opted in)"));
	assert_non_null(strstr(printed_text, "at home"));
	free(f.rows);
}

static void test_next_by_daemon(void **state)
{
	struct fixture f;

	(void)state;
	make(&f);
	says(&f, RZ_REASON_OVER_BUDGET);
	assert_int_equal(next_of(&f).kind, RZ_NEXT_TICK);
	says(&f, RZ_REASON_COOLING_DOWN);
	assert_int_equal(next_of(&f).kind, RZ_NEXT_OPEN);
	look(&f, 1);
	f.explains[0].not_before_ns = NOW_NS + HOUR_NS;
	assert_int_equal(rz_explain_next(&f.explains[0], &f.snap, 0).at_ns, NOW_NS + HOUR_NS);
	free(f.rows);
	says(&f, RZ_REASON_OBSERVING);
	assert_int_equal(next_of(&f).kind, RZ_NEXT_TICK); /* the mode is enforce by now */
	f.w.settings.mode = RZ_MODE_OBSERVE;
	assert_int_equal(next_of(&f).kind, RZ_NEXT_CHANGE);
	f.w.settings.mode = RZ_MODE_ENFORCE;
	says(&f, RZ_REASON_PAUSED);
	assert_int_equal(next_of(&f).kind, RZ_NEXT_OPEN);
	says(&f, RZ_REASON_BREAKER);
	f.w.status.breaker_until_ns = NOW_NS + MINUTE_NS;
	assert_int_equal(next_of(&f).kind, RZ_NEXT_AT);
	assert_int_equal(next_of(&f).at_ns, NOW_NS + MINUTE_NS);
	f.moves[0].move.phase = RZ_PHASE_HOLD;
	assert_int_equal(next_of(&f).kind, RZ_NEXT_NOW);
}

static void test_close(void **state)
{
	struct rz_explain_view v;
	char how[320];
	struct fixture f;

	(void)state;
	make(&f);
	v = look(&f, 1);
	rz_explain_close(&v, &f.explains[0], how, sizeof(how));
	assert_non_null(strstr(how, "only fetches"));
	f.conns[0].frame.produce = 1;
	rz_explain_close(&v, &f.explains[0], how, sizeof(how));
	assert_non_null(strstr(how, "5s"));
	f.rows[0].verdict.plan.needs_hold = true;
	rz_explain_close(&v, &f.explains[0], how, sizeof(how));
	assert_non_null(strstr(how, "held back"));
	f.rows[0].verdict.plan.gap_only = true;
	rz_explain_close(&v, &f.explains[0], how, sizeof(how));
	assert_non_null(strstr(how, "never after a hold"));
	f.rows[0].verdict.plan.close = RZ_CLOSE_FIN;
	v.at_once = true;
	rz_explain_close(&v, &f.explains[0], how, sizeof(how));
	assert_non_null(strstr(how, "FIN"));
	assert_non_null(strstr(how, "at once"));
	free(f.rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),	       cmocka_unit_test(test_turn),
		cmocka_unit_test(test_alike),	       cmocka_unit_test(test_next_by_rules),
		cmocka_unit_test(test_next_by_daemon), cmocka_unit_test(test_close),
		cmocka_unit_test(test_at_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
