/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Map `prints`: what the form of a connection's requests tells of the library that made them:
 * fields of Produce and Fetch that are a library's constants or defaults, and of the header of the
 * first record batch. And their readers, which are pure. Map `told`: what else tells it.
 *
 * Of a topic only the length of its name is looked at; of records nothing, for a batch's header
 * lies in front of them. Forms (Kafka protocol guide; KIP-482 for the compact ones):
 *
 * Produce v3 to 8: transactional_id i16 = -1, acks i16, timeout i32, topics i32,
 *     topic i16 length and bytes, partitions i32, index i32, records i32 size, batch
 * Produce v9 to 12: tags u8 = 0, transactional_id u8 = 0, acks, timeout, topics varint,
 *     topic varint length + 1 and bytes, partitions varint, index, records varint, batch
 * Produce v13: the same with a topic id of 16 bytes in place of topic (KIP-516)
 * batch: base_offset i64, length i32, leader_epoch i32, magic i8, crc u32, attributes i16,
 *     last_offset_delta i32, timestamps 2 x i64, producer_id i64, producer_epoch i16,
 *     base_sequence i32
 * Fetch v4 to 14: (v12: tags u8 = 0), replica_id i32, max_wait i32, min_bytes i32,
 *     max_bytes i32, isolation i8, (v7: session_id i32, session_epoch i32)
 * Fetch v15: the same without replica_id (KIP-903)
 */
#ifndef REZONE_PRINT_H
#define REZONE_PRINT_H

#include <rezone/api.h>
#include <rezone/bytes.h>

/*
 * prints: socket cookie -> how its requests look. Written by rz_segment without a lock, removed
 * with the connection. Noted of a connection that carries Produce, and of one that is older than
 * rezone and has said no name. Only the first requests and some later ones are looked at, and two
 * CPUs at once may miss one: whoever reads it takes what is not there, and what differs, for not
 * known.
 */
enum rz_print_api {
	RZ_PRINT_OF_PRODUCE,
	RZ_PRINT_OF_FETCH,
	RZ_PRINT_OF_LIST_OFFSETS,
	RZ_PRINT_OF_METADATA,
	RZ_PRINT_OF_OFFSET_COMMIT,
	RZ_PRINT_OF_FIND_COORDINATOR,
	RZ_PRINT_OF_JOIN_GROUP,
	RZ_PRINT_OF_HEARTBEAT,
	RZ_PRINT_APIS,
} RZ_PACKED_ENUM;
#define RZ_PRINT_DIFFERS 255 /* in versions[]: it has sent two */
struct rz_print {
	__s32 produce_timeout_ms;
	__s32 fetch_max_wait_ms;
	__s32 fetch_min_bytes;
	__s32 fetch_max_bytes;
	__u8 produces; /* Produce requests whose first batch was read; ends at 255 */
	__u8 fetches;  /* Fetch requests likewise */
	/* of these batches; -1, 0, or 1: something else */
	__s8 leader_epoch;
	__s8 producer_epoch; /* 0 if it is idempotent, as base_sequence */
	__s8 base_sequence;
	__u8 idempotent; /* it has a producer id */
	__u8 old_batch;	 /* a message set, older than record batches: nothing else is known */
	__u8 isolation;
	__u8 session; /* its fetches are in a session (KIP-227) */
	__u8 several; /* one of these Produce requests had more than one topic, or partition */
	/* two requests were not the same in these */
	__u8 timeouts_differ;
	__u8 batches_differ;
	__u8 waits_differ;
	__u8 fetches_differ;	      /* in anything but fetch_max_wait_ms */
	__u8 versions[RZ_PRINT_APIS]; /* api_version + 1, 0: none was sent */
	__u8 pad[2];
};

RZ_ASSERT(sizeof(struct rz_print) == 40, "with its key it fits the kernel's 96-byte class");

/*
 * told: socket cookie -> what the daemon found out of the library of a connection that has an entry
 * in prints. The daemon alone writes it, whole values, and removes an entry once that of prints is
 * gone (kern/told.h); rz_segment only reads it. So nothing that one side notes can undo what the
 * other does in the same instant.
 */
#define RZ_TOLD_NO_ANSWER 127 /* in agent_has */
struct rz_told {
	__u8 unanswered; /* in a move: the most requests that were unanswered at once; ends at 255
			  */
	__u8 probed;	 /* it was held without a close, which was to tell its library */
	/* the newest Produce that its agent has, + 1; 0: it was not asked, RZ_TOLD_NO_ANSWER: it
	 * did not say */
	__u8 agent_has;
	__u8 pad[5];
};

RZ_ASSERT(sizeof(struct rz_told) == 8, "a reader's rows have no hidden padding");

#define RZ_PRINT_PRODUCE_HEAD 16 /* bytes of a Produce that are read first, up to its topic */
#define RZ_PRINT_BATCH	      69 /* bytes behind the topic, up to the batch's base_sequence */
#define RZ_PRINT_FETCH	      25 /* bytes of a Fetch, up to its session's */
#define RZ_PRINT_FETCH_FROM   4	 /* its oldest version that is read */
#define RZ_PRINT_BUFFER	      128

/* Which element of rz_print.versions is this API's; -1: none. */
static inline int rz_print_api(__s16 api_key)
{
	switch (api_key) {
	case RZ_API_PRODUCE:
		return RZ_PRINT_OF_PRODUCE;
	case RZ_API_FETCH:
		return RZ_PRINT_OF_FETCH;
	case RZ_API_LIST_OFFSETS:
		return RZ_PRINT_OF_LIST_OFFSETS;
	case RZ_API_METADATA:
		return RZ_PRINT_OF_METADATA;
	case RZ_API_OFFSET_COMMIT:
		return RZ_PRINT_OF_OFFSET_COMMIT;
	case RZ_API_FIND_COORDINATOR:
		return RZ_PRINT_OF_FIND_COORDINATOR;
	case RZ_API_JOIN_GROUP:
		return RZ_PRINT_OF_JOIN_GROUP;
	case RZ_API_HEARTBEAT:
		return RZ_PRINT_OF_HEARTBEAT;
	default:
		return -1;
	}
}

/*
 * Reads timeout and number of topics from the RZ_PRINT_PRODUCE_HEAD bytes at `p`, and returns where
 * the bytes behind its first topic begin; 0: it has a form that is not known, or is transactional.
 */
static inline __u32 rz_print_produce(const __u8 *p, __s16 version, struct rz_print *ret)
{
	__u32 len;

	if (version < 3)
		return 0;
	if (version < 9) {
		if (rz_bytes_be16(p) != 0xffff)
			return 0;
		len = rz_bytes_be16(p + 12);
		if (!len || len > 249) /* the longest name of a topic */
			return 0;
		len += 14;
		ret->several = rz_bytes_be32(p + 8) > 1;
	} else {
		if (p[0] || p[1] || p[8] & 0x80)
			return 0;
		if (version >= 13)
			len = 9 + 16;
		else if (!(p[9] & 0x80))
			len = 9 + p[9];
		else if (!(p[10] & 0x80))
			len = 10 + ((__u32)p[10] << 7 | (p[9] & 0x7f));
		else
			return 0;
		ret->several = p[8] > 2; /* a compact array's length is one more */
	}
	ret->produce_timeout_ms = (__s32)rz_bytes_be32(p + 4);
	return len;
}

/* A number of which only -1, 0 and all others are told apart. */
static inline __s8 rz_print_class(__s32 n)
{
	return n == -1 ? -1 : n != 0;
}

/* Where the batch begins in the bytes behind a compact topic; 0: that is not known. */
static inline __u32 rz_print_compact_batch(const __u8 *p)
{
	__u32 i;

	if (p[0] & 0x80)
		return 0;
	for (i = 5; i < 10; i++)
		if (!(p[i] & 0x80))
			return i + 1;
	return 0;
}

/* Reads the number of the topic's partitions and the batch's header from the RZ_PRINT_BATCH bytes
 * at `p`, behind the topic, of a buffer of RZ_PRINT_BUFFER bytes. Returns 0, or -1 if there is
 * none.
 */
static inline int rz_print_batch(const __u8 *p, __s16 version, struct rz_print *ret)
{
	__u32 at = version < 9 ? 12 : rz_print_compact_batch(p);

	if (!at)
		return -1;
	ret->several |= version < 9 ? rz_bytes_be32(p) > 1 : p[0] > 2;
	p += at & 15; /* for the verifier, as it is at most 12 */
	if (p[16] < 2) {
		ret->old_batch = 1;
		return 0;
	}
	if (p[16] != 2)
		return -1;
	ret->leader_epoch = rz_print_class((__s32)rz_bytes_be32(p + 12));
	ret->idempotent = !(p[43] & 0x80);
	if (ret->idempotent) /* its own numbers follow, which say nothing of the library */
		return 0;
	ret->producer_epoch = rz_print_class((__s16)rz_bytes_be16(p + 51));
	ret->base_sequence = rz_print_class((__s32)rz_bytes_be32(p + 53));
	return 0;
}

/* Reads the RZ_PRINT_FETCH bytes at `p` of a Fetch of RZ_PRINT_FETCH_FROM or newer. Returns 0, or
 * -1. */
static inline int rz_print_fetch(const __u8 *p, __s16 version, struct rz_print *ret)
{
	if (version >= 12 && *p++) /* tagged fields in the header: none so far */
		return -1;
	if (version < 15) {
		if (rz_bytes_be32(p) != 0xffffffff) /* another agent's */
			return -1;
		p += 4;
	}
	ret->fetch_max_wait_ms = (__s32)rz_bytes_be32(p);
	ret->fetch_min_bytes = (__s32)rz_bytes_be32(p + 4);
	ret->fetch_max_bytes = (__s32)rz_bytes_be32(p + 8);
	ret->isolation = p[12];
	/* session_epoch, the last field, needs 26 bytes in v12: the high byte is enough for -1 */
	ret->session = version >= 7 && !(p[17] & 0x80);
	return 0;
}

#endif
