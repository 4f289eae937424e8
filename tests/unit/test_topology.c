/* SPDX-License-Identifier: Apache-2.0 */
/* topo/: the form of the file with the place of every mistake, and watching it. */
#include "capture.h"
#include "topology.h"

#include <errno.h>
#include <sys/stat.h>

static void test_whole_form(void **state)
{
	struct rz_topo *t =
		parsed("zone: use1-az1\n"
		       "aliases:\n"
		       "  us-east-1a: [use1-az1, az1]\n"
		       "  us-east-1b: use1-az2\n"
		       "agents:\n"
		       "  - { address: 10.0.2.2, zone: us-east-1b, ready: false }\n"
		       "  - { address: 10.0.1.2, zone: az1, port: 19092, group: jobs }\n"
		       "  - { address: 10.0.1.2, zone: us-east-1a }\n"
		       "  - { address: 'fd00::2', zone: us-east-1c }\n");

	(void)state;
	assert_string_equal(t->own_zone, "us-east-1a");
	assert_int_equal(t->n_agents, 4);
	assert_string_equal(at(t, "10.0.2.2", 9092)->zone, "us-east-1b");
	assert_false(at(t, "10.0.2.2", 9092)->ready);
	assert_string_equal(at(t, "10.0.1.2", 19092)->zone, "us-east-1a");
	assert_string_equal(at(t, "10.0.1.2", 19092)->group, "jobs");
	assert_string_equal(at(t, "10.0.1.2", 9092)->group, "default");
	assert_true(at(t, "fd00::2", 9092)->ready);
	assert_null(at(t, "10.0.1.2", 9093));
	assert_null(at(t, "10.0.1.3", 9092));
	assert_string_equal(rz_zone_canonical(t, "use1-az2"), "us-east-1b");
	assert_string_equal(rz_zone_canonical(t, "US-EAST-1A"), "US-EAST-1A"); /* exact */
	rz_topo_free(t);
	/* an agent without a zone is in this node's */
	t = parsed("agents: [{ address: 10.0.0.1 }]\nzone: az1\naliases: { us-east-1a: az1 }\n");
	assert_string_equal(at(t, "10.0.0.1", 9092)->zone, "us-east-1a");
	rz_topo_free(t);
}

/* Each mistake: where, and a word of what; nothing is written. */
static void test_mistakes(void **state)
{
	static const char *const rows[][2] = {
		{"", "t.yaml:1:1: the file is empty"},
		{"# only a comment\n", "the file is empty"},
		{"zone: a\n", "t.yaml:1:1: there is no agents list"},
		{"agents: 7\n", "t.yaml:1:9: agents must be a list"},
		{"agents: []\nzone: ''\n", "t.yaml:2:7: zone \"\" is no zone name"},
		{"agents: []\nzone: a b\n", "t.yaml:2:7:"},
		{"agents: []\nagent: []\n", "t.yaml:2:1:"},
		{"agents: []\nagents: []\n", "t.yaml:2:1:"},
		{"agents:\n  - { adress: 10.0.0.1, zone: a }\n",
		 "t.yaml:2:7: an agent has no key \"adress\"; did you mean \"address\"?"},
		{"agents:\n  - { address: 10.0.0.1 }\n", "t.yaml:2:5: this agent has no zone"},
		{"agents:\n  - { zone: a }\n", "t.yaml:2:5: this agent has no address"},
		{"agents:\n  - { address: 10.0.0.1:9092, zone: a }\n", "t.yaml:2:"},
		{"agents:\n  - { address: 0.0.0.0, zone: a }\n", "means any"},
		{"agents:\n  - { address: '::', zone: a }\n", "means any"},
		{"agents:\n  - { address: 224.0.0.1, zone: a }\n",
		 "t.yaml:2:16: address 224.0.0.1 is multicast or broadcast"},
		{"agents:\n  - { address: 239.255.255.255, zone: a }\n", "is multicast or"},
		{"agents:\n  - { address: 255.255.255.255, zone: a }\n", "is multicast or"},
		{"agents:\n  - { address: 'ff02::1', zone: a }\n", "is multicast or"},
		{"agents:\n  - { address: '::ffff:224.0.0.1', zone: a }\n", "is multicast or"},
		{"agents:\n  - { address: 10.0.0.1, zone: a, port: 0 }\n", "is no port"},
		{"agents:\n  - { address: 10.0.0.1, zone: a, port: 65536 }\n", "is no port"},
		{"agents:\n  - { address: 10.0.0.1, zone: a, port: 9092x }\n", "is no port"},
		{"agents:\n  - { address: 10.0.0.1, zone: a, ready: yes }\n",
		 "neither true nor false"},
		{"agents:\n  - { address: 10.0.0.1, zone: a, group: 'x y' }\n",
		 "group \"x y\" is no name"},
		{"agents:\n  - { address: 10.0.0.1, zone: a, name: '' }\n", "name \"\" is no name"},
		{"agents:\n  - { address: 10.0.0.1, zone: a, name: n }\n"
		 "  - { address: 10.0.0.2, zone: a, name: m }\n"
		 "  - { address: 'fd00::1', zone: b, name: n }\n",
		 "t.yaml:4:5: agent \"n\" has another zone or group in line 2; give it one of "
		 "each, or two names"},
		{"agents:\n  - { address: 10.0.0.1, zone: a, name: n }\n"
		 "  - { address: 'fd00::1', zone: a, name: n, group: g }\n",
		 "agent \"n\" has another zone or group in line 2"},
		{"agents:\n  - { address: 10.0.0.1, zone: a }\n  - { address: 10.0.0.2, zone: a }\n"
		 "  - { address: '::ffff:10.0.0.1', zone: b }\n",
		 "t.yaml:4:5: agent 10.0.0.1:9092 stands in line 2 already"},
		{"agents: []\naliases: { a: [x], b: [x] }\n", "t.yaml:2:24: alias \"x\" stands"},
		{"agents: []\naliases: { a: [b], b: [c] }\n", "has aliases of its own"},
		{"agents: []\naliases: [a]\n", "aliases must be a mapping"},
		{"agents: [\n", "t.yaml:"},
		{"agents: []\n---\nagents: []\n", "t.yaml:"},
		{"agents: [*nobody]\n", "t.yaml:1:"},
		{"agents:\n\t- x\n", "t.yaml:2:"},
		{"agents: \"\x01\"\n", "t.yaml:"},
	};
	struct rz_topo *const untouched = (struct rz_topo *)0x1;
	char why[512];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct rz_topo *t = untouched;
		const char *p;

		why[0] = '\0';
		assert_int_equal(rz_topo_parse(rows[i][0], strlen(rows[i][0]), "t.yaml", &t, why,
					       sizeof(why)),
				 -EINVAL);
		assert_ptr_equal(t, untouched);
		if (!strstr(why, rows[i][1]))
			fail_msg("row %zu: \"%s\" has not \"%s\"", i, why, rows[i][1]);
		for (p = why; *p; p++)
			assert_in_range((unsigned char)*p, 0x20, 0x7e);
	}
}

/* Cut anywhere, a good file is a topology or one line; ASan and UBSan look on. */
static void test_truncated(void **state)
{
	static const char whole[] = "zone: a\naliases: { b: [bz-1], c: cz }\nagents:\n"
				    "  - { address: 10.0.1.2, zone: a, port: 9093, ready: true }\n"
				    "  - address: 'fd00::2'\n    zone: \"b\"\n    group: g\n";
	char why[512];
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(whole); len++) {
		struct rz_topo *t = NULL;

		why[0] = '\0';
		if (rz_topo_parse(whole, len, "t", &t, why, sizeof(why)))
			assert_true(why[0] != '\0');
		else
			assert_non_null(t);
		rz_topo_free(t);
	}
}

/* One byte changed, many times. */
static void test_noise(void **state)
{
	static const char whole[] = "zone: a\naliases: { b: [bz-1] }\nagents:\n"
				    "  - { address: 10.0.1.2, zone: a, port: 9093, ready: true }\n";
	char text[sizeof(whole)], why[512];
	uint64_t seed = 11;
	int i, good = 0;

	(void)state;
	for (i = 0; i < 20000; i++) {
		struct rz_topo *t = NULL;
		int changes = 1 + (int)noise_below(&seed, 3);

		memcpy(text, whole, sizeof(whole));
		while (changes--)
			text[noise_below(&seed, sizeof(whole) - 1)] = (char)noise(&seed);
		if (!rz_topo_parse(text, sizeof(whole) - 1, "t", &t, why, sizeof(why)))
			good++;
		rz_topo_free(t);
	}
	assert_in_range(good, 1, 19999);
}

/* null, ~ and nothing at all are what generators write for a value that they do not know. */
static void test_null(void **state)
{
	static const char *const nulls[] = {"null", "~", "", "Null", "NULL", "!!null x"};
	static const char *const refused[][2] = {
		{"agents:\n  - { address: %s, zone: a }\n", "has no address"},
		{"agents:\n  - { address: 10.0.0.1, zone: a, ready: %s }\n", "ready is null"},
		{"agents: []\naliases: { a: [b, %s] }\n", "t.yaml:2:"},
		{"agents: %s\n", "no agents list"},
		{"zone: %s\nagents:\n  - { address: 10.0.0.1 }\n", "this agent has no zone"},
	};
	char text[512], why[512];
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(nulls); i++) {
		struct rz_topo_zones *z;
		struct rz_topo *t;

		snprintf(text, sizeof(text),
			 "zone: b\naliases: { b: %s }\nagents:\n"
			 "  - { address: 10.0.0.1, zone: %s, name: %s, group: %s, port: %s }\n"
			 "  - { address: 10.0.0.2, zone: b, name: %s }\n",
			 nulls[i], nulls[i], nulls[i], nulls[i], nulls[i], nulls[i]);
		t = parsed(text);
		assert_int_equal(t->n_aliases, 0);
		assert_string_equal(at(t, "10.0.0.1", 9092)->zone, ""); /* not this node's */
		assert_string_equal(at(t, "10.0.0.1", 9092)->group, "default");
		assert_int_equal(at(t, "10.0.0.1", 9092)->pod, 0);
		assert_int_equal(rz_topo_zones_count(t, NULL, 1, 1, &z), 0);
		assert_int_equal(rz_topo_zone_find(z, "default", "b")->agents, 1);
		rz_topo_zones_free(z);
		rz_topo_free(t);
		for (k = 0; k < COUNT(refused); k++) {
			snprintf(text, sizeof(text), refused[k][0], nulls[i]);
			t = NULL;
			if (!strcmp(nulls[i], "") && k == 2)
				continue; /* [b, ] is a list of one */
			assert_int_equal(
				rz_topo_parse(text, strlen(text), "t.yaml", &t, why, sizeof(why)),
				-EINVAL);
			if (!strstr(why, refused[k][1]))
				fail_msg("%s: \"%s\" has not \"%s\"", text, why, refused[k][1]);
		}
	}
	/* in quotes they are names like any other */
	{
		struct rz_topo *t =
			parsed("agents: [{ address: 10.0.0.1, zone: 'null', name: \"~\" }]\n");

		assert_string_equal(at(t, "10.0.0.1", 9092)->zone, "null");
		assert_int_equal(at(t, "10.0.0.1", 9092)->pod, 1);
		rz_topo_free(t);
	}
}

/* One more than the maps take is refused whole, not applied in part. */
static void test_too_many_zones(void **state)
{
	size_t size = (RZ_ZONES_MAX + 1) * 64 + 64, used;
	char *text = malloc(size), why[512];
	struct rz_topo *t = NULL;
	int i;

	(void)state;
	assert_non_null(text);
	used = snprintf(text, size, "agents:\n");
	for (i = 0; i <= RZ_ZONES_MAX; i++)
		used += snprintf(text + used, size - used, "- {address: 10.1.%d.%d, zone: z%d}\n",
				 i / 250, i % 250 + 1, i);
	assert_int_equal(rz_topo_parse(text, used, "t.yaml", &t, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "1025 groups and zones are more than the 1024 that fit"));
	assert_null(t);
	free(text);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* The watcher: a change is seen, a fault is said once, what is whole again is taken. */
static void test_file(void **state)
{
	char dir[] = "/tmp/rezone-unit-XXXXXX", path[64], text[2048];
	struct rz_topo_file *f;
	struct rz_topo *t = NULL;
	struct capture c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t.yaml", dir);
	assert_int_equal(rz_topo_file_new(path, &f), 0);

	capture_begin(&c);
	assert_int_equal(rz_topo_file_poll(f, &t), -ENOENT);
	assert_int_equal(rz_topo_file_poll(f, &t), -ENOENT);
	assert_non_null(strstr(rz_topo_file_fault(f), "cannot be read"));
	capture_end(&c, text, sizeof(text));
	assert_int_equal(capture_lines(text), 1);
	assert_non_null(strstr(text, path));

	write_file(path, "agents: []\n");
	capture_begin(&c);
	assert_int_equal(rz_topo_file_poll(f, &t), 1);
	assert_int_equal(rz_topo_file_poll(f, &t), 0);
	assert_string_equal(rz_topo_file_fault(f), "");
	capture_end(&c, text, sizeof(text));
	assert_non_null(strstr(text, "is whole again"));
	assert_int_equal(t->n_agents, 0);
	rz_topo_free(t);

	write_file(path, "agents: [\n");
	t = NULL;
	capture_begin(&c);
	assert_int_equal(rz_topo_file_poll(f, &t), -EINVAL);
	assert_int_equal(rz_topo_file_poll(f, &t), -EINVAL);
	write_file(path, "agents: 7\n"); /* another mistake is another line */
	assert_int_equal(rz_topo_file_poll(f, &t), -EINVAL);
	capture_end(&c, text, sizeof(text));
	assert_int_equal(capture_lines(text), 2);
	assert_null(t);

	write_file(path, "agents: [{address: 10.0.0.1, zone: a}]\n");
	capture_begin(&c);
	assert_int_equal(rz_topo_file_poll(f, &t), 1);
	capture_end(&c, text, sizeof(text));
	assert_int_equal(t->n_agents, 1);
	rz_topo_free(t);

	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0); /* would block a reader that waits for a writer */
	capture_begin(&c);
	assert_int_equal(rz_topo_file_poll(f, &t), -EINVAL);
	capture_end(&c, text, sizeof(text));
	unlink(path);
	rmdir(dir);
	rz_topo_file_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_form), cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_truncated),  cmocka_unit_test(test_noise),
		cmocka_unit_test(test_null),	   cmocka_unit_test(test_too_many_zones),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
