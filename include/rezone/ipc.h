/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * The values of maps that user space alone reads and writes: the daemon writes them for the
 * commands and for bpftool. No program of bpf/ looks into them. A part of the ABI (types.h, where
 * its rules are).
 *
 * Comes in: nothing. Goes out: types only, no code, no libc.
 */
#ifndef REZONE_IPC_H
#define REZONE_IPC_H

#include <rezone/types.h>

/*
 * settings: what the running, or the last, daemon works by; `rezone list` judges by the same.
 * Written once, when it starts.
 */
struct rz_settings {
	__u64 interval_ns;
	__u64 stable_for_ns;
	__u64 topology_max_age_ns;
	__u64 min_age_ns;
	__u64 grace_ns; /* for clients that come home by themselves */
	__u32 min_agents;
	enum rz_mode mode; /* observe also where the kernel can reset nothing */
	enum rz_opt_in opt_in;
	enum rz_close close;
	enum rz_shared shared;
	enum rz_acks0 acks0;
	enum rz_local_proxy local_proxy;
	__u16 n_ports;
	__u16 ports[RZ_PORTS_MAX];
	/* who is never moved (user/policy/exclude.h) */
	char exclude_clients[RZ_EXCLUDE_SIZE];
	char exclude_addresses[RZ_EXCLUDE_SIZE];
	char exclude_zones[RZ_EXCLUDE_SIZE];
};

/* status: how that daemon is now. Written each second, and at each tick. */
struct rz_status {
	__u64 started_ns;
	__u64 tick_ns;		  /* latest tick */
	__u64 topology_proved_ns; /* when the topology was last known to be current */
	__u64 frozen_ns;	  /* since when nobody is moved */
	__u64 breaker_until_ns;	  /* nobody is moved until then, 0: it is closed */
	__u64 pause_since_ns;	  /* the operator's pause as the daemon last saw it, */
	__u64 pause_until_ns;	  /* CLOCK_REALTIME (user/kern/pause.h) */
	__u32 pid;
	enum rz_way way;
	enum rz_freeze frozen; /* nobody is moved now */
	char own_zone[RZ_ZONE_SIZE];
	char own_zone_from[RZ_SOURCE_NAME];
	char frozen_why[RZ_SOURCE_NOTE];
};

/* counters: what that daemon has done since it started. Written with `status`. What the programs of
 * bpf/ count is in `stats`. */
struct rz_counters {
	__u64 ticks;
	__u64 moved;			  /* connections that were closed */
	__u64 let_go;			  /* begun, but no gap was found in time */
	__u64 refused;			  /* begun, but the last look said no, or called off */
	__u64 observed;			  /* mode observe: it would have begun */
	__u64 checks[RZ_CHECK_COUNT];	  /* last checks that were not the walk's */
	__u64 outcomes[RZ_OUTCOME_COUNT]; /* what became of those that were moved */
	__u64 log_lost;			  /* lines of its log that could not be written */
	__u32 freezes;			  /* how often the topology could not be trusted */
	__u32 breaker_opened;		  /* how often */
};

#endif
