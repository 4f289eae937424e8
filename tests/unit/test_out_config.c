// SPDX-License-Identifier: Apache-2.0
/* user/out/: what `rezone config`, `rezone pause` and `rezone resume` print: golden texts, for
 * scripts rely on them (docs/json.md). */
#include "unit.h"

#include "out/config.h"
#include "out/pause.h"

static char text[8192];

static FILE *to_text(void)
{
	memset(text, 0, sizeof(text));
	return fmemopen(text, sizeof(text) - 1, "w");
}

static const struct rz_conf_map_row rows[] = {
	{.name = "mode", .value = "observe", .from = "file /etc/rezone.yaml"},
	{.name = "port", .value = "9092", .from = "default", .restart = 1, .by_default = 1},
	/* a file may say anything */
	{.name = "exclude_clients",
	 .value = "caf\xc3\xa9 \x1b[0m",
	 .from = "flag --exclude-clients"},
	{.name = "zone", .value = "", .from = "default", .by_default = 1},
};

static void test_config(void **state)
{
	struct rz_config_view v = {rows, 4, false};
	FILE *f = to_text();

	(void)state;
	assert_int_equal(rz_config_print_json(f, &v), 0);
	fclose(f);
	assert_string_equal(
		text, "{\n \"settings\": {\n"
		      "  \"mode\": {\n   \"value\": \"observe\",\n   \"from\": \"file "
		      "/etc/rezone.yaml\",\n   \"restart\": false\n  },\n"
		      "  \"port\": {\n   \"value\": \"9092\",\n   \"from\": \"default\",\n"
		      "   \"restart\": true\n  },\n"
		      "  \"exclude_clients\": {\n   \"value\": \"caf\\\\xc3\\\\xa9 \\\\x1b[0m\",\n"
		      "   \"from\": \"flag --exclude-clients\",\n   \"restart\": false\n  },\n"
		      "  \"zone\": {\n   \"value\": null,\n   \"from\": \"default\",\n"
		      "   \"restart\": false\n  }\n }\n}\n");
}

/* Only what has not its default; nothing that a terminal must not get. */
static void test_changed(void **state)
{
	struct rz_config_view v = {rows, 4, true};
	FILE *f = to_text();

	(void)state;
	assert_int_equal(rz_config_print_text(f, &v), 0);
	fclose(f);
	assert_non_null(strstr(text, "mode "));
	assert_null(strstr(text, "port"));
	assert_null(strstr(text, "zone\n"));
	assert_null(strchr(text, '\x1b'));
	f = to_text();
	assert_int_equal(rz_config_print_json(f, &v), 0);
	fclose(f);
	assert_null(strstr(text, "port"));
}

static void test_pause(void **state)
{
	struct rz_pause p = {.since_ns = 1795692000ULL * SECOND_NS, .by = "alice (uid 0, pid 7)"};
	FILE *f = to_text();

	(void)state;
	assert_int_equal(rz_pause_print_json(f, RZ_PAUSED, &p), 0);
	rz_pause_print_text(f, RZ_PAUSED, &p);
	rz_pause_print_text(f, RZ_PAUSED_ALREADY, &p);
	rz_pause_print_text(f, RZ_RESUMED, &p);
	rz_pause_print_text(f, RZ_NOT_PAUSED, NULL);
	assert_int_equal(rz_pause_print_json(f, RZ_NOT_PAUSED, NULL), 0);
	fclose(f);
	assert_string_equal(
		text, "{\n \"result\": \"paused\",\n \"pause\": {\n"
		      "  \"since\": \"2026-11-26T11:20:00.000Z\",\n  \"until\": null,\n"
		      "  \"by\": \"alice (uid 0, pid 7)\",\n  \"why\": null\n }\n}\n"
		      "paused since 2026-11-26 11:20:00 UTC by alice (uid 0, pid 7)\n"
		      "paused already, since 2026-11-26 11:20:00 UTC by alice (uid 0, pid 7)\n"
		      "resumed\n"
		      "it was not paused\n"
		      "{\n \"result\": \"not paused\",\n \"pause\": null\n}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
