/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping a process that answers requests, also when it, or its keeper, is killed. The daemon
 * has given up the capabilities that these processes have, so it could start none of them again.
 *
 * They are three: the one that answers; its keeper, which starts it, and starts it again when it
 * ends; and a spare, which becomes the keeper when that one ends. The keeper starts the spare, too.
 * So any one of the three may end, and so may two that are not the keeper and its spare. A process
 * that ends again and again is started again later each time.
 *
 * Comes in: a pipe that the daemon holds. Its end of file ends keeper and spare; a byte ends the
 * process that answers. Goes out: processes. Called by user/enter.c.
 */
#ifndef RZ_ENTER_KEEP_H
#define RZ_ENTER_KEEP_H

#include <stdint.h>
#include <sys/types.h>

#define RZ_KEEP_KEEPER \
	"rezone-keeper" /* as ps(1) shows them; the one that answers keeps its name */
#define RZ_KEEP_SPARE "rezone-spare"

struct rz_keep {
	int pipe; /* the end to read; not for the process that answers */
	/* In the process that answers, `keeper` its parent: its exit status. */
	int (*answer)(const void *arg, pid_t keeper);
	/* Nobody answers any more, for this process has ended. */
	void (*ended)(pid_t pid);
	const void *arg;
	uint64_t again_ns; /* what ends is started again after so long; 60 times that at most */
};

/* Returns when the daemon has gone: 0, or -errno, logged. */
int rz_keep(const struct rz_keep *k);

#endif
