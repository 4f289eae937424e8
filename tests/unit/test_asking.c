// SPDX-License-Identifier: Apache-2.0
/* user/report/asking.c: what the process that asks may say, where a connection to an agent must
 * end, and when an agent is asked again. */
#include "unit.h"

#include <rezone/print.h>

#include "base/log.h"
#include "report/asking.h"

#define SECOND_NS 1000000000ULL
#define NETNS	  7

/* ---- the process ---- */

static struct rz_report_answer an_answer(void)
{
	return (struct rz_report_answer){
		.head = rz_report_head(RZ_REPORT_ANSWER, sizeof(struct rz_report_answer)),
		.number = 1,
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
	struct rz_report_answer bad[7];
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
	bad[5].pad = 1;
	bad[6].head.kind = RZ_REPORT_STATE;
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

static bool takes(struct rz_asking *a, const void *msg, size_t len, bool passed)
{
	char why[160];

	return rz_asking_take(a, msg, len, passed, why, sizeof(why)) != RZ_REPORT_NONE;
}

/* A descriptor comes with the greeting that tells of one. An agent that the process was not asked
 * for has no answer of its. */
static void test_says(void **state)
{
	struct rz_report_hello hello = {.head = rz_report_head(RZ_REPORT_HELLO, sizeof(hello))};
	struct rz_report_answer answer = {.head = rz_report_head(RZ_REPORT_ANSWER, sizeof(answer)),
					  .produce_max = 13};
	struct rz_asking a = {.n = 2, .answered = 1};

	(void)state;
	assert_false(takes(&a, &answer, sizeof(answer), false));
	assert_false(takes(&a, &hello, sizeof(hello), true));
	hello.confined = RZ_CONFINED_COUNTED;
	assert_false(takes(&a, &hello, sizeof(hello), false));
	hello.confined = 4;
	assert_false(takes(&a, &hello, sizeof(hello), false));
	hello.confined = RZ_CONFINED_COUNTED | RZ_CONFINED_MOUNTS;
	assert_true(takes(&a, &hello, sizeof(hello), true));
	assert_false(takes(&a, &hello, sizeof(hello), true));
	assert_false(takes(&a, &answer, sizeof(answer), false));
	answer.number = 2;
	assert_false(takes(&a, &answer, sizeof(answer), false));
	answer.number = 1;
	assert_false(takes(&a, &answer, sizeof(answer), true));
	assert_true(takes(&a, &answer, sizeof(answer), false));
	assert_false(takes(&a, &answer, sizeof(answer), false));
}

/* ---- the other end ---- */

static struct rz_asking_conn opened(void)
{
	return (struct rz_asking_conn){.agent = {.addr = {10, 1}, .port = 9092},
				       .local = {.addr = {10, 2}, .port = 40000},
				       .netns = NETNS,
				       .since_ns = 100};
}

static struct rz_conn other_end(const struct rz_asking_conn *a)
{
	struct rz_conn c = {.netns = NETNS, .opened_ns = 100};

	memcpy(c.tuple.agent_addr, a->agent.addr, 16);
	memcpy(c.tuple.client_addr, a->local.addr, 16);
	c.tuple.agent_port = a->agent.port;
	c.tuple.client_port = a->local.port;
	return c;
}

/* A client's connection that was there before is none, though it has the same addresses: the
 * agent's address may lead elsewhere from the daemon's network namespace. */
static void test_other_end(void **state)
{
	struct rz_asking_conn a = opened();
	struct rz_conn c = other_end(&a);

	(void)state;
	assert_true(rz_asking_ends_at(&a, &c));
	c.opened_ns = 99;
	assert_false(rz_asking_ends_at(&a, &c));
	c = other_end(&a);
	c.netns++;
	assert_false(rz_asking_ends_at(&a, &c));
	c = other_end(&a);
	c.tuple.client_port++;
	assert_false(rz_asking_ends_at(&a, &c));
	c = other_end(&a);
	c.tuple.agent_port++;
	assert_false(rz_asking_ends_at(&a, &c));
	c = other_end(&a);
	c.tuple.client_addr[15]++;
	assert_false(rz_asking_ends_at(&a, &c));
	c = other_end(&a);
	c.tuple.agent_addr[15]++;
	assert_false(rz_asking_ends_at(&a, &c));
}

/* ---- when an agent is asked again ---- */

static struct rz_endpoint agent(unsigned i)
{
	return (struct rz_endpoint){.addr = {10, [14] = (__u8)(i >> 8), [15] = (__u8)i},
				    .port = 9092};
}

static void test_again(void **state)
{
	static struct rz_asked a;
	struct rz_endpoint at = agent(1);
	uint64_t now_ns = SECOND_NS, wait_ns = RZ_ASKED_AGAIN_NS;
	int i;

	(void)state;
	assert_true(rz_asked_is_due(&a, &at, NETNS, now_ns));
	assert_false(rz_asked_is_silent(&a, &at, NETNS, now_ns));
	rz_asked_begin(&a, &at, NETNS, now_ns);
	rz_asked_end(&a, &at, NETNS, true, now_ns);
	assert_false(rz_asked_is_due(&a, &at, NETNS, now_ns + wait_ns - 1));
	assert_false(rz_asked_is_silent(&a, &at, NETNS, now_ns));
	assert_true(rz_asked_is_due(&a, &at, NETNS + 1, now_ns));
	for (i = 0; i < 8; i++) {
		now_ns += wait_ns;
		assert_true(rz_asked_is_due(&a, &at, NETNS, now_ns));
		rz_asked_begin(&a, &at, NETNS, now_ns);
		rz_asked_end(&a, &at, NETNS, false, now_ns);
		wait_ns = a.rows[0].backoff.wait_ns;
		assert_false(rz_asked_is_due(&a, &at, NETNS, now_ns + wait_ns - 1));
		assert_true(rz_asked_is_silent(&a, &at, NETNS, now_ns + wait_ns - 1));
		assert_false(rz_asked_is_silent(&a, &at, NETNS, now_ns + wait_ns));
	}
	assert_int_equal(wait_ns, 600 * SECOND_NS);
}

/* However many there are that say nothing, one that was not asked yet is asked at once; the one
 * that was asked the longest ago gives its place. */
static void test_many(void **state)
{
	static struct rz_asked a;
	struct rz_endpoint at;
	unsigned i;

	(void)state;
	for (i = 0; i < 3 * RZ_ASKED_MAX; i++) {
		at = agent(i);
		assert_true(rz_asked_is_due(&a, &at, NETNS, i + 1));
		rz_asked_begin(&a, &at, NETNS, i + 1);
		rz_asked_end(&a, &at, NETNS, false, i + 1);
	}
	for (i = 0; i < 3 * RZ_ASKED_MAX; i++) {
		at = agent(i);
		assert_int_equal(rz_asked_is_silent(&a, &at, NETNS, 3 * RZ_ASKED_MAX),
				 i >= 2 * RZ_ASKED_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asking), cmocka_unit_test(test_lines),
		cmocka_unit_test(test_says),   cmocka_unit_test(test_other_end),
		cmocka_unit_test(test_again),  cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
