/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * The header of a Kafka request and the first bytes of two bodies, read by pure functions: built
 * for BPF, for cmocka and for fuzzing from this one source. No libc, no I/O, no state.
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

#include <rezone/hash.h>
#include <rezone/types.h>
#include <stdbool.h>

/* Bytes up to and including the client_id's length. */
#define RZ_KAFKA_FIXED	     14
/* Bytes of a body that are looked at: Produce up to its acks; ApiVersions up to the version of the
 * client's library, if neither it nor its name is longer than KIP-511's examples by far. */
#define RZ_PRODUCE_BODY	     4
#define RZ_API_VERSIONS_BODY 80
/* Fixed part, as much of a client.id as is kept, and of the body as is looked at. */
#define RZ_KAFKA_HEADER_MAX  (RZ_KAFKA_FIXED + RZ_CLIENT_ID_KEPT + RZ_API_VERSIONS_BODY)
/* Size of the buffers that the functions below read from at any offset of a header. */
#define RZ_KAFKA_BUFFER	     1024

/* api_key values (Kafka protocol guide, "Api Keys") that tell what a connection is used for. */
enum rz_api {
	RZ_API_PRODUCE = 0,
	RZ_API_FETCH = 1,
	RZ_API_LIST_OFFSETS = 2,
	RZ_API_METADATA = 3,
	RZ_API_OFFSET_COMMIT = 8,
	RZ_API_OFFSET_FETCH = 9,
	RZ_API_FIND_COORDINATOR = 10,
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
	RZ_API_SHARE_FETCH = 78,
	RZ_API_SHARE_ACKNOWLEDGE = 79,
	RZ_API_STREAMS_GROUP_HEARTBEAT = 88,
};

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

static inline __u16 rz_be16(const __u8 *p)
{
	return (__u16)(p[0] << 8 | p[1]);
}

static inline __u32 rz_be32(const __u8 *p)
{
	return (__u32)p[0] << 24 | (__u32)p[1] << 16 | (__u32)p[2] << 8 | p[3];
}

/* Could a request's size stand in these four bytes? */
static inline bool rz_size_is_plausible(const __u8 *p)
{
	__u32 size = rz_be32(p);

	return size >= RZ_KAFKA_SIZE_MIN && size <= RZ_KAFKA_SIZE_MAX;
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
static inline __u32 rz_client_id_kept(__s16 len)
{
	if (len <= 0)
		return 0;
	return len > RZ_CLIENT_ID_KEPT ? RZ_CLIENT_ID_KEPT : (__u32)len;
}

/*
 * How many bytes behind the client.id of this request tell more about it: of Produce whether it
 * expects an answer, of ApiVersions (if `want_software`) what the client is. Never more than the
 * request has.
 */
static inline __u32 rz_request_body(const struct rz_request *r, bool want_software)
{
	__s32 rest = r->size - RZ_KAFKA_SIZE_MIN - (r->client_id_len > 0 ? r->client_id_len : 0);
	__u32 want = 0;

	if (r->api_key == RZ_API_PRODUCE)
		want = r->api_version < 3 ? 2 : RZ_PRODUCE_BODY;
	else if (r->api_key == RZ_API_API_VERSIONS && r->api_version >= 3 && want_software)
		want = RZ_API_VERSIONS_BODY;
	return rest < (__s32)want ? (__u32)rest : want;
}

/* Requests that a client whose connection is lost may send again without a second effect. */
static inline bool rz_api_repeatable(__s16 api_key)
{
	switch (api_key) {
	case RZ_API_FETCH:
	case RZ_API_LIST_OFFSETS:
	case RZ_API_METADATA:
	case RZ_API_FIND_COORDINATOR:
	case RZ_API_API_VERSIONS:
		return true;
	default:
		return false;
	}
}

enum rz_acks {
	RZ_ACKS_UNREAD = 0, /* the request is too short, or has a form that is not known */
	RZ_ACKS_NONE,	    /* acks=0: nothing is answered */
	RZ_ACKS_SOME,
	RZ_ACKS_TRANSACTION, /* has a transactional id, which acks=0 cannot have */
};

/*
 * The acks of a Produce request, from the `n` bytes behind its client.id (Kafka protocol guide,
 * "Produce"). v0 to 2: acks i16. v3 to 8: transactional_id as a nullable string (i16), then acks.
 * v9 and newer: a count of tagged fields (of the header, always 0 so far), transactional_id as a
 * compact nullable string, then acks.
 */
static inline enum rz_acks rz_produce_acks(const __u8 *p, __u32 n, __s16 version)
{
	if (n < (version < 3 ? 2 : RZ_PRODUCE_BODY))
		return RZ_ACKS_UNREAD;
	if (version >= 9) {
		if (p[0])
			return RZ_ACKS_UNREAD;
		if (p[1])
			return RZ_ACKS_TRANSACTION;
		p += 2;
	} else if (version >= 3) {
		if ((__s16)rz_be16(p) >= 0)
			return RZ_ACKS_TRANSACTION;
		p += 2;
	}
	return rz_be16(p) ? RZ_ACKS_SOME : RZ_ACKS_NONE;
}

/* Letters, digits, dot and dash, all that KIP-511 allows, stay what they are, a NUL too; anything
 * else is '?'. A table, because each question would double the ways that a verifier has to walk. */
/* clang-format off */
static const __u8 rz_software_chars[256] __attribute__((unused)) = {
	[1 ... 44] = '?', ['-'] = '-', ['.'] = '.', [47] = '?', ['0'] = '0', ['1'] = '1', ['2'] = '2',
	['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9',
	[58 ... 64] = '?', ['A'] = 'A', ['B'] = 'B', ['C'] = 'C', ['D'] = 'D', ['E'] = 'E',
	['F'] = 'F', ['G'] = 'G', ['H'] = 'H', ['I'] = 'I', ['J'] = 'J', ['K'] = 'K', ['L'] = 'L',
	['M'] = 'M', ['N'] = 'N', ['O'] = 'O', ['P'] = 'P', ['Q'] = 'Q', ['R'] = 'R', ['S'] = 'S',
	['T'] = 'T', ['U'] = 'U', ['V'] = 'V', ['W'] = 'W', ['X'] = 'X', ['Y'] = 'Y', ['Z'] = 'Z',
	[91 ... 96] = '?', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e',
	['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l',
	['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's',
	['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
	[123 ... 255] = '?',
};
/* clang-format on */

#ifdef __bpf__ /* a copy of variable length needs a helper there */
#define rz_copy_bytes(dst, src, n) bpf_probe_read_kernel(dst, n, src)
#else
#define rz_copy_bytes(dst, src, n) __builtin_memcpy(dst, src, n)
#endif

/* Eight bytes that may lie anywhere. BPF's compiler would load them one by one; the architectures
 * that we build for load them at once. */
static inline __u64 rz_load64(const __u8 *p)
{
#ifdef __bpf__
	return *(const __u64 *)(const void *)p;
#else
	__u64 word;

	__builtin_memcpy(&word, p, sizeof(word));
	return word;
#endif
}

/* Copies the compact string at `at` of `buf` (its length plus one in one byte), cut to fit. Returns
 * the offset behind it, or 0 if it is null, longer than 126 bytes, or does not end before `end`. */
static inline __u32 rz_compact_copy(char dst[RZ_SOFTWARE_SIZE], const __u8 *buf, __u32 at,
				    __u32 end)
{
	__u32 len, kept, i;

	if (at >= end)
		return 0;
	len = buf[at & (RZ_KAFKA_BUFFER - 1)];
	if (!len-- || len > 126 || at + 1 + len > end)
		return 0;
	kept = len < RZ_SOFTWARE_SIZE - 1 ? len : RZ_SOFTWARE_SIZE - 1;
	rz_copy_bytes(dst, buf + ((at + 1) & (RZ_KAFKA_BUFFER / 2 - 1)),
		      kept & (RZ_SOFTWARE_SIZE - 1));
	for (i = 0; i < RZ_SOFTWARE_SIZE; i++)
		dst[i] = (char)rz_software_chars[(__u8)dst[i]];
	return at + 1 + len;
}

/*
 * client_software_name and _version of an ApiVersions request v3 or newer (KIP-511): `n` bytes
 * behind its client.id, at offset `at` of `buf`, which has RZ_KAFKA_BUFFER bytes. Fills *ret, which
 * must be all zero, and returns 0, or -1 if they cannot be read.
 */
static inline int rz_software_read(const __u8 *buf, __u32 at, __u32 n, struct rz_software *ret)
{
	__u32 end = at + n;

	if (n < 3 || buf[at & (RZ_KAFKA_BUFFER - 1)]) /* tagged fields in the header: none so far */
		return -1;
	at = rz_compact_copy(ret->name, buf, at + 1, end);
	if (!at)
		return -1;
	return rz_compact_copy(ret->version, buf, at, end) ? 0 : -1;
}

/*
 * What speaks by these first bytes, of which there are at least four and which are no Kafka
 * request. Redis: an array (RESP) or the inline PING; HTTP: a method, or HTTP/2's preface.
 */
static inline enum rz_protocol rz_stranger_protocol(const __u8 *p)
{
	switch (rz_be32(p)) {
	case 0x47455420: /* "GET " */
	case 0x504f5354: /* "POST" */
	case 0x50555420: /* "PUT " */
	case 0x48454144: /* "HEAD" */
	case 0x4f505449: /* "OPTI" */
	case 0x44454c45: /* "DELE" */
	case 0x50415443: /* "PATC" */
	case 0x434f4e4e: /* "CONN" */
	case 0x50524920: /* "PRI " */
		return RZ_PROTOCOL_HTTP;
	case 0x5353482d: /* "SSH-" */
		return RZ_PROTOCOL_SSH;
	case 0x50494e47: /* "PING" */
		return RZ_PROTOCOL_REDIS;
	}
	if (p[0] == '*' && p[1] >= '0' && p[1] <= '9' &&
	    (p[2] == '\r' || (p[2] >= '0' && p[2] <= '9')))
		return RZ_PROTOCOL_REDIS;
	return RZ_PROTOCOL_NOISE;
}

/*
 * A PROXY protocol header before the first request (HAProxy, proxy-protocol.txt, 2.1 and 2.2).
 * rz_proxy_begins() looks at RZ_KAFKA_FIXED bytes; no Kafka request has a size that large, or an
 * api_version of 0x0a51. Returns 1 or 2, the version, or 0.
 */
static inline int rz_proxy_begins(const __u8 *p)
{
	if (rz_be32(p) == 0x50524f58 && p[4] == 'Y' && p[5] == ' ')
		return 1;
	if (rz_be32(p) == 0x0d0a0d0a && rz_be32(p + 4) == 0x000d0a51 &&
	    rz_be32(p + 8) == 0x5549540a)
		return 2;
	return 0;
}

/* Length of the version 1 header whose first `have` bytes (at most RZ_PROXY_V1_MAX) are at `p`,
 * line end included; 0 if its end is not among them. None is shorter than "PROXY UNKNOWN\r\n", nor,
 * what counts here, than the bytes that have been read to see that it is one. */
static inline __u32 rz_proxy_v1_length(const __u8 *p, __u32 have)
{
	__u32 i;

	for (i = RZ_KAFKA_FIXED; i < RZ_PROXY_V1_MAX; i++) {
		if (i >= have)
			return 0;
		if (p[i] == '\n')
			return i + 1;
	}
	return 0;
}

#define RZ_PROXY_V2_FIXED 16
#define RZ_PROXY_V2_KEPT  (RZ_PROXY_V2_FIXED + 36) /* with two IPv6 addresses and ports */

/* Length of a version 2 header with all its fields, from its first RZ_PROXY_V2_FIXED bytes. */
static inline __u32 rz_proxy_v2_length(const __u8 *p)
{
	return RZ_PROXY_V2_FIXED + (__u32)rz_be16(p + 14);
}

/*
 * A TLS ClientHello: record type handshake (22), version 3.x, handshake type 1 (RFC 8446, 4
 * and 5.1). To be asked before rz_request_parse(): read as a Kafka request it may be a plausible
 * one of 369 MB.
 */
static inline bool rz_looks_like_tls(const __u8 *p)
{
	return p[0] == 0x16 && p[1] == 0x03 && p[5] == 0x01;
}

/* Marks in `f` what a connection with a request of this kind is used for. */
static inline void rz_frame_note_api(struct rz_frame *f, __s16 api_key, __s16 api_version)
{
	/* bare tokens end with the first request of another kind: from then on what is no header is
	 * a lost frame */
	if (api_key != RZ_API_API_VERSIONS)
		f->sasl_raw = 0;
	switch (api_key) {
	case RZ_API_PRODUCE:
		f->produce = 1;
		f->data_version = (__u8)api_version; /* RZ_KAFKA_VERSION_MAX at most */
		break;
	case RZ_API_FETCH:
		f->fetch = 1;
		if (!f->produce) /* what writes need counts */
			f->data_version = (__u8)api_version;
		break;
	/* where things are: harmless to ask again, as rz_api_repeatable() has it. Were they
	 * `other`, a connection that only reads would have to be answered before a reset */
	case RZ_API_METADATA:
	case RZ_API_LIST_OFFSETS:
	case RZ_API_FIND_COORDINATOR:
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
	case RZ_API_STREAMS_GROUP_HEARTBEAT:
		f->coordinator = 1;
		break;
	/* Data, but data that the agent lends: records that a share session has acquired are given
	 * to others when its connection ends (KIP-932), whatever of them was processed. So these
	 * are membership too, and such a connection is `shared`. */
	case RZ_API_SHARE_FETCH:
	case RZ_API_SHARE_ACKNOWLEDGE:
		f->fetch = 1;
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

/* Has the client begun to work, beyond ApiVersions and authentication? Some libraries send those
 * without a client.id, or with another. */
static inline bool rz_frame_is_used(const struct rz_frame *f)
{
	return f->produce || f->fetch || f->coordinator || f->metadata || f->transaction ||
	       f->other;
}

/* Requests between two looks whether user space still has the client's id, behind the first ones.
 */
#define RZ_LOOK_AGAIN	  64
#define RZ_REQUESTS_FIRST 16

/* Does the connection's next request look whether its client.id is still kept? User space forgets
 * ids that it saw nobody use; it did not see a connection that began meanwhile, hence the first
 * ones. */
static inline bool rz_frame_looks_again(const struct rz_frame *f)
{
	return f->requests < RZ_REQUESTS_FIRST || f->requests % RZ_LOOK_AGAIN == 0;
}

/*
 * Is the client.id of the next request compared with the connection's? Of all requests at first,
 * then of one in four, by a row that keeps step with nobody: a comparison of each costs a tenth of
 * all work on a small request. Of a connection that is being moved each is compared.
 */
static inline bool rz_frame_compares_id(const struct rz_frame *f)
{
	__u32 x = f->requests * 0x9e3779b1u;

	if (rz_frame_looks_again(f))
		return true;
	x = (x ^ x >> 15) * 0x85ebca6bu;
	return x < 1u << 30;
}

/* A client whose work has not begun may still come to another id in so many requests: some
 * libraries send their first ones without an id. So a connection brings no more ids than this. */
#define RZ_REQUESTS_OF_OTHER_ID 4

/* Segments in which no request was found, in a row, before the search slows down, and then between
 * two doublings of what is passed over; up to 15 segments of 16. */
#define RZ_MISSES_FREE	   64
#define RZ_MISSES_DOUBLING 16
#define RZ_MISSES_MAX	   (RZ_MISSES_FREE + 3 * RZ_MISSES_DOUBLING)

/*
 * Out of sync: is the segment at this sequence number passed over? Who never comes into sync, or
 * never sends Kafka at all, costs less and less. Which segments are passed over depends on their
 * place alone, so that nothing need be written for them.
 */
static inline bool rz_frame_backs_off(__u32 misses, __u32 seq)
{
	__u32 doublings;

#ifdef REZONE_NO_BACK_OFF /* fuzzing: misses are counted of what TCP did not take, too */
	return false;
#endif
	if (misses < RZ_MISSES_FREE)
		return false;
	doublings = (misses - RZ_MISSES_FREE) / RZ_MISSES_DOUBLING & 3;
	seq = (seq ^ seq >> 16) * 0x85ebca6bu;
	return (seq >> 28 & ((2u << doublings) - 1)) != 0;
}

/* Where bytes of a connection went by that should have been read and were not, a request may be
 * unanswered that nobody read. After so many requests more it has been: responses come in order,
 * and a client that waits for one does not send that many meanwhile. */
#define RZ_UNSEEN_REQUESTS 64

/* The first `n` of eight bytes, as a word with NULs behind them. */
static inline __u64 rz_load_some(const __u8 *p, __u32 n)
{
	__u64 word = rz_load64(p);

	if (n >= 8)
		return word;
	return n ? word & ((1ULL << (8 * n)) - 1) : 0;
}

/*
 * Of a client.id: its kept bytes at `p`, of which 256 can be read whatever its length, and its
 * length on the wire. Asked where the id lies in a request.
 */
static inline __u64 rz_client_id_hash(const __u8 *p, __s16 len, __u64 seed)
{
	struct rz_hash h = rz_hash_begin(seed);
	__u32 kept = rz_client_id_kept(len), i;

	for (i = 0; i < RZ_CLIENT_ID_SIZE / 8 - 1; i++) {
		if (i * 8 + 8 > kept)
			break;
		rz_hash_word(&h, rz_load64(p + i * 8));
	}
	/* the rest, 7 bytes at most, and the length, so that no id is the beginning of another */
	rz_hash_word(&h, rz_load_some(p + (kept & 0xf8), kept & 7));
	rz_hash_word(&h, (__u16)len);
	return rz_hash_end(&h);
}

static inline __u64 rz_software_hash(const struct rz_software *s, __u64 seed)
{
	const __u8 *p = (const __u8 *)s;
	struct rz_hash h = rz_hash_begin(seed);
	int i;

	for (i = 0; i < (int)(sizeof(*s) / 8); i++)
		rz_hash_word(&h, rz_load64(p + i * 8));
	return rz_hash_end(&h);
}

#endif
