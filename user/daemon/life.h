/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon's life: start, loop, stop.
 *
 * Comes in: settings. Goes out: programs that are attached, maps that are pinned, a topology that
 * is watched, and moves; what is removed again at the end is the settings' matter (--keep-pins).
 * What wakes the daemon is in wake.c, what it does then in tick.c, moves.c, topology.c, operator.c,
 * left.c and selfcheck.c. Called by cmd/run.c.
 */
#ifndef RZ_DAEMON_LIFE_H
#define RZ_DAEMON_LIFE_H

#include "conf/conf.h"

struct rz_daemon;

/* Takes over what `conf` points to, and `source`, by which it can be read again. On failure
 * (logged) nothing that was made is left, and *ret is as it was. Blocks the signals that end the
 * loop. */
int rz_daemon_start(struct rz_conf *conf, struct rz_conf_source *source, struct rz_daemon **ret);
/* Runs until SIGINT or SIGTERM: 0, or -errno of the loop. */
int rz_daemon_loop(struct rz_daemon *d);
/* Cancels the moves under way, detaches the programs, removes the pins (or keeps them). */
void rz_daemon_stop(struct rz_daemon *d);

#endif
