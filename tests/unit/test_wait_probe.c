// SPDX-License-Identifier: Apache-2.0
/* user/move/wait.c: a hold without a close, which is to tell a library. Whose: test_probe.c. */
#include "wait.h"

/* Once its gap was waited for in vain it is held for a moment, and looked at. */
static void test_a_probe(void **state)
{
	struct story s = begin();

	(void)state;
	unanswered(&s, true);
	s.plan.gap_only = s.plan.probe = true;
	s.plan.tells_from = 10;
	s.e.deepest = 10; /* its library may be any yet */
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 5999, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 1, RZ_ACT_HOLD, 0);
	assert_int_equal(s.w.deadline_ns, s.now_ns + 2000 * MS);
	assert_false(s.w.bridge);
	/* nothing is closed, whatever comes: what is held is not sent again by some */
	s.e.held = s.e.fresh = 1;
	s.e.repeated = false;
	unanswered(&s, false);
	then(&s, 1999, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	assert_int_equal(s.w.phase, RZ_PHASE_HOLD);
	then(&s, 1, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	assert_int_equal(s.w.phase, RZ_PHASE_GAP);
	assert_int_equal(s.w.deadline_ns, 0);
	then(&s, 1000, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	s.e.repeated = true;
	then(&s, 2, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	then(&s, 999, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	then(&s, 1, RZ_ACT_GIVE_UP, RZ_CHECK_PROBED);
	/* what was dropped does not come again */
	s.e.repeated = false;
	s.w.quiet_ns = 0;
	then(&s, 2000, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	then(&s, 1000, RZ_ACT_GIVE_UP, RZ_CHECK_PROBED);
}

/* What tells its library ends it at once: with a probe, or without one. */
static void test_a_probe_tells(void **state)
{
	struct story s = begin();

	(void)state;
	unanswered(&s, true);
	s.plan.gap_only = s.plan.probe = true;
	s.plan.tells_from = 10;
	then(&s, 6000, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	then(&s, 1000, RZ_ACT_HOLD, 0);
	then(&s, 2000, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	s.e.deepest = 11;
	then(&s, 2, RZ_ACT_GIVE_UP, RZ_CHECK_PROBED);
	s = begin();
	unanswered(&s, true);
	s.plan.gap_only = s.plan.probe = true;
	s.plan.tells_from = 10;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
	s.e.deepest = 11;
	then(&s, 2, RZ_ACT_GIVE_UP, RZ_CHECK_PROBED);
	assert_false(s.w.probed_ns || s.w.held_ns);
	/* of one whose library is known it says nothing */
	s = begin();
	unanswered(&s, true);
	s.e.deepest = 255;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_UNANSWERED);
}

/* It must not be closed if it is that library, not in a gap either. */
static void test_a_probe_only(void **state)
{
	struct story s = begin();

	(void)state;
	s.plan.probe = s.plan.probe_only = true;
	s.plan.tells_from = 10;
	s.e.followed =
		false; /* a hold would keep away the request that tells where responses are */
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_NOT_FOLLOWED);
	then(&s, 500, RZ_ACT_WAIT, RZ_CHECK_NOT_FOLLOWED);
	s.e.followed = true;
	then(&s, 400, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	then(&s, 1999, RZ_ACT_WAIT, RZ_CHECK_PROBED); /* its pace is looked at first */
	then(&s, 1, RZ_ACT_HOLD, 0);
	then(&s, 2000, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	then(&s, 1000, RZ_ACT_GIVE_UP, RZ_CHECK_PROBED);
	/* never followed: it was not probed */
	s = begin();
	s.plan.probe = s.plan.probe_only = true;
	s.e.followed = false;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_NOT_FOLLOWED);
	then(&s, 6000, RZ_ACT_GIVE_UP, RZ_CHECK_NOT_FOLLOWED);
	assert_int_equal(s.w.probed_ns, 0);
	/* nor where nobody may be held, or nothing is waited for */
	s = begin();
	s.plan.probe = s.plan.probe_only = true;
	s.l.hold_ns = 0;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	then(&s, 1000, RZ_ACT_GIVE_UP, RZ_CHECK_PROBED);
	assert_int_equal(s.w.probed_ns, 0);
	s = begin();
	s.plan.probe = s.plan.probe_only = s.l.at_once = true;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_PROBED);
}

/* How long one is held that sends so many requests in 2 s, and is told by more than `most` at once.
 */
static uint64_t held_for(uint32_t requests, uint8_t most, uint64_t hold_ms)
{
	struct story s = begin();

	s.plan.probe = s.plan.probe_only = true;
	s.plan.tells_from = most;
	s.l.hold_ns = hold_ms * MS;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	s.e.whole.must += requests;
	then(&s, 2000, RZ_ACT_HOLD, 0);
	assert_int_equal(s.w.probed_ns, s.now_ns);
	return (s.w.deadline_ns - s.now_ns) / MS;
}

/* For as long as enough requests for an answer take, within the longest hold. */
static void test_how_long(void **state)
{
	(void)state;
	assert_int_equal(held_for(100, 7, 5000), 2000);
	assert_int_equal(held_for(9, 7, 5000), 2000);
	assert_int_equal(held_for(6, 7, 5000), 2999); /* 3 a second: 9 in 3 s */
	assert_int_equal(held_for(5, 7, 5000), 3600);
	assert_int_equal(held_for(5, 3, 5000), 2000); /* 5 in 2 s are enough */
	assert_int_equal(held_for(2, 7, 5000), 5000); /* TCP's own pause makes it longer */
	assert_int_equal(held_for(1, 7, 5000), 2000); /* that would tell nothing */
	assert_int_equal(held_for(0, 7, 5000), 2000);
	assert_int_equal(held_for(5, 7, 1000), 1000);
}

/* What was dropped in the longest hold may come 4.5 s later, and is looked at for a second then. */
static void test_a_long_one_is_looked_at(void **state)
{
	struct story s = begin();

	(void)state;
	s.plan.probe = s.plan.probe_only = true;
	s.plan.tells_from = 7;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	s.e.whole.must += 2;
	then(&s, 2000, RZ_ACT_HOLD, 0);
	s.e.held = s.e.fresh = 1;
	s.e.repeated = false;
	then(&s, 5000, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	assert_int_equal(s.w.phase, RZ_PHASE_GAP);
	then(&s, 4499, RZ_ACT_WAIT, RZ_CHECK_PROBED);
	then(&s, 1, RZ_ACT_GIVE_UP, RZ_CHECK_PROBED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_probe),
		cmocka_unit_test(test_a_probe_tells),
		cmocka_unit_test(test_a_probe_only),
		cmocka_unit_test(test_how_long),
		cmocka_unit_test(test_a_long_one_is_looked_at),
	};

	return cmocka_run_group_tests_name("wait_probe", tests, NULL, NULL);
}
