// SPDX-License-Identifier: Apache-2.0
/* user/cmd/opts.c: a table of options fills a command's input, or the command ends with status 2.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/opts.h"
#include "unit.h"

struct input {
	struct rz_ask common; /* first */
	bool flag;
	const char *text;
	unsigned long count;
	int word;
	size_t length; /* by take() */
	const char *what;
};

static const char *const words[] = {"one", "two", NULL};

static void take(struct argp_state *state, char *arg, void *input)
{
	struct input *in = input;

	if (arg && !strcmp(arg, "bad"))
		argp_error(state, "bad");
	in->length = arg ? strlen(arg) : 99;
}

static void check(struct argp_state *state, const void *input)
{
	const struct input *in = input;

	if (in->count == 13)
		argp_error(state, "13 is refused");
}

static const struct rz_opt options[] = {
	{"flag", 0, NULL, RZ_OPT_FLAG(struct input, flag), "a flag"},
	{"text", 't', "TEXT", RZ_OPT_TEXT(struct input, text), "a text"},
	{"count", 'n', "N", RZ_OPT_COUNT(struct input, count), "a count"},
	{"many", 0, "N", RZ_OPT_ALIAS},
	{"word", 0, "WORD", RZ_OPT_WORD(struct input, word), "a word", .words = words},
	{"take", 0, "X", RZ_OPT_TAKE, "a thing", .take = take, .arg_optional = true},
	{"text", 'f', "TEXT", RZ_OPT_MOVED},
	{},
};
static const struct rz_command command = {.options = options, .doc = "Test.", .check = check};

#define ARGS_MAX 8

static struct input read_all(const char *const *args)
{
	char *argv[ARGS_MAX + 2] = {(char *)"test"};
	struct input in = {.word = -1};
	int n = 0;

	for (; args[n]; n++)
		argv[n + 1] = (char *)args[n];
	rz_opts_read(n + 1, argv, &command, &in.common);
	return in;
}
/* The same of a command that takes one word. */
static struct input read_word(const char *const *args)
{
	struct rz_command with_word = command;
	char *argv[ARGS_MAX + 2] = {(char *)"test"};
	struct input in = {.word = -1};
	int n = 0;

	with_word.word = "WHAT";
	with_word.word_at = offsetof(struct input, what);
	for (; args[n]; n++)
		argv[n + 1] = (char *)args[n];
	rz_opts_read(n + 1, argv, &with_word, &in.common);
	return in;
}

#define READ(...) read_all((const char *const[]){__VA_ARGS__, NULL})

/* The status with which a process ends that reads them; 0: it does not end. */
static int status_of(struct input (*how)(const char *const *), const char *const *args)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
		dup2(null, STDOUT_FILENO);
		how(args);
		_exit(0);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}
#define STATUS(...) status_of(read_all, (const char *const[]){__VA_ARGS__, NULL})

static void values_go_to_their_fields(void **state)
{
	struct input in = READ("--flag", "-t", "hello", "--count=7", "--word", "two", "--take=abc");

	(void)state;
	assert_true(in.flag);
	assert_string_equal(in.text, "hello");
	assert_int_equal(in.count, 7);
	assert_int_equal(in.word, 1);
	assert_int_equal(in.length, 3);
}

static void what_is_not_given_stays(void **state)
{
	struct input in = READ("-o", "json");

	(void)state;
	assert_false(in.flag);
	assert_null(in.text);
	assert_int_equal(in.word, -1);
	assert_true(in.common.json);
	assert_non_null(in.common.pin_dir);
}

static void other_forms(void **state)
{
	(void)state;
	assert_int_equal(READ("--many", "5").count, 5);
	assert_int_equal(READ("--take").length, 99);
	assert_string_equal(READ("--text=x").text, "x");
	assert_string_equal(READ("--pin-dir", "/p", "--flag").common.pin_dir, "/p");
}

static void one_word(void **state)
{
	const char *const two[] = {"a", "b", NULL};

	(void)state;
	assert_string_equal(read_word((const char *const[]){"-t", "x", "app", NULL}).what, "app");
	assert_null(read_word((const char *const[]){"--flag", NULL}).what);
	assert_int_equal(status_of(read_word, two), 2);
}

static void mistakes_end_with_2(void **state)
{
	(void)state;
	assert_int_equal(STATUS("--flag"), 0);
	assert_int_equal(STATUS("--nope"), 2);
	assert_int_equal(STATUS("word"), 2);
	assert_int_equal(STATUS("--count", "0"), 2);
	assert_int_equal(STATUS("--count", "x"), 2);
	assert_int_equal(STATUS("--word", "three"), 2);
	assert_int_equal(STATUS("--take=bad"), 2);
	assert_int_equal(STATUS("--text"), 2);
	assert_int_equal(STATUS("-f", "x"), 2);
	assert_int_equal(STATUS("-n", "13"), 2);
}

/* Too long is no other mistake than too short: each is told in one line. */
static void intervals(void **state)
{
	static const char *const bad[][2] = {
		{"", "is no duration"},
		{"2", "is no duration"},
		{"-2s", "is no duration"},
		{"0", "is shorter than 100ms"},
		{"99ms", "is shorter than 100ms"},
		{"24h1ns", "is longer than a day"},
		{"1000000h", "is longer than a day"},
		{"10000000000h", "is longer than a day"},
	};
	uint64_t ns = 7;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_string_equal(rz_opts_interval(bad[i][0], &ns), bad[i][1]);
	assert_int_equal(ns, 7);
	assert_null(rz_opts_interval("100ms", &ns));
	assert_int_equal(ns, 100000000);
	assert_null(rz_opts_interval("24h", &ns));
	assert_int_equal(ns, 24 * 3600 * 1000000000ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_go_to_their_fields),
		cmocka_unit_test(what_is_not_given_stays),
		cmocka_unit_test(other_forms),
		cmocka_unit_test(one_word),
		cmocka_unit_test(mistakes_end_with_2),
		cmocka_unit_test(intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
