/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rezone-enter gives up before it reads the first request.
 *
 * Comes in: a process with the daemon's rights. Goes out: one with three capabilities at most
 * (RZ_CAPS_ENTER of kern/caps.h) that may make the system calls of enter/act.c and no others.
 * Called by user/enter.c.
 */
#ifndef RZ_ENTER_CONFINE_H
#define RZ_ENTER_CONFINE_H

#include <sys/types.h>

/* Capabilities, limits, descriptors; it ends with `parent`. 0 or -errno, logged; -ESRCH, not
 * logged: `parent` has ended already. */
int rz_enter_confine(pid_t parent);

/* The list of system calls. *ret_calls: where forbidden ones come out, for the daemon, which
 * answers and counts them; -1: the kernel answers, and nobody counts. It must be closed once it is
 * passed on: who has it can permit a call. 0 or -errno, logged. */
int rz_enter_forbid_calls(int *ret_calls);

#endif
