/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which versions of Produce an agent has: the request that asks for it, and the answer.
 *
 * ApiVersions v0, which every agent answers (Kafka 0.10, KIP-35), also before a SASL login: size
 * i32, api_key i16 = 18, api_version i16 = 0, correlation_id i32, client_id "rezone". Its answer:
 * size i32, correlation_id i32, error_code i16, number i32, and so many of api_key i16, min_version
 * i16, max_version i16; nothing behind them (Kafka protocol guide).
 *
 * Comes in: bytes that anybody may have sent. Goes out: two small numbers. Pure. Called by
 * source/ask.c, and on noise by tests/fuzz/fuzz_versions.c.
 */
#ifndef RZ_SOURCE_VERSIONS_H
#define RZ_SOURCE_VERSIONS_H

#include <stddef.h>
#include <stdint.h>

#define RZ_VERSIONS_REQUEST 20	 /* bytes of a request */
#define RZ_VERSIONS_ANSWER  4096 /* bytes of an answer that are read at most; Kafka 4.4: 590 */
#define RZ_VERSIONS_MAX	    100	 /* no API has a version as new as this */

void rz_versions_ask(uint8_t ret[RZ_VERSIONS_REQUEST], uint32_t correlation);

struct rz_versions {
	uint16_t produce_min, produce_max;
};

/* 0; -EAGAIN: more is to come; -EBADMSG: it is no answer to this request; -EPROTO: it has an
 * error_code; -ENOENT: it has no Produce. *ret is written on success only. */
int rz_versions_read(const uint8_t *p, size_t len, uint32_t correlation, struct rz_versions *ret);

#endif
