/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trial of the main job on this very machine: a child process makes a connection to itself in a
 * network namespace and a cgroup of its own, rezone tracks it and ends it, the child says whether
 * the reset, or the FIN, came. Called by cmd/check.c. Nobody else's connection is touched.
 */
#ifndef RZ_MOVE_TRIAL_H
#define RZ_MOVE_TRIAL_H

#include "kern/load.h"

/* The port the trial's connection uses; the programs must have been loaded for it. */
#define RZ_TRIAL_PORT 59092

enum rz_trial_way { RZ_TRIAL_WALK = 0, RZ_TRIAL_NETLINK, RZ_TRIAL_FIN };

/*
 * `cgroup`: directory of the cgroup that the programs are attached to. Returns 0 if the connection
 * was tracked and ended, else a -errno; `stage` then says in a few words what failed.
 */
int rz_trial_run(struct rz_kern *k, const char *cgroup, enum rz_trial_way way, const char **stage);

#endif
