// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer over the pure functions of include/rezone/kafka.h, each held against its contract, and
 * against a reader of the same bytes that is written otherwise. Run by `make fuzz`.
 */
#include "fuzz.h"

#include <rezone/kafka.h>

/* A number of `n` bytes, big-endian, as wide as can be. */
static int64_t number(const uint8_t *p, int n)
{
	int64_t v = p[0] & 0x80 ? -1 : 0;

	while (n--)
		v = v * 256 + *p++;
	return v;
}

static void request(const uint8_t *p, struct rz_request *r)
{
	int64_t size = number(p, 4), key = number(p + 4, 2), version = number(p + 6, 2);
	int64_t id = number(p + 12, 2);
	bool good = size >= 10 && size <= 1 << 30 && key >= 0 && version >= 0 && version < 128 &&
		    id >= -1 && 10 + id <= size;

	CLAIM(good == !rz_request_parse(p, r));
	CLAIM(r->size == size && r->api_key == key && r->api_version == version);
	CLAIM(r->correlation_id == (uint32_t)number(p + 8, 4) && r->client_id_len == id);
	if (!good)
		memset(r, 0, sizeof(*r));
	CLAIM(!good || !rz_proxied_begins(p));
	CLAIM(rz_request_id_kept(r->client_id_len) <= RZ_CLIENT_ID_KEPT);
}

static void body(const struct rz_request *r, const uint8_t *p, size_t have)
{
	static uint8_t buf[RZ_KAFKA_BUFFER];
	uint32_t want = rz_body_wanted(r, 1), n = want < have ? want : (uint32_t)have, at, i;
	int64_t rest = (int64_t)r->size - 10 - (r->client_id_len > 0 ? r->client_id_len : 0);
	struct rz_software s = {};

	CLAIM(want <= rest && want <= RZ_API_VERSIONS_BODY);
	CLAIM(rz_body_wanted(r, 0) <= want);
	if (r->api_key == RZ_API_PRODUCE) {
		rz_body_acks(p, n, r->api_version);
		return;
	}
	/* what lies behind the body must not count: the same with other bytes there */
	at = RZ_KAFKA_FIXED + rz_request_id_kept(r->client_id_len);
	for (i = 0; i < 2; i++) {
		struct rz_software again = {};

		memset(buf, i ? 0xff : 0, sizeof(buf));
		memcpy(buf + at, p, n);
		if (rz_body_software(buf, at, n, &again))
			return;
		CLAIM(is_plain(again.name, sizeof(again.name)));
		CLAIM(is_plain(again.version, sizeof(again.version)));
		CLAIM(!i || !memcmp(&s, &again, sizeof(s)));
		CLAIM(rz_body_software_hash(&again, 1));
		s = again;
	}
}

static void proxy(const uint8_t *p, size_t n)
{
	uint32_t have = n < RZ_PROXY_V1_MAX ? (uint32_t)n : RZ_PROXY_V1_MAX;
	uint32_t len = rz_proxied_v1_length(p, have);

	CLAIM(len <= have && (!len || p[len - 1] == '\n'));
	if (n >= RZ_PROXY_V2_FIXED)
		CLAIM(rz_proxied_v2_length(p) >= RZ_PROXY_V2_FIXED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rz_request r;
	struct rz_frame f = {};
	uint8_t *exact;
	size_t id;

	if (size < RZ_KAFKA_FIXED)
		return 0;
	exact = malloc(size); /* so that one byte too far is seen */
	CLAIM(exact);
	memcpy(exact, data, size);
	request(exact, &r);
	rz_api_note(&f, r.api_key, r.api_version);
	id = r.client_id_len > 0 ? (size_t)r.client_id_len : 0;
	if (size >= RZ_KAFKA_FIXED + id && r.size)
		body(&r, exact + RZ_KAFKA_FIXED + id, size - RZ_KAFKA_FIXED - id);
	proxy(exact, size);
	CLAIM(rz_foreign_protocol(exact) >= RZ_PROTOCOL_HTTP);
	if (rz_foreign_is_tls(exact))
		CLAIM(rz_foreign_protocol(exact) == RZ_PROTOCOL_NOISE && !rz_proxied_begins(exact));
	free(exact);
	return 0;
}
