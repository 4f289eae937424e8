/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are the programs still where they were put? A cgroup is removed and made again (kubelet, systemd
 * slices), a link is detached by hand, a second rezone attaches to the same cgroup, pins are
 * removed or a file system is mounted over them: nothing tells the daemon, so it looks.
 *
 * Comes in: the loaded programs. Goes out: facts; and their repair. What the facts mean is
 * daemon/selfcheck.c's.
 */
#ifndef RZ_KERN_ATTACHED_H
#define RZ_KERN_ATTACHED_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/load.h"

struct rz_attached {
	uint64_t cgroup;      /* id of the cgroup that was attached to */
	uint64_t path_cgroup; /* of the one that has its path now, 0: none has */
	uint64_t link_cgroup; /* of the one that the segment program's link is on, 0: none */
	uint32_t other;	      /* id of another rz_segment on that cgroup, for a port of ours; 0 */
	uint32_t pins_lost;   /* of ours: gone, hidden or another's */
	/* how often the kernel did not run the state program, for it interrupted itself on that CPU
	 * (Linux 6.1; before 5.12 it does not say) */
	uint64_t state_skipped;
};

/* 0 or -errno. */
int rz_kern_look(const struct rz_kern *k, struct rz_attached *ret);

/* Attaches anew, to the cgroup that has the path now. 0 or -errno, logged. No move may be under
 * way.
 */
int rz_kern_attach_again(struct rz_kern *k);

/* Pins again what is not in its place; the directories must be there, and locked. 0 or -errno,
 * logged. */
int rz_kern_pin_again(struct rz_kern *k);

#endif
