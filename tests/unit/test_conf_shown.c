/* SPDX-License-Identifier: Apache-2.0 */
/* conf/show.c, conf/help.c: settings as texts, as `rezone config` and --help show them, and back.
 */
#include "conf.h"

#include <errno.h>

#include "kern/conf_map.h"

static const struct rz_conf_row *row_of(const char *name)
{
	return rz_conf_row_find(name, strlen(name));
}

/* Where each value is from, and the value as text: what `rezone config` shows. */
static void test_shown(void **state)
{
	char path[32], value[RZ_CONF_VALUE], from[128], want[64], why[128];
	struct rz_conf c, again;
	size_t i;

	(void)state;
	write_file(path, "interval: 90s\nport: 9092,19092\nclose: fin\n");
	setenv("REZONE_RATE", "0.25", 1);
	assert_int_equal(read_conf(&c, FLAGS("--config", path, "--mode=observe")), 0);
	unsetenv("REZONE_RATE");
	rz_conf_format_from(&c, row_of("interval"), path, from, sizeof(from));
	snprintf(want, sizeof(want), "file %s", path);
	assert_string_equal(from, want);
	rz_conf_format_from(&c, row_of("rate"), path, from, sizeof(from));
	assert_string_equal(from, "variable REZONE_RATE");
	rz_conf_format_from(&c, row_of("mode"), path, from, sizeof(from));
	assert_string_equal(from, "flag --mode");
	rz_conf_format_from(&c, row_of("holds"), path, from, sizeof(from));
	assert_string_equal(from, "default");
	/* what is shown of any setting can be set again, and is the same then */
	assert_int_equal(read_conf(&again, NULL), 0);
	for (i = 0; i < rz_conf_n_rows; i++) {
		assert_true(rz_conf_format(&c, &rz_conf_rows[i], value));
		if (!*value)
			continue;
		assert_int_equal(rz_conf_set(&again, &rz_conf_rows[i], value, why, sizeof(why)), 0);
		assert_false(rz_conf_differs(&c, &again, &rz_conf_rows[i]));
	}
	rz_conf_format(&c, row_of("interval"), value);
	assert_string_equal(value, "1m30s");
	rz_conf_format(&c, row_of("port"), value);
	assert_string_equal(value, "9092,19092");
	rz_conf_format(&c, row_of("close"), value);
	assert_string_equal(value, "fin");
	rz_conf_format(&c, row_of("rate"), value);
	assert_string_equal(value, "0.25");
	rz_conf_free(&c);
	rz_conf_free(&again);
	unlink(path);
}

/* A setting whose change takes a restart keeps its value, and a text its address: others point to
 * it. */
static void test_keep(void **state)
{
	struct rz_conf was, now;
	const char *at;

	(void)state;
	assert_int_equal(read_conf(&was, FLAGS("--topology=one", "--port=1")), 0);
	assert_int_equal(read_conf(&now, FLAGS("--topology=two", "--cgroup=c")), 0);
	at = was.topology;
	assert_true(rz_conf_differs(&was, &now, row_of("topology")));
	assert_true(rz_conf_differs(&was, &now, row_of("port")));
	assert_true(rz_conf_differs(&was, &now, row_of("cgroup")));
	assert_false(rz_conf_differs(&was, &now, row_of("pin-dir")));
	rz_conf_keep(&now, &was, row_of("topology"));
	rz_conf_keep(&now, &was, row_of("port"));
	rz_conf_keep(&now, &was, row_of("cgroup"));
	assert_ptr_equal(now.topology, at);
	assert_string_equal(was.topology, "two");
	assert_int_equal(now.ports[0], 1);
	assert_int_equal(now.from[row_of("port") - rz_conf_rows], RZ_CONF_FLAG);
	assert_null(now.cgroup);
	rz_conf_free(&was);
	rz_conf_free(&now);
}

/* --help: no line is too long, each option begins one, its text in the same column; what takes a
 * restart is marked. */
static void test_help(void **state)
{
	char *text = NULL, *line, *rest;
	size_t size, options = 0, restarts = 0, marks = 0, i;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	rz_conf_help(f, true);
	assert_int_equal(fclose(f), 0);
	for (i = 0; i < rz_conf_n_rows; i++)
		restarts += rz_conf_rows[i].restart;
	for (line = text; (line = strstr(line, "[restart]")); line++)
		marks++;
	assert_int_equal(marks, restarts + 1); /* and the line that says what it means */
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		size_t indent = strspn(line, " "), columns = 0;
		const char *p;

		for (p = line; *p; p++)
			columns += (*p & 0xc0) != 0x80; /* not what goes on a character in UTF-8 */
		assert_in_range(columns, 1, 80);
		if (!strncmp(line, "  -p, --pin-dir=", 16)) /* the one that has a letter */
			memset(line, ' ', indent = 6);
		if (strncmp(line + indent, "--", 2)) {
			assert_true(indent <= 1 || indent == 29); /* a section, or a text goes on */
			continue;
		}
		if (indent == 29) /* a text that names another option */
			continue;
		assert_int_equal(indent, 6);
		options++;
		if (columns < 29 || line[28] != ' ') /* a long one: its text is below */
			assert_int_equal(strspn(rest, " "), 29);
		else
			assert_int_not_equal(line[29], ' ');
	}
	assert_int_equal(options, rz_conf_n_rows + 4); /* config, help, help-all, usage */
	free(text);
}

/* A command has the settings by their texts in map config, and reads what the daemon works by. */
static void test_from_texts(void **state)
{
	struct rz_conf c, back;
	struct rz_conf_map_row *rows;
	char why[RZ_CONF_WHY];
	size_t i, n;

	(void)state;
	assert_int_equal(read_conf(&c, FLAGS("--interval=7s", "--rate=0", "--cluster-rate=2.5",
					     "--zone-keys=msk_az", "--mode=observe",
					     "--port=9092,9093", "--tag-url-decode")),
			 0);
	assert_int_equal(rz_conf_texts(&c, NULL, &rows, &n), 0);
	assert_int_equal(rz_conf_from_texts(rows, n, &back, why, sizeof(why)), 0);
	for (i = 0; i < rz_conf_n_rows; i++)
		assert_false(rz_conf_differs(&c, &back, &rz_conf_rows[i]));
	assert_true(rz_conf_limits(&back).rates.cluster == 2.5);
	assert_int_equal(rz_conf_limits(&back).per_client_ns, 5600000000ULL);
	rz_conf_free(&back);
	/* a row of another version counts for nothing; a value that is none is told */
	strcpy(rows[0].name, "no_such_setting");
	assert_int_equal(rz_conf_from_texts(rows, n, &back, why, sizeof(why)), 0);
	rz_conf_free(&back);
	strcpy(rows[0].name, "interval");
	strcpy(rows[0].value, "never");
	assert_int_equal(rz_conf_from_texts(rows, n, &back, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "interval"));
	free(rows);
	rz_conf_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_from_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
