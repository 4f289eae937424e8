/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * The header of a Kafka request. Pure.
 *
 * Comes in: the first bytes of a request. Goes out: its fields, or that these bytes are no request.
 *
 * Form (Kafka protocol guide, "Request Header v1" and "v2"; all big-endian):
 *	size i32 | api_key i16 | api_version i16 | correlation_id i32 | client_id i16 length, bytes
 * `size` does not count its own four bytes. client_id keeps this form in the flexible header v2
 * (KIP-482), so one reader fits all versions. Only ControlledShutdown v0, spoken between brokers,
 * has no client_id.
 */
#ifndef REZONE_REQUEST_H
#define REZONE_REQUEST_H

#include <rezone/abi.h>
#include <rezone/bytes.h>
#include <rezone/hash.h>
#include <stdbool.h>

/* Bytes up to and including the client_id's length. */
#define RZ_KAFKA_FIXED 14

/*
 * Limits of what is believed to be a request. No ceiling of known keys or versions: such lists rot,
 * and a newer client would go unseen. Vendors have keys of their own: AutoMQ from 501, Confluent
 * from 10000. These bounds only have to be far from noise.
 */
#define RZ_KAFKA_SIZE_MIN 10 /* the fixed part without the size field */
#define RZ_KAFKA_SIZE_MAX \
	(1 << 30) /* ten times the servers' usual limit; keeps sequence math in 31 bits */
#define RZ_KAFKA_API_COMMON  1023 /* Apache Kafka's keys, and AutoMQ's from 501 on */
#define RZ_KAFKA_VERSION_MAX 127

struct rz_request {
	__s32 size; /* of the request behind its size field */
	__s16 api_key;
	__s16 api_version;
	__u32 correlation_id;
	__s16 client_id_len; /* -1 is null */
};

/* Could a request's size stand in these four bytes? */
static inline bool rz_request_size_is_plausible(const __u8 *p)
{
	__u32 size = rz_bytes_be32(p);

	return size >= RZ_KAFKA_SIZE_MIN && size <= RZ_KAFKA_SIZE_MAX;
}

/*
 * Reads the RZ_KAFKA_FIXED bytes at `p`. Fills *ret and returns 0, or -1 if they cannot be the
 * start of a request: a length that does not fit, keys or versions far from any known. All-zero
 * bytes, the classic false Produce v0, fail by their size.
 */
static inline int rz_request_parse(const __u8 *p, struct rz_request *ret)
{
	ret->size = (__s32)rz_bytes_be32(p);
	ret->api_key = (__s16)rz_bytes_be16(p + 4);
	ret->api_version = (__s16)rz_bytes_be16(p + 6);
	ret->correlation_id = rz_bytes_be32(p + 8);
	ret->client_id_len = (__s16)rz_bytes_be16(p + 12);
	if (ret->size < RZ_KAFKA_SIZE_MIN || ret->size > RZ_KAFKA_SIZE_MAX)
		return -1;
	if (ret->api_key < 0)
		return -1;
	if (ret->api_version < 0 || ret->api_version > RZ_KAFKA_VERSION_MAX)
		return -1;
	if (ret->client_id_len < -1)
		return -1;
	if (ret->client_id_len > ret->size - RZ_KAFKA_SIZE_MIN)
		return -1;
	return 0;
}

/*
 * Is this a key that a client uses every day? Asked where a header is only a guess: among SASL
 * tokens, and out of sync on a connection whose client is not known. A vendor's key says too little
 * there, for half of all noise has one.
 */
static inline bool rz_request_is_common(const struct rz_request *r)
{
	return r->api_key <= RZ_KAFKA_API_COMMON;
}

/* How many bytes of this request's client.id are kept. */
static inline __u32 rz_request_id_kept(__s16 len)
{
	if (len <= 0)
		return 0;
	return len > RZ_CLIENT_ID_KEPT ? RZ_CLIENT_ID_KEPT : (__u32)len;
}

/*
 * Of a client.id: its `kept` bytes at `p`, of which 256 can be read whatever its length, and its
 * length on the wire. Asked where the id lies in a request.
 */
static inline __u64 rz_request_id_hash_kept(const __u8 *p, __u32 kept, __s16 len, __u64 seed)
{
	struct rz_hash h = rz_hash_begin(seed);
	__u32 i;
	/* 7 bytes at most, and read first: behind the loop the verifier would look at it once for
	 * each turn that may be the last */
	__u64 rest = rz_bytes_load_some(p + (kept & 0xf8), kept & 7);

	for (i = 0; i < RZ_CLIENT_ID_SIZE / 8 - 1; i++) {
		if (i * 8 + 8 > kept)
			break;
		rz_hash_word(&h, rz_bytes_load64(p + i * 8));
	}
	/* and the length, so that no id is the beginning of another */
	rz_hash_word(&h, rest);
	rz_hash_word(&h, (__u16)len);
	return rz_hash_end(&h);
}

static inline __u64 rz_request_id_hash(const __u8 *p, __s16 len, __u64 seed)
{
	return rz_request_id_hash_kept(p, rz_request_id_kept(len), len, seed);
}

#endif
