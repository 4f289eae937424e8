/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bell at the daemon's door: who has put something into map orders rings it, so that the daemon
 * looks at once and not within a second.
 *
 * Comes in: a pin directory. Goes out: a descriptor that is readable once the bell was rung. Called
 * by daemon/operator.c, and by cmd/reset.c. The bell is the time of the pin of map orders, and
 * nothing depends on it: the daemon looks each second, too.
 */
#ifndef RZ_KERN_BELL_H
#define RZ_KERN_BELL_H

/* A descriptor to poll, or -errno: there is no bell. */
int rz_bell_new(const char *pin_dir);
/* Takes note that it was rung. */
void rz_bell_read(int fd);

void rz_bell_ring(const char *pin_dir);

#endif
