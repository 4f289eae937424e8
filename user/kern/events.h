/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rings of events in maps `events` and `verdicts`: written by the daemon, read by anybody, kept
 * over a restart. A map of user space's own making (include/rezone/ipc.h), not a BPF ring buffer,
 * for it has many readers, and a reader that comes later wants to know what was.
 *
 * Comes in: events. Goes out: the same, in order, and how many a slow reader has missed. Called by
 * daemon/events.c and cmd/events.c.
 */
#ifndef RZ_KERN_EVENTS_H
#define RZ_KERN_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include <rezone/ipc.h>

struct rz_event_ring {
	int fd;
	uint64_t next;		    /* number of the next piece, to be written or to be read */
	uint64_t seq;		    /* of the next event; 0 for a reader that has read none */
	struct rz_event_wait *wait; /* of a writer: what waits to be written together; or NULL */
};

/* To write behind what is there. 0 or -errno. */
int rz_event_ring_open(int fd, struct rz_event_ring *ret);

/* Numbers and writes one. 0 or -errno: nothing was written that a reader sees. */
int rz_event_ring_add(struct rz_event_ring *r, struct rz_event *e);

/* From here to rz_event_ring_gathered() events wait for each other, and many pieces are written by
 * one call; a reader may see them later, in the same order. rz_event_ring_add() returns 0 for one
 * that waits. The latter returns how many of these could not be written, and why: a reader counts
 * them as missed. Calls do not nest; a process that ends in between leaves out what waits. */
void rz_event_ring_gather(struct rz_event_ring *r);
size_t rz_event_ring_gathered(struct rz_event_ring *r, int *ret_err);

/* To read, all that is there first. 0 or -errno. */
int rz_event_ring_rewind(int fd, struct rz_event_ring *ret);

/* The next one. 1: *ret has it; 0: there is none yet; -errno. *missed grows by those that were
 * overwritten before they could be read. */
int rz_event_ring_next(struct rz_event_ring *r, struct rz_event *ret, uint64_t *missed);

/* By time: what was read of two rings is in no order. */
void rz_events_sort(struct rz_event *events, size_t n);

#endif
