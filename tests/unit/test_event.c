// SPDX-License-Identifier: Apache-2.0
/* user/out/event.c: the lines of `rezone events`. The JSON is a contract (docs/events.md). */
#include <errno.h>
#include "unit.h"
#include "out/event.h"
#include "policy/reason.h"

static struct rz_event base(enum rz_event_type type)
{
	struct rz_event e = {
		.seq = 7,
		.time_ns = 1795502096123456789ULL,
		.type = type,
		.cookie = 4711,
		.client = 1,
		.tuple = {.client_addr = {[10] = 0xff, [11] = 0xff, 10, 0, 2, 7},
			  .agent_addr = {[15] = 1},
			  .client_port = 51544,
			  .agent_port = 9092},
		.from_zone = "a",
		.to_zone = "b",
		.client_id = "app,warpstream_az=b",
	};

	return e;
}

/* Both forms into `text`, one after the other. */
static void both(char text[static 2048], const struct rz_event *e)
{
	FILE *f = fmemopen(text, 2047, "w");

	assert_non_null(f);
	assert_int_equal(rz_event_print_json(f, e), 0);
	rz_event_print_text(f, e);
	fclose(f);
}

static void test_move(void **state)
{
	struct rz_event e = base(RZ_EVENT_MOVE);
	char text[2048] = "";

	(void)state;
	e.waited_ms = 1040;
	e.held_ms = 40;
	e.held_segments = 3;
	e.known_by = RZ_KNOWN_SIBLING;
	e.by_hand = 1;
	strcpy(e.text, "reset after a hold of 40 ms, 3 segments held back");
	both(text, &e);
	assert_string_equal(
		text,
		"{\"time\":\"2026-11-24T06:34:56.123Z\",\"event\":\"move\",\"seq\":7,"
		"\"cookie\":4711,\"client\":\"10.0.2.7:51544\",\"agent\":\"[::1]:9092\","
		"\"client_id\":\"app,warpstream_az=b\",\"from_zone\":\"a\",\"to_zone\":\"b\","
		"\"reason\":null,\"outcome\":null,\"by_hand\":true,\"waited_ms\":1040,"
		"\"held_ms\":40,\"held_segments\":3,\"error\":null,\"check\":null,"
		"\"library_known_by\":\"sibling\","
		"\"text\":\"reset after a hold of 40 ms, 3 segments held "
		"back\",\"setting\":null,\"before\":null,"
		"\"after\":null,\"move\":null}\n"
		"2026-11-24T06:34:56.123Z move           10.0.2.7:51544 at [::1]:9092, zone a -> "
		"b, "
		"\"app,warpstream_az=b\": reset after a hold of 40 ms, 3 segments held back\n");
}

/* A follow-up close names the connection that the move closed. */
static void test_follow_up(void **state)
{
	struct rz_event e = base(RZ_EVENT_FOLLOW_CLOSE);
	char text[2048] = "";

	(void)state;
	e.move = 4242;
	e.held_ms = 1010;
	both(text, &e);
	assert_non_null(strstr(text, "\"event\":\"follow-close\""));
	assert_non_null(strstr(text, "\"held_ms\":1010,"));
	assert_non_null(strstr(text, "\"move\":4242}"));
}

static void test_verdict(void **state)
{
	struct rz_event e = base(RZ_EVENT_VERDICT);
	char text[2048] = "";

	(void)state;
	e.reason = RZ_REASON_COOLING_DOWN;
	strcpy(e.text, "(was: ready to move)");
	both(text, &e);
	assert_non_null(strstr(text,
			       "\"reason\":\"cooling down\",\"outcome\":null,\"by_hand\":false,"
			       "\"waited_ms\":null,\"held_ms\":null,\"held_segments\":null,"));
	assert_non_null(strstr(text, "\": cooling down (was: ready to move)\n"));
	e.reason = RZ_REASON_NONE;
	both(text, &e);
	assert_non_null(strstr(text, "\"reason\":\"ready to move\""));
}

static void test_refused_and_outcome(void **state)
{
	struct rz_event e = base(RZ_EVENT_REFUSED);
	char text[2048] = "";

	(void)state;
	e.error = -ESTALE;
	both(text, &e);
	assert_non_null(strstr(text, "\"error\":\"ESTALE\""));
	e = base(RZ_EVENT_OUTCOME);
	e.outcome = RZ_OUTCOME_RETURNED;
	both(text, &e);
	assert_non_null(strstr(text, "\"event\":\"outcome\""));
	assert_non_null(strstr(text, "\"outcome\":\"returned\""));
}

/* One that is of no connection has all keys, and null in them. */
static void test_of_no_connection(void **state)
{
	struct rz_event e = {.seq = 1, .type = RZ_EVENT_FREEZE, .text = "stale: because"};
	char text[2048] = "";

	(void)state;
	both(text, &e);
	assert_string_equal(
		text, "{\"time\":\"1970-01-01T00:00:00.000Z\",\"event\":\"freeze\",\"seq\":1,"
		      "\"cookie\":null,\"client\":null,\"agent\":null,\"client_id\":null,"
		      "\"from_zone\":null,\"to_zone\":null,\"reason\":null,\"outcome\":null,"
		      "\"by_hand\":false,\"waited_ms\":null,\"held_ms\":null,"
		      "\"held_segments\":null,\"error\":null,\"check\":null,"
		      "\"library_known_by\":null,\"text\":\"stale:"
		      " because\",\"setting\":null,\"before\":null,\"after\":null,\"move\":null}\n"
		      "1970-01-01T00:00:00.000Z freeze         stale: because\n");
}

/* A setting's values stand where another event has a client.id. */
static void test_setting(void **state)
{
	struct rz_event e = {.seq = 1, .type = RZ_EVENT_SETTING, .text = "by SIGHUP"};
	char text[2048] = "";

	(void)state;
	strcpy(e.setting.key, "mode");
	strcpy(e.setting.before, "observe");
	strcpy(e.setting.after, "enforce");
	both(text, &e);
	assert_non_null(strstr(text, "\"client_id\":null"));
	assert_non_null(strstr(text,
			       "\"text\":\"by SIGHUP\",\"setting\":\"mode\","
			       "\"before\":\"observe\",\"after\":\"enforce\",\"move\":null}\n"));
	assert_non_null(
		strstr(text, "setting        mode: \"observe\" -> \"enforce\", by SIGHUP\n"));
}

/* A topology has no name, and most often nothing more to say. */
static void test_topology(void **state)
{
	struct rz_event e = {.seq = 1, .type = RZ_EVENT_TOPOLOGY};
	char text[2048] = "";

	(void)state;
	strcpy(e.setting.before, "2 agents");
	strcpy(e.setting.after, "3 agents");
	both(text, &e);
	assert_non_null(strstr(text, "\"text\":null,\"setting\":null,\"before\":\"2 agents\","
				     "\"after\":\"3 agents\",\"move\":null}\n"));
	assert_non_null(strstr(text, "Z topology       \"2 agents\" -> \"3 agents\"\n"));
}

static void test_words(void **state)
{
	enum rz_event_type t;
	unsigned i;

	(void)state;
	for (i = 1; i < RZ_EVENT_COUNT; i++) {
		assert_int_equal(rz_event_parse(rz_event_name((enum rz_event_type)i), &t), 0);
		assert_int_equal(t, i);
	}
	assert_int_equal(rz_event_parse("none", &t), -EINVAL);
	assert_int_equal(rz_event_parse("moves", &t), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_setting),
		cmocka_unit_test(test_topology),
		cmocka_unit_test(test_follow_up),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_refused_and_outcome),
		cmocka_unit_test(test_of_no_connection),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
