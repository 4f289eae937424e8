// SPDX-License-Identifier: Apache-2.0
/* include/rezone/responses.h: each condition of the last check has its own result. */
#include "unit.h"

#include "policy/reason.h"
#include "rezone/responses.h"

#define COOKIE 0x10007u
#define CLIENT 7u

/* A producer of ten requests, all answered but fetches; the tenth is the latest that must be. */
static struct rz_frame frame(void)
{
	return (struct rz_frame){.state = RZ_STATE_DATA,
				 .client = CLIENT,
				 .owner = 7,
				 .synced = 1,
				 .produce = 1,
				 .requests = 10,
				 .answerable = 10};
}

static struct rz_hold hold(void)
{
	return (struct rz_hold){.last = 10,
				.must = 10,
				.must_before = 8,
				.answers = {.synced = 1, .number = 10, .whole = 1}};
}

static void test_eligible(void **state)
{
	static const struct {
		struct rz_frame other;
		enum rz_check check;
		int shared, acks0;
	} rows[] = {
		{{.several = 1}, RZ_CHECK_SEVERAL, 1, 1},
		{{.transaction = 1}, RZ_CHECK_TRANSACTION, 1, 1},
		{{.coordinator = 1}, RZ_CHECK_GROUP, 0, 1},
		{{.coordinator = 1}, RZ_CHECK_PASSED, 1, 0},
		{{.acks0 = 1}, RZ_CHECK_ACKS0, 1, 0},
		{{.acks0 = 1}, RZ_CHECK_PASSED, 0, 1},
		{{.tentative = 1}, RZ_CHECK_OUT_OF_SYNC, 1, 1},
		{{}, RZ_CHECK_PASSED, 0, 0},
	};
	struct rz_frame f;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		f = frame();
		f.several = rows[i].other.several;
		f.transaction = rows[i].other.transaction;
		f.coordinator = rows[i].other.coordinator;
		f.acks0 = rows[i].other.acks0;
		f.tentative = rows[i].other.tentative;
		assert_int_equal(
			rz_check_eligible(&f, COOKIE, CLIENT, rows[i].shared, rows[i].acks0),
			rows[i].check);
	}
}

static void test_identity(void **state)
{
	struct rz_frame f = frame();

	(void)state;
	assert_int_equal(rz_check_eligible(&f, COOKIE, 8, 1, 1), RZ_CHECK_OTHER_CLIENT);
	assert_int_equal(rz_check_eligible(&f, COOKIE, 0, 1, 1), RZ_CHECK_OTHER_CLIENT);
	assert_int_equal(rz_check_eligible(&f, COOKIE + 1, CLIENT, 1, 1), RZ_CHECK_OUT_OF_SYNC);
	f.synced = 0;
	assert_int_equal(rz_check_eligible(&f, COOKIE, CLIENT, 1, 1), RZ_CHECK_OUT_OF_SYNC);
	f.state = RZ_STATE_IDENTIFIED;
	assert_int_equal(rz_check_eligible(&f, COOKIE, CLIENT, 1, 1), RZ_CHECK_NOT_DATA);
	f.state = RZ_STATE_MPTCP;
	assert_int_equal(rz_check_eligible(&f, COOKIE, CLIENT, 1, 1), RZ_CHECK_MPTCP);
}

/* A connection that its client opened after a move: it has asked where things are, and no more. */
static struct rz_frame asked(void)
{
	struct rz_frame f = frame();

	f.state = RZ_STATE_IDENTIFIED;
	f.produce = 0;
	return f;
}

/* The next connection of a client that is followed: held, and closed, only as long as nothing of it
 * was executed and nobody else speaks there. */
static void test_follow_up(void **state)
{
	static const struct {
		struct rz_frame other;
		enum rz_check check;
	} rows[] = {
		{{}, RZ_CHECK_PASSED},
		{{.fetch = 1}, RZ_CHECK_PASSED},
		{{.state = RZ_STATE_MPTCP}, RZ_CHECK_MPTCP},
		{{.tentative = 1}, RZ_CHECK_OUT_OF_SYNC},
		{{.adopted = 1}, RZ_CHECK_OUT_OF_SYNC},
		{{.several = 1}, RZ_CHECK_SEVERAL},
		{{.transaction = 1}, RZ_CHECK_TRANSACTION},
		{{.produce = 1}, RZ_CHECK_NOT_KEPT},
		{{.other = 1}, RZ_CHECK_NOT_KEPT},
		{{.coordinator = 1}, RZ_CHECK_NOT_KEPT},
		{{.unseen = 1}, RZ_CHECK_NOT_KEPT},
		{{.via = RZ_VIA_PROXY}, RZ_CHECK_NOT_KEPT},
	};
	struct rz_frame f;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		f = asked();
		f.state = rows[i].other.state ? rows[i].other.state : f.state;
		f.fetch = rows[i].other.fetch;
		f.tentative = rows[i].other.tentative;
		f.adopted = rows[i].other.adopted;
		f.several = rows[i].other.several;
		f.transaction = rows[i].other.transaction;
		f.produce = rows[i].other.produce;
		f.other = rows[i].other.other;
		f.coordinator = rows[i].other.coordinator;
		f.unseen = rows[i].other.unseen;
		f.via = rows[i].other.via;
		assert_int_equal(rz_responses_follow_up(&f, COOKIE, CLIENT), rows[i].check);
	}
	f = asked();
	assert_int_equal(rz_responses_follow_up(&f, COOKIE, CLIENT + 1), RZ_CHECK_OTHER_CLIENT);
	assert_int_equal(rz_responses_follow_up(&f, COOKIE + 1, CLIENT), RZ_CHECK_OUT_OF_SYNC);
	f.synced = 0;
	assert_int_equal(rz_responses_follow_up(&f, COOKIE, CLIENT), RZ_CHECK_OUT_OF_SYNC);
	f.client = 0;
	assert_int_equal(rz_responses_follow_up(&f, COOKIE, 0), RZ_CHECK_OTHER_CLIENT);
}

/* What TCP says, one thing at a time. `settled` is what rz_responses_must() gives. */
static void test_what_tcp_says(void **state)
{
	static const struct {
		struct rz_tcp_seen t;
		enum rz_check check, of_a_fetcher;
	} rows[] = {
		{{}, RZ_CHECK_PASSED, RZ_CHECK_PASSED},
		{{.unseen = 1}, RZ_CHECK_UNSEEN, RZ_CHECK_UNSEEN},
		{{.unread = 1}, RZ_CHECK_UNREAD, RZ_CHECK_PASSED},
		{{.unacked = 1}, RZ_CHECK_UNACKED, RZ_CHECK_PASSED},
		{{.out_of_order = 1}, RZ_CHECK_OUT_OF_ORDER, RZ_CHECK_PASSED},
		{{.out_of_order = 1, .held = 1}, RZ_CHECK_PASSED, RZ_CHECK_PASSED},
		{{.out_of_order = 1, .held = 1, .must_be_whole = 1},
		 RZ_CHECK_OUT_OF_ORDER,
		 RZ_CHECK_PASSED},
		{{.part_response = 1}, RZ_CHECK_PART_RESPONSE, RZ_CHECK_PASSED},
		{{.part_request = 1}, RZ_CHECK_PASSED, RZ_CHECK_PASSED}, /* not acks=0 */
	};
	struct rz_frame f = frame(), fetcher = frame();
	struct rz_hold h = hold();
	size_t i;

	(void)state;
	fetcher.produce = 0;
	fetcher.fetch = 1;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(rz_responses_gap(&f, &h, 10, &rows[i].t), rows[i].check);
		assert_int_equal(rz_responses_gap(&fetcher, NULL, 0, &rows[i].t),
				 rows[i].of_a_fetcher);
	}
	assert_int_equal(rz_responses_gap(&f, NULL, 10, &rows[0].t), RZ_CHECK_NOT_WATCHED);
}

static void test_what_responses_say(void **state)
{
	static const struct rz_tcp_seen quiet, part = {.part_latest = 1};
	struct rz_frame f = frame();
	struct rz_hold h = hold();

	(void)state;
	assert_int_equal(rz_responses_gap(&f, &h, 9, &quiet), RZ_CHECK_NEW_REQUEST);
	h.answers.number = 9;
	assert_int_equal(rz_responses_gap(&f, &h, 10, &quiet), RZ_CHECK_UNANSWERED);
	/* the tenth has not come whole: up to the eighth must be out, and have settled */
	assert_int_equal(rz_responses_gap(&f, &h, 10, &part), RZ_CHECK_NEW_REQUEST);
	assert_int_equal(rz_responses_gap(&f, &h, 8, &part), RZ_CHECK_PASSED);
	h.answers.number = 7;
	assert_int_equal(rz_responses_gap(&f, &h, 8, &part), RZ_CHECK_UNANSWERED);
	h = hold();
	h.answers.tentative = 1;
	assert_int_equal(rz_responses_gap(&f, &h, 10, &quiet), RZ_CHECK_NOT_FOLLOWED);
	h.answers.tentative = h.answers.synced = 0;
	assert_int_equal(rz_responses_gap(&f, &h, 10, &quiet), RZ_CHECK_NOT_FOLLOWED);
	/* requests that nobody noted here must be answered too */
	h = hold();
	f.answerable = 11;
	assert_int_equal(rz_responses_gap(&f, &h, 11, &quiet), RZ_CHECK_UNANSWERED);
}

static void test_numbers_come_round(void **state)
{
	static const struct rz_tcp_seen quiet;
	struct rz_frame f = frame();
	struct rz_hold h = hold();

	(void)state;
	f.answerable = h.last = h.must = 2;
	h.answers.number = UINT32_MAX;
	assert_int_equal(rz_responses_gap(&f, &h, 2, &quiet), RZ_CHECK_UNANSWERED);
	f.answerable = h.last = h.must = UINT32_MAX;
	h.answers.number = 2;
	assert_int_equal(rz_responses_gap(&f, &h, UINT32_MAX, &quiet), RZ_CHECK_PASSED);
}

/* A producer that gets no responses. */
static void test_acks0(void **state)
{
	static const struct rz_tcp_seen quiet, part = {.part_request = 1};
	struct rz_frame f = frame();
	struct rz_hold h = {};

	(void)state;
	f.acks0 = 1;
	f.answerable = 2;
	assert_int_equal(rz_responses_gap(&f, &h, 2, &quiet), RZ_CHECK_PASSED);
	assert_int_equal(rz_responses_gap(&f, &h, 2, &part), RZ_CHECK_PART_REQUEST);
	h.last = h.must = 2;
	assert_int_equal(rz_responses_gap(&f, &h, 2, &quiet), RZ_CHECK_NOT_FOLLOWED);
}

/* Each has a word of its own, and the errno that people and scripts have known since before. */
static void test_words(void **state)
{
	int i, k;

	(void)state;
	for (i = 0; i < RZ_CHECK_COUNT; i++) {
		assert_non_null(rz_check_name((enum rz_check)i));
		assert_non_null(rz_check_text((enum rz_check)i));
		for (k = 0; k < i; k++)
			assert_string_not_equal(rz_check_name((enum rz_check)i),
						rz_check_name((enum rz_check)k));
	}
	assert_string_equal(rz_check_name(RZ_CHECK_COUNT), "?");
	assert_int_equal(rz_check_errno(RZ_CHECK_PASSED), 0);
	assert_int_equal(rz_check_errno(RZ_CHECK_NOT_TRACKED), ENOENT);
	assert_int_equal(rz_check_errno(RZ_CHECK_MPTCP), EPROTO);
	assert_int_equal(rz_check_errno(RZ_CHECK_NO_AGENT), ENOTCONN);
	assert_int_equal(rz_check_errno(RZ_CHECK_NOT_LEFT), ESTALE);
	assert_int_equal(rz_check_errno(RZ_CHECK_NOT_ACCEPTED), EAGAIN);
	assert_int_equal(rz_check_errno(RZ_CHECK_NOT_MET), EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eligible),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_follow_up),
		cmocka_unit_test(test_what_tcp_says),
		cmocka_unit_test(test_what_responses_say),
		cmocka_unit_test(test_numbers_come_round),
		cmocka_unit_test(test_acks0),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("responses", tests, NULL, NULL);
}
