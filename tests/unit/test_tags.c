// SPDX-License-Identifier: Apache-2.0
/* user/client/tags.c: WarpStream's grammar, ids seen in the wild, and ids that mean harm. */
#include "unit.h"
#include "client/tags.h"
#include "topo/zone.h"

/* As the kernel side hands it over: at most RZ_CLIENT_ID_KEPT bytes, the length on the wire. */
static struct rz_client read_bytes(const void *id, size_t len)
{
	size_t kept = len > RZ_CLIENT_ID_KEPT ? RZ_CLIENT_ID_KEPT : len;
	__u8 *exact = malloc(kept ? kept : 1); /* so that ASan sees a byte read too far */
	struct rz_client c;

	memset(&c, 0xaa, sizeof(c)); /* all of it must be written */
	memcpy(exact, id, kept);
	rz_tags_read(exact, (int)len, NULL, &c);
	free(exact);
	return c;
}

static struct rz_client read_text(const char *id)
{
	return read_bytes(id, strlen(id));
}

/* id -> what must be found */
static const struct {
	const char *id, *zone;
	bool opt_in;
	const char *session, *target, *group;
	bool dialect;
} vectors[] = {
	/* WarpStream's documentation, and ids seen in the wild */
	{"warpstream_az=us-east-1a,warpstream_interzone_lb=true", "us-east-1a", true, "", "", "",
	 true},
	{"warpstream_session_id=0a1b2c3d-0000-4000-8000-123456789abc,warpstream_az=B,"
	 "warpstream_interzone_lb=true",
	 "B", true, "0a1b2c3d-0000-4000-8000-123456789abc", "", "", true},
	{"warpstream_az=eu-south-2a,ws_pas=equal_spread,ws_pt=proxy-produce", "eu-south-2a", false,
	 "", "proxy-produce", "", true},
	{"ws_az=use1-az2,ws_proxy_target=proxy-produce,my-pod-1", "use1-az2", false, "",
	 "proxy-produce", "", true},
	{"warpstream_proxy_target=proxy-produce,warpstream_az", "", false, "", "proxy-produce", "",
	 true},
	{"application-foo,ws_az=us-east-1a", "us-east-1a", false, "", "", "", true},
	{"my-app,ws_sle=true", "", false, "", "", "", false},
	{"test,ws_host_override=localhost", "", false, "", "", "", true},
	{"msk_az=use1-az2,my-pod-1", "", false, "", "", "", false},
	{"aaadiskless_az=az1", "", false, "", "", "", false},
	{"ws_az=a,ws_ag=ingest", "a", false, "", "", "ingest", true},
	{"ws_az=a,warpstream_agent_group=g1,ws_ag=g2", "a", false, "", "", "g1", true},
	/* the first one wins, whatever its name and its worth */
	{"ws_az=a,warpstream_az=b", "a", false, "", "", "", true},
	{"warpstream_az=,ws_az=b", "", false, "", "", "", true},
	{"warpstream_az=a b,ws_az=b", "", false, "", "", "", true},
	{"warpstream_az,ws_az=b", "b", false, "", "", "", true}, /* no '=': no tag at all */
	{"warpstream_interzone_lb=false,warpstream_interzone_lb=true", "", false, "", "", "", true},
	{"warpstream_interzone_lb=true,warpstream_interzone_lb=false", "", true, "", "", "", true},
	/* keys and values match exactly */
	{"Warpstream_az=a,WS_AZ=b", "", false, "", "", "", false},
	{" warpstream_az=a", "", false, "", "", "", false},
	{"warpstream_az =a", "", false, "", "", "", false},
	{"warpstream_az= a", "", false, "", "", "", true},
	{"xwarpstream_az=a,warpstream_azx=b", "", false, "", "", "", false},
	{"warpstream_interzone_lb=True", "", false, "", "", "", true},
	{"warpstream_interzone_lb=1", "", false, "", "", "", true},
	{"warpstream_interzone_lb=true ", "", false, "", "", "", true},
	{"warpstream_interzone_lb", "", false, "", "", "", false},
	/* a missing comma makes the tag invisible */
	{"appwarpstream_az=a", "", false, "", "", "", false},
	{"warpstream_az=a;warpstream_interzone_lb=true", "", false, "", "", "", true},
	{"warpstream_az=a=b", "", false, "", "", "", true},
	/* separators alone */
	{"", "", false, "", "", "", false},
	{",", "", false, "", "", "", false},
	{",,,=,==,,ws_az=a,,", "a", false, "", "", "", true},
	{"=", "", false, "", "", "", false},
	{"=a", "", false, "", "", "", false},
	/* what MirrorMaker appends is passed over; what Streams appends is for rz_topo_resolve() */
	{"mm,ws_az=a|src->dst|conn|producer", "a", false, "", "", "", true},
	{"ws_az=a,warpstream_interzone_lb=true|src->dst", "a", true, "", "", "", true},
	{"ws_az=a,warpstream_interzone_lb=true-StreamThread-1-consumer", "a", true, "", "", "",
	 true},
	{"ws_az=a,warpstream_interzone_lb=trueish", "a", false, "", "", "", true},
	/* what Connect puts before the id */
	{"connect-cluster-ws_az=a,x", "a", false, "", "", "", true},
	{"x,connect-cluster-ws_az=a", "", false, "", "", "", false},
	{"ws_az=us-east-1a-StreamThread-1-consumer", "us-east-1a-StreamThread-1-consumer", false,
	 "", "", "", true},
};

static void test_vectors(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(vectors); i++) {
		struct rz_client c = read_text(vectors[i].id);

		print_message("%s\n", vectors[i].id);
		assert_string_equal(c.zone, vectors[i].zone);
		assert_int_equal(c.opt_in, vectors[i].opt_in);
		assert_string_equal(c.session_id, vectors[i].session);
		assert_string_equal(c.proxy_target, vectors[i].target);
		assert_string_equal(c.agent_group, vectors[i].group);
		assert_int_equal(c.dialect,
				 vectors[i].dialect ? RZ_DIALECT_WARPSTREAM : RZ_DIALECT_NONE);
		assert_string_equal(c.id, vectors[i].id);
		assert_false(c.truncated);
		assert_false(c.is_null);
	}
}

/* How many agents the client asks for as leaders of its partitions. */
static void test_leaders(void **state)
{
	static const struct {
		const char *id;
		enum rz_leaders leaders;
	} rows[] = {
		{"ws_az=a", RZ_LEADERS_UNSAID},
		{"ws_az=a,ws_pas=single_agent", RZ_LEADERS_ONE},
		{"warpstream_partition_assignment_strategy=single_agent,ws_az=a", RZ_LEADERS_ONE},
		{"connect-cluster-ws_pas=single_agent,x", RZ_LEADERS_ONE},
		{"ws_pas=single_agent|src->dst", RZ_LEADERS_ONE},
		{"ws_pas=equal_spread", RZ_LEADERS_MANY},
		{"ws_pas=consistent_random_jump", RZ_LEADERS_MANY},
		/* nobody knows what an agent takes these for */
		{"ws_pas=", RZ_LEADERS_MANY},
		{"ws_pas=single_agent-StreamThread-1-producer", RZ_LEADERS_MANY},
		{"ws_pas=Single_agent", RZ_LEADERS_MANY},
		{"ws_pas=single_agents", RZ_LEADERS_MANY},
		{"ws_pas= single_agent", RZ_LEADERS_MANY},
		/* the first one counts */
		{"ws_pas=equal_spread,ws_pas=single_agent", RZ_LEADERS_MANY},
		{"ws_pas=single_agent,warpstream_partition_assignment_strategy=equal_spread",
		 RZ_LEADERS_ONE},
		{"xws_pas=single_agent", RZ_LEADERS_UNSAID},
		{"automq_az=a&ws_pas=single_agent", RZ_LEADERS_UNSAID},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i].id);
		assert_int_equal(read_text(rows[i].id).leaders, rows[i].leaders);
	}
}

static void test_null_and_empty(void **state)
{
	struct rz_client c, zero;

	(void)state;
	memset(&zero, 0, sizeof(zero));
	c = read_text("");
	assert_memory_equal(&c, &zero, sizeof(c));
	memset(&c, 0xaa, sizeof(c));
	rz_tags_read(NULL, -1, NULL, &c);
	assert_true(c.is_null);
	c.is_null = 0;
	assert_memory_equal(&c, &zero, sizeof(c));
}

/* Every length of filler before a whole set of tags: what runs into the cut does not count. */
static void test_truncated(void **state)
{
	static const char tags[] = ",warpstream_az=us-east-1a,warpstream_interzone_lb=true";
	char id[RZ_CLIENT_ID_KEPT + 200];
	size_t fill;

	(void)state;
	for (fill = 0; fill < RZ_CLIENT_ID_KEPT + 10; fill++) {
		size_t len = fill + strlen(tags);
		/* where the comma behind the zone stands, and where the last value ends */
		size_t zone_end = fill + strlen(",warpstream_az=us-east-1a");
		struct rz_client c;

		memset(id, 'x', fill);
		memcpy(id + fill, tags, strlen(tags));
		c = read_bytes(id, len);
		assert_int_equal(c.truncated, len > RZ_CLIENT_ID_KEPT);
		assert_string_equal(c.zone, zone_end < RZ_CLIENT_ID_KEPT ? "us-east-1a" : "");
		assert_int_equal(c.opt_in, len <= RZ_CLIENT_ID_KEPT);
	}
}

/* A framework appends to the whole id, so only a zone that ends it may have grown. */
static void test_zone_last(void **state)
{
	static const struct {
		const char *id;
		bool last;
	} rows[] = {
		{"app,ws_az=b-2", true},
		{"ws_az=b-StreamThread-1-consumer", true},
		{"app,ws_az=b-2,warpstream_interzone_lb=true", false},
		{"ws_az=b,", false},
		{"ws_az=b|src->dst", false},
		{"diskless_az=b=c", false},
		{"automq_type=x&automq_az=b", true},
		{"ws_az=b!", false},	      /* no zone at all */
		{"ws_az=a,x,ws_az=b", false}, /* the first one wins */
	};
	struct rz_client c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		rz_tags_read((const __u8 *)rows[i].id, (int)strlen(rows[i].id), NULL, &c);
		if (c.zone_last != rows[i].last)
			fail_msg("%s: %d", rows[i].id, c.zone_last);
	}
}

/* The longest the protocol can carry, and lengths a broken caller might hand over. */
static void test_longest(void **state)
{
	char id[RZ_CLIENT_ID_KEPT];
	struct rz_client c;

	(void)state;
	memset(id, 'x', sizeof(id));
	memcpy(id, "ws_az=a,", 8);
	rz_tags_read((__u8 *)id, 32767, NULL, &c);
	assert_string_equal(c.zone, "a");
	assert_true(c.truncated);
	assert_int_equal(strlen(c.id), RZ_CLIENT_ID_KEPT);
}

static void test_value_sizes(void **state)
{
	static const struct {
		const char *key;
		size_t offset, size;
	} fields[] = {
		{"ws_az=", offsetof(struct rz_client, zone), RZ_ZONE_NAME_MAX + 1},
		{"warpstream_session_id=", offsetof(struct rz_client, session_id), 37},
		{"ws_pt=", offsetof(struct rz_client, proxy_target), 24},
		{"ws_ag=", offsetof(struct rz_client, agent_group), RZ_GROUP_SIZE},
	};
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(fields); i++) {
		for (len = 0; len < fields[i].size + 3; len++) {
			char id[256] = "";
			struct rz_client c;
			const char *got = (const char *)&c + fields[i].offset;

			strcpy(id, fields[i].key);
			memset(id + strlen(id), 'z', len);
			c = read_text(id);
			assert_int_equal(strlen(got), len < fields[i].size ? len : 0);
		}
	}
}

static void test_any_byte_in_a_value(void **state)
{
	char id[] = "ws_az=a?b,ws_ag=a?b,x";
	int b;

	(void)state;
	for (b = 0; b < 256; b++) {
		struct rz_client c;
		bool in_zone = (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') ||
			       (b >= 'A' && b <= 'Z') || b == '-' || b == '.' || b == '_';

		if (b == ',')
			continue;
		id[7] = id[17] = (char)b;
		c = read_bytes(id, strlen("ws_az=a?b,ws_ag=a?b,x"));
		assert_int_equal(strlen(c.zone), in_zone ? 3 : b == '|' ? 1 : 0);
		if (b <= 0x20 || b >= 0x7f)
			assert_string_equal(c.agent_group, "");
	}
}

static void assert_printable(const char *text, size_t size)
{
	size_t i, len = strnlen(text, size);

	assert_true(len < size);
	for (i = 0; i < len; i++)
		assert_in_range(text[i], 0x20, 0x7e);
	for (; i < size; i++)
		assert_int_equal(text[i], 0); /* can be part of a map key */
}

/* Noise made of the pieces that matter; whatever comes in, what goes out can be printed. */
static void test_noise(void **state)
{
	static const char *const pieces[] = {"ws_az",
					     "warpstream_az",
					     "=",
					     ",",
					     "true",
					     "\x1b[2J",
					     "warpstream_interzone_lb",
					     "\xff",
					     "a",
					     "-",
					     "\n",
					     "\\x41",
					     "warpstream_session_id",
					     "ws_pt",
					     "ws_ag",
					     "|",
					     "\"",
					     "us-east-1a"};
	uint64_t seed = 42;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		char id[600];
		size_t len = 0, n = noise_below(&seed, 40);
		struct rz_client c;

		while (n--) {
			const char *p = pieces[noise_below(&seed, COUNT(pieces))];

			memcpy(id + len, p, strlen(p));
			len += strlen(p);
			if (!noise_below(&seed, 8))
				id[len++] = (char)noise(&seed);
			if (len > sizeof(id) - 40)
				break;
		}
		c = read_bytes(id, len);
		assert_printable(c.id, sizeof(c.id));
		assert_printable(c.zone, sizeof(c.zone));
		assert_printable(c.session_id, sizeof(c.session_id));
		assert_printable(c.proxy_target, sizeof(c.proxy_target));
		assert_printable(c.agent_group, sizeof(c.agent_group));
	}
}

static void test_escaped(void **state)
{
	static const char id[] = "five\x1b[31m,back\\slash,nul\0nul,warpstream_az=a";
	struct rz_client c;

	(void)state;
	c = read_bytes(id, sizeof(id) - 1);
	assert_string_equal(c.id, "five\\x1b[31m,back\\\\slash,nul\\x00nul,warpstream_az=a");
	assert_string_equal(c.zone, "a"); /* found in the bytes, not in their escaped form */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),	       cmocka_unit_test(test_leaders),
		cmocka_unit_test(test_null_and_empty), cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_longest),	       cmocka_unit_test(test_zone_last),
		cmocka_unit_test(test_value_sizes),    cmocka_unit_test(test_any_byte_in_a_value),
		cmocka_unit_test(test_noise),	       cmocka_unit_test(test_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
