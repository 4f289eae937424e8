// SPDX-License-Identifier: Apache-2.0
/* user/source/versions.c: an agent's answer to ApiVersions, also one that is none. */
#include "unit.h"

#include <errno.h>

#include "source/versions.h"

#define CORRELATION 7

/* An answer with Fetch 0 to 17 and Produce `min` to `max`. */
static size_t make(uint8_t *p, uint16_t min, uint16_t max)
{
	const uint8_t form[] = {0, 0, 0, 22, 0, 0, 0,  CORRELATION, 0, 0, 0,   0, 0,
				2, 0, 1, 0,  0, 0, 17, 0,	    0, 0, min, 0, max};

	memcpy(p, form, sizeof(form));
	return sizeof(form);
}

static int read_it(const uint8_t *p, size_t len, struct rz_versions *ret)
{
	return rz_versions_read(p, len, CORRELATION, ret);
}

static void test_request(void **state)
{
	static const uint8_t wanted[] = {0, 0, 0, 16, 0,   18,	0,   0,	  1,   2,
					 3, 4, 0, 6,  'r', 'e', 'z', 'o', 'n', 'e'};
	uint8_t p[RZ_VERSIONS_REQUEST];

	(void)state;
	rz_versions_ask(p, 0x01020304);
	assert_int_equal(sizeof(p), sizeof(wanted));
	assert_memory_equal(p, wanted, sizeof(p));
}

static void test_answer(void **state)
{
	struct rz_versions v;
	uint8_t p[64];
	size_t i, n = make(p, 3, 11);

	(void)state;
	for (i = 0; i < n; i++)
		assert_int_equal(read_it(p, i, &v), -EAGAIN);
	assert_int_equal(read_it(p, n, &v), 0);
	assert_int_equal(v.produce_min, 3);
	assert_int_equal(v.produce_max, 11);
}

/* Each of these is no answer, and changes nothing. */
static void test_hostile(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		int err;
	} bent[] = {
		{0, 0x80, -EBADMSG}, /* longer than anything */
		{2, 0x10, -EBADMSG}, /* longer than is read */
		{3, 21, -EBADMSG},   /* a row is cut */
		{3, 9, -EBADMSG},    /* shorter than its head */
		{3, 23, -EAGAIN},    /* one byte more is to come */
		{7, CORRELATION + 1, -EBADMSG},
		{9, 35, -EPROTO},     /* error_code */
		{10, 0x80, -EBADMSG}, /* a negative number */
		{10, 0x2a, -EBADMSG}, /* ... that times six is small again */
		{13, 3, -EBADMSG},
		{13, 1, -EBADMSG},
		{15, 0, -EBADMSG},    /* two rows of Produce */
		{21, 2, -ENOENT},     /* none */
		{22, 0x80, -EBADMSG}, /* a negative version */
		{23, 12, -EBADMSG},   /* upside down */
		{24, 0x10, -EBADMSG},
		{25, RZ_VERSIONS_MAX, -EBADMSG},
	};
	struct rz_versions v = {1, 2};
	uint8_t p[64];
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(bent); i++) {
		n = make(p, 3, 11);
		p[bent[i].at] = bent[i].value;
		assert_int_equal(read_it(p, n, &v), bent[i].err);
	}
	n = make(p, 3, 11);
	assert_int_equal(read_it(p, n + 1, &v), -EBADMSG);
	assert_int_equal(read_it((const uint8_t *)"HTTP/1.1 400 Bad Request", 24, &v), -EBADMSG);
	assert_int_equal(v.produce_min, 1);
	assert_int_equal(v.produce_max, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
