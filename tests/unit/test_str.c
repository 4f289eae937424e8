/* SPDX-License-Identifier: Apache-2.0 */
/* base/str.c: escaping, copies, durations, addresses. */
#include "unit.h"
#include "base/str.h"

static void test_escape(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *escaped, *printable;
	} rows[] = {
		{"plain id-1", 10, "plain id-1", "plain id-1"},
		{"", 0, "", ""},
		{"a\\b", 3, "a\\\\b", "a\\b"},
		{"\x1b[2J", 4, "\\x1b[2J", "\\x1b[2J"},
		{"z\xc3\xbc", 3, "z\\xc3\\xbc", "z\\xc3\\xbc"},
		{"a\0b\n\x7f", 5, "a\\x00b\\x0a\\x7f", "a\\x00b\\x0a\\x7f"},
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(rz_str_escape(text, sizeof(text), rows[i].in, rows[i].len),
				 strlen(rows[i].escaped));
		assert_string_equal(text, rows[i].escaped);
		rz_str_printable(text, sizeof(text), rows[i].in, rows[i].len);
		assert_string_equal(text, rows[i].printable);
	}
}

/* Whatever the room, it ends at a whole escape and is terminated. */
static void test_escape_cut(void **state)
{
	char text[16];
	size_t size, n;

	(void)state;
	for (size = 0; size <= sizeof(text); size++) {
		memset(text, '!', sizeof(text));
		n = rz_str_escape(text, size, "a\xff\\c", 4);
		if (!size) {
			assert_int_equal(n, 0);
			assert_int_equal(text[0], '!');
			continue;
		}
		assert_int_equal(text[n], '\0');
		assert_true(n == 0 || n == 1 || n == 5 || n == 7 || n == 8);
		assert_memory_equal(text, "a\\xff\\\\c", n);
	}
}

static void test_cut_slashes(void **state)
{
	static const char *const rows[][2] = {{"/a/b/", "/a/b"}, {"/a/b", "/a/b"}, {"/a//", "/a"},
					      {"//", "/"},	 {"", ""},	   {"a/", "a"}};
	char text[16];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		rz_str_copy(text, sizeof(text), rows[i][0]);
		assert_string_equal(rz_str_cut_slashes(text), rows[i][1]);
	}
}

static void test_copy(void **state)
{
	char text[4];

	(void)state;
	memset(text, '!', sizeof(text));
	assert_true(rz_str_copy(text, sizeof(text), "a"));
	assert_memory_equal(text, "a\0\0\0", 4); /* the rest is zero: it may be a map key */
	assert_true(rz_str_copy(text, sizeof(text), "abc"));
	assert_false(rz_str_copy(text, sizeof(text), "abcd"));
	assert_string_equal(text, "abc");
}

static void test_duration(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
		const char *shown;
	} good[] = {
		{"0", 0, "0s"},
		{"0s", 0, "0s"},
		{"30s", 30 * SECOND_NS, "30s"},
		{"300ms", 300000000, "300ms"},
		{"1.5h", 90 * MINUTE_NS, "1h30m"},
		{"2h45m", 165 * MINUTE_NS, "2h45m"},
		{"1m30s", 90 * SECOND_NS, "1m30s"},
		{".5s", 500000000, "500ms"},
		{"1.s", SECOND_NS, "1s"},
		{"1us", 1000, "1us"},
		{"1\xc2\xb5s", 1000, "1us"},
		{"1ns", 1, "1ns"},
		{"1s1s", 2 * SECOND_NS, "2s"},
		{"10s400ms", 10400000000, "10.4s"},
		{"1m1.000000001s", MINUTE_NS + SECOND_NS + 1, "1m1.000000001s"},
		{"1m1ms", MINUTE_NS + 1000000, "1m1ms"},
	};
	static const char *const bad[] = {"",	 "s",	"30",	 "-1s",	 "+1s", "1x",
					  "1s ", " 1s", "1..5s", "1e3s", ".s",	"1 s"};
	char shown[32];
	uint64_t ns;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		assert_int_equal(rz_duration_parse(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
		rz_duration_format(shown, sizeof(shown), ns);
		assert_string_equal(shown, good[i].shown);
	}
	for (i = 0; i < COUNT(bad); i++)
		assert_true(rz_duration_parse(bad[i], &ns) < 0);
	assert_int_equal(rz_duration_parse("2562047h", &ns), 0); /* Go's limit is 292 years */
	assert_true(rz_duration_parse("2562048h", &ns) < 0);
	assert_true(rz_duration_parse("99999999999999999999s", &ns) < 0);
}

/* What is shown can be read, and means the same. */
static void test_duration_round_trip(void **state)
{
	uint64_t seed = 7, ns, again;
	char text[32];
	int i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		ns = noise(&seed) >> (1 + noise_below(&seed, 60));
		rz_duration_format(text, sizeof(text), ns);
		assert_int_equal(rz_duration_parse(text, &again), 0);
		assert_int_equal(again, ns);
	}
}

/* Each form in which a person may write an address becomes the form that is shown. */
static void test_endpoint_normal(void **state)
{
	static const char *const good[][2] = {{"10.0.0.1", "10.0.0.1"},
					      {"10.0.0.1:9092", "10.0.0.1:9092"},
					      {"fd00::1", "[fd00::1]"},
					      {"[fd00::1]", "[fd00::1]"},
					      {"[FD00:0::1]:65535", "[fd00::1]:65535"},
					      {"::ffff:10.0.0.1", "10.0.0.1"},
					      {"[::ffff:10.0.0.1]:1", "10.0.0.1:1"}};
	static const char *const bad[] = {"",
					  "10.0.0",
					  "10.0.0.1:",
					  "10.0.0.1:0",
					  "10.0.0.1:65536",
					  "10.0.0.1:x",
					  "10.0.0.1:1x",
					  "10.0.0.1:-1",
					  "[10.0.0.1]",
					  "[fd00::1",
					  "[fd00::1]9092",
					  "fd00::1]",
					  ":9092",
					  "app-1",
					  "[]",
					  "fd00::1%lo",
					  "10.0.0.1:99999999999999999999"};
	char shown[RZ_ENDPOINT_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		assert_true(rz_endpoint_normal(shown, good[i][0]));
		assert_string_equal(shown, good[i][1]);
	}
	for (i = 0; i < COUNT(bad); i++)
		assert_false(rz_endpoint_normal(shown, bad[i]));
}

static void test_address(void **state)
{
	static const char *const good[][2] = {
		{"10.0.0.1", "10.0.0.1:9092"},	      {"fd00::1", "[fd00::1]:9092"},
		{"::ffff:10.0.0.1", "10.0.0.1:9092"}, {"::", "[::]:9092"},
		{"FD00:0:0::A", "[fd00::a]:9092"},
	};
	static const char *const bad[] = {"",	       "10.0.0",  "10.0.0.256", "10.0.0.1:9092",
					  "fd00::1%1", "[fd::1]", " 10.0.0.1",	"host"};
	char shown[RZ_ENDPOINT_TEXT];
	uint8_t addr[16];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		assert_int_equal(rz_addr_parse(good[i][0], addr), 0);
		rz_endpoint_format(shown, sizeof(shown), addr, 9092);
		assert_string_equal(shown, good[i][1]);
	}
	for (i = 0; i < COUNT(bad); i++)
		assert_true(rz_addr_parse(bad[i], addr) < 0);
	/* the longest there is */
	memset(addr, 0xff, sizeof(addr));
	rz_endpoint_format(shown, sizeof(shown), addr, 65535);
	assert_string_equal(shown, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void test_time(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{1795680062439999999ULL, "2026-11-26T08:01:02.439Z"}, /* cut, not rounded */
		{951782400000000000ULL, "2000-02-29T00:00:00.000Z"},
	};
	char text[RZ_TIME_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		rz_time_format(text, rows[i].ns);
		assert_string_equal(text, rows[i].text);
	}
	rz_time_format(text, UINT64_MAX); /* fits, whatever it is */
	assert_string_equal(text, "2554-07-21T23:34:33.709Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_cut),
		cmocka_unit_test(test_cut_slashes),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_duration_round_trip),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_endpoint_normal),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
