/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One move, from the policy's decision to its event.
 *
 * Made by daemon/moves.c from a candidate; move/jobs.c lets it wait and has it closed
 * (move/close.h); daemon/moves.c tells how it ended.
 */
#ifndef RZ_MOVE_JOB_H
#define RZ_MOVE_JOB_H

#include <sys/types.h>

#include "move/wait.h"
#include "policy/candidate.h"

struct rz_job {
	struct rz_candidate c; /* its zones' names stand below: a topology may go meanwhile */
	char from_zone[RZ_ZONE_SIZE], to_zone[RZ_ZONE_SIZE];
	enum rz_phase phase; /* wait: not begun; gap, hold: under way; done, refused: over */
	bool gap;	     /* closed only while no request is in flight that must be answered */
	struct rz_wait wait;
	struct rz_move_evidence seen; /* at the latest step */
	bool noted;	 /* what it saw of its client's requests is kept (kern/told.h) */
	uint64_t cgroup; /* whose programs see its responses, 0: not known (kern/destroy.h) */
	bool walked;	 /* the latest walk has said what it found */
	pid_t owner_pid; /* of a FIN: the process that has the descriptor, 0: not known */
	int owner_fd;
	/* out: 0 it was closed; -ETIMEDOUT given up; -ECANCELED; rz_check_errno() of `check`;
	 * -ESRCH no process was found whose descriptor it is; other -errno: the close failed */
	int error;
	enum rz_check check; /* of a move that did not happen: the condition that was not met */
	uint64_t ended_ns;
	bool listened;	      /* out, of one that was given up: it is listened to (move/listen.h) */
	bool caught;	      /* out: its client's next connection is waited for (move/catch.h) */
	bool told, told_hold; /* the caller's: it has told what became of it, that it is held */
};

static inline bool rz_job_under_way(const struct rz_job *j)
{
	return j->phase == RZ_PHASE_GAP || j->phase == RZ_PHASE_HOLD;
}

static inline bool rz_job_is_over(const struct rz_job *j)
{
	return j->phase == RZ_PHASE_DONE || j->phase == RZ_PHASE_REFUSED;
}

/* Did the client notice its hold? A short hold between the last check and the close counts only if
 * it dropped a segment. */
static inline bool rz_job_was_held(const struct rz_job *j)
{
	return j->wait.held_ns && !(j->wait.bridge && j->seen.held == j->wait.held_before);
}

#endif
