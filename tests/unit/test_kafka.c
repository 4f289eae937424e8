// SPDX-License-Identifier: Apache-2.0
/* What a request's key makes of its connection, and which keys are a request's:
 * include/rezone/kafka.h. */
#include "unit.h"

#include "policy/reason.h"
#include "rezone/kafka.h"
#include "rezone/responses.h"

/* The kind of a connection that has carried requests with these keys. */
static enum rz_kind kind_of(const int *keys, size_t n)
{
	struct rz_frame f = {.protocol = RZ_PROTOCOL_KAFKA};
	size_t i;

	for (i = 0; i < n; i++)
		rz_api_note(&f, (__s16)keys[i], 1);
	return rz_frame_kind(&f);
}

static void test_kinds(void **state)
{
	static const struct {
		int keys[3];
		size_t n;
		enum rz_kind kind;
	} rows[] = {
		{{1, 3, 10}, 3, RZ_KIND_DATA},
		{{68}, 1, RZ_KIND_COORDINATOR},
		{{68, 1}, 2, RZ_KIND_SHARED},
		/* a Streams group's member (KIP-1071) */
		{{88}, 1, RZ_KIND_COORDINATOR},
		{{1, 88, 1}, 3, RZ_KIND_SHARED},
		/* a share group's: what it has acquired hangs on the connection */
		{{76}, 1, RZ_KIND_COORDINATOR},
		{{78}, 1, RZ_KIND_SHARED},
		{{79}, 1, RZ_KIND_SHARED},
		{{76, 78, 79}, 3, RZ_KIND_SHARED},
		/* vendors' keys beside data do not change what it is */
		{{1, 515}, 2, RZ_KIND_DATA},
		{{10000, 1}, 2, RZ_KIND_DATA},
		{{10000}, 1, RZ_KIND_METADATA},
		{{1, 24}, 2, RZ_KIND_TRANSACTIONAL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		if (kind_of(rows[i].keys, rows[i].n) != rows[i].kind)
			fail_msg("row %zu: %s", i, rz_kind_name(kind_of(rows[i].keys, rows[i].n)));
}

static void test_tls_records(void **state)
{
	static const struct {
		const char *bytes;
		__u32 size;
	} rows[] = {
		{"\x17\x03\x03\x00\x20", 37},	 {"\x17\x03\x01\x00\x01", 6},
		{"\x17\x03\x03\x48\x00", 18437}, {"\x17\x03\x03\x48\x01", 0},
		{"\x17\x03\x03\x00\x00", 0},	 {"\x16\x03\x03\x00\x20", 0},
		{"\x17\x02\x03\x00\x20", 0},	 {"\x17\x03\x05\x00\x20", 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_int_equal(rz_foreign_tls_record((const __u8 *)rows[i].bytes), rows[i].size);
}

/* The acknowledgements of a share consumer, and what is not known, must be answered. */
static void test_what_must_be_answered(void **state)
{
	static const int no[] = {1, 2, 3, 10, 18}, yes[] = {0, 8, 68, 76, 78, 79, 88, 515, 10000};
	struct rz_frame f;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(no); i++) {
		f = (struct rz_frame){};
		rz_api_note(&f, (__s16)no[i], 1);
		assert_false(rz_responses_matter(&f));
		assert_true(rz_api_repeatable((__s16)no[i]));
	}
	for (i = 0; i < COUNT(yes); i++) {
		f = (struct rz_frame){};
		rz_api_note(&f, (__s16)yes[i], 1);
		assert_true(rz_responses_matter(&f));
		assert_false(rz_api_repeatable((__s16)yes[i]));
	}
}

/* A connection of which something was not seen is none that only fetches, until enough was. */
static void test_an_unseen_beginning(void **state)
{
	struct rz_frame f = {.fetch = 1, .adopted = 1};

	(void)state;
	assert_false(rz_responses_matter(&f)); /* day one */
	for (f.unseen = RZ_UNSEEN_REQUESTS; f.unseen; f.unseen--)
		assert_true(rz_responses_matter(&f));
}

static void test_keys_of_requests(void **state)
{
	static const struct {
		uint16_t key;
		bool request, common;
	} rows[] = {{0, true, true},	   {88, true, true},	  {515, true, true},
		    {1023, true, true},	   {1024, true, false},	  {10000, true, false},
		    {0x7fff, true, false}, {0x8000, false, false}};
	uint8_t p[RZ_KAFKA_FIXED] = {0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff};
	struct rz_request r;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		p[4] = rows[i].key >> 8;
		p[5] = (uint8_t)rows[i].key;
		assert_int_equal(rows[i].request ? 0 : -1, rz_request_parse(p, &r));
		if (rows[i].request)
			assert_int_equal(rows[i].common, rz_request_is_common(&r));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls_records),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_what_must_be_answered),
		cmocka_unit_test(test_an_unseen_beginning),
		cmocka_unit_test(test_keys_of_requests),
	};

	return cmocka_run_group_tests_name("kafka", tests, NULL, NULL);
}
