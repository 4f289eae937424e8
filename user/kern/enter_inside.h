/* SPDX-License-Identifier: Apache-2.0 */
/* Between enter.c (what is asked) and enter_life.c (the helper's life): the helper of this process.
 */
#ifndef RZ_KERN_ENTER_INSIDE_H
#define RZ_KERN_ENTER_INSIDE_H

#include <stdbool.h>
#include <sys/types.h>

#include "kern/enter.h"

struct rz_enter_helper {
	pid_t keeper; /* our child, the first keeper (enter/keep.h); 0: none, or it has ended */
	int fd;	      /* -1: none */
	int pipe;     /* its keeper and the spare last as long as this is open; -1 */
	int calls_fd; /* where calls come out that its seccomp list forbids; -1 */
	enum rz_helper state;
	uint32_t seq;
	uint64_t forbidden; /* calls, that nobody was told of yet */
	int forbidden_nr;   /* the latest */
	struct rz_enter_calls calls;
};

extern struct rz_enter_helper rz_enter_it;

/* Takes what has come: a word of its own, or a late answer, which is thrown away. 0: nothing is
 * left; 1: an answer to request `seq` is in *a, and the descriptor that came with it in *ret_fd
 * (-1); -EOWNERDEAD: it is not ready. seq 0: none is waited for. */
int rz_enter_receive(uint32_t seq, struct rz_enter_answer *a, int *ret_fd);

/* It did what it must not, or nothing: has the process that answers ended. Another is started. */
void rz_enter_give_up(int error, const char *what);

/* Answers a call of its that is forbidden. */
void rz_enter_forbid(void);

#endif
