/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One watch: events, line by line, until it ends.
 *
 * Comes in: the API server's bytes. Goes out: each event that changes something, by a call of
 * `event`; how it ended, by a call of `ended`. Called by target.c.
 */
#ifndef RZ_SOURCE_WATCH_H
#define RZ_SOURCE_WATCH_H

#include "source/standing.h"

enum rz_kube_watch_end {
	RZ_KUBE_WATCH_OVER,    /* the server ended it in order */
	RZ_KUBE_WATCH_BROKEN,  /* it broke off: what was missed meanwhile is to be proved */
	RZ_KUBE_WATCH_TOO_OLD, /* the version it began at is no longer kept: list again */
	RZ_KUBE_WATCH_ENDED,   /* the server ended it with an error: list again, later */
	RZ_KUBE_WATCH_FAILED,  /* it did not begin: watch again, later */
	RZ_KUBE_WATCH_BAD,     /* what came cannot be read */
};

struct rz_kube_watch {
	const struct rz_kube_api *api;
	const struct rz_kube_slices *slices;
	struct rz_kube_standing *standing; /* learns of Retry-After alone */
	/* A slice to set or delete, or a bookmark. Takes e->slice over. 0, or -errno, which ends
	 * the watch. */
	int (*event)(void *arg, struct rz_kube_event *e);
	/* The request is over; the next one may be begun from here. `fault`: of the last three. */
	void (*ended)(void *arg, enum rz_kube_watch_end end, const char *fault);
	void *arg;

	struct rz_http_req *req;	    /* NULL: none is under way */
	char version[RZ_KUBE_VERSION_SIZE]; /* of the latest event; a watch begins here */
	uint64_t began_ns, events;
	char *line; /* as far as it came */
	size_t len, room;
	bool gone, unreadable; /* why it ends */
	char why[RZ_KUBE_WHY_SIZE];
};

void rz_kube_watch_clear(struct rz_kube_watch *w);
void rz_kube_watch_begin(struct rz_kube_watch *w);
void rz_kube_watch_stop(struct rz_kube_watch *w);	 /* `ended` is not called */
bool rz_kube_watch_open(const struct rz_kube_watch *w);	 /* the server accepted it */
bool rz_kube_watch_brief(const struct rz_kube_watch *w); /* it lasted less than a second */
bool rz_kube_watch_late(const struct rz_kube_watch *w, uint64_t now_ns); /* no answer in time */

#endif
