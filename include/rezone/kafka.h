/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * The header of a Kafka request, read by pure functions: built for BPF, for cmocka and for fuzzing
 * from this one source. No libc, no I/O, no state.
 *
 * Comes in: the first bytes of a request. Goes out: its fields, or that these bytes are no request.
 *
 * Form (Kafka protocol guide, "Request Header v1" and "v2"; all big-endian):
 *	size i32 | api_key i16 | api_version i16 | correlation_id i32 | client_id i16 length, bytes
 * `size` does not count its own four bytes. client_id keeps this form in the flexible header v2
 * (KIP-482), so one reader fits all versions. Only ControlledShutdown v0, spoken between brokers,
 * has no client_id.
 */
#ifndef REZONE_KAFKA_H
#define REZONE_KAFKA_H

#include <rezone/types.h>

/* Bytes up to and including the client_id's length. */
#define RZ_KAFKA_FIXED	    14
/* Fixed part and as much of a client.id as is kept. */
#define RZ_KAFKA_HEADER_MAX (RZ_KAFKA_FIXED + RZ_CLIENT_ID_KEPT)

/* api_key values (Kafka protocol guide, "Api Keys") that tell what a connection is used for. */
enum rz_api {
	RZ_API_PRODUCE = 0,
	RZ_API_FETCH = 1,
	RZ_API_METADATA = 3,
	RZ_API_OFFSET_COMMIT = 8,
	RZ_API_OFFSET_FETCH = 9,
	RZ_API_JOIN_GROUP = 11,
	RZ_API_HEARTBEAT = 12,
	RZ_API_LEAVE_GROUP = 13,
	RZ_API_SYNC_GROUP = 14,
	RZ_API_SASL_HANDSHAKE = 17,
	RZ_API_API_VERSIONS = 18,
	RZ_API_ADD_PARTITIONS_TO_TXN = 24,
	RZ_API_ADD_OFFSETS_TO_TXN = 25,
	RZ_API_END_TXN = 26,
	RZ_API_TXN_OFFSET_COMMIT = 28,
	RZ_API_SASL_AUTHENTICATE = 36,
	RZ_API_CONSUMER_GROUP_HEARTBEAT = 68,
	RZ_API_SHARE_GROUP_HEARTBEAT = 76,
};

/*
 * Limits of what is believed to be a request. No ceiling of known versions: such lists rot, and a
 * newer client would go unseen. These bounds only have to be far from noise.
 */
#define RZ_KAFKA_SIZE_MIN 10 /* the fixed part without the size field */
#define RZ_KAFKA_SIZE_MAX \
	(1 << 30) /* ten times the servers' usual limit; keeps sequence math in 31 bits */
#define RZ_KAFKA_API_MAX     1023
#define RZ_KAFKA_VERSION_MAX 127

struct rz_request {
	__s32 size; /* of the request behind its size field */
	__s16 api_key;
	__s16 api_version;
	__u32 correlation_id;
	__s16 client_id_len; /* -1 is null */
};

static inline __u16 rz_be16(const __u8 *p)
{
	return (__u16)(p[0] << 8 | p[1]);
}

static inline __u32 rz_be32(const __u8 *p)
{
	return (__u32)p[0] << 24 | (__u32)p[1] << 16 | (__u32)p[2] << 8 | p[3];
}

/*
 * Reads the RZ_KAFKA_FIXED bytes at `p`. Fills *ret and returns 0, or -1 if they cannot be the
 * start of a request: a length that does not fit, keys or versions far from any known. All-zero
 * bytes, the classic false Produce v0, fail by their size.
 */
static inline int rz_request_parse(const __u8 *p, struct rz_request *ret)
{
	ret->size = (__s32)rz_be32(p);
	ret->api_key = (__s16)rz_be16(p + 4);
	ret->api_version = (__s16)rz_be16(p + 6);
	ret->correlation_id = rz_be32(p + 8);
	ret->client_id_len = (__s16)rz_be16(p + 12);
	if (ret->size < RZ_KAFKA_SIZE_MIN || ret->size > RZ_KAFKA_SIZE_MAX)
		return -1;
	if (ret->api_key < 0 || ret->api_key > RZ_KAFKA_API_MAX)
		return -1;
	if (ret->api_version < 0 || ret->api_version > RZ_KAFKA_VERSION_MAX)
		return -1;
	if (ret->client_id_len < -1)
		return -1;
	if (ret->client_id_len > ret->size - RZ_KAFKA_SIZE_MIN)
		return -1;
	return 0;
}

/* How many bytes of this request's client.id are kept. */
static inline __u32 rz_client_id_kept(__s16 len)
{
	if (len <= 0)
		return 0;
	return len > RZ_CLIENT_ID_KEPT ? RZ_CLIENT_ID_KEPT : (__u32)len;
}

/*
 * A TLS ClientHello: record type handshake (22), version 3.x, handshake type 1 (RFC 8446, 4
 * and 5.1). To be asked before rz_request_parse(): read as a Kafka request it may be a plausible
 * one of 369 MB.
 */
static inline int rz_looks_like_tls(const __u8 *p)
{
	return p[0] == 0x16 && p[1] == 0x03 && p[5] == 0x01;
}

/* Marks in `f` what a connection with a request of this kind is used for. */
static inline void rz_frame_note_api(struct rz_frame *f, __s16 api_key, __s16 api_version)
{
	switch (api_key) {
	case RZ_API_PRODUCE:
		f->produce = 1;
		break;
	case RZ_API_FETCH:
		f->fetch = 1;
		break;
	case RZ_API_METADATA:
		f->metadata = 1;
		break;
	case RZ_API_OFFSET_COMMIT:
	case RZ_API_OFFSET_FETCH:
	case RZ_API_JOIN_GROUP:
	case RZ_API_HEARTBEAT:
	case RZ_API_LEAVE_GROUP:
	case RZ_API_SYNC_GROUP:
	case RZ_API_CONSUMER_GROUP_HEARTBEAT:
	case RZ_API_SHARE_GROUP_HEARTBEAT:
		f->coordinator = 1;
		break;
	case RZ_API_ADD_PARTITIONS_TO_TXN:
	case RZ_API_ADD_OFFSETS_TO_TXN:
	case RZ_API_END_TXN:
	case RZ_API_TXN_OFFSET_COMMIT:
		f->transaction = 1;
		break;
	case RZ_API_SASL_HANDSHAKE:
		f->sasl = 1;
		/* v0 is followed by bare tokens, each behind a size but without a header (KIP-152)
		 */
		if (api_version == 0)
			f->sasl_raw = 1;
		break;
	case RZ_API_SASL_AUTHENTICATE:
		f->sasl = 1;
		break;
	case RZ_API_API_VERSIONS:
		break;
	default:
		f->other = 1;
	}
}

/*
 * Hash of a client.id: a multiplicative hash over 64-bit words of the NUL-padded kept bytes, with
 * the seed and the wire length mixed in first, a multiplication of the halves in each step, and a
 * final avalanche (the finaliser of MurmurHash3, public domain). Never 0. `raw` is
 * RZ_CLIENT_ID_SIZE bytes, 8-byte aligned. Two ids with one hash are told apart by comparing the
 * bytes, so the hash need not be strong, only unpredictable: hence the seed.
 */
static inline __u64 rz_client_id_hash(const __u8 *raw, __s16 len, __u64 seed)
{
	const __u64 *w = (const __u64 *)(const void *)raw;
	__u64 h = 0xcbf29ce484222325ULL ^ seed, x;
	int i;

	h = (h ^ (__u16)len) * 0x100000001b3ULL;
	for (i = 0; i < RZ_CLIENT_ID_SIZE / 8; i++) {
		x = h ^ w[i];
		/* the product of two halves, both behind the seed: which ids collide depends on it
		 */
		h = x * 0x9e3779b97f4a7c15ULL + (__u64)((__u32)x | 1) * (__u32)(x >> 32);
		h ^= h >> 32;
	}
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	return h ? h : 1;
}

#endif
