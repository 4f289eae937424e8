/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is rezone well on this node? What `rezone status` shows, and by which its exit status is chosen.
 * Pure.
 *
 * Comes in: what a command has read of the maps, once. Goes out: faults, each with a word for
 * programs and a text for people (docs/json.md). Called by out/status.c and cmd/status.c.
 */
#ifndef RZ_OUT_HEALTH_H
#define RZ_OUT_HEALTH_H

#include "kern/follow.h"
#include "kern/pause.h"
#include "kern/snapshot.h"
#include "out/conn_row.h"

enum rz_fault {
	RZ_FAULT_NOT_RUNNING,
	RZ_FAULT_NO_MAPS,   /* it runs, but this program cannot read its maps */
	RZ_FAULT_STALLED,   /* its event loop stands still */
	RZ_FAULT_TICK_LATE, /* the loop turns, the tick is overdue */
	RZ_FAULT_FROZEN,
	RZ_FAULT_NO_SOURCE, /* nothing says who the agents are */
	RZ_FAULT_PAUSED,
	RZ_FAULT_BREAKER,
	RZ_FAULT_NO_CLOSE,    /* the kernel can reset no connection */
	RZ_FAULT_SETTINGS,    /* a change of them was refused */
	RZ_FAULT_HELPER,      /* rezone-enter does not answer */
	RZ_FAULT_NEARLY_FULL, /* the map of connections or of clients */
	RZ_FAULT_COUNT,
};

/* Everything that `rezone status` tells of. Without maps (snap is NULL) only `alive` and `pause`
 * say something. */
struct rz_status_view {
	const char *pin_dir;
	const char *node;
	bool alive;		  /* a daemon holds the pin directory */
	uint64_t wall_ns;	  /* CLOCK_REALTIME at snap->now_ns */
	struct rz_snapshot *snap; /* NULL: there are no maps of this ABI */
	const struct rz_topo *topo;
	const struct rz_topo_zones *zones;
	const struct rz_source_val *sources;
	size_t n_sources;
	struct rz_conn_totals totals;
	const struct rz_follow_row *next; /* whose next connection is waited for */
	size_t n_next;
	bool wide;			 /* each of them, too */
	uint32_t conns_max, clients_max; /* what their maps have room for */
	const struct rz_pause *pause;	 /* NULL: nobody has paused */
};

#define RZ_FAULT_TEXT 512
struct rz_health {
	struct {
		enum rz_fault fault;
		char text[RZ_FAULT_TEXT];
	} rows[RZ_FAULT_COUNT];
	size_t n; /* 0: it is well */
};

struct rz_health rz_health_judge(const struct rz_status_view *v);

/* "healthy", "degraded", "not running". */
const char *rz_health_word(const struct rz_health *h);
const char *rz_fault_word(enum rz_fault f);

/* Attached, and its tick runs: what a readiness probe asks. Whether anybody may be moved now does
 * not matter: a pause must not stall a rollout. */
bool rz_health_ready(const struct rz_health *h, const struct rz_status_view *v);

/* The exit status of `rezone status` without --live and --ready. */
int rz_health_exit(const struct rz_health *h);

#endif
