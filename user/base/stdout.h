/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every command writes to stdout is either all there, or the command fails.
 *
 * Comes in: nothing. Goes out: one line on stderr and a status other than 0 when a write failed (a
 * full disk, a closed stdout). Called by main.c once; by what writes on and on after each step.
 */
#ifndef RZ_BASE_STDOUT_H
#define RZ_BASE_STDOUT_H

/* Opens 0, 1 and 2 if they are closed, so that no BPF map becomes stdout, and looks at stdout when
 * the process exits, whichever way (argp exits by itself). */
void rz_stdout_guard(void);

/* Writes out what is buffered. 0 or -EIO, of which the line at exit tells. */
int rz_stdout_flush(void);

#endif
