// SPDX-License-Identifier: Apache-2.0
/* user/move/jobs.c: what wait.c decides is done, and what cannot be done ends the move. */
#include "jobs_kernel.h"

static void test_waits_holds_closes(void **state)
{
	struct rz_jobs jobs = one_job();

	(void)state;
	assert_true(rz_jobs_step(&jobs, 1));
	assert_int_equal(kernel.shown, RZ_PHASE_GAP);
	assert_true(kernel.holds);
	kernel.decision.act = RZ_ACT_HOLD;
	assert_true(rz_jobs_step(&jobs, 2));
	assert_int_equal(kernel.shown, RZ_PHASE_HOLD);
	kernel.decision.act = RZ_ACT_TRY;
	assert_false(rz_jobs_step(&jobs, 3));
	assert_int_equal(kernel.closes, 1);
	ended(&jobs, 0);
}

static void test_gives_up(void **state)
{
	struct rz_jobs jobs = one_job();

	(void)state;
	kernel.decision = (struct rz_decision){RZ_ACT_GIVE_UP, RZ_CHECK_SETTLING};
	assert_false(rz_jobs_step(&jobs, 1));
	assert_int_equal(jobs.rows[0].check, RZ_CHECK_SETTLING);
	ended(&jobs, -ETIMEDOUT);
}

/* A hold that BPF does not know of holds nothing back. */
static void test_no_room_in_moves(void **state)
{
	struct rz_jobs jobs = one_job();

	(void)state;
	kernel.show_fails = 1;
	assert_false(rz_jobs_step(&jobs, 1));
	ended(&jobs, -E2BIG);

	jobs = one_job();
	kernel.show_fails = 2;
	assert_true(rz_jobs_step(&jobs, 1));
	kernel.decision.act = RZ_ACT_HOLD;
	assert_false(rz_jobs_step(&jobs, 2));
	ended(&jobs, -E2BIG);
}

static void test_not_watched(void **state)
{
	struct rz_jobs jobs = one_job();

	(void)state;
	kernel.watch_err = -ENOENT;
	assert_false(rz_jobs_step(&jobs, 1));
	ended(&jobs, -ENOBUFS);
}

/* Who is to be followed is not closed while that cannot be; nor followed where the close fails. */
static void test_follow(void **state)
{
	struct rz_jobs jobs = one_job();

	(void)state;
	jobs.rows[0].c.plan.follow = true;
	kernel.decision.act = RZ_ACT_TRY;
	kernel.follow_err = -EBUSY;
	assert_true(rz_jobs_step(&jobs, 1));
	assert_int_equal(kernel.closes, 0);
	kernel.follow_err = 0;
	kernel.close_err = -EAGAIN;
	assert_true(rz_jobs_step(&jobs, 2));
	assert_int_equal(kernel.closes, 1);
	assert_false(kernel.follows);
	kernel.close_err = 0;
	assert_false(rz_jobs_step(&jobs, 3));
	assert_true(kernel.follows);
	assert_int_equal(kernel.terms.idle_ns, RZ_FOLLOW_IDLE_NS);
	assert_int_equal(kernel.terms.for_ns, RZ_FOLLOW_DEAD_NS);
	assert_int_equal(kernel.terms.software, 0);
	ended(&jobs, 0);
	/* one that had said nothing for a while may not be back before it writes next */
	jobs = one_job();
	jobs.rows[0].c.plan.follow = true;
	jobs.rows[0].c.request_ns = 1;
	kernel.decision.act = RZ_ACT_TRY;
	assert_false(rz_jobs_step(&jobs, 1 + RZ_SELDOM_NS));
	assert_int_equal(kernel.terms.idle_ns, RZ_FOLLOW_SELDOM_NS);
	assert_int_equal(kernel.terms.for_ns, RZ_FOLLOW_SELDOM_NS);
	assert_int_equal(kernel.terms.hold_ns, RZ_FOLLOW_DEAD_NS);
	ended(&jobs, 0);
}

static void test_cancelled(void **state)
{
	struct rz_jobs jobs = one_job();

	(void)state;
	assert_true(rz_jobs_step(&jobs, 1));
	rz_jobs_cancel(&jobs, &jobs.rows[0], 2);
	assert_false(rz_jobs_step(&jobs, 3));
	ended(&jobs, -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_holds_closes),
		cmocka_unit_test(test_gives_up),
		cmocka_unit_test(test_no_room_in_moves),
		cmocka_unit_test(test_not_watched),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
