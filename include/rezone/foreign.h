/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/* Who else speaks on a Kafka port, by the first bytes of a connection. Pure. */
#ifndef REZONE_FOREIGN_H
#define REZONE_FOREIGN_H

#include <rezone/bytes.h>
#include <rezone/frame.h>
#include <stdbool.h>

/*
 * What speaks by these first bytes, of which there are at least four and which are no Kafka
 * request. Redis: an array (RESP) or the inline PING; HTTP: a method, or HTTP/2's preface.
 */
static inline enum rz_protocol rz_foreign_protocol(const __u8 *p)
{
	switch (rz_bytes_be32(p)) {
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
 * A TLS ClientHello: record type handshake (22), version 3.x, handshake type 1 (RFC 8446, 4
 * and 5.1). To be asked before rz_request_parse(): read as a Kafka request it may be a plausible
 * one of 369 MB.
 */
static inline bool rz_foreign_is_tls(const __u8 *p)
{
	return p[0] == 0x16 && p[1] == 0x03 && p[5] == 0x01;
}

/*
 * A TLS record of application data (RFC 8446, 5.1 and 5.2): type 23, version 3.x, and a length of
 * at most 2^14 + 2048 (RFC 5246, 6.2.3). Read as a Kafka request its size would be 386 MB. Takes
 * RZ_TLS_RECORD_HEAD bytes; returns the record's size, its head included, or 0 if it is none.
 */
#define RZ_TLS_RECORD_HEAD 5
#define RZ_TLS_RECORD_MAX  18432
static inline __u32 rz_foreign_tls_record(const __u8 *p)
{
	__u32 len = (__u32)p[3] << 8 | p[4];

	if (p[0] != 0x17 || p[1] != 0x03 || p[2] > 0x04 || !len || len > RZ_TLS_RECORD_MAX)
		return 0;
	return RZ_TLS_RECORD_HEAD + len;
}

#endif
