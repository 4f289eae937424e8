/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network process, rezone-source, as the daemon sees it.
 *
 * Comes in: what it is to ask, the event loop, a look each second. Goes out: what it said, checked
 * (report/intake.h). It is started at once and without waiting for it; started again when it ends,
 * falls silent or says what it must not, later each time. It has no rights; what it must read (the
 * token and the CA file of the API server) the daemon opens for it. Called by daemon/topology.c.
 */
#ifndef RZ_DAEMON_REPORTER_H
#define RZ_DAEMON_REPORTER_H

#include "base/loop.h"
#include "conf/conf.h"
#include "topo/source.h"
#include "topo/topo.h"

struct rz_reporter;

struct rz_reporter_calls {
	void (*changed)(void *arg);	      /* it said something */
	void (*failed)(void *arg, int error); /* for the counts: see RZ_PLACE_SOURCE */
	void *arg;
};

/* Is there anybody to ask, by the settings? */
bool rz_reporter_is_wanted(const struct rz_conf *c);

/* Is there such a program beside this one? */
bool rz_reporter_installed(void);

/* *ret stays NULL if there is nobody to ask. 0 or -errno, logged. */
int rz_reporter_new(const struct rz_conf *c, struct rz_loop *loop,
		    const struct rz_reporter_calls *calls, struct rz_reporter **ret);
void rz_reporter_free(struct rz_reporter *r); /* takes NULL; ends the process */

/* Each second; takes NULL. */
void rz_reporter_look(struct rz_reporter *r, uint64_t now_ns);
/* The clock jumped: everything is to be proved anew. */
void rz_reporter_doubt(struct rz_reporter *r);

/* What is known: each takes NULL, see report/intake.h. Agents' `source` is their target's number.
 */
const struct rz_topo *rz_reporter_topo(const struct rz_reporter *r);
const char *rz_reporter_own_zone(const struct rz_reporter *r);
const char *rz_reporter_label_zone(const struct rz_reporter *r);
const char *rz_reporter_cloud_zone(const struct rz_reporter *r);
const char *rz_reporter_cloud_id(const struct rz_reporter *r);
size_t rz_reporter_rows(const struct rz_reporter *r, struct rz_source_row *rows, size_t max);

#endif
