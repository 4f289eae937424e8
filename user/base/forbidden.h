/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that the seccomp list of a process of ours forbids.
 *
 * Comes in: the listener of that list, on which the kernel keeps each such call waiting. Goes out:
 * EPERM, for each of them. Called by daemon/reporter_calls.c and kern/enter.c.
 */
#ifndef RZ_BASE_FORBIDDEN_H
#define RZ_BASE_FORBIDDEN_H

/* What a listener is called, see rz_pass_is(). */
#define RZ_FORBIDDEN_LISTENER "anon_inode:seccomp notify"

/* Answers one call. 0, and the call's number; -EAGAIN if none waits any more; other -errno if the
 * listener is of no use any more. */
int rz_forbidden_answer(int listener, int *ret_nr);

#endif
