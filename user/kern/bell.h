/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two bells, so that nobody waits for the next look: at the daemon's door, rung by who has put
 * something into map orders; and at the command's, rung by the daemon when answers stand in map
 * moves.
 *
 * Comes in: a pin directory. Goes out: a descriptor that is readable once the bell was rung. Called
 * by daemon/operator.c, daemon/moves.c and cmd/reset.c. A bell is the time of the pin of that map,
 * and nothing depends on it: the daemon and the command look each second, too.
 */
#ifndef RZ_KERN_BELL_H
#define RZ_KERN_BELL_H

#define RZ_BELL_ORDERS	"orders" /* the pins */
#define RZ_BELL_ANSWERS "moves"

/* A descriptor to poll, or -errno: there is no bell. */
int rz_bell_new(const char *pin_dir, const char *bell);
/* Takes note that it was rung. */
void rz_bell_read(int fd);

void rz_bell_ring(const char *pin_dir, const char *bell);

#endif
