/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * The values of maps that user space alone reads and writes: what the daemon writes for the
 * commands and for bpftool, and orders, which the commands write for the daemon. No program of bpf/
 * looks into them. A part of the ABI, by the rules that stand in abi.h.
 *
 * Comes in: nothing. Goes out: types only, no code, no libc.
 */
#ifndef REZONE_IPC_H
#define REZONE_IPC_H

#include <rezone/types.h>

/* What became of a client after its move; user/policy/outcome.h has the evidence for each. */
enum rz_outcome {
	RZ_OUTCOME_NONE = 0, /* not known yet */
	RZ_OUTCOME_HOME,
	RZ_OUTCOME_RETURNED, /* futile: it is here again */
	RZ_OUTCOME_LEFT,     /* not seen again on this node */
	RZ_OUTCOME_GONE,     /* it had ended before it could be moved */
	RZ_OUTCOME_COUNT,
} RZ_PACKED_ENUM;

enum rz_mode {
	RZ_MODE_ENFORCE = 0,
	RZ_MODE_OBSERVE,
	RZ_MODE_COUNT,
} RZ_PACKED_ENUM;

/* How connections are reset on this kernel. */
enum rz_way {
	RZ_WAY_NONE = 0, /* not at all */
	RZ_WAY_NETLINK,	 /* SOCK_DESTROY: checked a moment before */
	RZ_WAY_KFUNC,	 /* bpf_sock_destroy: check and reset are one step */
	RZ_WAY_COUNT,
} RZ_PACKED_ENUM;

/* How a connection is ended. */
enum rz_close {
	RZ_CLOSE_AUTO = 0, /* as its library bears it best (user/policy/library.c) */
	RZ_CLOSE_RESET,	   /* a TCP reset */
	RZ_CLOSE_FIN,	   /* the agent's descriptor is shut down: its client sees an end of file */
	RZ_CLOSE_COUNT,
} RZ_PACKED_ENUM;

/* Are connections moved that carry group membership beside data? */
enum rz_shared {
	RZ_SHARED_AUTO = 0, /* of libraries that bear it */
	RZ_SHARED_SKIP,
	RZ_SHARED_MOVE,
	RZ_SHARED_COUNT,
} RZ_PACKED_ENUM;

/* ... and those of producers that are not answered? */
enum rz_acks0 {
	RZ_ACKS0_SKIP = 0,
	RZ_ACKS0_MOVE, /* what is on its way in that instant is lost */
	RZ_ACKS0_COUNT,
} RZ_PACKED_ENUM;

/* ... and those that end in a proxy in the agent's network namespace, of whose client TCP knows
 * nothing? */
enum rz_local_proxy {
	RZ_LOCAL_PROXY_SKIP = 0,
	RZ_LOCAL_PROXY_MOVE,
	RZ_LOCAL_PROXY_COUNT,
} RZ_PACKED_ENUM;

/* How many agents a client is given as leaders of its partitions, where it does not say so. */
enum rz_give_leaders {
	RZ_GIVE_LEADERS_MANY = 0, /* or nobody knows */
	RZ_GIVE_LEADERS_ONE,
	RZ_GIVE_LEADERS_COUNT,
} RZ_PACKED_ENUM;

enum rz_opt_in {
	RZ_OPT_IN_TAG = 0, /* only clients with warpstream_interzone_lb=true */
	RZ_OPT_IN_ZONE,	   /* every client with a zone tag */
	RZ_OPT_IN_ANY,	   /* also clients whose zone is known by their address alone */
	RZ_OPT_IN_COUNT,
} RZ_PACKED_ENUM;

/* Why nobody is moved although the policy would: the topology cannot be trusted now. */
enum rz_freeze {
	RZ_FREEZE_NONE = 0,
	RZ_FREEZE_NEVER,	 /* a source has not been read yet */
	RZ_FREEZE_STALE,	 /* a source is older than topology_max_age */
	RZ_FREEZE_UNREACHABLE,	 /* a source cannot be asked */
	RZ_FREEZE_UNREADABLE,	 /* a source said what cannot be read */
	RZ_FREEZE_CONTRADICTION, /* sources, or one in itself, say two things */
	RZ_FREEZE_EMPTY,	 /* all agents of a source vanished at once */
	RZ_FREEZE_CLOCK,	 /* the clock jumped, or the machine slept */
	RZ_FREEZE_DETACHED,	 /* the programs are not attached where they were */
	RZ_FREEZE_RIVAL,	 /* another rezone is attached to the same cgroup */
	RZ_FREEZE_PINS,		 /* pins are gone, or something is mounted over them */
	RZ_FREEZE_COUNT,
} RZ_PACKED_ENUM;

/* Why responses are followed at the whole cgroup, not at those of the moved sockets
 * (user/kern/watch.h). */
enum rz_wide {
	RZ_WIDE_NO = 0,
	RZ_WIDE_UNKNOWN, /* the kernel does not say which cgroup a socket is of */
	RZ_WIDE_TOP,	 /* the sockets are of the whole cgroup itself */
	RZ_WIDE_GONE,	 /* theirs was removed, or is not to be found */
	RZ_WIDE_MANY,	 /* they are of more than RZ_WATCH_MAX */
	RZ_WIDE_REFUSED, /* the kernel refused the program there */
	RZ_WIDE_EARLIER, /* a daemon was killed, and left one that may have to be closed */
	RZ_WIDE_COUNT,
} RZ_PACKED_ENUM;
#define RZ_WATCH_MAX 16 /* of the cgroups of moved sockets at a time */

/* rezone-enter, which enters network namespaces for the daemon (user/kern/enter.h). */
enum rz_helper {
	RZ_HELPER_ANSWERS = 0,
	RZ_HELPER_DOWN, /* it is started again */
	RZ_HELPER_GONE, /* for good: only a new daemon can start it */
	RZ_HELPER_COUNT,
} RZ_PACKED_ENUM;

/* sources: index -> where the topology comes from (docs/kubernetes.md) */
#define RZ_SOURCE_NAME 96
#define RZ_SOURCE_NOTE 256
struct rz_source_val {
	__u64 proved_ns; /* when it was last known to be current, 0: never */
	__u32 agents;
	__u32 ready;
	char name[RZ_SOURCE_NAME];
	char note[RZ_SOURCE_NOTE]; /* what is wrong with it, "" */
	__u32 left_out;		   /* parts of it that are of no use, and do not count */
	__u32 pad;
	char left_out_why[RZ_SOURCE_NOTE]; /* the first one */
};

/* zones: group and zone -> how many can take a client in */
struct rz_zone_key {
	char group[RZ_GROUP_SIZE];
	char zone[RZ_ZONE_SIZE];
};
struct rz_zone_val {
	__u32 agents; /* 0: a zone or alias that left the topology; its group is "" */
	__u32 ready;
	__u64 ready_since_ns; /* since when min_agents have been ready, 0 if they are not */
	__u32 seen_coming;    /* 1: it became ready then; 0: it may have been ready before */
	__u32 unused;
};

/* aliases: another name of a zone -> its canonical name */
struct rz_alias_val {
	char zone[RZ_ZONE_SIZE];
};

/*
 * settings: what the running, or the last, daemon works by; `rezone list` judges by the same.
 * Written when it starts, and when its settings change (user/daemon/reload.c).
 */
#define RZ_EXCLUDE_SIZE 1024
#define RZ_PRICE_SIZE	64
struct rz_settings {
	__u64 interval_ns;
	__u64 stable_for_ns;
	__u64 topology_max_age_ns;
	__u64 min_age_ns;
	__u64 grace_ns;	       /* for clients that come home by themselves */
	__u64 hold_timeout_ns; /* 0: nobody is held */
	__u64 park_after_ns;   /* 0: nobody is parked */
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
	__u8 paused; /* nobody is moved: --paused; the operator's pause is apart from it */
	enum rz_give_leaders leaders;
	__u8 ask_agents; /* which versions they have */
	__u8 pad[5];
	char price[RZ_PRICE_SIZE]; /* of a GB between zones (user/policy/price.h) */
};

/* status: how that daemon is now. Written each second, and at each tick. */
#define RZ_VERSION_SIZE 64
#define RZ_NODE_SIZE	256
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
	__u64 beat_ns;		/* when this was written: its event loop runs */
	__u64 breaker_since_ns; /* since when nobody is moved until breaker_until_ns, else 0 */
	__u64 conf_ns;		/* when the settings that hold now were read */
	__u64 conf_failed_ns;	/* when a change of them was refused, 0: the latest was taken */
	__u32 conf_reloads;	/* how often changed settings were taken */
	enum rz_wide wide;	/* of the latest move */
	enum rz_helper helper;
	__u8 listening; /* connections that it listens to (user/move/listen.h) */
	__u8 pad;
	char version[RZ_VERSION_SIZE];
	char node[RZ_NODE_SIZE];	   /* --node-name, else the host's name */
	char conf_file[RZ_SOURCE_NOTE];	   /* --config, "": none */
	char conf_why[RZ_SOURCE_NOTE];	   /* why the latest change was refused, "" */
	char conf_restart[RZ_SOURCE_NOTE]; /* settings whose change takes a restart, "": none */
	__u64 ask_failed_ns;	      /* when an agent last did not say which versions it has */
	char ask_why[RZ_SOURCE_NOTE]; /* ... which one, and why; "": each has said it */
};

/* counters: what that daemon has done since it started. Written with `status`. The programs of
 * bpf/ count in `stats`. */
struct rz_counters {
	__u64 ticks;
	__u64 moved;			  /* connections that were closed */
	__u64 let_go;			  /* begun, but no gap was found in time */
	__u64 refused;			  /* begun, but the last look said no, or called off */
	__u64 observed;			  /* mode observe: it would have begun */
	__u64 checks[RZ_CHECK_COUNT];	  /* last checks that were not the walk's */
	__u64 outcomes[RZ_OUTCOME_COUNT]; /* what became of those that were moved */
	/* clients that were left to their library (user/policy/await.h) */
	__u64 by_itself_home;
	__u64 by_itself_left;
	__u64 not_come;	      /* in time */
	__u64 awaited;	      /* that are waited for now */
	__u64 log_lost;	      /* lines of its log that could not be written */
	__u64 state_skipped;  /* runs of rz_state that the kernel left out */
	__u64 asked_answered; /* agents that were asked for their versions (daemon/ask.c), */
	__u64 asked_failed;   /* ... and that did not say them */
	__u32 freezes;	      /* how often the topology could not be trusted */
	__u32 breaker_opened; /* how often */
};

/* orders: socket cookie -> an operator wants it moved (`rezone reset`); the daemon takes it out.
 * Its result stands in `moves`; where that is full, the daemon puts the order back with
 * `error`, and the command takes it out. */
#define RZ_ORDERS_MAX 16384
struct rz_order {
	__u64 client;	/* must still be the connection's client */
	__u64 asked_ns; /* older than RZ_ORDER_NS it is void: nobody waits for it any more */
	__u32 now;	/* at once, whatever is in flight */
	__s32 error;	/* 0: an order; -errno: the daemon's answer to one */
	char by[64];	/* who wants it; fit to be printed */
};
#define RZ_ORDER_NS 30000000000ULL

/* How the library of a connection's client is known; user/policy/known.h has the evidence. */
enum rz_known_by {
	RZ_KNOWN_UNKNOWN = 0,
	RZ_KNOWN_SAID,	      /* on this connection */
	RZ_KNOWN_SIBLING,     /* on another connection of the same client */
	RZ_KNOWN_FINGERPRINT, /* by the form of its requests */
	RZ_KNOWN_PROBE,	      /* ... and by what it sent after a hold without a close */
	RZ_KNOWN_COUNT,
} RZ_PACKED_ENUM;

/*
 * named: a client -> the library that it named, on any of its connections. Written by the daemon at
 * each tick, which removes clients that have had no connection for a while (user/kern/named.h).
 */
#define RZ_NAMED_MAX 8192
struct rz_named_key {
	__u8 addr[16]; /* the client's; first, for one address may have a share of the rows only */
	__u64 client;  /* key into `clients` */
	__u32 netns;   /* of the agent's socket */
	__u32 pad;
};
struct rz_named {
	struct rz_software software;
	__u64 seen_ns;	 /* when a connection that said so, or nothing, was last there */
	__u64 differ_ns; /* ... one that may have said otherwise; 0: never */
	__u64 since_ns;	 /* since when the client has been remembered without a break */
	__u64 asked_ns;	 /* when it last asked for metadata on a connection that a tick saw; 0 */
	/* when the oldest of its open connections was opened that have carried data, 1: nobody
	 * knows, 0: there is none. Of the latest tick; in the map it may be of an earlier one */
	__u64 oldest_ns;
};

/* What happened, for `rezone events` (docs/events.md). */
enum rz_event_type {
	RZ_EVENT_NONE = 0,
	RZ_EVENT_START, /* a daemon */
	RZ_EVENT_STOP,
	RZ_EVENT_VERDICT, /* another reason than at the tick before */
	RZ_EVENT_HOLD,	  /* new requests are held back from now on */
	RZ_EVENT_MOVE,	  /* closed */
	RZ_EVENT_LET_GO,  /* no gap came in time */
	RZ_EVENT_REFUSED, /* the last look said no */
	RZ_EVENT_OBSERVE, /* mode observe: it would be moved */
	RZ_EVENT_OUTCOME,
	RZ_EVENT_GAVE_UP, /* a client, after futile moves */
	RZ_EVENT_FREEZE,  /* nobody is moved: the topology */
	RZ_EVENT_THAW,
	RZ_EVENT_PAUSE, /* ... the operator */
	RZ_EVENT_RESUME,
	RZ_EVENT_BREAKER_OPEN, /* ... too many futile moves */
	RZ_EVENT_BREAKER_CLOSED,
	RZ_EVENT_LEFT,		/* a client, while it was held: what was held back is discarded */
	RZ_EVENT_LEFT_CLOSED,	/* ... and the agent's socket is closed */
	RZ_EVENT_RELOAD,	/* changed settings were taken */
	RZ_EVENT_SETTING,	/* ... one of them */
	RZ_EVENT_RELOAD_FAILED, /* ... or refused: the old ones stay */
	RZ_EVENT_TOPOLOGY,	/* it is another: before and after */
	RZ_EVENT_RESET,		/* an operator wants connections moved */
	RZ_EVENT_FOLLOW_CLOSE,	/* a client that is followed: its next connection is closed, too */
	RZ_EVENT_LET_THROUGH,	/* ... writes here whatever is done: it is held no more */
	RZ_EVENT_BY_ITSELF,	/* a client that was left to its library is home, or left */
	RZ_EVENT_NOT_COME,	/* ... did not come in time */
	RZ_EVENT_HELPER_DOWN,	/* rezone-enter does not answer */
	RZ_EVENT_HELPER_BACK,	/* ... it does again */
	RZ_EVENT_NOT_AWAITED,	/* a client that was left to its library is waited for no more */
	RZ_EVENT_COUNT,
} RZ_PACKED_ENUM;

/* One event, of maps events and verdicts. */
#define RZ_EVENT_TEXT 160
struct rz_event {
	__u64 seq;     /* from 1, in each of the two maps */
	__u64 time_ns; /* CLOCK_REALTIME */
	__u64 cookie;  /* 0: of no connection; then what follows is empty, up to text */
	__u64 client;
	struct rz_tuple tuple;
	__s32 error;	 /* -errno */
	__u32 waited_ms; /* for a gap, in a move */
	__u32 held_ms;
	__u32 held_segments;
	enum rz_event_type type;
	enum rz_reason reason;
	enum rz_outcome outcome;
	__u8 by_hand;		   /* an operator's `rezone reset` */
	enum rz_check check;	   /* of a move that did not happen: what kept it from happening */
	enum rz_known_by known_by; /* of a move: the library, by which its close was chosen */
	__u8 pad[6];
	__u64 move; /* of a follow-up: cookie of the connection that the move closed; else 0 */
	char from_zone[RZ_ZONE_SHOWN];
	char to_zone[RZ_ZONE_SHOWN];
	union {
		char client_id[RZ_CLIENT_ID_SIZE];
		/* of RZ_EVENT_SETTING and RZ_EVENT_TOPOLOGY, which are of no connection:
		 * which setting ("" of the topology), and its values, cut */
		struct {
			char key[32];
			char before[112];
			char after[112];
		} setting;
	};
	char text[RZ_EVENT_TEXT];
};

/*
 * events and verdicts: rings of pieces, the piece with number n under key n % RZ_EVENT_PIECES.
 * Written by the daemon. Changes of verdicts, and clients that come by themselves, are many when a
 * zone appears, so they have a ring of their own and push out nothing else.
 *
 * An event takes as many pieces in a row as its bytes need without their zeros
 * (user/kern/event_form.h): two, of a client.id and a text of usual length. So both rings keep some
 * 4,096 events, and 1,638 of the longest. A ring is a hash table whose entries are made when they
 * are first written: while few events were, it takes little memory.
 */
#define RZ_EVENT_PIECES	     8192
#define RZ_EVENT_PIECE_BYTES 124
struct rz_event_piece {
	__u64 number;  /* of this piece, from 1 */
	__u16 pieces;  /* how many its event has; 0: this is not its first. Written last. */
	__u16 n_bytes; /* of the event, in all of its pieces together */
	__u8 bytes[RZ_EVENT_PIECE_BYTES];
};

RZ_ASSERT(sizeof(struct rz_event_piece) == 136, "with its key it fits the kernel's 192-byte class");
RZ_ASSERT(sizeof(struct rz_zone_key) == RZ_GROUP_SIZE + RZ_ZONE_SIZE, "rz_zone_key is a map key");
RZ_ASSERT(sizeof(struct rz_named_key) == 32, "rz_named_key is a map key: no hidden padding");
RZ_ASSERT(sizeof(struct rz_event) == 584, "rz_event has no hidden padding");

#endif
