/* SPDX-License-Identifier: Apache-2.0 */
/* conf/: flags, environment and file in their order; every mistake is one line; the table is sound.
 */
#include "capture.h"

#include <errno.h>

#include "conf/table.h"
#include "kern/conf_map.h"

static char said[4096];

/* Reads `run` with these flags; what it says is in `said`. */
static int read_conf(struct rz_conf *c, const char *const *flags)
{
	char *argv[16] = {(char *)"run"};
	struct capture cap;
	int argc = 1, err;

	for (; flags && *flags; flags++)
		argv[argc++] = (char *)*flags;
	capture_begin(&cap);
	err = rz_conf_read(argc, argv, c);
	capture_end(&cap, said, sizeof(said));
	return err;
}

#define FLAGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void write_file(char path[32], const char *text)
{
	int fd;

	strcpy(path, "/tmp/rezone-conf-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void test_defaults(void **state)
{
	struct rz_conf c;

	(void)state;
	assert_int_equal(read_conf(&c, NULL), 0);
	assert_int_equal(c.interval_ns, 30 * SECOND_NS);
	assert_int_equal(c.n_ports, 1);
	assert_int_equal(c.ports[0], 9092);
	assert_int_equal(c.mode, RZ_MODE_ENFORCE);
	assert_int_equal(c.opt_in, RZ_OPT_IN_TAG);
	assert_null(c.topology);
	assert_string_equal(c.pin_dir, "/sys/fs/bpf/rezone");
	assert_false(c.keep_pins);
	rz_conf_free(&c);
}

/* A later source beats an earlier one: default, file, environment (rezone's own name before
 * WarpStream's), flag. */
static void test_order(void **state)
{
	char path[32];
	struct rz_conf c;

	(void)state;
	write_file(path, "interval: 11s\nkeep_pins: true\nport: 9092,19092\n");
	assert_int_equal(read_conf(&c, FLAGS("--config", path)), 0);
	assert_int_equal(c.interval_ns, 11 * SECOND_NS);
	assert_true(c.keep_pins);
	assert_int_equal(c.n_ports, 2);
	assert_int_equal(c.ports[1], 19092);
	rz_conf_free(&c);

	setenv("WARPSTREAM_KAFKA_INTERZONE_LOAD_BALANCING_INTERVAL", "12s", 1);
	assert_int_equal(read_conf(&c, FLAGS("--config", path)), 0);
	assert_int_equal(c.interval_ns, 12 * SECOND_NS);
	rz_conf_free(&c);
	setenv("REZONE_INTERVAL", "13s", 1);
	setenv("REZONE_CONFIG", path, 1);
	assert_int_equal(read_conf(&c, NULL), 0);
	assert_int_equal(c.interval_ns, 13 * SECOND_NS);
	assert_true(c.keep_pins);
	rz_conf_free(&c);
	assert_int_equal(read_conf(&c, FLAGS("--interval=14s")), 0);
	assert_int_equal(c.interval_ns, 14 * SECOND_NS);
	rz_conf_free(&c);
	/* WarpStream's own flag, as Go writes it */
	assert_int_equal(read_conf(&c, FLAGS("-kafkaInterzoneLoadBalancingInterval=15s")), 0);
	assert_int_equal(c.interval_ns, 15 * SECOND_NS);
	rz_conf_free(&c);
	assert_int_equal(read_conf(&c, FLAGS("-kafkaInterzoneLoadBalancingInterval", "1m30s")), 0);
	assert_int_equal(c.interval_ns, 90 * SECOND_NS);
	rz_conf_free(&c);
	unsetenv("WARPSTREAM_KAFKA_INTERZONE_LOAD_BALANCING_INTERVAL");
	unsetenv("REZONE_INTERVAL");
	unsetenv("REZONE_CONFIG");
	unlink(path);
}

static void test_mistakes(void **state)
{
	static const char *const rows[][2] = {
		{"--interval=30", "--interval: \"30\" is no duration; write it as 30s"},
		{"--interval=1ms", "1ms is outside 100ms to 24h"},
		{"--intervall=30s", "there is no --intervall; did you mean --interval?"},
		{"--port=", "is no port"},
		{"--port=9092,", "is no port"},
		{"--port=9092,9092", "port 9092 stands twice"},
		{"--port=1,2,3,4,5,6,7,8,9", "more than 8 ports"},
		{"--port=70000", "is no port"},
		{"--mode=enforced", "did you mean enforce?"},
		{"--rate=-1", "is no number from 0 to 100000"},
		{"--rate=nan", "is no number"},
		{"--min-agents=-1", "is no whole number"},
		{"--max-clients=4294967360", "is no whole number"},
		{"--pin-dir=", "is empty; give a path"},
		{"--cooldown-max=1s", "is below --cooldown"},
		{"--zoned-cidr-blocks=10.0.0.0/8",
		 "--zoned-cidr-blocks: \"10.0.0.0/8\" names no zone"},
		{"-zonedCIDRBlocks=a@10.0.0.1/8",
		 "--zoned-cidr-blocks: block 10.0.0.1/8 has bits set"},
		{"--zone-keys=", "is no list of keys"},
		{"--zone-keys=a,", "is no list of keys"},
		{"--zone-keys=a,b,c,d,e", "give one to four"},
		{"--opt-in-keys=a=b", "is no list of keys"},
		{"--tag-separators=", "are no separators"},
		{"--tag-separators=a", "are no separators"},
		{"--tag-separators=-", "are no separators"},
		{"--config=/nonexistent/x.yaml", "/nonexistent/x.yaml: cannot be read"},
	};
	struct rz_conf c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		memset(&c, 0x5a, sizeof(c));
		assert_true(read_conf(&c, FLAGS(rows[i][0])) < 0);
		assert_int_equal(capture_lines(said), 1);
		if (!strstr(said, rows[i][1]))
			fail_msg("%s: \"%s\" has not \"%s\"", rows[i][0], said, rows[i][1]);
		assert_int_equal(((unsigned char *)&c)[0], 0x5a); /* nothing half-filled */
	}
}

static void test_file_mistakes(void **state)
{
	static const char *const rows[][2] = {
		{"interval: 5\n", ":1:11: interval: \"5\" is no duration"},
		{"mode: observe\nintervall: 5s\n", ":2:1:"},
		{"keep-pins: true\n", "keep_pins"},
		{"keep_pins: maybe\n", ":1:12: keep_pins: \"maybe\" is neither true nor false"},
		{"interval: [5s]\n", ":1:11:"},
		{"- interval\n", ":1:1:"},
		{"interval: 5s\ninterval: 6s\n", ":2:1:"},
		{"interval: \"5s\n", ":"},
	};
	char path[32];
	struct rz_conf c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		write_file(path, rows[i][0]);
		assert_true(read_conf(&c, FLAGS("--config", path)) < 0);
		unlink(path);
		assert_int_equal(capture_lines(said), 1);
		assert_non_null(strstr(said, path));
		if (!strstr(said, rows[i][1]))
			fail_msg("row %zu: \"%s\" has not \"%s\"", i, said, rows[i][1]);
	}
	/* a null is a key that is not there: no zone, cgroup or glob of that name */
	write_file(path, "zone: null\nexclude_clients: ~\ncgroup:\nmode: Null\nport: NULL\n");
	assert_int_equal(read_conf(&c, FLAGS("--config", path)), 0);
	assert_null(c.zone);
	assert_null(c.cgroup);
	assert_null(c.exclude_clients);
	assert_int_equal(c.mode, RZ_MODE_ENFORCE);
	assert_int_equal(c.ports[0], 9092);
	rz_conf_free(&c);
	write_file(path, ""); /* leaves everything as it is */
	assert_int_equal(read_conf(&c, FLAGS("--config", path)), 0);
	unlink(path);
	rz_conf_free(&c);
}

static void test_environment_mistake(void **state)
{
	struct rz_conf c;

	(void)state;
	setenv("REZONE_OPT_IN", "all", 1);
	assert_true(read_conf(&c, NULL) < 0);
	unsetenv("REZONE_OPT_IN");
	assert_non_null(strstr(said, "REZONE_OPT_IN: \"all\" is not among tag, zone, any"));
}

/* Each row: a default that it takes itself, a help text, a name that is not another's. */
static void test_table(void **state)
{
	char why[256];
	size_t i, j;

	(void)state;
	for (i = 0; i < rz_conf_n_rows; i++) {
		const struct rz_conf_row *r = &rz_conf_rows[i];
		struct rz_conf c = {};

		assert_ptr_equal(rz_conf_row_find(r->name, strlen(r->name)), r);
		assert_true(strlen(r->help) > 5);
		if (r->fallback)
			assert_int_equal(rz_conf_set(&c, r, r->fallback, why, sizeof(why)), 0);
		rz_conf_free(&c);
		for (j = 0; j < i; j++)
			assert_int_not_equal(r->offset, rz_conf_rows[j].offset);
	}
	assert_null(rz_conf_row_find("nothing", 7));
}

/* WarpStream's names, with one dash and a text longer than any buffer; keys of one's own. */
static void test_clients(void **state)
{
	char flag[4096] = "-zonedCIDRBlocks=b@10.0.0.0/8";
	struct rz_conf c;
	size_t i;

	(void)state;
	for (i = 1; i < 200; i++)
		sprintf(flag + strlen(flag), ",10.%zu.0.0/16", i);
	assert_int_equal(read_conf(&c, FLAGS(flag, "--zone-keys=msk_az,x", "--tag-separators=;&")),
			 0);
	assert_string_equal(c.zoned_cidr_blocks, strchr(flag, '=') + 1);
	assert_string_equal(c.zone_keys, "msk_az,x");
	assert_string_equal(c.tag_separators, ";&");
	assert_null(c.opt_in_keys);
	rz_conf_free(&c);
	setenv("WARPSTREAM_ZONED_CIDR_BLOCKS", "a@fd00::/8", 1);
	assert_int_equal(read_conf(&c, NULL), 0);
	assert_string_equal(c.zoned_cidr_blocks, "a@fd00::/8");
	assert_string_equal(c.tag_separators, ",");
	rz_conf_free(&c);
	unsetenv("WARPSTREAM_ZONED_CIDR_BLOCKS");
}

static void judge(const char *name, const char *value, enum rz_conf_variable_kind kind,
		  const char *meant)
{
	char near[RZ_CONF_VARIABLE_SIZE];

	assert_int_equal(rz_conf_variable_judge(name, value, near), kind);
	assert_string_equal(near, meant);
}

/* Every setting's variable is known; a slip of a finger finds the one that was meant. */
static void test_variables(void **state)
{
	char name[RZ_CONF_VARIABLE_SIZE], slip[RZ_CONF_VARIABLE_SIZE];
	size_t i, len;

	(void)state;
	for (i = 0; i < rz_conf_n_rows; i++) {
		rz_conf_variable(&rz_conf_rows[i], name, sizeof(name));
		judge(name, "1", RZ_CONF_VARIABLE_SETTING, "");
		len = strlen(name);
		if (len < strlen("REZONE_") + 6)
			continue; /* one letter less may be another's name */
		snprintf(slip, sizeof(slip), "%.*s", (int)len - 1, name);
		judge(slip, "1", RZ_CONF_VARIABLE_UNKNOWN, name);
	}
	judge("REZONE_CONFIG", "/x", RZ_CONF_VARIABLE_SETTING, "");
	judge("REZONE_MODUS", "observe", RZ_CONF_VARIABLE_UNKNOWN, "REZONE_MODE");
	judge("REZONE_OPTIN", "any", RZ_CONF_VARIABLE_UNKNOWN, "REZONE_OPT_IN");
	judge("REZONE_QWERTYUIOP", "1", RZ_CONF_VARIABLE_UNKNOWN, "");
	judge("REZONE_", "1", RZ_CONF_VARIABLE_UNKNOWN, "");
	judge("REZONEMODE", "observe", RZ_CONF_VARIABLE_OTHERS, "");
	judge("PATH", "/bin", RZ_CONF_VARIABLE_OTHERS, "");
}

/* What Kubernetes makes for Services named rezone, rezone-x and rezone-mode. */
static void test_service_links(void **state)
{
	static const char *const names[] = {
		"REZONE_SERVICE_HOST",
		"REZONE_SERVICE_PORT",
		"REZONE_SERVICE_PORT_KAFKA",
		"REZONE_PORT",
		"REZONE_PORT_9092_TCP",
		"REZONE_PORT_9092_TCP_PROTO",
		"REZONE_PORT_9092_TCP_PORT",
		"REZONE_PORT_9092_TCP_ADDR",
		"REZONE_PORT_53_UDP_ADDR",
		"REZONE_X_SERVICE_HOST",
		"REZONE_X_PORT",
		"REZONE_MODE_PORT",
		"REZONE_X_PORT_9092_TCP",
		"REZONE_X_PORT_1_PORT_9092_SCTP_PORT",
	};
	struct rz_conf c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		judge(names[i], "tcp://10.0.0.1:9092", RZ_CONF_VARIABLE_SERVICE_LINK, "");
	judge("REZONE_PORT", "9092,9093", RZ_CONF_VARIABLE_SETTING, "");
	judge("REZONE_PORTS", "9092", RZ_CONF_VARIABLE_UNKNOWN, "REZONE_PORT");
	judge("REZONE_KUBE_SERVICE", "a/b", RZ_CONF_VARIABLE_SETTING, "");
	judge("REZONE_PORT_9092_XCP", "1", RZ_CONF_VARIABLE_UNKNOWN, "");

	setenv("REZONE_PORT", "tcp://10.0.0.1:9092", 1);
	assert_int_equal(read_conf(&c, NULL), 0);
	assert_int_equal(c.n_ports, 1);
	assert_int_equal(c.ports[0], 9092);
	rz_conf_free(&c);
	setenv("REZONE_PORT", "9093", 1);
	assert_int_equal(read_conf(&c, NULL), 0);
	assert_int_equal(c.ports[0], 9093);
	rz_conf_free(&c);
	unsetenv("REZONE_PORT");
}

/* A line for each that sets nothing, none for the others. */
static void test_variable_lines(void **state)
{
	char *const environment[] = {
		(char *)"REZONE_MODUS=observe",
		(char *)"REZONE_MODE=observe",
		(char *)"REZONE_PORT=tcp://1.2.3.4:5",
		(char *)"REZONE_SERVICE_HOST=1.2.3.4",
		(char *)"HOME=/",
		(char *)"REZONE_\033[31m=1",
		(char *)"no equals sign",
		NULL,
	};
	struct capture cap;

	(void)state;
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	capture_begin(&cap);
	rz_conf_environment_warn(environment);
	capture_end(&cap, said, sizeof(said));
	assert_int_equal(capture_lines(said), 3);
	assert_non_null(strstr(said, "REZONE_MODE?"));
	assert_null(strchr(said, '\033'));
}

/* A list in YAML is the line that the flag takes; a part that would become two is a mistake. */
static void test_lists(void **state)
{
	char path[32];
	struct rz_conf c;

	(void)state;
	write_file(path, "port: [9092, 19092]\nexclude_clients: ['a-*', b]\n"
			 "exclude_zones: []\nkube_service: [ns/one, ns/two]\nzone_keys: [x]\n");
	assert_int_equal(read_conf(&c, FLAGS("--config", path)), 0);
	assert_int_equal(c.n_ports, 2);
	assert_int_equal(c.ports[1], 19092);
	assert_string_equal(c.exclude_clients, "a-* b");
	assert_string_equal(c.exclude_zones, "");
	assert_string_equal(c.kube_service, "ns/one,ns/two");
	assert_string_equal(c.zone_keys, "x");
	rz_conf_free(&c);
	unlink(path);
	write_file(path, "exclude_clients: ['a b']\n");
	assert_true(read_conf(&c, FLAGS("--config", path)) < 0);
	assert_non_null(strstr(said, ":1:19: exclude_clients: \"a b\" has a ' '"));
	unlink(path);
	write_file(path, "interval: [30s]\n"); /* no list is meant */
	assert_true(read_conf(&c, FLAGS("--config", path)) < 0);
	unlink(path);
}

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

/* --help: no line is too long, each option begins one, its text in the same column. */
static void test_help(void **state)
{
	char *text = NULL, *line, *rest;
	size_t size, options = 0;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	rz_conf_help(f, true);
	assert_int_equal(fclose(f), 0);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		size_t indent = strspn(line, " "), columns = 0;
		const char *p;

		for (p = line; *p; p++)
			columns += (*p & 0xc0) != 0x80; /* not what goes on a character in UTF-8 */
		assert_in_range(columns, 1, 80);
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
		cmocka_unit_test(test_from_texts),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_file_mistakes),
		cmocka_unit_test(test_environment_mistake),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_service_links),
		cmocka_unit_test(test_variable_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
