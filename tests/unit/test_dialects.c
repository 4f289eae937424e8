// SPDX-License-Identifier: Apache-2.0
/* user/client/tags.c: the other dialects than WarpStream's, keys of one's own, and mixed ids. */
#include "unit.h"
#include "client/tags.h"

static const struct {
	const char *id, *zone;
	enum rz_dialect dialect;
} vectors[] = {
	/* AutoMQ: '&', URL-decoded, the first wins; a comma is part of a key */
	{"automq_az=use1-az2", "use1-az2", RZ_DIALECT_AUTOMQ},
	{"automq_type=producer&automq_az=b&x=1", "b", RZ_DIALECT_AUTOMQ},
	{"automq_az=a&automq_az=b", "a", RZ_DIALECT_AUTOMQ},
	{"app,automq_az=x", "", RZ_DIALECT_NONE},
	{"automq_az=us%2Deast%2D1a", "us-east-1a", RZ_DIALECT_AUTOMQ},
	{"%61utomq_az=a", "a", RZ_DIALECT_AUTOMQ},
	{"automq_az=a%2", "", RZ_DIALECT_NONE},
	{"automq_az=a%zz&automq_az=b", "b", RZ_DIALECT_AUTOMQ}, /* a broken escape is no pair */
	{"automq_az=a+b", "", RZ_DIALECT_AUTOMQ},		/* a space is in no zone */
	{"connect-1-automq_az=a", "a", RZ_DIALECT_AUTOMQ},
	/* Inkless: start, space, comma or bar before the key; ends at '=' too */
	{"diskless_az=az1", "az1", RZ_DIALECT_INKLESS},
	{"inkless_az=az1", "az1", RZ_DIALECT_INKLESS},
	{"app diskless_az=az1", "az1", RZ_DIALECT_INKLESS},
	{"app,diskless_az=az1,more", "az1", RZ_DIALECT_INKLESS},
	{"mm,diskless_az=use1-az2|source->target|conn|producer", "use1-az2", RZ_DIALECT_INKLESS},
	{"x|diskless_az=az1", "az1", RZ_DIALECT_INKLESS},
	{"diskless_az=az1=more", "az1", RZ_DIALECT_INKLESS},
	{"diskless_az=az1 more", "az1", RZ_DIALECT_INKLESS},
	{"aaadiskless_az=az1", "", RZ_DIALECT_NONE},
	{"diskless_az=use1-az2-575969bf-aae2-4a7e-9f0e-0a9a4b3c2d1e",
	 "use1-az2-575969bf-aae2-4a7e-9f0e-0a9a4b3c2d1e", RZ_DIALECT_INKLESS},
	{"inkless_az=a,diskless_az=b", "a", RZ_DIALECT_INKLESS},
	/* Bufstream: ',' or ';', whichever comes first; spaces count; nothing before the key */
	{"zone=b", "b", RZ_DIALECT_BUFSTREAM},
	{"host=x;zone=b", "b", RZ_DIALECT_BUFSTREAM},
	{"host=x,zone=b", "b", RZ_DIALECT_BUFSTREAM},
	{"host=x;y,zone=b", "", RZ_DIALECT_NONE},
	{"host=x,y;zone=b", "", RZ_DIALECT_NONE},
	{"host=x; zone=b", "", RZ_DIALECT_NONE},
	{"zone= b", "", RZ_DIALECT_BUFSTREAM},
	{"time-zone=b", "", RZ_DIALECT_NONE},
	{"Zone=b", "", RZ_DIALECT_NONE},
	/* several in one id: the field of the first, the dialect that the zone is from */
	{"ws_az=a,diskless_az=b", "a", RZ_DIALECT_WARPSTREAM},
	{"zone=c,diskless_az=b", "b", RZ_DIALECT_INKLESS},
	{"warpstream_interzone_lb=true,zone=c", "c", RZ_DIALECT_BUFSTREAM},
	{"warpstream_interzone_lb=true,x", "", RZ_DIALECT_WARPSTREAM},
	{"msk_az=use1-az2,my-pod-1", "", RZ_DIALECT_NONE},
};

static struct rz_client read_with(const char *id, const struct rz_tags_custom *custom)
{
	struct rz_client c;

	memset(&c, 0xaa, sizeof(c));
	rz_tags_read((const __u8 *)id, (int)strlen(id), custom, &c);
	return c;
}

static void test_vectors(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(vectors); i++) {
		struct rz_client c = read_with(vectors[i].id, NULL);

		print_message("%s\n", vectors[i].id);
		assert_string_equal(c.zone, vectors[i].zone);
		assert_int_equal(c.dialect, vectors[i].dialect);
	}
}

static const struct {
	struct rz_tags_custom custom;
	const char *id, *zone;
	bool opt_in;
	enum rz_dialect dialect;
} customs[] = {
	{{"msk_az", NULL, NULL, false},
	 "msk_az=use1-az2,my-pod-1",
	 "use1-az2",
	 false,
	 RZ_DIALECT_CUSTOM},
	{{"msk_az,my_az", "move_me", ",", false},
	 "x,my_az=b,move_me=true",
	 "b",
	 true,
	 RZ_DIALECT_CUSTOM},
	{{"az", NULL, ";:", false}, "a=1;az=b:c", "b", false, RZ_DIALECT_CUSTOM},
	{{"az", NULL, ";", false}, "a,az=b", "", false, RZ_DIALECT_NONE},
	{{"az", NULL, "&", true}, "az=us%2d1&x", "us-1", false, RZ_DIALECT_CUSTOM},
	{{"az", NULL, "&", false}, "az=us%2d1&x", "", false, RZ_DIALECT_CUSTOM},
	/* one's own key beats the built-in ones; WarpStream's opt-in still counts */
	{{"az", NULL, ",", false},
	 "ws_az=a,az=b,warpstream_interzone_lb=true",
	 "b",
	 true,
	 RZ_DIALECT_CUSTOM},
	{{"az", NULL, ",", false},
	 "ws_az=a,warpstream_interzone_lb=true",
	 "a",
	 true,
	 RZ_DIALECT_WARPSTREAM},
	{{NULL, "in", NULL, false}, "ws_az=a,in=true", "a", true, RZ_DIALECT_WARPSTREAM},
	{{"", "", "", false}, "ws_az=a", "a", false, RZ_DIALECT_WARPSTREAM},
};

static void test_custom(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(customs); i++) {
		struct rz_client c = read_with(customs[i].id, &customs[i].custom);

		print_message("%s\n", customs[i].id);
		assert_string_equal(c.zone, customs[i].zone);
		assert_int_equal(c.opt_in, customs[i].opt_in);
		assert_int_equal(c.dialect, customs[i].dialect);
	}
}

/* Any bytes, by every grammar: what goes out can be printed. */
static void test_noise(void **state)
{
	static const char *const pieces[] = {
		"automq_az", "diskless_az", "zone", "my_az", "=",   "&", ",",	";", " ",
		"|",	     "%",	    "%2",   "%00",   "%1b", "+", "a-b", "-", "\x1b"};
	static const struct rz_tags_custom custom = {"my_az", "in", ";&", true};
	uint64_t seed = 11;
	int round;

	(void)state;
	for (round = 0; round < 50000; round++) {
		char id[RZ_CLIENT_ID_KEPT + 64];
		size_t len = 0, n = noise_below(&seed, 30), i;
		struct rz_client c;
		__u8 *exact;

		while (n-- && len < RZ_CLIENT_ID_KEPT) {
			const char *p = pieces[noise_below(&seed, COUNT(pieces))];

			memcpy(id + len, p, strlen(p));
			len += strlen(p);
		}
		if (len > RZ_CLIENT_ID_KEPT)
			len = RZ_CLIENT_ID_KEPT;
		exact = malloc(len ? len : 1); /* so that ASan sees a byte read too far */
		memcpy(exact, id, len);
		/* one more than is kept: an id that was cut */
		rz_tags_read(exact, (int)(len + (len == RZ_CLIENT_ID_KEPT)), &custom, &c);
		free(exact);
		for (i = 0; c.zone[i]; i++)
			assert_in_range(c.zone[i], '-', 'z');
		for (; i < sizeof(c.zone); i++)
			assert_int_equal(c.zone[i], 0);
		assert_true(c.dialect < RZ_DIALECT_COUNT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_custom),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
