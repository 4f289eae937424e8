/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's pause: a small map pinned as PIN_DIR/pause for as long as it lasts. It is no map
 * of the daemon's, so neither its end nor another version of it ends the pause; a reboot does, as
 * it does away with all pins.
 *
 * Comes in: who pauses, why, for how long. Goes out: whether it is paused. Called by cmd/pause.c,
 * by the daemon every second and at each tick, and by commands that show it.
 */
#ifndef RZ_KERN_PAUSE_H
#define RZ_KERN_PAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RZ_PAUSE_TEXT 128

/* The map's value. Its layout is kept: an older or newer rezone reads it too. */
struct rz_pause {
	uint64_t since_ns; /* CLOCK_REALTIME */
	uint64_t until_ns; /* likewise; 0: until it is resumed */
	char by[64];	   /* who did it; fit to be printed, as is why */
	char why[RZ_PAUSE_TEXT];
};

/* Takes the place of a pause that is there. 0 or -errno, logged. */
int rz_pause_set(const char *pin_dir, const struct rz_pause *p);

/*
 * Ends it: from now on it is over, and says by whom, for the daemon to tell of; then
 * rz_pause_remove(). 0; -ENOENT: none is there; -errno, logged. *ret is what stands there now.
 */
int rz_pause_end(const char *pin_dir, const char *by, struct rz_pause *ret);
/* Removes the pause that rz_pause_end() ended. 0; -EEXIST: somebody has paused again meanwhile, and
 * that pause stays; -errno, logged. */
int rz_pause_remove(const char *pin_dir, const struct rz_pause *ended);

/* What stands there, also one that is over. 0; -ENOENT: nothing; -errno: it cannot be read now. */
int rz_pause_read(const char *pin_dir, struct rz_pause *ret);

/* Is this one still on? */
bool rz_pause_stands(const struct rz_pause *p);

/* Is it paused now? One whose time is over is none. */
bool rz_pause_get(const char *pin_dir, struct rz_pause *ret);

/* "since 2026-11-24 06:30:00 UTC by root (uid 0, pid 7), until ...: why" */
void rz_pause_format(char *dst, size_t size, const struct rz_pause *p);
/* The same for an event, which has a time of its own: "by ..., until ...: why" */
void rz_pause_format_event(char *dst, size_t size, const struct rz_pause *p);

#endif
