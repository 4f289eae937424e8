/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tick's moves, under way together.
 *
 * Comes in: jobs. Goes out: what became of each. Called by daemon/moves.c every few milliseconds
 * while any is under way. Each step reads the evidence of every job (evidence.h), decides (wait.h)
 * and closes those whose moment it may be (close.h).
 *
 * A hold's deadline is in map moves and is kept by BPF: a daemon that dies leaves no hold behind.
 * What becomes of a client that leaves while it is held, and whose hold ends without a close, is
 * daemon/left.c's.
 */
#ifndef RZ_MOVE_JOBS_H
#define RZ_MOVE_JOBS_H

#include "kern/load.h"
#include "move/catch.h"
#include "move/job.h"
#include "move/listen.h"

struct rz_jobs {
	struct rz_wait_limits limits;
	size_t together;    /* that wait or are held at a time */
	uint64_t listen_ns; /* how long one on which no request came is listened to; 0: not */
	struct rz_listening *listening; /* the caller's, as the next; outlives these jobs */
	struct rz_catching *catching;
	struct rz_kern *kern;
	__u64 *checks; /* RZ_CHECK_COUNT: last checks that were not the walk's, by result */
	struct rz_job *rows;
	size_t n;
};

/* Begins with jobs->rows (malloc'ed; phase wait), which it takes over. */
void rz_jobs_begin(struct rz_jobs *jobs);
/* Cancels what is under way and frees the rows; `jobs` is the caller's. */
void rz_jobs_end(struct rz_jobs *jobs);

/* Is the move of this connection under way? */
bool rz_jobs_has(const struct rz_jobs *jobs, uint64_t cookie);

/* Cancels this one, if it is not over: -ECANCELED. Its hold ends. */
void rz_jobs_cancel(struct rz_jobs *jobs, struct rz_job *j, uint64_t now_ns);

/* One step; to be called again in a few milliseconds for as long as it returns true. */
bool rz_jobs_step(struct rz_jobs *jobs, uint64_t now_ns);

#endif
