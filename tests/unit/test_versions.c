// SPDX-License-Identifier: Apache-2.0
/* user/source/versions.c: an agent's answer to ApiVersions, also one that is none; and
 * user/report/asking.c: what the process may say that asks, and when an agent is asked again. */
#include "unit.h"

#include <errno.h>

#include <rezone/print.h>

#include "report/asking.h"
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

/* ---- the process ---- */

static struct rz_report_answer an_answer(void)
{
	return (struct rz_report_answer){
		.head = rz_report_head(RZ_REPORT_ANSWER, sizeof(struct rz_report_answer)),
		.number = 1,
		.local_port = 1,
		.produce_max = 11};
}

static enum rz_report_kind take(struct rz_asking *a, const void *msg, size_t len)
{
	char why[160] = "";
	enum rz_report_kind kind = rz_asking_take(a, msg, len, false, why, sizeof(why));

	assert_int_equal(kind == RZ_REPORT_NONE, why[0] != '\0');
	return kind;
}

static void test_asking(void **state)
{
	const struct rz_report_hello hello = {
		.head = rz_report_head(RZ_REPORT_HELLO, sizeof(hello))};
	const struct rz_report_answer good = an_answer();
	struct rz_report_answer bad[8];
	struct rz_asking a = {.n = 2};
	char why[160];
	size_t i;

	(void)state;
	assert_int_equal(take(&a, &good, sizeof(good)), RZ_REPORT_NONE); /* before it greets */
	assert_int_equal(take(&a, &hello, sizeof(hello)), RZ_REPORT_HELLO);
	assert_int_equal(take(&a, &hello, sizeof(hello)), RZ_REPORT_NONE);
	for (i = 0; i < COUNT(bad); i++)
		bad[i] = good;
	bad[0].number = 2;
	bad[1].error = 1;
	bad[2].error = -4096;
	bad[3].produce_min = 12;
	bad[4].produce_max = RZ_TOLD_NO_ANSWER - 1;
	bad[5].local_port = 0;
	bad[6].pad = 1;
	bad[7].head.kind = RZ_REPORT_STATE;
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(take(&a, &bad[i], sizeof(bad[i])), RZ_REPORT_NONE);
	assert_int_equal(take(&a, &good, sizeof(good) - 1), RZ_REPORT_NONE);
	assert_int_equal(rz_asking_take(&a, &good, sizeof(good), true, why, sizeof(why)),
			 RZ_REPORT_NONE);
	assert_int_equal(take(&a, &good, sizeof(good)), RZ_REPORT_ANSWER);
	assert_int_equal(take(&a, &good, sizeof(good)), RZ_REPORT_NONE); /* once */
}

static void test_lines(void **state)
{
	struct rz_report_log line = {.head = rz_report_head(RZ_REPORT_LOG, sizeof(line))};
	struct rz_asking a = {};
	int i;

	(void)state;
	for (i = 0; i < RZ_ASKING_LINES_MAX; i++)
		assert_int_equal(take(&a, &line, sizeof(line)), RZ_REPORT_LOG);
	assert_int_equal(take(&a, &line, sizeof(line)), RZ_REPORT_NONE);
	a = (struct rz_asking){};
	memset(line.text, 'x', sizeof(line.text));
	assert_int_equal(take(&a, &line, sizeof(line)), RZ_REPORT_NONE);
}

/* ---- when an agent is asked again ---- */

static void test_again(void **state)
{
	static struct rz_asked asked;
	struct rz_endpoint at = {.port = 9092};
	uint64_t now = 1, wait = RZ_ASKED_AGAIN_NS;
	int i;

	(void)state;
	assert_true(rz_asked_begin(&asked, &at, 1, now));
	assert_false(rz_asked_begin(&asked, &at, 1, now));
	assert_true(rz_asked_begin(&asked, &at, 2, now)); /* of another namespace */
	rz_asked_end(&asked, &at, 1, true, now);
	for (i = 0; i < 8; i++) { /* silent: later each time, 10 minutes at most */
		now += wait;
		assert_false(rz_asked_begin(&asked, &at, 1, now - 1));
		assert_int_equal(rz_asked_is_silent(&asked, &at, 1, now - 1), i > 0);
		assert_false(rz_asked_is_silent(&asked, &at, 1, now));
		assert_true(rz_asked_begin(&asked, &at, 1, now));
		rz_asked_end(&asked, &at, 1, false, now);
		wait = RZ_ASKED_AGAIN_NS << i;
		if (wait > RZ_ASKED_AGAIN_NS * RZ_BACKOFF_MAX)
			wait = RZ_ASKED_AGAIN_NS * RZ_BACKOFF_MAX;
	}
	now += wait;
	assert_true(rz_asked_begin(&asked, &at, 1, now));
	rz_asked_end(&asked, &at, 1, true, now); /* it answers: as at first */
	assert_true(rz_asked_begin(&asked, &at, 1, now + RZ_ASKED_AGAIN_NS));
}

static void test_no_room(void **state)
{
	static struct rz_asked asked;
	struct rz_endpoint at = {};
	unsigned i;

	(void)state;
	for (i = 0; i < RZ_ASKED_MAX; i++) {
		at.port = (__u16)(i + 1);
		assert_true(rz_asked_begin(&asked, &at, 1, 1));
	}
	at.port++;
	assert_false(rz_asked_begin(&asked, &at, 1, 1));
	assert_true(rz_asked_begin(&asked, &at, 1, 1 + RZ_ASKED_AGAIN_NS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request), cmocka_unit_test(test_answer),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_asking),
		cmocka_unit_test(test_lines),	cmocka_unit_test(test_again),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
