/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * What the BPF programs and user space share: the values of the pinned maps. This is the ABI; ipc.h
 * has its other part, of the maps that no program looks into.
 *
 * Comes in: nothing. Goes out: types only, no code, no libc. Included by bpf/ and user/ alike.
 *
 * `bpftool map dump pinned /sys/fs/bpf/rezone/conns` prints these structures by their field names,
 * so the names are documentation: they carry units (_ns, _bytes), enums print as words, flags are
 * bytes of 0 or 1 with a name each. Addresses are 16 bytes in network order, IPv4 as ::ffff:a.b.c.d
 * (RFC 4291, 2.5.5.2), so one key fits both families; ports are in host order. Times are
 * CLOCK_MONOTONIC nanoseconds. Text is NUL-terminated and safe to print, raw[] alone excepted.
 *
 * Who writes and reads a map, and under which lock, stands above its value. Where nothing is said,
 * one side writes whole values: a reader finds the old one or the new one. BPF programs run on any
 * CPU. rz_segment runs in a softirq without the socket lock, on two CPUs at once for one connection
 * if it so happens; rz_response, rz_reset and rz_census run under the socket lock.
 *
 * A change of any layout here asks for a new RZ_ABI: pins live in a directory of that number, so an
 * old and a new rezone never read each other's maps.
 */
#ifndef REZONE_TYPES_H
#define REZONE_TYPES_H

#include <linux/bpf.h> /* struct bpf_spin_lock */
#include <linux/types.h>

#define RZ_ABI 7

/* Bytes of a client.id that are kept; the protocol allows 32,767 (KIP: nullable string, i16). */
#define RZ_CLIENT_ID_KEPT 255
#define RZ_CLIENT_ID_SIZE 256
/* Zones are at most 128 bytes; conns shows the first 31 of them, the clients map has them whole. */
#define RZ_ZONE_SIZE	  132
#define RZ_ZONE_SHOWN	  32
#define RZ_GROUP_SIZE	  64
#define RZ_PORTS_MAX	  8
/* Entries of the maps agents, zones and aliases; a topology with more is refused whole. */
#define RZ_AGENTS_MAX	  65536
#define RZ_ZONES_MAX	  4096
#define RZ_ALIASES_MAX	  4096
#define RZ_SOFTWARES_MAX  1024
#define RZ_BLOCKS_MAX	  4096
#define RZ_HOLDS_MAX	  1024
#define RZ_HELD_MAX	  65536 /* not a setting: a map of another size would be made anew, empty */
#define RZ_TRAFFIC_MAX	  4096
#define RZ_UNDO_DEPTH	  8 /* a power of two, as rz_frame.generation's range is */
#define RZ_UNDO_SLOTS	  1024
#define RZ_PEERS_MAX	  16384
#define RZ_ZONE_NAMES_MAX 16384
/* One client address has this part of the room in conns, client_ids and softwares at most; all
 * connections that were accepted by no known agent have this part of conns. */
#define RZ_PEER_SHARE	  4
#define RZ_STRANGER_SHARE 8

#define RZ_PACKED_ENUM __attribute__((packed))

/* How far a connection's identification went (docs/internals.md, "A connection has an entry"). */
enum rz_state {
	RZ_STATE_NEW = 0,    /* open, nothing of its client known yet */
	RZ_STATE_IDENTIFIED, /* client.id read, no Produce or Fetch seen yet */
	RZ_STATE_DATA,	     /* has carried Produce or Fetch */
	RZ_STATE_TLS,	     /* begins with a TLS record; client.id invisible */
	RZ_STATE_MPTCP,	     /* a Multipath TCP subflow: resetting one hangs both ends */
	RZ_STATE_DESYNCED,   /* identified, but where the next request starts is not known now */
	RZ_STATE_NOT_KAFKA,  /* the first bytes are no Kafka request */
	RZ_STATE_COUNT,
} RZ_PACKED_ENUM;

enum rz_phase {
	RZ_PHASE_WAIT = 0, /* a candidate that may not go yet; reason says why */
	RZ_PHASE_GAP,	   /* a moment is waited for in which nothing is in flight */
	RZ_PHASE_HOLD,	   /* new requests are held back until the responses are out */
	RZ_PHASE_RESET,	   /* to be reset by the next walk over its network namespace */
	RZ_PHASE_CLOSE,	   /* judged by the walk; user space closes it now (`fin`) */
	RZ_PHASE_DONE,	   /* was reset */
	RZ_PHASE_REFUSED,  /* the last look under the socket lock said no; error says why */
	RZ_PHASE_COUNT,
} RZ_PACKED_ENUM;

/* How a connection comes to the agent. Known at its first segment that is looked at. */
enum rz_via {
	RZ_VIA_NETWORK = 0,
	RZ_VIA_PROXY, /* it began with a PROXY protocol header, kept in map `proxied` */
	RZ_VIA_LOCAL, /* from its own network namespace: over the loopback device, or from a
		       * loopback address or the agent's own: a sidecar, or a local proxy */
	RZ_VIA_COUNT,
} RZ_PACKED_ENUM;

/* What speaks on a Kafka port, by its first bytes. */
enum rz_protocol {
	RZ_PROTOCOL_UNKNOWN = 0, /* nothing came yet, or this is mid-stream */
	RZ_PROTOCOL_KAFKA,
	RZ_PROTOCOL_TLS,
	RZ_PROTOCOL_HTTP,
	RZ_PROTOCOL_REDIS,
	RZ_PROTOCOL_SSH,
	RZ_PROTOCOL_NOISE, /* none of these */
	RZ_PROTOCOL_COUNT,
} RZ_PACKED_ENUM;

/* Whose tags a client.id carries (user/client/tags.c). */
enum rz_dialect {
	RZ_DIALECT_NONE = 0,
	RZ_DIALECT_WARPSTREAM,
	RZ_DIALECT_AUTOMQ,
	RZ_DIALECT_INKLESS,
	RZ_DIALECT_BUFSTREAM,
	RZ_DIALECT_CUSTOM, /* keys from the configuration */
	RZ_DIALECT_COUNT,
} RZ_PACKED_ENUM;

/*
 * Why a connection is kept or moved. In the order the policy asks, but for what was added at the
 * end: the first that holds is the reason. The same words in `rezone list`, events and docs
 * (user/policy/reason.c).
 */
enum rz_reason {
	RZ_REASON_NONE = 0, /* nothing speaks against it: move */
	RZ_REASON_LEFT, /* its client closed it while it was held: it is only closed (map held) */
	RZ_REASON_NOT_IDENTIFIED,
	RZ_REASON_SEVERAL, /* requests of more than one client.id: a gateway's connection */
	RZ_REASON_NOT_OPTED_IN,
	RZ_REASON_EXCLUDED, /* the operator named its client.id, address or zone */
	RZ_REASON_NO_ZONE,
	RZ_REASON_ZONE_UNKNOWN,
	RZ_REASON_AMBIGUOUS, /* the agent's address is in several network namespaces of the node */
	RZ_REASON_NOT_AN_AGENT, /* accepted on a Kafka port, but by none of the topology's agents */
	RZ_REASON_OWN_ZONE_UNKNOWN,
	RZ_REASON_SAME_ZONE,
	RZ_REASON_NO_AGENT_THERE,
	RZ_REASON_ZONE_NOT_STABLE,
	RZ_REASON_TOPOLOGY_STALE,
	RZ_REASON_AGENT_TERMINATING,
	RZ_REASON_NOT_DATA,
	RZ_REASON_SHARED, /* data and group membership on one connection */
	RZ_REASON_TOO_YOUNG,
	RZ_REASON_ACKS0,
	RZ_REASON_TRANSACTIONAL,
	RZ_REASON_LOAD_BALANCER,
	RZ_REASON_LOCAL_PROXY, /* it comes from the agent's own network namespace */
	RZ_REASON_MPTCP,
	RZ_REASON_NAME_NOT_KEPT, /* its library said a name that could not be kept */
	RZ_REASON_LIBRARY,	 /* no way to end it is known that its library bears well */
	RZ_REASON_MAY_COME,	 /* its library asks for metadata by itself: a while for that */
	RZ_REASON_COOLING_DOWN,
	RZ_REASON_GAVE_UP,
	RZ_REASON_BREAKER, /* too many moves were futile: nobody is moved for a while */
	RZ_REASON_PAUSED,  /* by the operator */
	RZ_REASON_OVER_BUDGET,
	RZ_REASON_TARGET_BUDGET,  /* of moves towards that zone */
	RZ_REASON_CLUSTER_BUDGET, /* this node's share of the cluster's */
	RZ_REASON_OBSERVING,
	/* New ones come last, so that the numbers stay. Asked before COOLING_DOWN: */
	RZ_REASON_LEFT_BEHIND, /* opened after a move of its client, and idle since */
	/* Asked after GAVE_UP: */
	RZ_REASON_MEMORY_FULL, /* no room to remember one client more, or its move */
	RZ_REASON_COUNT,
} RZ_PACKED_ENUM;

/*
 * What a check of a move found: the first condition that is not met (include/rezone/responses.h,
 * user/move/wait.h). The same words in events, `rezone stats` and docs (user/policy/reason.c). New
 * ones come last in their part.
 */
enum rz_check {
	RZ_CHECK_PASSED = 0,
	/* the connection is not the one that the policy decided on: the move is over */
	RZ_CHECK_NOT_TRACKED, /* it is gone */
	RZ_CHECK_OTHER_CLIENT,
	RZ_CHECK_NOT_DATA,
	RZ_CHECK_OUT_OF_SYNC,
	RZ_CHECK_SEVERAL, /* requests of more than one client.id */
	RZ_CHECK_TRANSACTION,
	RZ_CHECK_GROUP, /* it carries group membership, and the plan does not allow that */
	RZ_CHECK_ACKS0, /* likewise: a Produce with acks=0 */
	RZ_CHECK_OTHER_ADDRESS,
	RZ_CHECK_TOO_OLD, /* the decision, of a daemon that died before the walk */
	RZ_CHECK_MPTCP,
	RZ_CHECK_NO_AGENT, /* no process has the socket: closed, or not accepted yet */
	RZ_CHECK_NOT_LEFT, /* the plan is to close it only if its client has left it */
	/* it is, but this is not the moment: the move goes on */
	RZ_CHECK_FIRST_TO_WAIT,
	RZ_CHECK_NOT_ACCEPTED = RZ_CHECK_FIRST_TO_WAIT, /* TCP has not accepted what was read */
	RZ_CHECK_UNSEEN,				/* TCP has bytes that were not read */
	RZ_CHECK_NOT_WATCHED,	/* responses of this connection are not watched */
	RZ_CHECK_UNACKED,	/* the client's TCP has not acknowledged all that was sent */
	RZ_CHECK_UNREAD,	/* the agent has not read all that TCP has */
	RZ_CHECK_OUT_OF_ORDER,	/* TCP keeps segments that came too early */
	RZ_CHECK_NEW_REQUEST,	/* the latest response has not settled: a new request's */
	RZ_CHECK_PART_REQUEST,	/* acks=0, and a request has not come whole */
	RZ_CHECK_NOT_FOLLOWED,	/* it is not known which request the next response is for */
	RZ_CHECK_UNANSWERED,	/* a request that must be answered is not */
	RZ_CHECK_PART_RESPONSE, /* the latest response is not out to its last byte */
	/* ... found by user space */
	RZ_CHECK_SETTLING,     /* all responses are out, but not for long enough */
	RZ_CHECK_HELD,	       /* a segment was dropped, and the library must not be held */
	RZ_CHECK_NOT_REPEATED, /* likewise: it has not been sent again yet */
	RZ_CHECK_SILENT,       /* no request has come since the move began */
	RZ_CHECK_HOLD_ENDS,    /* the hold is too near its end for a FIN */
	RZ_CHECK_NOT_MET,      /* the walk passed this socket over */
	RZ_CHECK_COUNT,
} RZ_PACKED_ENUM;

struct rz_endpoint {
	__u8 addr[16];
	__u16 port;
	__u16 pad;
};

struct rz_tuple {
	__u8 client_addr[16];
	__u8 agent_addr[16];
	__u16 client_port;
	__u16 agent_port;
};

/*
 * Where a connection's byte stream stands. Requests follow each other without a gap, each behind
 * its own 4-byte length, so knowing the sequence number of one request's first byte is knowing all.
 */
struct rz_frame {
	__u16 generation; /* counts changes; tells two CPUs at once apart */
	__u16 owner; /* the socket cookie's low bits: a frame that strayed to another entry is void
		      */
	__u32 next_seq;	  /* TCP sequence number of the next request's first byte */
	__u32 requests;	  /* request headers read */
	__u32 answerable; /* those of them that expect a response: all but Produce with acks=0 */
	__u32 correlation_id; /* of the latest one */
	__u32 software;	      /* key into `softwares`, 0 if the client has not said it, or UNKEPT */
	__u32 read_end; /* TCP sequence number up to which bytes were read; true once TCP has them
			 */
	__s16 api_key;	/* of the latest one */
	__s16 client_id_len; /* as on the wire, -1 is null; valid once client is not 0 */
	__u16 have;	     /* bytes of the next header that already came, kept in map `partial` */
	__u16 skip;	     /* bytes of its client.id that were passed over behind those */
	enum rz_state state;
	enum rz_protocol protocol;
	/* a byte each, for a value with a spin lock must hold no bit-fields (kernel/bpf/btf.c) */
	__u8 synced;	 /* next_seq is true */
	__u8 adopted;	 /* found in mid-stream: older than rezone, or its frame was lost early */
	__u8 tentative;	 /* adopted, and the one header read so far is a guess (rz_read_find) */
	__u8 sasl_raw;	 /* SaslHandshake v0 was seen: tokens without a header may follow */
	__u8 zone_known; /* zone and opt_in of the connection have been copied from map `clients` */
	__u8 opt_in;	 /* client's warpstream_interzone_lb */
	enum rz_via via;
	__u8 several; /* requests of more than one client.id; `client` is the first of them */
	/* what it has carried */
	__u8 produce;
	__u8 fetch;
	__u8 coordinator; /* group membership or offsets */
	__u8 metadata;	  /* where topics, offsets, coordinators are */
	__u8 transaction; /* also a Produce with a transactional id */
	__u8 sasl;
	__u8 other;
	__u8 acks0;	   /* a Produce with acks=0, or one whose acks could not be read */
	__u8 data_version; /* api_version of the latest Produce, or Fetch if there was none: tells
			      libraries apart */
	__u8 unseen;  /* requests still to be read until all that was not seen has been answered
			 (RZ_UNSEEN_REQUESTS) */
	__u64 client; /* key into `clients`, 0 until identified */
};

/*
 * Times in hundredths of a second (_cs) count from the connection's opened_ns, and begin at 1: 0 is
 * never, 1 is the first 10 ms. They stop after 497 days. Half the size of a time in ns is what
 * keeps struct rz_conn in its 192 bytes; user/kern/maps.h turns them back into a time.
 */
#define RZ_CS_NS 10000000ULL

/*
 * conns: socket cookie -> connection. Inserted by rz_state, rz_segment or rz_census, removed by
 * rz_state when the connection leaves ESTABLISHED, and by user space when no socket is there.
 *
 * What changes is written by rz_segment alone, under `lock`, but for `met`. User space reads with
 * BPF_F_LOCK. rz_segment reads without the lock before it decides to work on the frame, and
 * compares the whole frame under the lock when it puts it back. rz_reset reads without it, under
 * the socket lock.
 */
struct rz_conn {
	struct bpf_spin_lock lock;
	__u32 netns;  /* inode number of the socket's network namespace, 0 when not known */
	__u64 cookie; /* the key again: tells a reused map element from the one looked up */
	struct rz_tuple tuple;
	/* number of the census that last met its socket, 0 before; written without the lock */
	__u32 met;
	struct rz_frame frame;
	__u64 opened_ns;       /* when it was established, or first seen if adopted */
	__u64 last_request_ns; /* when the latest header was read */
	__u32 metadata_cs;     /* when it last asked for metadata, 0 never */
	__u32 data_cs;	       /* when it last carried Produce or Fetch, 0 never */
	__u64 rx_bytes; /* from the client, as of the latest request (tcp_sock.bytes_received) */
	__u64 tx_bytes; /* to the client, acknowledged (tcp_sock.bytes_acked) */
	/* tcp_sock's rcv_nxt less its bytes_received, which never changes: who can ask for one only
	 * has the other */
	__u32 seq_base;
	/* copies for readers of the map, as the client wrote it; the policy looks into `clients` */
	char zone[RZ_ZONE_SHOWN - 5];
	__u8 misses; /* segments without a request in a row, out of sync (rz_frame_backs_off) */
};

/* partial: the first bytes of a request whose header came in pieces. The key names the frame that
 * they belong to, and where they end, so it needs no lock: what another CPU makes of the same
 * segments meanwhile has another key, and whoever still works on the frame before finds what
 * belongs to that. */
struct rz_partial_key {
	__u64 cookie;
	__u32 end;
	__u32 generation;
};

/* proxied: socket cookie -> how the connection began: a PROXY protocol header, version 1 or 2
 * (HAProxy, proxy-protocol.txt), which names the true client. Read by user/client/proxy.c. */
#define RZ_PROXY_V1_MAX 107
struct rz_proxied {
	__u8 len; /* bytes in raw[]; of version 2 the addresses, not what follows them */
	__u8 raw[RZ_PROXY_V1_MAX];
};

/* proxy_peers: address -> when a connection from it closed that had begun with a PROXY header. */
#define RZ_PROXY_PEERS_MAX 1024

/* softwares: number -> what clients say of themselves in ApiVersions v3 and newer (KIP-511). */
#define RZ_SOFTWARE_SIZE   32
/* The client said something that could not be read or kept: it may be any library. */
#define RZ_SOFTWARE_UNKEPT 0xffffffffU
struct rz_software {
	char name[RZ_SOFTWARE_SIZE]
		__attribute__((aligned(8))); /* cut at 31 bytes; [A-Za-z0-9.-], all else is '?' */
	char version[RZ_SOFTWARE_SIZE];	     /* likewise */
};

/* software_keys: hash of a library's name and version -> its number in `softwares`, and the client
 * address that brought it. Both are added by rz_segment and never change; user space removes those
 * that no connection has. */
struct rz_software_key {
	__u32 number;
	__u8 from[16];
};

/* secret: the seed of all hashes, never shown; and the latest number given out in `softwares`,
 * which rz_segment adds to atomically. One entry, pinned as long as what was made with it. */
struct rz_secret {
	__u64 seed;
	__u32 software;
	__u32 pad;
};

/*
 * peers: client address -> what it has in the maps that all clients share. BPF adds atomically;
 * user space writes what it has counted at each tick, so that no count stays wrong. The address ::
 * is all those that the map has no room for, and all that have no socket yet.
 */
struct rz_peer_key {
	__u8 addr[16];
};
struct rz_peer {
	__s32 conns;
	__s32 client_ids;
	__s32 softwares;
	__u32 pad;
};

/* zone_names: name of a zone in the topology, or another name of it -> the zone. Both cut as in
 * struct rz_traffic_key. */
struct rz_zone_name {
	char zone[RZ_ZONE_SHOWN];
};

/* client_ids: hash of a client.id -> its bytes. Added by BPF alone; user space removes those that
 * no connection has had for a while. */
struct rz_client_id {
	__u64 first_seen_ns;
	__s16 len; /* on the wire; -1 is null; above RZ_CLIENT_ID_KEPT the rest was cut */
	__u8 pad[6];
	__u8 raw[RZ_CLIENT_ID_SIZE]; /* NUL-padded, as the client sent them: never print these */
	__u8 from[16];		     /* address of the client that brought it */
};

/* clients: the same hash -> what the id says, fit to be read. Written by user space alone. */
struct rz_client {
	__u8 opt_in;	/* warpstream_interzone_lb=true */
	__u8 truncated; /* the id was longer than what is kept */
	__u8 is_null;	/* the client sent no id at all */
	/* ws_host_override: it is shown one name for all agents, a load balancer's */
	__u8 host_override;
	enum rz_dialect dialect;
	__u8 zone_last; /* the zone's tag ends the id: a framework may have appended to its value */
	char id[RZ_CLIENT_ID_SIZE]; /* other than printable ASCII as \xNN; may be cut */
	char zone[RZ_ZONE_SIZE];    /* as the client wrote it, not yet through the aliases */
	char session_id[38];	    /* a UUID */
	char proxy_target[24];
	char agent_group[RZ_GROUP_SIZE];
};

/* Where an agent of the topology is, as far as this node can tell (user/topo/place.h). */
enum rz_home {
	RZ_HOME_UNCHECKED = 0, /* nobody has looked: known by its address alone */
	RZ_HOME_OTHER_NODE,    /* its source says so; who has that address here is somebody else */
	RZ_HOME_NOWHERE,       /* no socket of this node is at its address */
	RZ_HOME_HERE,	       /* in network namespace `netns` */
	RZ_HOME_AMBIGUOUS,     /* several network namespaces of this node have its address */
	RZ_HOME_COUNT,
} RZ_PACKED_ENUM;

/* agents: local address -> agent */
struct rz_agent_val {
	char group[RZ_GROUP_SIZE];
	char zone[RZ_ZONE_SIZE];
	__u32 ready;
	__u32 source; /* key into `sources` */
	__u32 netns;  /* inode number of its network namespace if `home` is HERE, else 0 */
	enum rz_home home;
	__u8 pad[3];
};

/* blocks: a CIDR block -> the zone of clients in it, the longest prefix wins */
struct rz_block_key {
	__u32 prefix_len; /* in bits of the 16 bytes: an IPv4 block's is 96 longer */
	__u8 addr[16];
};
struct rz_block_val {
	char zone[RZ_ZONE_SIZE]; /* canonical */
};

/* traffic: zones -> what closed connections between them carried. A zone is cut at 31 bytes, "" if
 * it is not known, or not in the topology (map zone_names). */
struct rz_traffic_key {
	char client_zone[RZ_ZONE_SHOWN];
	char agent_zone[RZ_ZONE_SHOWN];
};
/* client_traffic: hash of a client.id -> the same of that client. BPF adds to both atomically. */
struct rz_traffic {
	__u64 rx_bytes; /* from clients */
	__u64 tx_bytes; /* to them, acknowledged */
	__u64 connections;
};

/*
 * holds: socket cookie -> a connection whose responses are followed, because it is to be moved.
 * User space makes the entry, all zero but for the cookie, and removes it; BPF fills it. Whether
 * new requests are held back stands in `moves`: phase hold (or reset), until deadline_ns.
 *
 * Requests that expect a response are numbered as rz_frame.answerable counts them; responses come
 * in their order. Before a reset the responses must be out to all requests that a client cannot
 * simply send again: all but the ones of rz_api_repeatable().
 */
#define RZ_EXPECTED_MAX 256 /* a power of two */
/* No hold lasts longer, whatever its deadline says: BPF counts from the first segment that it would
 * drop. The greatest --hold-timeout. */
#define RZ_HOLD_MAX_S	60
struct rz_expected {
	__u32 number;
	__u32 correlation_id;
};
/* Written by rz_response, of which no two run at once for one connection; rz_segment alone forgets
 * all of it, and counts `round` up. Both under the lock of the entry. */
struct rz_responses {
	__u32 next_seq;	      /* TCP sequence number of the next response's first byte */
	__u32 number;	      /* of the request that the latest response is for */
	__u32 correlation_id; /* of that response */
	__u8 synced;	      /* next_seq is true */
	__u8 tentative;	      /* one response was found; the next must be where it says */
	__u8 have;	      /* bytes of the next response's head that already went */
	__u8 whole;	      /* the latest response was sent to its last byte */
	__u64 head;	      /* these bytes, the latest lowest */
	__u32 round;	      /* how often all of this was forgotten */
	__u32 pad;
};
struct rz_hold {
	__u64 cookie;		   /* the key again, as in struct rz_conn */
	struct bpf_spin_lock lock; /* taken by BPF to write all but held, fresh and held_end */
	__u64 deadline_ns;	   /* of the hold that since_ns is of: a later one begins anew */
	__u64 since_ns;		   /* when its first segment came */
	__u32 held;		   /* segments that were dropped; added to atomically */
	__u32 fresh;		   /* those that TCP had not sent before; two CPUs may miss one */
	__u32 held_end;		   /* TCP sequence number behind the latest of these */
	__u32 last;		   /* number of the latest request that was noted here */
	__u32 must;		   /* number of the latest request whose response must be out */
	__u32 must_end;		   /* TCP sequence number behind it */
	__u32 must_before;	   /* number of such a one before it */
	struct rz_responses answers;
	__u32 early; /* a segment came before the bytes in front of it, and was not looked at */
	struct rz_expected expected[RZ_EXPECTED_MAX]; /* by number; the latest */
};

/*
 * held: socket cookie -> payload that a hold has kept from TCP, and that has not come since.
 * Written by rz_segment; an entry outlives its hold and the daemon, and goes when the payload has
 * come, or the socket leaves ESTABLISHED.
 *
 * A client that gives up closes (its FIN comes behind that payload) and asks again on another
 * connection: from then on nothing that TCP does not have yet reaches the agent on this one.
 */
struct rz_held {
	struct bpf_spin_lock lock; /* taken to write what follows, once it is inserted */
	__u32 end;		   /* TCP sequence number behind the latest */
	__u64 cookie;	 /* the key again: tells a reused map element from the one looked up */
	__u64 since_ns;	 /* when the first was dropped */
	__u64 left_ns;	 /* when the client's FIN came, 0: it has not */
	__u64 discarded; /* segments since left_ns */
};

/*
 * moves: socket cookie -> a candidate and what is being done with it. User space writes the whole
 * value. rz_reset writes phase, check and error of one in phase reset, under the socket lock, and
 * user space waits for the end of that walk before it writes again. rz_segment reads phase and
 * deadline_ns without a lock: a stale value costs one segment more or less in a hold.
 */
struct rz_move {
	__u64 client; /* must still be the connection's client when it is reset */
	__u64 decided_ns;
	__u64 deadline_ns; /* when the hold ends, whatever came of it; 0: no hold */
	__s32 error;	   /* -errno of the close, or rz_check_errno() of the check before it */
	/* number of the request whose response, as user space found, has been out for long enough;
	 * if another must be out by now (rz_responses_must), it is no gap */
	__u32 settled;
	enum rz_reason reason;
	enum rz_phase phase;
	/* 1: close it only while nothing is in flight whose response must be out; 2: nor has a
	 * request come in part, for its library would not send that again */
	__u8 gap;
	__u8 fin; /* the walk judges alone; user space ends it, while new requests are held back */
	__u8 shared;	     /* though it carries group membership */
	__u8 acks0;	     /* though its producer expects no response */
	__u8 left;	     /* only if its client has left while it was held (map held) */
	enum rz_check check; /* what the latest check found */
	char to_zone[RZ_ZONE_SHOWN];
};

/* stats: one record a CPU; add them up. Each program adds to its CPU's without a lock, so one that
 * interrupts another may cost a count. */
struct rz_stats {
	__u64 segments; /* with payload, on a Kafka port */
	__u64 requests; /* headers read */
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
	__u64 traffic_full;	   /* bytes of a closed connection are not added up */
	__u64 ip_unparsed;	   /* fragments, unknown extension headers, short headers */
	__u64 races; /* two CPUs on one connection at once, and the retries did not help */
	__u64 too_many_requests;  /* in one segment */
	__u64 backed_off;	  /* segments passed over, for no request was found for long */
	__u64 taken_back;	  /* what was read of a segment that TCP did not take */
	__u64 held_segments;	  /* dropped, for their connection was held */
	__u64 left_while_held;	  /* connections that their client closed while they were held */
	__u64 discarded_segments; /* of these, dropped for good */
	__u64 answers_lost;	  /* the next response's place was lost on a watched connection */
	__u64 resets; /* by bpf_sock_destroy; those by SOCK_DESTROY stand in map moves and the log
		       */
	__u64 resets_refused;	      /* likewise: by the last check */
	__u64 checks[RZ_CHECK_COUNT]; /* last checks by the walk, by what they found */
};

/* errors: which helper failed where, with which errno -> how often; added to atomically */
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
	RZ_PLACE_COUNT,
};
struct rz_error_key {
	enum rz_place place;
	__s32 error;
};

/* wake: ring buffer towards the daemon; a record says that `client_ids` has a new entry. */
struct rz_wake {
	__u64 client;
};

#ifdef __cplusplus
#define RZ_ASSERT static_assert
#else
#define RZ_ASSERT _Static_assert
#endif
RZ_ASSERT(sizeof(struct rz_endpoint) == 20, "rz_endpoint is a map key: no hidden padding");
RZ_ASSERT(sizeof(struct rz_tuple) == 36, "rz_tuple has no hidden padding");
RZ_ASSERT(sizeof(struct rz_frame) == 64,
	  "rz_frame is compared and copied under the lock: keep it small");
RZ_ASSERT(sizeof(struct rz_conn) <= 192, "one connection fits the kernel's 256-byte class");
RZ_ASSERT(sizeof(struct rz_block_key) == 20, "rz_block_key is a map key: no hidden padding");
RZ_ASSERT(sizeof(struct rz_client) == 520, "rz_client has no hidden padding");
RZ_ASSERT(sizeof(struct rz_proxied) == 108, "rz_proxied has no hidden padding");
RZ_ASSERT(sizeof(struct rz_client_id) == 288, "rz_client_id has no hidden padding");

#endif
