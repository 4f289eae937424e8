/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: one epoll, with timers and signals as descriptors. Single-threaded.
 *
 * Called by daemon/wake.c. A handler returns 0 to go on, anything else ends the loop with that
 * value.
 */
#ifndef RZ_BASE_LOOP_H
#define RZ_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/signalfd.h>

struct rz_loop;
typedef int (*rz_loop_fn)(void *arg);

int rz_loop_new(struct rz_loop **ret);
void rz_loop_free(struct rz_loop *l); /* takes NULL; closes timers and the signal descriptor */

/* Calls fn when fd is readable. The loop does not own fd. */
int rz_loop_add(struct rz_loop *l, int fd, rz_loop_fn fn, void *arg);
/* No more of it; before it is closed. */
void rz_loop_remove(struct rz_loop *l, int fd);

/* A timer, not running yet. Returns its descriptor or -errno; the loop owns it and drains it. */
int rz_loop_add_timer(struct rz_loop *l, rz_loop_fn fn, void *arg);
/* Lets the timer ring once, `in_ns` from now. */
int rz_loop_arm(int timer, uint64_t in_ns);

/*
 * Blocks SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2: one that comes waits for the loop, so that
 * it cannot end the process between a pin and its removal. Ignores SIGPIPE and SIGXFSZ: a log that
 * nobody reads, or that has grown too long, must not end the process; the write fails instead.
 * Called before anything is made that has to be removed.
 */
int rz_signals_block(void);
/* Has one come since that is to end the daemon? For what waits before the loop runs. */
bool rz_signals_want_end(void);

/* Calls fn with each of these signals, and who sent it. 0 or -errno, logged. */
typedef int (*rz_signal_fn)(void *arg, const struct signalfd_siginfo *si);
int rz_loop_add_signals(struct rz_loop *l, rz_signal_fn fn, void *arg);

/* Runs until a handler ends it: returns its value, or -errno. */
int rz_loop_run(struct rz_loop *l);

#endif
