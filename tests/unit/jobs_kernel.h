/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A move of user/move/jobs.c with stand-ins for the kernel and for wait.c. Its functions stand in
 * the place of the product's, so one file of a program includes it.
 */
#ifndef TESTS_UNIT_JOBS_KERNEL_H
#define TESTS_UNIT_JOBS_KERNEL_H

#include "unit.h"

#include <errno.h>
#include <bpf/bpf.h>

#include "kern/follow.h"
#include "kern/held.h"
#include "kern/watch.h"
#include "move/close.h"
#include "move/jobs.h"

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

struct rz_wait rz_wait_begin(uint64_t now_ns)
{
	return (struct rz_wait){.phase = RZ_PHASE_GAP, .begun_ns = now_ns};
}

static inline struct rz_decision decided(struct rz_wait *w)
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

static struct rz_listening listening;
static struct rz_catching catching;

static inline struct rz_jobs another_job(void)
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

static inline struct rz_jobs one_job(void)
{
	memset(&kernel, 0, sizeof(kernel));
	memset(&listening, 0, sizeof(listening));
	memset(&catching, 0, sizeof(catching));
	return another_job();
}

static inline void ended(struct rz_jobs *jobs, int error)
{
	assert_int_equal(jobs->rows[0].error, error);
	assert_int_equal(jobs->rows[0].phase, error ? RZ_PHASE_REFUSED : RZ_PHASE_DONE);
	assert_false(kernel.holds);
	rz_jobs_end(jobs);
}

/* No request comes: it is given up, and listened to. */
static inline void falls_silent(struct rz_jobs *jobs, uint64_t now_ns)
{
	kernel.decision = (struct rz_decision){RZ_ACT_GIVE_UP, RZ_CHECK_SILENT};
	assert_false(rz_jobs_step(jobs, now_ns));
	assert_int_equal(jobs->rows[0].error, -ETIMEDOUT);
}

#endif
