/* SPDX-License-Identifier: Apache-2.0 */
/* conf/: flags, environment and file in their order; every mistake is one line; the table is sound.
 */
#include "conf.h"

#include <sys/stat.h>

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

/* A mistake that shows only when all is read is told where it stands. */
static void test_where(void **state)
{
	static const struct {
		const char *file, *variable, *flag, *where;
	} rows[] = {
		{"zone: a b\n", NULL, NULL, ": zone: \"a b\" is no zone name"},
		{"kube_service: x\n", NULL, NULL, ": kube_service: "},
		{"cooldown: 2h\n", NULL, NULL, ": cooldown: is above --cooldown-max"},
		{"cooldown_max: 1s\n", NULL, NULL, ": cooldown_max: is below --cooldown"},
		{"zone: a\n", "a b", NULL, "settings: REZONE_ZONE: \"a b\""},
		{"zone: a\n", "a", "--zone=a b", "settings: --zone: \"a b\""},
	};
	char path[32];
	struct rz_conf c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		write_file(path, rows[i].file);
		if (rows[i].variable)
			setenv("REZONE_ZONE", rows[i].variable, 1);
		assert_int_equal(read_conf(&c, FLAGS("--config", path, rows[i].flag)), -EINVAL);
		unsetenv("REZONE_ZONE");
		assert_non_null(strstr(said, rows[i].where));
		assert_int_equal(!!strstr(said, path), *rows[i].where == ':');
		unlink(path);
	}
}

/* The daemon would wait for ever for what is no regular file; a command may read from a pipe. */
static void test_regular(void **state)
{
	char path[32], why[RZ_CONF_WHY];
	struct rz_conf_text text;
	struct rz_conf c;
	int fds[2];

	(void)state;
	strcpy(path, "/tmp/rezone-conf-XXXXXX");
	assert_non_null(mkdtemp(path));
	assert_int_equal(read_conf(&c, FLAGS("--config", path)), -EISDIR);
	rmdir(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(read_conf(&c, FLAGS("--config", path)), -EINVAL);
	assert_non_null(strstr(said, "is no regular file"));
	unlink(path);

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "rate: 1\n", 8), 8);
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	assert_int_equal(rz_conf_text_read(path, RZ_CONF_TEXT_REGULAR, &text, why, sizeof(why)),
			 -EINVAL);
	assert_int_equal(rz_conf_text_read(path, RZ_CONF_TEXT_ANY, &text, why, sizeof(why)), 0);
	assert_int_equal(text.len, 8);
	free(text.text);
	close(fds[0]);
}

/* A slash that a shell has put behind the directory is none of its name. */
static void test_slash(void **state)
{
	struct rz_conf c;

	(void)state;
	assert_int_equal(read_conf(&c, FLAGS("--pin-dir=/sys/fs/bpf/x/")), 0);
	assert_string_equal(c.pin_dir, "/sys/fs/bpf/x");
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
	unlink(path);
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

/* A list in YAML is the line that the flag takes; a part that would become two is a mistake. */
static void test_lists(void **state)
{
	char path[32];
	struct rz_conf c;

	(void)state;
	write_file(path, "port: [9092, 19092]\nexclude_clients: ['a-*', b]\n"
			 "exclude_zones: []\nkube_service: [ns/one, ns/two]\nzone_keys: [x]\n"
			 "zoned_cidr_blocks: ['a@10.0.0.0/9,10.200.0.0/16', 'b@10.128.0.0/9']\n");
	assert_int_equal(read_conf(&c, FLAGS("--config", path)), 0);
	assert_int_equal(c.n_ports, 2);
	assert_int_equal(c.ports[1], 19092);
	assert_string_equal(c.exclude_clients, "a-* b");
	assert_string_equal(c.exclude_zones, "");
	assert_string_equal(c.kube_service, "ns/one,ns/two");
	assert_string_equal(c.zone_keys, "x");
	assert_string_equal(c.zoned_cidr_blocks, "a@10.0.0.0/9,10.200.0.0/16<>b@10.128.0.0/9");
	rz_conf_free(&c);
	unlink(path);
	write_file(path, "exclude_clients: {a: b}\n");
	assert_true(read_conf(&c, FLAGS("--config", path)) < 0);
	assert_non_null(strstr(said, "a value or a list"));
	unlink(path);
	write_file(path, "exclude_clients: ['a b']\n");
	assert_true(read_conf(&c, FLAGS("--config", path)) < 0);
	assert_non_null(strstr(said, ":1:19: exclude_clients: \"a b\" has a ' '"));
	unlink(path);
	write_file(path, "interval: [30s]\n"); /* no list is meant */
	assert_true(read_conf(&c, FLAGS("--config", path)) < 0);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),      cmocka_unit_test(test_where),
		cmocka_unit_test(test_regular),	      cmocka_unit_test(test_slash),
		cmocka_unit_test(test_order),	      cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_file_mistakes), cmocka_unit_test(test_environment_mistake),
		cmocka_unit_test(test_table),	      cmocka_unit_test(test_clients),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
