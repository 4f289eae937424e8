// SPDX-License-Identifier: Apache-2.0
/* user/move/wait.c: what is done with a move at each step. The rule behind it has a model
 * (tests/model/wait). */
#include "wait.h"

static void refuse(struct story *s, enum rz_check why, enum rz_act act, enum rz_check check)
{
	struct rz_decision d = rz_wait_refused(&s->w, &s->plan, &s->e, &s->l, why, s->now_ns);

	assert_int_equal(d.act, act);
	assert_int_equal(d.check, check);
}

static void test_a_gap(void **state)
{
	struct story s = begin();

	(void)state;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 399, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 1, RZ_ACT_TRY, 0);
	/* another request was asked and answered between two steps: its response must settle */
	s.e.whole.must++;
	then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	unanswered(&s, true);
	then(&s, 399, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	unanswered(&s, false);
	then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 400, RZ_ACT_TRY, 0);
}

/* Nothing is owed to it, or nothing is known of it: the last check says what there is to say. */
static void test_nothing_to_wait_for(void **state)
{
	struct story s = begin();

	(void)state;
	unanswered(&s, true);
	s.e.matters = false;
	then(&s, 0, RZ_ACT_TRY, 0);
	s = begin();
	s.e = (struct rz_move_evidence){.repeated = true};
	then(&s, 0, RZ_ACT_TRY, 0);
	s = begin();
	s.plan.at_once = true;
	unanswered(&s, true);
	then(&s, 0, RZ_ACT_TRY, 0);
	s = begin();
	s.l.at_once = true;
	unanswered(&s, true);
	then(&s, 0, RZ_ACT_TRY, 0);
}

static void test_a_hold(void **state)
{
	struct story s = begin();

	(void)state;
	unanswered(&s, true);
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 999, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 1, RZ_ACT_HOLD, 0);
	assert_false(s.w.bridge);
	assert_int_equal(s.w.deadline_ns, s.now_ns + 5000 * MS);
	unanswered(&s, false);
	then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	/* its client runs: a new segment of its was dropped since */
	s.e.held = s.e.fresh = 1;
	then(&s, 99, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 1, RZ_ACT_TRY, 0);
}

static void test_a_hold_ends(void **state)
{
	struct story s = begin();

	(void)state;
	unanswered(&s, true);
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 1000, RZ_ACT_HOLD, 0);
	then(&s, 4999, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 1, RZ_ACT_GIVE_UP, RZ_CHECK_UNANSWERED);
}

/* In a hold the latest request may have come in part: then the responses before it settle. If it
 * was whole after all, its own must settle. */
static void test_a_part(void **state)
{
	struct story s = begin();

	(void)state;
	unanswered(&s, true);
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 1000, RZ_ACT_HOLD, 0);
	s.e.part.out = RZ_CHECK_PASSED;
	then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 400, RZ_ACT_TRY, 0);
	assert_int_equal(s.w.settled, 4);
	refuse(&s, RZ_CHECK_UNANSWERED, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 99, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	s.e.whole.out = RZ_CHECK_PASSED;
	then(&s, 1, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	assert_int_equal(s.w.settled, 5);
	then(&s, 400, RZ_ACT_TRY, 0);
	/* the check of user space cannot tell */
	s = begin();
	s.l.one_step = false;
	unanswered(&s, true);
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 1000, RZ_ACT_HOLD, 0);
	s.e.part.out = RZ_CHECK_PASSED;
	then(&s, 20, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
}

static void test_never_held(void **state)
{
	struct story s;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		s = begin();
		unanswered(&s, true);
		s.plan.gap_only = i == 0;
		s.plan.acks0 = i == 1;
		if (i == 2)
			s.l.hold_ns = 0;
		s.e.followed = i != 3; /* its next request tells where the responses are */
		then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
		then(&s, s.l.hold_ns ? 5999 : 999, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
		then(&s, 1, RZ_ACT_GIVE_UP, RZ_CHECK_UNANSWERED);
	}
}

/* A client that does not miss a connection which it does not use: closed right after a request. */
static void test_in_use(void **state)
{
	struct story s = begin();

	(void)state;
	s.plan.in_use = true;
	s.e.matters = s.e.followed = s.e.request_seen = false;
	s.e.request_ns = T0 - 1;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_SILENT);
	then(&s, 5999, RZ_ACT_WAIT, RZ_CHECK_SILENT);
	s.e.request_ns = T0;
	then(&s, 0, RZ_ACT_TRY, 0);
	s.e.request_ns = T0 - 1;
	then(&s, 1, RZ_ACT_GIVE_UP, RZ_CHECK_SILENT);
	/* nothing is known of it: the last check says what there is to say */
	s = begin();
	s.plan.in_use = true;
	s.e = (struct rz_move_evidence){.repeated = true};
	then(&s, 0, RZ_ACT_TRY, 0);
}

/* A client that comes home only if it misses a request: no gap is waited for, and without a request
 * there is no close. */
static void test_needs_a_hold(void **state)
{
	struct story s = begin();

	(void)state;
	s.plan.needs_hold = true;
	s.e.followed = false; /* its next request tells where the responses are */
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_SILENT);
	s.e.followed = true;
	then(&s, 2, RZ_ACT_HOLD, 0);
	assert_false(s.w.bridge);
	then(&s, 1000, RZ_ACT_WAIT, RZ_CHECK_SILENT);
	s.e.held = s.e.fresh = 1;
	then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 400, RZ_ACT_TRY, 0);
	/* nothing comes in the hold */
	s = begin();
	s.plan.needs_hold = true;
	then(&s, 0, RZ_ACT_HOLD, 0);
	then(&s, 4999, RZ_ACT_WAIT, RZ_CHECK_SILENT);
	then(&s, 1, RZ_ACT_GIVE_UP, RZ_CHECK_SILENT);
	/* an operator wants no holds: then in a gap, as others */
	s = begin();
	s.plan.needs_hold = true;
	s.l.hold_ns = 0;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 400, RZ_ACT_TRY, 0);
}

/* A hold stands between the last check and a FIN, or SOCK_DESTROY. */
static void test_a_bridge(void **state)
{
	struct story s;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		s = begin();
		s.plan.gap_only = true;
		if (i)
			s.l.one_step = false;
		else
			s.plan.close = RZ_CLOSE_FIN;
		then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
		then(&s, 400, RZ_ACT_HOLD, 0);
		assert_true(s.w.bridge);
		/* a segment may be between the segment program and TCP */
		then(&s, 9, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
		then(&s, 1, RZ_ACT_TRY, 0);
		/* a request is dropped: it was no gap, and its library must not be held */
		s.e.held = s.e.fresh = 1;
		s.e.repeated = false;
		then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_HELD);
		assert_int_equal(s.w.phase, RZ_PHASE_GAP);
		then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_NOT_REPEATED);
		s.e.repeated = true;
		then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
		then(&s, 400, RZ_ACT_HOLD, 0);
		then(&s, 10, RZ_ACT_TRY, 0);
	}
}

/* TCP has bytes that were not read: only what a hold drops could tell what they were. A bridge
 * ends, and lets it. */
static void test_a_hold_in_vain(void **state)
{
	struct story s = begin();

	(void)state;
	unanswered(&s, true);
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 1000, RZ_ACT_HOLD, 0);
	unanswered(&s, false);
	then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 400, RZ_ACT_TRY, 0);
	refuse(&s, RZ_CHECK_UNREAD, RZ_ACT_WAIT, RZ_CHECK_UNREAD);
	refuse(&s, RZ_CHECK_UNSEEN, RZ_ACT_GIVE_UP, RZ_CHECK_UNSEEN);
	s = begin();
	s.plan.close = RZ_CLOSE_FIN;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 400, RZ_ACT_HOLD, 0);
	then(&s, 10, RZ_ACT_TRY, 0);
	refuse(&s, RZ_CHECK_UNSEEN, RZ_ACT_WAIT, RZ_CHECK_UNSEEN);
	assert_int_equal(s.w.phase, RZ_PHASE_GAP);
}

/* Behind its deadline BPF drops nothing: no check of two steps then. */
static void test_a_bridge_ends(void **state)
{
	struct story s = begin();

	(void)state;
	s.plan.close = RZ_CLOSE_FIN;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 400, RZ_ACT_HOLD, 0);
	then(&s, 5000, RZ_ACT_GIVE_UP, RZ_CHECK_HOLD_ENDS);
	/* and none is begun again and again for ever */
	s = begin();
	s.plan.close = RZ_CLOSE_FIN;
	s.l.settle_ns = 0;
	then(&s, 0, RZ_ACT_HOLD, 0);
	then(&s, 10, RZ_ACT_TRY, 0);
	refuse(&s, RZ_CHECK_UNACKED, RZ_ACT_WAIT, RZ_CHECK_UNACKED);
	then(&s, 2, RZ_ACT_HOLD, 0);
	then(&s, 10, RZ_ACT_TRY, 0);
	s.now_ns = T0 + 6500 * MS;
	refuse(&s, RZ_CHECK_UNACKED, RZ_ACT_HOLD, 0); /* its time to be held has come */
	assert_false(s.w.bridge);
	s = begin();
	s.plan = (struct rz_plan){.close = RZ_CLOSE_FIN, .gap_only = true};
	s.l.settle_ns = 0;
	then(&s, 0, RZ_ACT_HOLD, 0);
	s.e.held = s.e.fresh = 1;
	then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_HELD);
	then(&s, 2, RZ_ACT_HOLD, 0);
	s.e.held = s.e.fresh = 2;
	then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_HELD);
	then(&s, 6000, RZ_ACT_GIVE_UP, RZ_CHECK_HELD);
}

static void test_the_last_check_says_no(void **state)
{
	struct story s = begin();

	(void)state;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 400, RZ_ACT_TRY, 0);
	refuse(&s, RZ_CHECK_UNREAD, RZ_ACT_WAIT, RZ_CHECK_UNREAD);
	then(&s, 99, RZ_ACT_WAIT, RZ_CHECK_UNREAD);
	then(&s, 1, RZ_ACT_TRY, 0);
	/* with no time to settle, its time is over all the same */
	s = begin();
	s.l = (struct rz_wait_limits){.one_step = true};
	then(&s, 0, RZ_ACT_TRY, 0);
	refuse(&s, RZ_CHECK_UNREAD, RZ_ACT_GIVE_UP, RZ_CHECK_UNREAD);
}

static void test_silent(void **state)
{
	struct story s = begin();

	(void)state;
	s.e.request_seen = s.e.followed = false;
	s.e.whole.out = s.e.part.out = RZ_CHECK_NOT_FOLLOWED;
	s.e.request_ns = T0 - 1;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_NOT_FOLLOWED);
	then(&s, 6000, RZ_ACT_GIVE_UP, RZ_CHECK_SILENT);
	s.e.request_ns = T0;
	then(&s, 0, RZ_ACT_GIVE_UP, RZ_CHECK_NOT_FOLLOWED);
	s.e.watched = false;
	then(&s, 0, RZ_ACT_GIVE_UP, RZ_CHECK_NOT_WATCHED);
}

/* Responses that are followed late still get their gap, and a pause that began in time its time to
 * settle. */
static void test_late(void **state)
{
	struct story s = begin();

	(void)state;
	s.e.followed = false;
	s.e.whole.out = s.e.part.out = RZ_CHECK_NOT_FOLLOWED;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_NOT_FOLLOWED);
	s.e.followed = true;
	unanswered(&s, true);
	then(&s, 5900, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 900, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	unanswered(&s, false);
	then(&s, 50, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 399, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 1, RZ_ACT_TRY, 0);
}

/* What TCP may yet throw away is no ground for a close, whatever may be in flight. */
static void test_not_accepted(void **state)
{
	struct rz_conn c = {.seq_base = 1000, .frame.read_end = 1011};
	struct rz_destroy_seen tcp = {.received = 10};

	(void)state;
	assert_int_equal(rz_evidence_check(&c, NULL, &tcp, NULL, false), RZ_CHECK_NOT_ACCEPTED);
	c.frame.read_end = 1010;
	assert_int_equal(rz_evidence_check(&c, NULL, &tcp, NULL, false), RZ_CHECK_PASSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_gap),
		cmocka_unit_test(test_nothing_to_wait_for),
		cmocka_unit_test(test_a_hold),
		cmocka_unit_test(test_a_hold_ends),
		cmocka_unit_test(test_a_part),
		cmocka_unit_test(test_never_held),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_needs_a_hold),
		cmocka_unit_test(test_a_bridge),
		cmocka_unit_test(test_a_bridge_ends),
		cmocka_unit_test(test_a_hold_in_vain),
		cmocka_unit_test(test_the_last_check_says_no),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_not_accepted),
	};

	return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
