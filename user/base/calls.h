/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of system calls that a process may make from now on, by seccomp.
 *
 * Comes in: the list. Goes out: a process in which each other call fails with EPERM. Called by
 * enter/confine.c in rezone-enter and source/confine.c in rezone-source: in no other program, and
 * so not in librezone.a.
 */
#ifndef RZ_BASE_CALLS_H
#define RZ_BASE_CALLS_H

#include <seccomp.h>
#include <stddef.h>

/* A call with some arguments only. */
struct rz_call {
	int call;
	struct scmp_arg_cmp arg;
	int refused; /* 0: allowed; else it fails with this error, and is not counted */
};

struct rz_calls {
	const char *who;    /* for the log: "source" */
	const int *allowed; /* whatever the arguments */
	size_t n_allowed;
	const struct rz_call *narrowed;
	size_t n_narrowed;
};

/* *ret_fd: where forbidden calls come out, for the daemon, which answers and counts them; -1: the
 * kernel answers, and nobody counts. It must be closed once it is passed on: who has it can permit
 * a call. 0 or -errno, logged. */
int rz_calls_forbid_others(const struct rz_calls *list, int *ret_fd);

#endif
