/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has this process the rights that rezone needs? Asked before anything is made, because the kernel
 * answers EPERM to a program without them as it does for other reasons.
 *
 * Called by daemon/life.c and cmd/check.c.
 */
#ifndef RZ_KERN_CAPS_H
#define RZ_KERN_CAPS_H

#include <stddef.h>

/*
 * 0, or -EPERM with `why` filled: who the process is, or the capabilities that it lacks.
 * CAP_NET_ADMIN attaches programs and resets connections; CAP_SYS_ADMIN loads them (it has CAP_BPF
 * and CAP_PERFMON in it), enters the agents' network namespaces and mounts the BPF file system.
 */
int rz_caps_check(char *why, size_t why_size);

/* 0, or -EPERM with `why` filled: what the other capabilities that this process lacks cost. */
int rz_caps_costs(char *why, size_t why_size);

/* Gives up every capability that the daemon does not use, for good. 0 or -errno. */
int rz_caps_keep_used(void);

#endif
