/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that follows responses (bpf/response.bpf.h), at work only while a move waits for
 * them. It costs each packet that is sent below the cgroup it is attached to, so it goes to the
 * cgroups of the moved sockets, and to the whole cgroup only where that cannot be.
 *
 * Comes in: the loaded programs, ids of cgroups. Goes out: links, each pinned while a move is under
 * way: a daemon that is killed in a hold may leave a client that leaves, and which of its responses
 * are out must be known then. Between moves, where connections are only listened to, no link is
 * pinned: a daemon that is killed then leaves nobody a program to pay for. Called by move/jobs.c,
 * daemon/, kern/load.c and kern/attached.c.
 */
#ifndef RZ_KERN_WATCH_H
#define RZ_KERN_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/held.h"
#include "kern/load.h"

/*
 * Follows the responses of the connections in map holds whose sockets are of the cgroup with this
 * id (rz_destroy_cgroup); 0: it is not known, so those of all cgroups. What is followed already
 * stays so. 0 or -errno, logged.
 */
int rz_kern_watch(struct rz_kern *k, uint64_t cgroup);

/* Ends all of it, and lets all segments pass. */
void rz_kern_watch_end(struct rz_kern *k);

/*
 * No move is under way: ends it, but for one that may have to be closed (kern/held.h), and for
 * `keep`. Where it goes on for these alone it does so at their cgroups alone, and without a pin.
 */
void rz_kern_watch_no_more(struct rz_kern *k, const struct rz_watched *keep, size_t n);

/* Why the latest move's responses were followed at the whole cgroup; RZ_WIDE_NO: they were not. */
enum rz_wide rz_kern_watch_wide(const struct rz_kern *k);

/* The same in words, "": they were not. */
const char *rz_wide_text(enum rz_wide why);

/* How many of its links' pins are gone, or another's. */
uint32_t rz_kern_watch_lost(const struct rz_kern *k);
/* Pins those again. 0 or -errno, logged. */
int rz_kern_watch_pin_again(struct rz_kern *k);

#endif
