/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program to its end, but not longer than it may take. Called by cmd/bugtool.c.
 *
 * Comes in: argv, where its output goes. Goes out: its exit status.
 */
#ifndef RZ_BASE_CHILD_H
#define RZ_BASE_CHILD_H

#include <stdint.h>

/*
 * argv[0] is looked up in PATH. Its stdin is empty, its stdout and stderr are out_fd and err_fd.
 * After `timeout_ns` it is killed. Returns the exit status, 128 + N if signal N ended it,
 * -ETIMEDOUT, or -errno if it could not be started (-ENOENT: there is no such program).
 */
int rz_child_run(char *const argv[], int out_fd, int err_fd, uint64_t timeout_ns);

#endif
