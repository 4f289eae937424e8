/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup of a trial: a child of the root, so that no other process's packets pass through the
 * trial's programs. It goes when the process that made it goes, however it ends: a small process
 * beside it waits for that and removes the cgroup. What is left nevertheless (both were killed)
 * goes at the next trial. Called by cmd/check.c.
 */
#ifndef RZ_MOVE_TRIAL_CGROUP_H
#define RZ_MOVE_TRIAL_CGROUP_H

struct rz_trial_cgroup {
	char path[4200];
	int lock;   /* its directory, locked for as long as it is in use */
	int alive;  /* closed when this process ends */
	int keeper; /* the process beside it, 0: none */
};

/* Makes it below `root`. 0 or -errno. */
int rz_trial_cgroup_make(const char *root, struct rz_trial_cgroup *ret);
void rz_trial_cgroup_remove(struct rz_trial_cgroup *c);

#endif
