/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the network process gives up before it talks to anybody.
 *
 * Comes in: the user to become. Goes out: a process without root, capabilities or writable files,
 * that may make the system calls of an HTTP client and no others: each other one fails with EPERM.
 * Called by user/source.c.
 */
#ifndef RZ_SOURCE_CONFINE_H
#define RZ_SOURCE_CONFINE_H

#include <stdint.h>
#include <sys/types.h>

struct rz_confined {
	uint32_t how; /* RZ_CONFINED_ of report/report.h */
	/* Where forbidden calls come out, for the daemon, which answers and counts them; -1: the
	 * kernel answers, and nobody counts. Must be closed once it is passed on: who has it can
	 * permit a call. */
	int calls;
};

/* It ends with `parent`. 0 or -errno, logged. */
int rz_confine(uid_t uid, pid_t parent, struct rz_confined *ret);

#endif
