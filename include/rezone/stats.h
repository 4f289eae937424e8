/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Maps `stats` and `errors`: what the programs count.
 */
#ifndef REZONE_STATS_H
#define REZONE_STATS_H

#include <rezone/check.h>

/* stats: one record a CPU; add them up. Each program adds to its CPU's without a lock, so one that
 * interrupts another may cost a count. */
struct rz_stats {
	__u64 segments;	     /* with payload, on a Kafka port */
	__u64 requests;	     /* headers read */
	__u64 fast_requests; /* ... by the fast path */
	__u64 opened;
	__u64 closed;
	__u64 adopted; /* connections older than rezone */
	__u64 identified;
	__u64 frame_lost;	 /* desynced: the next request's place was lost */
	__u64 frame_found;	 /* ... and found again */
	__u64 early_segments;	 /* came before the bytes in front of them */
	__u64 conns_full;	 /* not tracked: no room in conns */
	__u64 clients_full;	 /* not identified: no room in client_ids */
	__u64 client_collisions; /* not identified: two ids with one hash */
	__u64 strangers_full;	 /* not tracked: too many connections to no known agent */
	__u64 peer_conns_full;	 /* not tracked: too many connections from one address */
	__u64 peer_clients_full; /* not identified: too many client ids from one address */
	__u64 ids_full;		 /* not identified: too many client ids on one connection */
	__u64 partial_full;
	__u64 proxied_full;	   /* the PROXY header of a connection is not kept */
	__u64 softwares_full;	   /* a client's library is not kept */
	__u64 peer_softwares_full; /* ... too many from one address */
	__u64 software_collisions; /* ... two names with one hash */
	__u64 softwares_unread;	   /* ... it is longer than is read, or has no form that is known */
	__u64 prints_full;	   /* how a connection's requests look is not kept */
	__u64 traffic_full;	   /* bytes of a closed connection are not added up */
	__u64 ip_unparsed;	   /* fragments, unknown extension headers, short headers */
	__u64 claims_met;   /* tries that found another CPU's fast path at work on the entry */
	__u64 races;	    /* other CPUs were faster at each try: dropped, or tried later */
	__u64 scratch_busy; /* found this CPU reading another one (PREEMPT_RT): dropped, or looked
			       at later */
	__u64 too_many_requests;  /* in one segment */
	__u64 backed_off;	  /* segments passed over, for no request was found for long */
	__u64 taken_back;	  /* what was read of a segment that TCP did not take */
	__u64 parked;		  /* connections whose requests are not read any more */
	__u64 read_again;	  /* ... and that are read again */
	__u64 held_segments;	  /* dropped, for their connection was held */
	__u64 left_while_held;	  /* connections that their client closed while they were held */
	__u64 discarded_segments; /* of these, dropped for good */
	__u64 followed_segments; /* dropped: a Produce begins in them, and its client is followed */
	__u64 answers_lost;	 /* the next response's place was lost on a watched connection */
	__u64 resets; /* by bpf_sock_destroy; those by SOCK_DESTROY stand in map moves and the log
		       */
	__u64 resets_refused;	      /* likewise: by the last check */
	__u64 checks[RZ_CHECK_COUNT]; /* last checks by the walk, by what they found */
};

/* errors: which helper failed where, with which errno -> how often; added to atomically. The daemon
 * adds those of places that no program has. */
enum rz_place {
	RZ_PLACE_NONE = 0,
	RZ_PLACE_PAYLOAD,
	RZ_PLACE_CONN_INSERT,
	RZ_PLACE_CLIENT_INSERT,
	RZ_PLACE_PARTIAL_INSERT,
	RZ_PLACE_RINGBUF,
	RZ_PLACE_DESTROY,
	RZ_PLACE_PROXIED_INSERT,
	RZ_PLACE_SOFTWARE_INSERT,
	RZ_PLACE_TRAFFIC_INSERT,
	RZ_PLACE_HELD_INSERT,
	RZ_PLACE_PRINT_INSERT,
	/* the daemon's */
	RZ_PLACE_CLOSE, /* a close that failed for another reason than its last check */
	RZ_PLACE_READ,	/* of the maps, at a tick */
	/* the network process: ECHILD it ended, ETIMEDOUT it fell silent, EBADMSG what it said was
	 * refused, EPERM a call that its seccomp list forbids, EBUSY it does not end */
	RZ_PLACE_SOURCE,
	/* the helper that enters network namespaces: ECHILD it ended, ETIMEDOUT it did not answer,
	 * EBADMSG its answer was refused, EPERM as above */
	RZ_PLACE_ENTER,
	RZ_PLACE_LEDGER, /* writing what connections have carried, and what moves saved */
	RZ_PLACE_MOVES,	 /* showing in map moves what candidates wait for; E2BIG: not all are shown
			  */
	RZ_PLACE_EVENT_INSERT, /* of a piece of an event: the event is lost */
	RZ_PLACE_TOLD_INSERT,  /* of what an agent said of itself: it is asked again */
	RZ_PLACE_PARK, /* marking connections to be parked, or reading the bytes of parked ones */
	RZ_PLACE_COUNT,
};
struct rz_error_key {
	enum rz_place place;
	__s32 error;
};

#endif
