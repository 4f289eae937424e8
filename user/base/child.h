/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting other programs: any one, which is run to its end but not longer than it may take
 * (cmd/bugtool*.c, cmd/top.c), and those of rezone's own that run beside the daemon
 * (kern/enter_life.c, daemon/reporter_start.c).
 *
 * Comes in: argv, descriptors. Goes out: an exit status, or a process.
 */
#ifndef RZ_BASE_CHILD_H
#define RZ_BASE_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * argv[0] is looked up in PATH. Its stdin is empty, its stdout and stderr are out_fd and err_fd.
 * After `timeout_ns` it is killed. Returns the exit status, 128 + N if signal N ended it,
 * -ETIMEDOUT, or -errno if it could not be started (-ENOENT: there is no such program).
 */
int rz_child_run(char *const argv[], int out_fd, int err_fd, uint64_t timeout_ns);

#define RZ_CHILD_FD	 3 /* the number of the first descriptor that such a program gets, */
#define RZ_CHILD_FDS_MAX 4 /* ... and how many it may get */

/*
 * Starts the program of rezone's that has the name argv[0], from the folder of this one
 * (base/beside.h). It gets fds[0 .. n) as RZ_CHILD_FD, RZ_CHILD_FD + 1, ...; the caller still owns
 * them. Its stdin and stdout are /dev/null, its stderr is this process's; it does not inherit the
 * signals that this process has blocked. 0 or -errno, not logged; *ret_pid is the caller's to wait
 * for.
 */
int rz_child_start(char *const argv[], char *const envp[], const int fds[], size_t n,
		   pid_t *ret_pid);

#endif
