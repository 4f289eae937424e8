/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * The first bytes of two bodies: whether a Produce expects a response, which library the client is
 * by its ApiVersions. Pure.
 *
 * Comes in: a request's header, and bytes behind its client.id. Goes out: what they say.
 */
#ifndef REZONE_BODY_H
#define REZONE_BODY_H

#include <rezone/api.h>
#include <rezone/request.h>
#include <rezone/software.h>

/* Bytes of a body that are looked at: Produce up to its acks; ApiVersions up to the version of the
 * client's library, if neither it nor its name is longer than KIP-511's examples by far. */
#define RZ_PRODUCE_BODY	     4
#define RZ_API_VERSIONS_BODY 80

/* Fixed part, as much of a client.id as is kept, and of the body as is looked at. */
#define RZ_KAFKA_HEADER_MAX (RZ_KAFKA_FIXED + RZ_CLIENT_ID_KEPT + RZ_API_VERSIONS_BODY)

/* Size of the buffers that the functions below read from at any offset of a header. */
#define RZ_KAFKA_BUFFER 1024

/*
 * How many bytes behind the client.id of this request tell more about it: of Produce whether it
 * expects an answer, of ApiVersions (if `want_software`) what the client is. Never more than the
 * request has.
 */
static inline __u32 rz_body_wanted(const struct rz_request *r, bool want_software)
{
	__s32 rest = r->size - RZ_KAFKA_SIZE_MIN - (r->client_id_len > 0 ? r->client_id_len : 0);
	__u32 want = 0;

	if (r->api_key == RZ_API_PRODUCE)
		want = r->api_version < 3 ? 2 : RZ_PRODUCE_BODY;
	else if (r->api_key == RZ_API_API_VERSIONS && r->api_version >= 3 && want_software)
		want = RZ_API_VERSIONS_BODY;
	return rest < (__s32)want ? (__u32)rest : want;
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
static inline enum rz_acks rz_body_acks(const __u8 *p, __u32 n, __s16 version)
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
		if ((__s16)rz_bytes_be16(p) >= 0)
			return RZ_ACKS_TRANSACTION;
		p += 2;
	}
	return rz_bytes_be16(p) ? RZ_ACKS_SOME : RZ_ACKS_NONE;
}

/* Letters, digits, dot and dash, all that KIP-511 allows, stay what they are, a NUL too; anything
 * else is '?'. A table, because each question would double the ways that a verifier has to walk. */
/* clang-format off */
static const __u8 rz_body_chars[256] __attribute__((unused)) = {
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

/* Copies the compact string at `at` of `buf` (its length plus one in one byte), cut to fit. Returns
 * the offset behind it, or 0 if it is null, longer than 126 bytes, or does not end before `end`. */
static inline __u32 rz_body_string(char dst[RZ_SOFTWARE_SIZE], const __u8 *buf, __u32 at, __u32 end)
{
	__u32 len, kept, i;

	if (at >= end)
		return 0;
	len = buf[at & (RZ_KAFKA_BUFFER - 1)];
	if (!len-- || len > 126 || at + 1 + len > end)
		return 0;
	kept = len < RZ_SOFTWARE_SIZE - 1 ? len : RZ_SOFTWARE_SIZE - 1;
	rz_bytes_copy(dst, buf + ((at + 1) & (RZ_KAFKA_BUFFER / 2 - 1)),
		      kept & (RZ_SOFTWARE_SIZE - 1));
	for (i = 0; i < RZ_SOFTWARE_SIZE; i++)
		dst[i] = (char)rz_body_chars[(__u8)dst[i]];
	return at + 1 + len;
}

/*
 * client_software_name and _version of an ApiVersions request v3 or newer (KIP-511): `n` bytes
 * behind its client.id, at offset `at` of `buf`, which has RZ_KAFKA_BUFFER bytes. Fills *ret, which
 * must be all zero, and returns 0, or -1 if they cannot be read.
 */
static inline int rz_body_software(const __u8 *buf, __u32 at, __u32 n, struct rz_software *ret)
{
	__u32 end = at + n;

	if (n < 3 || buf[at & (RZ_KAFKA_BUFFER - 1)]) /* tagged fields in the header: none so far */
		return -1;
	at = rz_body_string(ret->name, buf, at + 1, end);
	if (!at)
		return -1;
	return rz_body_string(ret->version, buf, at, end) ? 0 : -1;
}

static inline __u64 rz_body_software_hash(const struct rz_software *s, __u64 seed)
{
	const __u8 *p = (const __u8 *)s;
	struct rz_hash h = rz_hash_begin(seed);
	int i;

	for (i = 0; i < (int)(sizeof(*s) / 8); i++)
		rz_hash_word(&h, rz_bytes_load64(p + i * 8));
	return rz_hash_end(&h);
}

#endif
