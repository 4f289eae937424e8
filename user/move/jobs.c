// SPDX-License-Identifier: Apache-2.0
/* A tick's moves, under way together, see jobs.h. */
#include "move/jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "kern/follow.h"
#include "kern/held.h"
#include "kern/told.h"
#include "kern/watch.h"
#include "move/close.h"
#include "move/follow.h"
#include "rezone/responses.h"

/* BPF lets all pass after that */
#define CATCH_FOR_NS (RZ_FOLLOW_MAX_S * 1000000000ULL)

static struct rz_job **pointers(const struct rz_jobs *jobs)
{
	return calloc(jobs->n + 1, sizeof(struct rz_job *));
}

void rz_jobs_begin(struct rz_jobs *jobs)
{
	_cleanup_free_ struct rz_job **all = pointers(jobs);
	size_t i;

	jobs->limits.one_step = rz_kern_can_walk(jobs->kern);
	for (i = 0; i < jobs->n; i++)
		jobs->rows[i].gap = rz_wait_needs_gap(&jobs->rows[i].c.plan, &jobs->limits);
	for (i = 0; all && i < jobs->n; i++)
		all[i] = &jobs->rows[i];
	if (all)
		rz_close_find(all, jobs->n);
}

static void note_end(struct rz_job *j, int error, enum rz_check check, uint64_t now_ns)
{
	j->error = error;
	j->check = check;
	j->ended_ns = now_ns;
	j->phase = error ? RZ_PHASE_REFUSED : RZ_PHASE_DONE;
}

/*
 * Was nothing heard of this connection, so that its responses go on being followed? Not where every
 * packet of the whole cgroup would pay for it. Nor of a library that comes home only if a request
 * of its is held back: that one must come while its move waits. Of an operator's move only if the
 * policy listens to it already: the operator has an answer, and can ask again.
 */
static bool listens(struct rz_jobs *jobs, const struct rz_job *j, int error, enum rz_check check)
{
	struct rz_watched row = {.cookie = j->c.cookie,
				 .cgroup = j->cgroup,
				 .until_ns = j->wait.begun_ns + jobs->listen_ns};

	memcpy(row.addr, j->c.addr, sizeof(row.addr));
	if (error != -ETIMEDOUT || check != RZ_CHECK_SILENT || rz_kern_watch_wide(jobs->kern))
		return false;
	if (j->c.by_hand)
		return rz_listening_has(jobs->listening, j->c.cookie);
	return jobs->listen_ns && !j->c.plan.needs_hold && rz_listening_add(jobs->listening, &row);
}

static struct rz_follow_key follow_key(const struct rz_job *j)
{
	return rz_follow_key_of(j->c.client, &j->c.tuple, j->c.netns);
}

/* Of a client that would not miss this connection, and that may write on its next one only, that
 * one is waited for: nothing was heard of this one, or the client has ended it meanwhile. */
static bool catches(struct rz_jobs *jobs, const struct rz_job *j, int error)
{
	struct rz_caught row = {.key = follow_key(j), .c = j->c};
	struct rz_follow_terms terms = {.moved = j->c.cookie,
					.for_ns = jobs->listen_ns < CATCH_FOR_NS ? jobs->listen_ns
										 : CATCH_FOR_NS,
					.hold_ns = jobs->limits.hold_ns,
					.software = j->c.software};

	if (!j->c.plan.catches || j->c.by_hand || !jobs->listen_ns ||
	    !(j->listened || error == -ENOENT) || !rz_catching_has_room(jobs->catching, &row.key))
		return false;
	row.c.from_zone = row.c.to_zone = NULL;
	rz_str_copy(row.from_zone, sizeof(row.from_zone), j->from_zone);
	rz_str_copy(row.to_zone, sizeof(row.to_zone), j->to_zone);
	return !rz_follow_begin(jobs->kern, &row.key, &terms) &&
	       rz_catching_add(jobs->catching, &row);
}

/* It is over, with this result. */
static void end(struct rz_jobs *jobs, struct rz_job *j, int error, enum rz_check check,
		uint64_t now_ns)
{
	const struct rz_maps *maps = rz_kern_maps(jobs->kern);

	note_end(j, error, check, now_ns);
	rz_evidence_read(maps, j->c.cookie, &j->seen); /* what was dropped until the very end */
	if (j->c.plan.probe && (j->wait.probed_ns || j->seen.deepest > j->c.plan.tells_from))
		j->noted = !rz_told_note_move(maps, j->c.cookie, j->seen.deepest,
					      j->wait.probed_ns != 0);
	j->listened = listens(jobs, j, error, check);
	j->caught = catches(jobs, j, error);
	if (!j->listened)
		rz_listening_end(jobs->listening, j->c.cookie);
	if (!j->listened && (!error || !rz_held_needs_watch(maps, j->c.cookie, rz_now_ns())))
		bpf_map_delete_elem(maps->holds, &j->c.cookie);
	j->wait.deadline_ns = 0;
	rz_close_show(maps, j, j->phase, now_ns);
}

void rz_jobs_end(struct rz_jobs *jobs)
{
	size_t i;

	for (i = 0; i < jobs->n; i++)
		if (rz_job_under_way(&jobs->rows[i]))
			end(jobs, &jobs->rows[i], -ECANCELED, RZ_CHECK_PASSED, 0);
	if (jobs->n && rz_kern_watch_wide(jobs->kern))
		jobs->listening->n = 0; /* the links at their own cgroups have ended */
	if (jobs->n)
		rz_kern_watch_no_more(jobs->kern, jobs->listening->rows, jobs->listening->n);
	free(jobs->rows);
	jobs->rows = NULL;
	jobs->n = 0;
}

/* An entry of map holds; one that is listened to goes on with its own, and what that knows. */
static int make_entry(struct rz_jobs *jobs, uint64_t cookie)
{
	bool goes_on = rz_listening_has(jobs->listening, cookie);
	static struct rz_hold entry; /* large */

	entry = (struct rz_hold){.cookie = cookie};
	if (!bpf_map_update_elem(rz_kern_maps(jobs->kern)->holds, &cookie, &entry,
				 goes_on ? BPF_NOEXIST : BPF_ANY))
		return 0;
	return goes_on && errno == EEXIST ? 0 : -ENOBUFS;
}

static void begin(struct rz_jobs *jobs, struct rz_job *j, uint64_t now_ns)
{
	const struct rz_maps *maps = rz_kern_maps(jobs->kern);
	int err;

	j->wait = rz_wait_begin(now_ns);
	j->phase = j->wait.phase;
	if (!j->gap)
		return;
	err = rz_close_show(maps, j, j->phase, now_ns);
	if (!err && (rz_kern_watch(jobs->kern, j->cgroup) || make_entry(jobs, j->c.cookie)))
		err = -ENOBUFS;
	if (err)
		end(jobs, j, err, RZ_CHECK_NOT_WATCHED, now_ns);
}

static bool needs_gap(const struct rz_jobs *jobs, const struct rz_job *j)
{
	return rz_wait_needs_gap(&j->c.plan, &jobs->limits);
}

/* As many as may wait or be held at a time; of those that wait for nothing, all: they share a walk.
 */
static void begin_some(struct rz_jobs *jobs, uint64_t now_ns)
{
	size_t i, now = 0;

	for (i = 0; i < jobs->n; i++)
		now += rz_job_under_way(&jobs->rows[i]) && needs_gap(jobs, &jobs->rows[i]);
	for (i = 0; i < jobs->n; i++) {
		struct rz_job *j = &jobs->rows[i];

		if (j->phase != RZ_PHASE_WAIT || (needs_gap(jobs, j) && now >= jobs->together))
			continue;
		now += needs_gap(jobs, j);
		begin(jobs, j, now_ns);
	}
}

/* Does what was decided, but for TRY. BPF learns of a new phase by map moves: where that has no
 * room nothing would be held, so the move ends. */
static void apply(struct rz_jobs *jobs, struct rz_job *j, struct rz_decision d, uint64_t now_ns)
{
	int err;

	if (d.act == RZ_ACT_GIVE_UP) {
		end(jobs, j, -ETIMEDOUT, d.check, now_ns);
	} else if (d.act == RZ_ACT_HOLD || j->phase != j->wait.phase) {
		j->phase = j->wait.phase;
		err = rz_close_show(rz_kern_maps(jobs->kern), j, j->phase, now_ns);
		if (err)
			end(jobs, j, err, RZ_CHECK_NOT_WATCHED, now_ns);
	}
}

/* Decides on all that are under way. Returns how many are to be tried now: `tries`. */
static size_t decide(struct rz_jobs *jobs, struct rz_job **tries, uint64_t now_ns)
{
	size_t i, n = 0;

	for (i = 0; i < jobs->n; i++) {
		struct rz_job *j = &jobs->rows[i];
		struct rz_decision d;

		if (!rz_job_under_way(j))
			continue;
		/* what waits for nothing is tried at once, whatever the kernel knows */
		if (j->gap || j->wait.again_ns)
			rz_evidence_read(rz_kern_maps(jobs->kern), j->c.cookie, &j->seen);
		d = rz_wait_decide(&j->wait, &j->c.plan, &j->seen, &jobs->limits, now_ns);
		if (d.act == RZ_ACT_TRY)
			tries[n++] = j;
		else
			apply(jobs, j, d, now_ns);
	}
	return n;
}

/* After its close its client may not be here again before it writes next. */
static bool writes_seldom(const struct rz_jobs *jobs, const struct rz_job *j)
{
	return rz_listening_has(jobs->listening, j->c.cookie) ||
	       j->wait.begun_ns >= j->c.request_ns + RZ_SELDOM_NS;
}

static struct rz_follow_terms after_close(const struct rz_jobs *jobs, const struct rz_job *j)
{
	bool seldom = writes_seldom(jobs, j);

	return (struct rz_follow_terms){.moved = j->c.cookie,
					.for_ns = seldom ? RZ_FOLLOW_SELDOM_NS : RZ_FOLLOW_DEAD_NS,
					.hold_ns = RZ_FOLLOW_DEAD_NS,
					.idle_ns =
						seldom ? RZ_FOLLOW_SELDOM_NS : RZ_FOLLOW_IDLE_NS};
}

/* Before the close, for the client may be here again an instant after it. Who cannot be followed is
 * not closed now. Returns how many of `tries` are left. */
static size_t begin_follows(struct rz_jobs *jobs, struct rz_job **tries, size_t n, uint64_t now_ns)
{
	size_t i, left = 0;

	for (i = 0; i < n; i++) {
		struct rz_job *j = tries[i];
		struct rz_follow_key key = follow_key(j);
		struct rz_follow_terms terms = after_close(jobs, j);

		if (!j->c.plan.follow || !rz_follow_begin(jobs->kern, &key, &terms))
			tries[left++] = j;
		else
			apply(jobs, j,
			      rz_wait_refused(&j->wait, &j->c.plan, &j->seen, &jobs->limits,
					      RZ_CHECK_NO_FOLLOW, now_ns),
			      now_ns);
	}
	return left;
}

/* It was used after all, and has been closed: its client rests like any other that was moved, and
 * is not held on its next connection. */
static void catches_no_more(struct rz_jobs *jobs, const struct rz_job *j)
{
	struct rz_follow_key key = follow_key(j);

	if (!rz_catching_find(jobs->catching, &key))
		return;
	rz_catching_end(jobs->catching, &key);
	rz_follow_end(rz_kern_maps(jobs->kern), &key);
}

/* Tries all whose moment it may be, in one walk for each network namespace. */
static void try_all(struct rz_jobs *jobs, struct rz_job **tries, size_t n, uint64_t now_ns)
{
	size_t i;

	n = begin_follows(jobs, tries, n, now_ns);
	if (n)
		rz_close_run(jobs->kern, tries, n, jobs->checks, now_ns);
	for (i = 0; i < n; i++) {
		struct rz_job *j = tries[i];
		struct rz_follow_key key = follow_key(j);

		if (j->error && j->c.plan.follow)
			rz_follow_end(rz_kern_maps(jobs->kern), &key);
		if (!j->error)
			catches_no_more(jobs, j);
		if (j->error == -EAGAIN)
			apply(jobs, j,
			      rz_wait_refused(&j->wait, &j->c.plan, &j->seen, &jobs->limits,
					      j->check, now_ns),
			      now_ns);
		else if (j->gap)
			end(jobs, j, j->error, j->check, now_ns);
		else /* there was no hold, and rz_close_run() has published it */
			note_end(j, j->error, j->check, now_ns);
	}
}

bool rz_jobs_has(const struct rz_jobs *jobs, uint64_t cookie)
{
	size_t i;

	for (i = 0; i < jobs->n; i++)
		if (jobs->rows[i].c.cookie == cookie && rz_job_under_way(&jobs->rows[i]))
			return true;
	return false;
}

void rz_jobs_cancel(struct rz_jobs *jobs, struct rz_job *j, uint64_t now_ns)
{
	if (rz_job_under_way(j)) {
		end(jobs, j, -ECANCELED, RZ_CHECK_PASSED, now_ns);
	} else if (j->phase == RZ_PHASE_WAIT) {
		j->error = -ECANCELED;
		j->phase = RZ_PHASE_REFUSED;
	}
}

bool rz_jobs_step(struct rz_jobs *jobs, uint64_t now_ns)
{
	_cleanup_free_ struct rz_job **tries = pointers(jobs);
	size_t i;

	begin_some(jobs, now_ns);
	if (tries)
		try_all(jobs, tries, decide(jobs, tries, now_ns), now_ns);
	for (i = 0; i < jobs->n; i++)
		if (rz_job_under_way(&jobs->rows[i]) || jobs->rows[i].phase == RZ_PHASE_WAIT)
			return true;
	return false;
}
