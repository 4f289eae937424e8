/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal while `rezone top` has it: the alternate screen, keys as they are pressed. It gets
 * back what it was in every way in which the process ends but SIGKILL. Called by cmd/top.c.
 */
#ifndef RZ_CMD_TOP_TERMINAL_H
#define RZ_CMD_TOP_TERMINAL_H

#include <stddef.h>

/* Takes the terminal of stdin and stdout. 0, or -ENOTTY and other -errno. */
int rz_terminal_take(void);
/* Gives it back; by itself at exit, and where a signal ends the process. */
void rz_terminal_give_back(void);
/* In columns and lines; 80 and 24 where the terminal does not say. */
void rz_terminal_size(size_t *ret_width, size_t *ret_height);

#endif
