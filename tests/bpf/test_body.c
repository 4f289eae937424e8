// SPDX-License-Identifier: Apache-2.0
/*
 * What is read besides the request header: acks of Produce, the client's library from ApiVersions,
 * a PROXY protocol header, and what is no Kafka at all. Run by `make bpf-test`; needs root and a
 * kernel with BPF.
 */
#include "fixture.h"

/* One Produce body, and what it must come to. */
static const struct produce {
	const char *what;
	int version;
	size_t n;
	uint8_t body[8];
	int acks0, transaction, answerable;
} produces[] = {
	{"v0 acks=1", 0, 6, {0, 1}, 0, 0, 1},
	{"v2 acks=0", 2, 6, {0, 0}, 1, 0, 0},
	{"v3 acks=-1", 3, 8, {0xff, 0xff, 0xff, 0xff}, 0, 0, 1},
	{"v8 acks=0", 8, 8, {0xff, 0xff, 0, 0}, 1, 0, 0},
	{"v8 transactional", 8, 8, {0, 2, 't', 'x', 0xff, 0xff}, 0, 1, 1},
	{"v9 acks=1", 9, 8, {0, 0, 0, 1}, 0, 0, 1},
	{"v13 acks=0", 13, 8, {0, 0, 0, 0}, 1, 0, 0},
	{"v9 transactional", 9, 8, {0, 3, 't', 'x', 0xff, 0xff}, 0, 1, 1},
	{"v9 with tagged fields", 9, 8, {1, 0, 0, 1}, 1, 0, 1},
	{"v9 too short", 9, 3, {0, 0, 0}, 1, 0, 1},
	{"v0 without a body", 0, 0, {0}, 1, 0, 1},
};
#define N_PRODUCES (sizeof(produces) / sizeof(produces[0]))

static size_t make_produce(uint8_t *r, const struct produce *p, const char *id, int id_len)
{
	size_t n = make_request(r, RZ_API_PRODUCE, p->version, 5, id, id_len, p->n);

	memcpy(r + n - p->n, p->body, p->n);
	return n;
}

static void check_produce(const struct produce *p, size_t n)
{
	struct rz_conn c = conn();

	if (c.frame.acks0 != p->acks0 || c.frame.transaction != p->transaction ||
	    (int)c.frame.answerable != p->answerable || c.frame.next_seq != SEQ0 + n ||
	    c.frame.requests != 1)
		fail_msg("%s: acks0 %u, transaction %u, answerable %u, %u requests, next %u of %zu",
			 p->what, c.frame.acks0, c.frame.transaction, c.frame.answerable,
			 c.frame.requests, c.frame.next_seq - SEQ0, n);
}

/* Each body behind ids of every length that matters, whole and in two pieces cut at every byte. */
static void acks_of_every_version(void **state)
{
	static const int lens[] = {-1, 0, 1, 60, 255, 256, 3000};
	static uint8_t r[4096];
	char id[3000];
	size_t i, k, at, n;

	(void)state;
	memset(id, 'i', sizeof(id));
	for (i = 0; i < N_PRODUCES; i++)
		for (k = 0; k < sizeof(lens) / sizeof(lens[0]); k++) {
			n = make_produce(r, &produces[i], id, lens[k]);
			open_conn();
			feed(SEQ0, r, n);
			check_produce(&produces[i], n);
			for (at = 1; at < n; at += at < 280 || at + 20 > n ? 1 : 97) {
				open_conn();
				feed(SEQ0, r, at);
				feed(SEQ0 + at, r + at, n - at);
				check_produce(&produces[i], n);
			}
		}
}

/* The id of a known client is passed over: its requests in single bytes, acks=0 and acks=1 mixed.
 */
static void acks_of_a_known_client(void **state)
{
	static uint8_t r[4096];
	char id[300];
	size_t k, n, i;

	(void)state;
	for (k = 0; k < 300; k += 23) {
		struct rz_conn c;

		memset(id, 'k', sizeof(id));
		n = make_request(r, RZ_API_METADATA, 4, 1, id, (int)k, 3);
		n += make_produce(r + n, &produces[3], id, (int)k);
		n += make_produce(r + n, &produces[5], id, (int)k);
		n += make_produce(r + n, &produces[0], id, (int)k);
		open_conn();
		for (i = 0; i < n; i++)
			feed(SEQ0 + i, r + i, 1);
		c = conn();
		assert_int_equal(4, c.frame.requests);
		assert_int_equal(3, c.frame.answerable);
		assert_int_equal(1, c.frame.acks0);
		assert_int_equal(SEQ0 + n, c.frame.next_seq);
		assert_int_equal(0, c.frame.skip);
	}
}

/* ApiVersions v3 with these two texts, lengths as given. */
static size_t make_api_versions(uint8_t *r, const char *id, const char *name, const char *version)
{
	uint8_t body[300];
	size_t n = 0, len = strlen(name);

	body[n++] = 0;
	body[n++] = (uint8_t)(len + 1);
	memcpy(body + n, name, len);
	n += len;
	len = strlen(version);
	body[n++] = (uint8_t)(len + 1);
	memcpy(body + n, version, len);
	n += len;
	body[n++] = 0;
	len = make_request(r, RZ_API_API_VERSIONS, 3, 1, id, (int)strlen(id), n);
	memcpy(r + len - n, body, n);
	return len;
}

static struct rz_software software(void)
{
	struct rz_conn c = conn();
	struct rz_software s = {};

	if (c.frame.software)
		assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.softwares),
							&c.frame.software, &s));
	return s;
}

static void library_of_every_split(void **state)
{
	uint8_t r[1024];
	size_t first = make_api_versions(r, ID, "apache-kafka-java", "4.4.0"), n, at;

	(void)state;
	n = first + make_request(r + first, RZ_API_FETCH, 12, 2, ID, strlen(ID), 20);
	for (at = 1; at < n; at++) {
		open_conn();
		feed(SEQ0, r, at);
		feed(SEQ0 + at, r + at, n - at);
		assert_string_equal("apache-kafka-java", software().name);
		assert_string_equal("4.4.0", software().version);
		assert_int_equal(2, conn().frame.requests);
		assert_int_equal(SEQ0 + n, conn().frame.next_seq);
	}
}

static void library_is_cut_and_cleaned(void **state)
{
	static const struct {
		const char *name, *version, *want_name, *want_version;
	} rows[] = {
		{"a-name-of-forty-bytes-is-longer-than-kept", "1",
		 "a-name-of-forty-bytes-is-longer", "1"},
		{"evil\033[31m\n", "1 \"2\"", "evil??31m?", "1??2?"},
		{"x", "", "x", ""},
		{"", "", "", ""},
	};
	uint8_t r[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_conn();
		feed(SEQ0, r, make_api_versions(r, "c", rows[i].name, rows[i].version));
		assert_string_equal(rows[i].want_name, software().name);
		assert_string_equal(rows[i].want_version, software().version);
	}
}

/* Lengths that lie leave the library unknown and the frame whole. */
static void library_that_lies(void **state)
{
	uint8_t r[512];
	size_t n, at, value;
	size_t body = 14 + 1;

	(void)state;
	for (at = 0; at < 8; at++)
		for (value = 0; value < 256; value += 5) {
			n = make_api_versions(r, "c", "lib", "1.0");
			r[body + at] = (uint8_t)value;
			open_conn();
			feed(SEQ0, r, n);
			assert_int_equal(SEQ0 + n, conn().frame.next_seq);
			assert_int_equal(RZ_STATE_IDENTIFIED, conn().frame.state);
		}
}

/* A PROXY header before a request, in two pieces cut at every byte. */
static void check_proxy(const void *header, size_t len, size_t kept)
{
	struct rz_proxied p;
	uint64_t cookie = 1;
	uint8_t r[1024];
	size_t n = len + make_request(r + len, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30), at;

	memcpy(r, header, len);
	for (at = 1; at < n; at++) {
		open_conn();
		bpf_map_delete_elem(bpf_map__fd(skel->maps.proxied), &cookie);
		feed(SEQ0, r, at);
		feed(SEQ0 + at, r + at, n - at);
		assert_id(ID);
		assert_int_equal(RZ_VIA_PROXY, conn().frame.via);
		assert_int_equal(1, conn().frame.requests);
		assert_int_equal(SEQ0 + n, conn().frame.next_seq);
		assert_int_equal(0,
				 bpf_map_lookup_elem(bpf_map__fd(skel->maps.proxied), &cookie, &p));
		assert_int_equal(kept, p.len);
		assert_memory_equal(header, p.raw, kept);
	}
}

static void proxy_v1(void **state)
{
	static const char *const lines[] = {
		"PROXY TCP4 203.0.113.7 10.0.0.1 51544 9092\r\n",
		"PROXY UNKNOWN\r\n",
		"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		check_proxy(lines[i], strlen(lines[i]), strlen(lines[i]));
}

static void proxy_v2(void **state)
{
	static const size_t lens[] = {0, 12, 36, 100, 200};
	uint8_t h[300] = "\r\n\r\n\0\r\nQUIT\n\x21\x11";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		put16(h + 14, (uint16_t)lens[i]);
		memset(h + 16, 0x5a, lens[i]);
		check_proxy(h, 16 + lens[i], lens[i] < 36 ? 16 + lens[i] : RZ_PROXY_V2_KEPT);
	}
}

/* A line without an end is no PROXY header, and nothing is read behind it for ever. */
static void proxy_v1_without_an_end(void **state)
{
	uint8_t r[200];
	size_t i;

	(void)state;
	memset(r, 'x', sizeof(r));
	memcpy(r, "PROXY TCP4 ", 11);
	open_conn();
	for (i = 0; i < sizeof(r); i += 10)
		feed(SEQ0 + i, r + i, 10);
	assert_int_equal(RZ_STATE_NOT_KAFKA, conn().frame.state);
}

/* TLS and strangers behind a PROXY header are still themselves; a second header is noise. */
static void behind_a_proxy(void **state)
{
	static const char v1[] = "PROXY UNKNOWN\r\n";
	static const struct {
		const char *text;
		size_t n;
		enum rz_protocol protocol;
	} rows[] = {
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03zzzzz", 16, RZ_PROTOCOL_TLS},
		{"GET / HTTP/1.1\r\n", 16, RZ_PROTOCOL_HTTP},
		{"PROXY UNKNOWN\r\n", 15, RZ_PROTOCOL_NOISE},
	};
	uint8_t r[100];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(r, v1, 15);
		memcpy(r + 15, rows[i].text, rows[i].n);
		open_conn();
		feed(SEQ0, r, 15 + rows[i].n);
		assert_int_equal(rows[i].protocol, conn().frame.protocol);
		assert_int_equal(RZ_VIA_PROXY, conn().frame.via);
	}
}

static const struct {
	const char *text;
	size_t n;
	enum rz_protocol protocol;
} strangers[] = {
	{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27, RZ_PROTOCOL_HTTP},
	{"POST /x HTTP/1.0\r\n", 18, RZ_PROTOCOL_HTTP},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24, RZ_PROTOCOL_HTTP},
	{"SSH-2.0-OpenSSH_9.2\r\n", 21, RZ_PROTOCOL_SSH},
	{"*1\r\n$4\r\nPING\r\n", 14, RZ_PROTOCOL_REDIS},
	{"PING\r\n", 6, RZ_PROTOCOL_REDIS},
	{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03zzzzz", 16, RZ_PROTOCOL_TLS},
	{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, RZ_PROTOCOL_NOISE},
};

static void strangers_have_names(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		open_conn();
		feed(SEQ0, strangers[i].text, strangers[i].n);
		assert_int_equal(strangers[i].protocol, conn().frame.protocol);
		assert_int_equal(strangers[i].protocol == RZ_PROTOCOL_TLS ? RZ_STATE_TLS
									  : RZ_STATE_NOT_KAFKA,
				 conn().frame.state);
		assert_int_equal(0, conn().frame.client);
	}
}

/* The next request of a connection that has had *n of them, all of one length. */
static void feed_next(size_t *n, int16_t api_key)
{
	uint8_t r[256];
	size_t len = make_request(r, api_key, 4, 7, ID, strlen(ID), 30);

	feed(SEQ0 + (uint32_t)((*n)++ * len), r, len);
}

static uint32_t now_cs(void)
{
	struct rz_conn c = conn();

	return (uint32_t)((c.last_request_ns - c.opened_ns) / RZ_CS_NS) + 1;
}

/* Requests of this kind until they come later than `cs`: the clock goes in steps of some
 * milliseconds, the times in steps of ten. */
static void feed_until_after(size_t *n, uint32_t cs, int16_t api_key)
{
	do
		feed_next(n, api_key);
	while (*n < 1000000 && now_cs() <= cs);
	assert_true(now_cs() > cs);
}

static void metadata_and_data_have_their_times(void **state)
{
	uint32_t metadata, data;
	size_t n = 0;

	(void)state;
	open_conn();
	feed_next(&n, RZ_API_METADATA);
	metadata = conn().metadata_cs;
	assert_true(metadata > 0);
	assert_int_equal(now_cs(), metadata);
	assert_int_equal(0, conn().data_cs);
	feed_until_after(&n, metadata, RZ_API_FETCH);
	data = conn().data_cs;
	assert_int_equal(now_cs(), data);
	assert_int_equal(metadata, conn().metadata_cs);
	feed_until_after(&n, data, RZ_API_METADATA);
	assert_int_equal(now_cs(), conn().metadata_cs);
	assert_int_equal(data, conn().data_cs);
	feed_until_after(&n, data, RZ_API_HEARTBEAT);
	assert_int_equal(data, conn().data_cs);
	feed_until_after(&n, now_cs(), RZ_API_PRODUCE);
	assert_int_equal(now_cs(), conn().data_cs);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acks_of_every_version),
		cmocka_unit_test(acks_of_a_known_client),
		cmocka_unit_test(library_of_every_split),
		cmocka_unit_test(library_is_cut_and_cleaned),
		cmocka_unit_test(library_that_lies),
		cmocka_unit_test(proxy_v1),
		cmocka_unit_test(proxy_v2),
		cmocka_unit_test(proxy_v1_without_an_end),
		cmocka_unit_test(behind_a_proxy),
		cmocka_unit_test(strangers_have_names),
		cmocka_unit_test(metadata_and_data_have_their_times),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "body, IPv6" : "body, IPv4", tests, setup,
					   teardown);
}
