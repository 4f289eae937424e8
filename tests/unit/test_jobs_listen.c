// SPDX-License-Identifier: Apache-2.0
/* user/move/jobs.c: a connection that says nothing is listened to after its move was given up, and
 * its client's next connection may be caught. */
#include "jobs_kernel.h"

static void test_listens(void **state)
{
	struct rz_jobs jobs = one_job();

	(void)state;
	falls_silent(&jobs, 5);
	assert_true(jobs.rows[0].listened);
	assert_true(kernel.holds);
	rz_jobs_end(&jobs);
	assert_int_equal(kernel.kept, 1);
	assert_int_equal(listening.rows[0].until_ns, 5 + 1000);
	/* its next move goes on with what is known, and ends it */
	jobs = another_job();
	kernel.decision.act = RZ_ACT_TRY;
	assert_false(rz_jobs_step(&jobs, 6));
	assert_int_equal(kernel.made, 1);
	assert_int_equal(kernel.closes, 1);
	ended(&jobs, 0);
	assert_int_equal(kernel.kept, 0);
}

static struct rz_jobs catching_job(void)
{
	struct rz_jobs jobs = one_job();

	jobs.rows[0].c.plan.catches = true;
	jobs.rows[0].c.software = 3;
	return jobs;
}

/* Its client's next connection is waited for, where it may be: nothing was heard of this one, or
 * its client has ended it. */
static void test_catches(void **state)
{
	struct rz_jobs jobs = catching_job();

	(void)state;
	falls_silent(&jobs, 5);
	assert_true(jobs.rows[0].listened && jobs.rows[0].caught && kernel.follows);
	assert_int_equal(kernel.terms.software, 3);
	assert_int_equal(kernel.terms.for_ns, 1000);
	assert_int_equal(kernel.terms.hold_ns, 5);
	assert_int_equal(catching.n, 1);
	rz_jobs_end(&jobs);
	jobs = catching_job();
	kernel.decision.act = RZ_ACT_TRY;
	kernel.close_err = -ENOENT;
	assert_false(rz_jobs_step(&jobs, 1));
	assert_true(jobs.rows[0].caught);
	ended(&jobs, -ENOENT);
	/* no longer than BPF acts by it */
	jobs = catching_job();
	jobs.listen_ns = 900 * 1000000000ULL;
	falls_silent(&jobs, 5);
	assert_int_equal(kernel.terms.for_ns, RZ_FOLLOW_MAX_S * 1000000000ULL);
	rz_jobs_end(&jobs);
}

/* It was used after all, and is closed by its next move: its client rests, and writes on its next
 * connection are not held back. */
static void test_catches_no_more(void **state)
{
	struct rz_jobs jobs;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		jobs = catching_job();
		falls_silent(&jobs, 5);
		rz_jobs_end(&jobs);
		assert_true(catching.n == 1 && kernel.follows);
		jobs = another_job();
		jobs.rows[0].c.plan.at_once = i;
		kernel.decision.act = RZ_ACT_TRY;
		assert_false(rz_jobs_step(&jobs, 6));
		ended(&jobs, 0);
		assert_int_equal(catching.n, 0);
		assert_false(kernel.follows);
	}
}

static void test_does_not_catch(void **state)
{
	struct rz_jobs jobs;
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		jobs = catching_job();
		jobs.rows[0].c.plan.catches = i != 0;
		jobs.rows[0].c.by_hand = i == 1;
		if (i == 2)
			jobs.listen_ns = 0;
		kernel.follow_err = i == 3 ? -EBUSY : 0;
		kernel.decision = (struct rz_decision){RZ_ACT_GIVE_UP, i == 4 ? RZ_CHECK_UNANSWERED
									      : RZ_CHECK_SILENT};
		assert_false(rz_jobs_step(&jobs, 5));
		assert_false(jobs.rows[0].caught || kernel.follows);
		assert_int_equal(catching.n, 0);
		rz_jobs_end(&jobs);
	}
}

/* Whatever else ends the next move ends the listening, too. */
static void test_listens_no_more(void **state)
{
	struct rz_jobs jobs = one_job();

	(void)state;
	falls_silent(&jobs, 5);
	rz_jobs_end(&jobs);
	jobs = another_job();
	kernel.decision = (struct rz_decision){RZ_ACT_GIVE_UP, RZ_CHECK_UNANSWERED};
	assert_false(rz_jobs_step(&jobs, 6));
	ended(&jobs, -ETIMEDOUT);
	assert_int_equal(listening.n, 0);
}

static void listens_not(struct rz_jobs *jobs)
{
	falls_silent(jobs, 5);
	assert_false(jobs->rows[0].listened);
	ended(jobs, -ETIMEDOUT);
	assert_int_equal(listening.n, 0);
}

static void test_does_not_listen(void **state)
{
	struct rz_jobs jobs = one_job();

	(void)state;
	jobs.listen_ns = 0;
	listens_not(&jobs);
	jobs = one_job();
	jobs.rows[0].c.plan.needs_hold = true;
	listens_not(&jobs);
	jobs = one_job();
	jobs.rows[0].c.by_hand = true;
	listens_not(&jobs);
	jobs = one_job();
	kernel.wide = RZ_WIDE_UNKNOWN;
	listens_not(&jobs);
}

/* By hand: what the policy listens to it goes on listening to. */
static void test_listens_beside_an_operator(void **state)
{
	struct rz_jobs jobs = one_job();

	(void)state;
	falls_silent(&jobs, 5);
	rz_jobs_end(&jobs);
	jobs = another_job();
	jobs.rows[0].c.by_hand = true;
	falls_silent(&jobs, 600);
	assert_true(kernel.holds);
	rz_jobs_end(&jobs);
	assert_int_equal(kernel.made, 1);
	assert_int_equal(kernel.kept, 1);
	assert_int_equal(listening.rows[0].until_ns, 5 + 1000);
}

static void test_listens_to_few(void **state)
{
	struct rz_watched row = {.cookie = 1};
	struct rz_listening l = {};

	(void)state;
	for (; row.cookie <= RZ_LISTEN_MAX; row.cookie++, row.addr[15]++)
		assert_true(rz_listening_add(&l, &row));
	assert_false(rz_listening_add(&l, &row));
	row.cookie = 7;
	assert_true(rz_listening_add(&l, &row));
	rz_listening_end(&l, 3);
	rz_listening_end(&l, 3);
	assert_int_equal(l.n, RZ_LISTEN_MAX - 1);
	assert_false(rz_listening_has(&l, 3));
	assert_true(rz_listening_has(&l, 7));
}

/* One address takes half of the places, and no place that another one has use for. */
static void test_listens_fairly(void **state)
{
	struct rz_watched row = {.cookie = 1};
	struct rz_listening l = {};

	(void)state;
	while (rz_listening_add(&l, &row))
		row.cookie++;
	assert_int_equal(l.n, RZ_LISTEN_MAX / 2);
	row.addr[0] = 1;
	while (rz_listening_add(&l, &row))
		row.cookie++;
	assert_int_equal(l.n, RZ_LISTEN_MAX / 2 + RZ_LISTEN_MAX / 4);
	row.addr[0] = 2;
	assert_true(rz_listening_add(&l, &row));
	row.addr[0] = 0; /* what is there goes on */
	row.cookie = 7;
	assert_true(rz_listening_add(&l, &row));
}

/* Who has said nothing for so long takes no place from another one. */
static void test_listens_for_so_long(void **state)
{
	struct rz_watched row = {.cookie = 1};
	struct rz_listening l = {};

	(void)state;
	for (; row.cookie <= RZ_LISTEN_MAX; row.cookie++, row.addr[15]++) {
		row.until_ns = row.cookie % 2 ? 100 : 200;
		assert_true(rz_listening_add(&l, &row));
	}
	rz_listening_end_old(&l, 99);
	assert_false(rz_listening_add(&l, &row));
	rz_listening_end_old(&l, 100);
	assert_int_equal(l.n, RZ_LISTEN_MAX / 2);
	assert_false(rz_listening_has(&l, 1) || rz_listening_has(&l, RZ_LISTEN_MAX - 1));
	assert_true(rz_listening_has(&l, 2) && rz_listening_has(&l, RZ_LISTEN_MAX));
	assert_true(rz_listening_add(&l, &row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listens),
		cmocka_unit_test(test_catches),
		cmocka_unit_test(test_catches_no_more),
		cmocka_unit_test(test_does_not_catch),
		cmocka_unit_test(test_listens_no_more),
		cmocka_unit_test(test_does_not_listen),
		cmocka_unit_test(test_listens_beside_an_operator),
		cmocka_unit_test(test_listens_to_few),
		cmocka_unit_test(test_listens_fairly),
		cmocka_unit_test(test_listens_for_so_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
