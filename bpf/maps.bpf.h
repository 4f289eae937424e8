/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The maps; those that user space alone reads and writes are in ipc.bpf.h. User space pins those
 * that are named in user/kern/maps.h, sets the sizes that the configuration gives, and is their
 * only other user; their value types are the ABI, include/rezone/types.h. It pins `partial` and
 * `undo`, too, for the programs of the next start (user/kern/load.c). The others (openings, early,
 * wake, scratch, clocks) live as long as the programs.
 *
 * A full map means "not tracked", counted, never somebody else's entry thrown out. But for what is
 * worth nothing soon: `openings` evicts the oldest, and in `undo` and `early` one connection takes
 * another's place.
 */
#ifndef REZONE_BPF_MAPS_H
#define REZONE_BPF_MAPS_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <rezone/config.h>
#include <rezone/kafka.h>
#include <rezone/print.h>
#include <rezone/types.h>

const volatile struct rz_config rz_config = {};
/* The key of maps with one entry. Here and not on the stack, of which the framing stage uses all.
 */
static const __u32 rz_zero = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64); /* socket cookie */
	__type(value, struct rz_conn);
} conns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64); /* rz_request_id_hash */
	__type(value, struct rz_client_id);
} client_ids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64); /* rz_request_id_hash */
	__type(value, struct rz_client);
} clients SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64); /* socket cookie */
	__type(value, struct rz_proxied);
} proxied SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64); /* socket cookie */
	__type(value, struct rz_print);
} prints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64); /* socket cookie */
	__type(value, struct rz_told);
} told SEC(".maps");

/* Entries of prints and of partial. User space counts them anew at each tick. */
__s32 rz_prints = 0;
__s32 rz_partials = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_PROXY_PEERS_MAX);
	__type(key, __u8[16]);
	__type(value, __u64);
} proxy_peers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_SOFTWARES_MAX);
	__type(key, __u32);
	__type(value, struct rz_software);
} softwares SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_SOFTWARES_MAX);
	__type(key, __u64); /* rz_body_software_hash */
	__type(value, struct rz_software_key);
} software_keys SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rz_secret);
} secret SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_PEERS_MAX);
	__type(key, struct rz_peer_key);
	__type(value, struct rz_peer);
} peers SEC(".maps");

/* Connections in conns that no known agent accepted, and whether agents are known at all: before
 * the first whole topology nobody is a stranger. Both are set by user space at each tick. */
__s32 rz_strangers = 0;
__u32 rz_topology_known = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64); /* rz_request_id_hash */
	__type(value, struct rz_traffic);
} client_traffic SEC(".maps");

/* Pinned, so that a daemon finds what closed before it came. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RZ_CLOSED_RING);
} closed SEC(".maps");

/* Written by user space, for its readers (rezone list, bpftool) as well; here they tell connections
 * to agents from those of strangers (room.bpf.h). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_AGENTS_MAX);
	__type(key, struct rz_endpoint);
	__type(value, struct rz_agent_val);
} agents SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64); /* socket cookie */
	__type(value, struct rz_move);
} moves SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_HOLDS_MAX);
	__type(key, __u64); /* socket cookie */
	__type(value, struct rz_hold);
} holds SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_HELD_MAX);
	__type(key, __u64); /* socket cookie */
	__type(value, struct rz_held);
} held SEC(".maps");

/* May held have entries? Set here with each, and by a daemon that begins, which clears it when it
 * finds none (user/kern/held.c). */
__u32 rz_held_any = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_FOLLOW_MAX);
	__type(key, struct rz_follow_key);
	__type(value, struct rz_follow);
} follow SEC(".maps");

/* May follow have entries? While it is 0 nobody looks there. Written by user space. */
__u32 rz_following = 0;

/* Entries in holds; while it is 0 nobody looks there. Written by user space. */
__u32 rz_holding = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rz_stats);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct rz_error_key);
	__type(value, __u64);
} errors SEC(".maps");

/* The first bytes of a request whose header came in pieces. */
struct rz_partial {
	__u32 next_seq;
	__u32 have;
	__u8 bytes[RZ_KAFKA_HEADER_MAX + 3];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, struct rz_partial_key);
	__type(value, struct rz_partial);
} partial SEC(".maps");

/* Frames as they were before the latest changes (undo.bpf.h). */
struct rz_undo_entry {
	__u64 cookie;
	__u64 check;
	__u32 seq;  /* where the segment begins that it was replaced for */
	__u32 base; /* may be gone back to: it was not itself taken back then */
	struct rz_frame f;
};
struct rz_undo {
	struct rz_undo_entry entries[RZ_UNDO_DEPTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RZ_UNDO_SLOTS);
	__type(key, __u32);
	__type(value, struct rz_undo);
} undo SEC(".maps");

/* Segments that came early (early.bpf.h), of the connections that share a slot. */
#define RZ_EARLY_SLOTS 32
#define RZ_EARLY_MAX   32  /* a power of two, as is: */
#define RZ_EARLY_KEPT  256 /* bytes of each, its first */
struct rz_early_piece {
	__u64 cookie; /* 0: nobody asks for it any more */
	__u64 check;  /* a sum over all else (rz_early_check) */
	__u32 seq;
	__u32 len; /* of the whole segment (rz_early_kept) */
	__u8 bytes[RZ_EARLY_KEPT];
};
struct rz_early {
	struct bpf_spin_lock lock;
	__u32 next;
	struct rz_early_piece pieces[RZ_EARLY_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RZ_EARLY_SLOTS);
	__type(key, __u32);
	__type(value, struct rz_early);
} early SEC(".maps");

/* rz_early_bit() of each connection that may have some, by slot; written under the slot's lock.
 * Apart from the slots, for nearly every segment asks, and 2 kB stay in the caches. */
__u64 rz_early_whose[RZ_EARLY_SLOTS] = {};

/* A handshake takes no longer: a listener sends its SYN-ACK again for 63 s, by default. What is
 * older is of another connection with the same ports and sequence number. */
#define RZ_OPENING_NS 120000000000LL

/* What was read of a connection before it had a socket (opening.bpf.h). Many that come to nothing
 * push out the oldest. */
struct rz_opening_key {
	struct rz_tuple tuple;
	__u32 seq; /* TCP sequence number of the first payload byte */
};
struct rz_opening {
	struct rz_opening_key key; /* again: tells a reused map element from the one looked up */
	__u64 read_ns;
	struct rz_proxied proxied;
	struct rz_frame f;
	struct rz_partial partial;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 128);
	__type(key, struct rz_opening_key);
	__type(value, struct rz_opening);
} openings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 32 * 1024);
} wake SEC(".maps");

/* A segment's payload: where it lies in the packet, and in the stream. */
struct rz_seg {
	__u32 seq; /* of the first payload byte, host order */
	__u32 off; /* of the payload, from the skb's IP header */
	__u32 len; /* of the payload */
	__u32 fin; /* a FIN is behind it */
};

/* Requests read from one segment; GRO makes segments of 64 KiB. More lose the frame (counted). */
#define RZ_REQUESTS_PER_SEGMENT 512

/* One of them that a response is sent to, on a connection in `holds`. */
struct rz_noted {
	__u32 number;
	__u32 correlation_id;
	__u32 begin; /* TCP sequence numbers of its first byte, and of the next request's */
	__u32 end;
	__s16 api_key;
	__u16 found; /* the first behind a lost frame */
};

/* The time, as it was asked for in this tick of the kernel's (rz_take_now). */
struct rz_clock {
	__u64 tick;
	__u64 ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rz_clock);
} clocks SEC(".maps");

/*
 * Working memory of the segment program. Here and not on the stack, because the stack has 512 bytes
 * only, and because the verifier follows every value on the stack but none in a map: what is here
 * cannot multiply the states it has to walk through. `header` is larger than any header: the
 * verifier bounds offset and length by masks of 511 each, so their sum must stay inside.
 *
 * One for each CPU. No other program has the scratch, and of two tasks that run this one on one CPU
 * the first (scratch.bpf.h).
 */
struct rz_scratch {
	__u32 users; /* tasks that have it, or look whether they have */
	__u8 header[RZ_KAFKA_BUFFER];
	struct rz_client_id id;
	struct rz_software software;
	struct rz_software_key software_key; /* of it, and its hash */
	__u64 software_hash;
	struct rz_proxied proxied;
	struct rz_partial partial;
	struct rz_opening opening;
	struct rz_frame f;	    /* the copy of the connection's frame that is worked on */
	struct rz_frame was;	    /* ... and as it was copied */
	struct rz_undo_entry entry; /* copied out of map undo */
	struct rz_seg seg;
	__u64 cookie;
	__u8 asked_metadata; /* one of this segment's requests did */
	__u8 carried_data;   /* one of them is a Produce or a Fetch */
	__u32 ahead;	   /* bytes of the header that were read in one go (rz_header_read_ahead) */
	__u32 compares_id; /* the id of the request that is read now is compared */
	__u32 expects_response; /* a response is sent to the request that is read now */
	__u32 found;		/* the request that is read now is the first behind a lost frame */
	__u32 undone;		/* how many changes of the frame back the work began, 0: none */
	__u32 watched;		/* the connection is in holds */
	__u32 older;		/* nothing was read of it since the program was attached again */
	__u8 misses;		/* the connection's */
	__u32 refused;		/* a client.id of this segment could not be kept */
	__u32 has_pushed; /* `pushed` is the piece of a header that nobody will ask for again */
	__u32 lost;	  /* how often the frame was lost in this segment */
	/* counted once the frame is put back (rz_sync_count), as `lost` is */
	__u32 n_read, n_found, n_identified;
	__u32 again;	  /* another CPU was faster: the segment in hand is to be tried again */
	__u32 tries;	  /* ... and how often it was */
	__u32 look;	  /* `again`, or what was kept in map early may be asked for now */
	__u32 came_early; /* bytes in front of the segment in hand were not read yet */
	__u32 kept_found; /* rz_early_take: the newest piece that fits, its number + 1 */
	__u32 kept_doubt; /* ... and whether it is what TCP has */
	__u32 from_early; /* the segment in hand is such a piece; `off` is its place there */
	__u32 dropped;	  /* the segment in hand is dropped, and the frame stays as it is */
	__u32 n_noted;
	struct rz_noted noted[RZ_REQUESTS_PER_SEGMENT];
	struct rz_partial_key pushed;
	struct rz_follow_key follow; /* made anew for each look-up */
	struct rz_early_piece early;
	struct rz_print print; /* what this segment's requests tell of their library */
	__u32 printed;	       /* it tells something */
	__u8 print_body[RZ_PRINT_BUFFER];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rz_scratch);
} scratch SEC(".maps");

#endif
