/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has this process the rights that rezone needs? Asked before anything is made, because the kernel
 * answers EPERM to a program without them as it does for other reasons.
 *
 * Called by daemon/life.c, cmd/check.c and, in rezone-enter, by enter/confine.c.
 */
#ifndef RZ_KERN_CAPS_H
#define RZ_KERN_CAPS_H

#include <stddef.h>

/* Who needs a capability. */
#define RZ_CAPS_START	 1 /* the daemon, until its programs are loaded */
#define RZ_CAPS_DAEMON	 2 /* ... as long as it runs */
#define RZ_CAPS_CHILDREN 4 /* ... to start, and end, the processes without rights */
#define RZ_CAPS_ENTER	 8 /* rezone-enter */
#define RZ_CAPS_ALL	 15

/*
 * 0, or -EPERM with `why` filled: who the process is, or the capabilities without which nothing
 * goes. CAP_SYS_ADMIN has CAP_BPF and CAP_PERFMON in it.
 */
int rz_caps_check(char *why, size_t why_size);

/* 0, or -EPERM with `why` filled: what the other capabilities that this process lacks cost. */
int rz_caps_costs(char *why, size_t why_size);

/* Gives up every capability that none of `who` (RZ_CAPS_) needs, for good, for this process and for
 * the programs that it starts. A daemon that was given CAP_SYS_ADMIN and not CAP_BPF and
 * CAP_PERFMON, as by a container runtime that does not know these, keeps it. 0 or -errno. */
int rz_caps_keep(unsigned who);

#endif
