/* SPDX-License-Identifier: Apache-2.0 */
/* base/log.c: one line a message, levels, no byte that a terminal or a JSON reader would choke on.
 */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/socket.h>

#include "base/json.h"
#include "base/log.h"

static char text[8192];

#define CAPTURED(statement)                          \
	do {                                         \
		struct capture c;                    \
		capture_begin(&c);                   \
		statement;                           \
		capture_end(&c, text, sizeof(text)); \
	} while (0)

static void test_text(void **state)
{
	(void)state;
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	CAPTURED(rz_info("moved %d", 3));
	/* 2026-11-23T19:07:17.513Z info  moved 3 */
	assert_int_equal(strlen(text), 24 + 1 + 5 + 1 + strlen("moved 3\n"));
	assert_int_equal(text[10], 'T');
	assert_int_equal(text[23], 'Z');
	assert_string_equal(text + 24, " info  moved 3\n");
}

/* A command's line names it once, and has no time. */
static void test_name(void **state)
{
	(void)state;
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	rz_log_name("rezone pause");
	CAPTURED(rz_err(-1, "pins: no"));
	assert_string_equal(text, "rezone pause: pins: no\n");
	CAPTURED(rz_warn("pause: stands"));
	assert_string_equal(text, "rezone pause: stands\n");
	CAPTURED(rz_warn("paused: stands"));
	assert_string_equal(text, "rezone pause: paused: stands\n");
	rz_log_name(NULL);
}

static void test_levels(void **state)
{
	(void)state;
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_WARN);
	CAPTURED({
		rz_debug("d");
		rz_info("i");
		rz_warn("w");
		assert_int_equal(rz_err(-5, "e"), -5);
	});
	assert_int_equal(capture_lines(text), 2);
	assert_non_null(strstr(text, "warn  w"));
	assert_non_null(strstr(text, "error e"));
}

/* A message is one line of printable ASCII, and an id that is escaped already stays as it is. */
static void test_hostile(void **state)
{
	char *p;

	(void)state;
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	CAPTURED(rz_info("file %s id %s", "a\nb\x1b[0m", "x\\x1b"));
	assert_int_equal(capture_lines(text), 1);
	assert_non_null(strstr(text, "file a\\x0ab\\x1b[0m id x\\x1b\n"));
	for (p = text; *p && *p != '\n'; p++)
		assert_in_range((unsigned char)*p, 0x20, 0x7e);
}

static void test_json(void **state)
{
	json_t *o;

	(void)state;
	rz_log_setup(RZ_LOG_JSON, RZ_LOG_INFO);
	CAPTURED(rz_warn("a \"quoted\" \\ \x01 thing"));
	assert_int_equal(capture_lines(text), 1);
	o = json_loads(text, 0, NULL);
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, "level")), "warn");
	assert_string_equal(json_string_value(json_object_get(o, "message")),
			    "a \"quoted\" \\ \\x01 thing");
	assert_non_null(json_object_get(o, "time"));
	json_decref(o);
}

/* Longer than the line: cut, still one line, still whole JSON. */
static void test_long(void **state)
{
	static char name[5000];
	json_t *o;

	(void)state;
	memset(name, 0xff, sizeof(name) - 1);
	rz_log_setup(RZ_LOG_JSON, RZ_LOG_INFO);
	CAPTURED(rz_info("%s", name));
	o = json_loads(text, 0, NULL);
	assert_non_null(o);
	json_decref(o);
	assert_int_equal(capture_lines(text), 1);
}

/* A log that cannot be written ends nothing: its lines are counted, and said once one can be. */
static void test_lost(void **state)
{
	uint64_t before = rz_log_lost();
	struct capture c;
	int was, full = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(full >= 0);
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	was = dup(STDERR_FILENO);
	dup2(full, STDERR_FILENO);
	errno = ESTALE;
	rz_info("one");
	rz_info("two");
	assert_int_equal(errno, ESTALE);
	rz_debug("below the level");
	dup2(was, STDERR_FILENO);
	close(was);
	close(full);
	assert_int_equal(rz_log_lost(), before + 2);
	capture_begin(&c);
	rz_info("three");
	rz_info("four");
	capture_end(&c, text, sizeof(text));
	assert_int_equal(capture_lines(text), 3); /* three, that two were lost, four */
	assert_int_equal(rz_log_lost(), before + 2);
}

/* Nor does one whose reader stands still: it is waited for once, for a moment, and not again for
 * each line. (A log that waits for it ends by the alarm, with the whole test.) */
static void test_stalled(void **state)
{
	uint64_t before = rz_log_lost();
	int was = dup(STDERR_FILENO), pipe_ends[2], i;
	char bytes[65536];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(pipe_ends), 0);
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	dup2(pipe_ends[1], STDERR_FILENO);
	alarm(20);
	for (i = 0; i < 5000 && rz_log_lost() < before + 100; i++)
		rz_info("a line of sixty bytes and more, so that a pipe of 64 KiB is soon full");
	alarm(0);
	assert_int_equal(rz_log_lost(), before + 100);
	n = read(pipe_ends[0], bytes, sizeof(bytes));
	assert_true(n > 0);
	assert_int_equal(bytes[n - 1], '\n'); /* no line is cut */
	rz_info("read again");
	assert_int_equal(rz_log_lost(), before + 100);
	n = read(pipe_ends[0], bytes, sizeof(bytes) - 1);
	assert_true(n > 0);
	bytes[n] = '\0';
	dup2(was, STDERR_FILENO);
	close(was);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	assert_non_null(strstr(bytes, "100 lines before this one"));
}

/* Lines that are gathered: each is whole and in its place, also those before and behind a line that
 * is too long to wait, and a pipe gets many with one write. */
static void test_gathered(void **state)
{
	static char name[2000];
	int was = dup(STDERR_FILENO), ends[2], i;
	const char *at = text;
	char line[32];
	ssize_t n;

	(void)state;
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	dup2(ends[1], STDERR_FILENO);
	rz_log_gather();
	for (i = 0; i < 50; i++)
		rz_info("line %d", i);
	rz_log_gathered();
	rz_info("by itself");
	dup2(was, STDERR_FILENO);
	n = read(ends[0], text, sizeof(text) - 1); /* one packet for each write */
	assert_true(n > 0);
	text[n] = '\0';
	assert_int_equal(capture_lines(text), 50);
	n = read(ends[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_int_equal(capture_lines(text), 1);
	close(was);
	close(ends[0]);
	close(ends[1]);

	memset(name, '\n', sizeof(name) - 1);
	CAPTURED({
		rz_log_gather();
		rz_info("line 0");
		rz_info("%s", name); /* escaped it is longer than a pipe takes at once */
		rz_info("line 2");
		rz_log_gathered();
		rz_info("line 3");
	});
	assert_int_equal(capture_lines(text), 4);
	for (i = 0; i < 4; i++, at = strchr(at, '\n') + 1) {
		snprintf(line, sizeof(line), " info  line %d\n", i);
		assert_true(i == 1 ? !strncmp(at + 24, " info  \\x0a", 11)
				   : !strncmp(at + 24, line, strlen(line)));
	}
}

/* Gathered lines whose reader stands still are lost as others are: each counts, and it is said once
 * there is a reader again. */
static void test_gathered_lost(void **state)
{
	uint64_t before = rz_log_lost();
	int was = dup(STDERR_FILENO), ends[2], i;
	char bytes[65536];
	struct capture c;
	uint64_t seen = 0;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	dup2(ends[1], STDERR_FILENO);
	alarm(20);
	rz_log_gather();
	for (i = 0; i < 3000; i++)
		rz_info("a line of sixty bytes and more, so that a pipe of 64 KiB is soon full");
	rz_log_gathered();
	alarm(0);
	dup2(was, STDERR_FILENO);
	close(was);
	close(ends[1]);
	while ((n = read(ends[0], bytes, sizeof(bytes))) > 0)
		for (i = 0; i < n; i++)
			seen += bytes[i] == '\n';
	close(ends[0]);
	assert_true(seen > 0);
	assert_int_equal(rz_log_lost() - before, 3000 - seen);
	capture_begin(&c);
	rz_log_gather();
	rz_info("read again");
	rz_log_gathered();
	capture_end(&c, text, sizeof(text));
	assert_int_equal(capture_lines(text), 2);
	assert_non_null(strstr(text, "lines before this one"));
}

/* Beside the sentence: which part of rezone speaks, which node it is, and the fields of who logs.
 */
static void test_fields(void **state)
{
	json_t *o;

	(void)state;
	rz_log_setup(RZ_LOG_JSON, RZ_LOG_INFO);
	assert_true(rz_log_takes_fields(RZ_LOG_INFO));
	assert_false(rz_log_takes_fields(RZ_LOG_DEBUG));
	rz_json_set_node("node-7");
	CAPTURED(rz_log_fields(
		RZ_LOG_INFO,
		json_pack("{s:s, s:i, s:s}", "event", "move", "held_ms", 40, "level", "mine"),
		"move: it was \"%s\"", "x"));
	rz_json_set_node("");
	o = json_loads(text, 0, NULL);
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, "part")), "move");
	assert_string_equal(json_string_value(json_object_get(o, "node")), "node-7");
	assert_string_equal(json_string_value(json_object_get(o, "event")), "move");
	assert_int_equal(json_integer_value(json_object_get(o, "held_ms")), 40);
	assert_string_equal(json_string_value(json_object_get(o, "level")), "info");
	assert_string_equal(json_string_value(json_object_get(o, "message")), "move: it was \"x\"");
	json_decref(o);
	CAPTURED(rz_info("No part: here"));
	o = json_loads(text, 0, NULL);
	assert_true(json_is_null(json_object_get(o, "part")));
	assert_null(json_object_get(o, "node"));
	json_decref(o);
	/* a failure has its errno's name */
	CAPTURED(assert_int_equal(rz_err(-ENOENT, "topology: no such file"), -ENOENT));
	o = json_loads(text, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "error")), "ENOENT");
	json_decref(o);
	/* text has the sentence alone, and a line that is not written keeps nothing */
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	assert_false(rz_log_takes_fields(RZ_LOG_INFO));
	CAPTURED(rz_log_fields(RZ_LOG_INFO, json_pack("{s:i}", "n", 1), "a sentence"));
	assert_string_equal(text + 24, " info  a sentence\n");
	CAPTURED(rz_log_fields(RZ_LOG_DEBUG, json_pack("{s:i}", "n", 1), "a sentence"));
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	      cmocka_unit_test(test_name),
		cmocka_unit_test(test_levels),	      cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_json),	      cmocka_unit_test(test_fields),
		cmocka_unit_test(test_long),	      cmocka_unit_test(test_lost),
		cmocka_unit_test(test_stalled),	      cmocka_unit_test(test_gathered),
		cmocka_unit_test(test_gathered_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
