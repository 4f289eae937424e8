// SPDX-License-Identifier: Apache-2.0
/* user/move/jobs.c with stand-ins for the kernel and for wait.c: what is decided is done, and what
 * cannot be done ends the move. */
#include "unit.h"

#include <errno.h>
#include <bpf/bpf.h>

#include "kern/follow.h"
#include "kern/held.h"
#include "kern/watch.h"
#include "move/close.h"
#include "move/jobs.h"

/* ---- the kernel ---- */

static struct {
	enum rz_phase shown; /* in map moves */
	int show_fails;	     /* from the how manyth on; 0: never */
	int shows;
	bool holds; /* map holds has the entry */
	int made;   /* ... that was made so often */
	enum rz_wide wide;
	size_t kept; /* rows that go on being followed when the moves are over */
	int watch_err, follow_err, close_err;
	bool follows; /* map follow has the entry */
	struct rz_follow_terms terms;
	int closes;
	struct rz_decision decision; /* of each step */
} kernel;

const struct rz_maps *rz_kern_maps(const struct rz_kern *k)
{
	static const struct rz_maps maps;

	(void)k;
	return &maps;
}

bool rz_kern_can_walk(const struct rz_kern *k)
{
	(void)k;
	return true;
}

int rz_kern_watch(struct rz_kern *k, uint64_t cgroup)
{
	(void)k, (void)cgroup;
	return kernel.watch_err;
}

void rz_kern_watch_no_more(struct rz_kern *k, const struct rz_watched *keep, size_t n)
{
	(void)k, (void)keep;
	kernel.kept = n;
}

enum rz_wide rz_kern_watch_wide(const struct rz_kern *k)
{
	(void)k;
	return kernel.wide;
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	(void)fd, (void)key, (void)value;
	if (flags == BPF_NOEXIST && kernel.holds) {
		errno = EEXIST;
		return -1;
	}
	kernel.holds = true;
	kernel.made++;
	return 0;
}

int bpf_map_delete_elem(int fd, const void *key)
{
	(void)fd, (void)key;
	kernel.holds = false;
	return 0;
}

bool rz_held_needs_watch(const struct rz_maps *maps, uint64_t cookie, uint64_t now_ns)
{
	(void)maps, (void)cookie, (void)now_ns;
	return false;
}

struct rz_follow_key rz_follow_key_of(uint64_t client, const struct rz_tuple *t, uint32_t netns)
{
	(void)client, (void)t, (void)netns;
	return (struct rz_follow_key){};
}

int rz_follow_begin(struct rz_kern *k, const struct rz_follow_key *key,
		    const struct rz_follow_terms *terms)
{
	(void)k, (void)key;
	kernel.terms = *terms;
	kernel.follows = !kernel.follow_err;
	return kernel.follow_err;
}

void rz_follow_end(const struct rz_maps *maps, const struct rz_follow_key *key)
{
	(void)maps, (void)key;
	kernel.follows = false;
}

int rz_close_show(const struct rz_maps *maps, const struct rz_job *j, enum rz_phase phase,
		  uint64_t now_ns)
{
	(void)maps, (void)j, (void)now_ns;
	if (kernel.show_fails && ++kernel.shows >= kernel.show_fails)
		return -E2BIG;
	kernel.shown = phase;
	return 0;
}

void rz_close_find(struct rz_job **jobs, size_t n)
{
	(void)jobs, (void)n;
}

void rz_close_run(struct rz_kern *k, struct rz_job **jobs, size_t n, __u64 *checks, uint64_t now_ns)
{
	(void)k, (void)checks, (void)now_ns;
	assert_int_equal(n, 1);
	kernel.closes++;
	jobs[0]->error = kernel.close_err;
}

void rz_evidence_read(const struct rz_maps *maps, uint64_t cookie, struct rz_move_evidence *ret)
{
	(void)maps, (void)cookie;
	*ret = (struct rz_move_evidence){.tracked = true, .watched = true};
}

/* ---- what wait.c decides ---- */

struct rz_wait rz_wait_begin(uint64_t now_ns)
{
	return (struct rz_wait){.phase = RZ_PHASE_GAP, .begun_ns = now_ns};
}

static struct rz_decision decided(struct rz_wait *w)
{
	if (kernel.decision.act == RZ_ACT_HOLD)
		w->phase = RZ_PHASE_HOLD;
	return kernel.decision;
}

struct rz_decision rz_wait_decide(struct rz_wait *w, const struct rz_plan *plan,
				  const struct rz_move_evidence *e, const struct rz_wait_limits *l,
				  uint64_t now_ns)
{
	(void)plan, (void)e, (void)l, (void)now_ns;
	return decided(w);
}

struct rz_decision rz_wait_refused(struct rz_wait *w, const struct rz_plan *plan,
				   const struct rz_move_evidence *e, const struct rz_wait_limits *l,
				   enum rz_check check, uint64_t now_ns)
{
	(void)w, (void)plan, (void)e, (void)l, (void)now_ns;
	return (struct rz_decision){RZ_ACT_WAIT, check};
}

/* ---- the tests ---- */

static struct rz_listening listening;
static struct rz_catching catching;

static struct rz_jobs another_job(void)
{
	struct rz_jobs jobs = {.together = 1,
			       .listen_ns = 1000,
			       .listening = &listening,
			       .catching = &catching,
			       .limits.hold_ns = 5,
			       .rows = calloc(1, sizeof(struct rz_job)),
			       .n = 1};

	assert_non_null(jobs.rows);
	jobs.rows[0].c.cookie = 1;
	rz_jobs_begin(&jobs);
	return jobs;
}

static struct rz_jobs one_job(void)
{
	memset(&kernel, 0, sizeof(kernel));
	memset(&listening, 0, sizeof(listening));
	memset(&catching, 0, sizeof(catching));
	return another_job();
}

static void ended(struct rz_jobs *jobs, int error)
{
	assert_int_equal(jobs->rows[0].error, error);
	assert_int_equal(jobs->rows[0].phase, error ? RZ_PHASE_REFUSED : RZ_PHASE_DONE);
	assert_false(kernel.holds);
	rz_jobs_end(jobs);
}

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

/* No request comes: it is given up, and listened to. */
static void falls_silent(struct rz_jobs *jobs, uint64_t now_ns)
{
	kernel.decision = (struct rz_decision){RZ_ACT_GIVE_UP, RZ_CHECK_SILENT};
	assert_false(rz_jobs_step(jobs, now_ns));
	assert_int_equal(jobs->rows[0].error, -ETIMEDOUT);
}

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
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_waits_holds_closes),
					   cmocka_unit_test(test_gives_up),
					   cmocka_unit_test(test_no_room_in_moves),
					   cmocka_unit_test(test_not_watched),
					   cmocka_unit_test(test_follow),
					   cmocka_unit_test(test_listens),
					   cmocka_unit_test(test_catches),
					   cmocka_unit_test(test_does_not_catch),
					   cmocka_unit_test(test_listens_no_more),
					   cmocka_unit_test(test_does_not_listen),
					   cmocka_unit_test(test_listens_beside_an_operator),
					   cmocka_unit_test(test_listens_to_few),
					   cmocka_unit_test(test_listens_fairly),
					   cmocka_unit_test(test_listens_for_so_long),
					   cmocka_unit_test(test_cancelled)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
