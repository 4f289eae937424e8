/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * The frame, a part of an entry of map `conns`: who speaks on a connection, and where its byte
 * stream stands.
 */
#ifndef REZONE_FRAME_H
#define REZONE_FRAME_H

#include <rezone/abi.h>

/* How far a connection's identification went (docs/internals.md, "A connection has an entry"). */
enum rz_state {
	RZ_STATE_NEW = 0,    /* open, nothing of its client known yet */
	RZ_STATE_IDENTIFIED, /* client.id read, no Produce or Fetch seen yet */
	RZ_STATE_DATA,	     /* has carried Produce or Fetch */
	RZ_STATE_TLS,	     /* speaks TLS; client.id invisible */
	RZ_STATE_MPTCP,	     /* a Multipath TCP subflow: resetting one hangs both ends */
	RZ_STATE_DESYNCED,   /* identified, but where the next request starts is not known now */
	RZ_STATE_NOT_KAFKA,  /* the first bytes are no Kafka request */
	RZ_STATE_COUNT,
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

/* Where bytes of a connection went by that should have been read and were not, a request may be
 * unanswered that nobody read. After so many requests more it has been: responses come in order,
 * and a client that waits for one does not send that many meanwhile. */
#define RZ_UNSEEN_REQUESTS 64

/*
 * Where a connection's byte stream stands. Requests follow each other without a gap, each behind
 * its own 4-byte length, so knowing the sequence number of one request's first byte is knowing all.
 */
struct rz_frame {
	__u16 generation; /* counts changes; tells two CPUs at once apart */
	__u16 owner; /* the socket cookie's low bits: a frame that strayed to another entry is void
		      */
	__u32 software; /* key into `softwares`, 0 if the client has not said it, or UNKEPT */
	/* The place: two numbers in one aligned word. A change of an entry's frame writes both by
	 * one store, and rz_frame_inside() reads both by one load, without the lock. A new next_seq
	 * beside an old read_end would let a segment pass unread that brings again what another CPU
	 * is reading now. */
	__u32 next_seq;	  /* TCP sequence number of the next request's first byte */
	__u32 read_end;	  /* TCP sequence number up to which bytes were read; true once TCP has them
			   */
	__u32 requests;	  /* request headers read */
	__u32 answerable; /* those of them that expect a response: all but Produce with acks=0 */
	__u32 correlation_id; /* of the latest one */
	__s16 api_key;	      /* of the latest one */
	__s16 client_id_len;  /* as on the wire, -1 is null; valid once client is not 0 */
	__u16 have; /* bytes of the next header that already came, kept in map `partial` */
	__u16 skip; /* bytes of its client.id that were passed over behind those */
	enum rz_state state;
	enum rz_protocol protocol;
	/* a byte each, for a value with a spin lock must hold no bit-fields (kernel/bpf/btf.c) */
	__u8 synced;	 /* next_seq is true */
	__u8 adopted;	 /* found in mid-stream: older than rezone, or its frame was lost early */
	__u8 tentative;	 /* adopted, and the one header read so far is a guess (rz_sync_find) */
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

RZ_ASSERT(__builtin_offsetof(struct rz_frame, next_seq) % 8 == 0 &&
		  __builtin_offsetof(struct rz_frame, read_end) ==
			  __builtin_offsetof(struct rz_frame, next_seq) + 4,
	  "the place is read and written as one word");
RZ_ASSERT(sizeof(struct rz_frame) == 64,
	  "rz_frame is compared and copied under the lock: keep it small");

#endif
