// SPDX-License-Identifier: Apache-2.0
/* Streams that clients might send; seeds.h says what for. */
#include "seeds.h"

#include <stdio.h>
#include <stdlib.h>

#include <rezone/kafka.h>

#include "../bpf/packet.h"

#define ID "app,warpstream_az=us-east-1a,warpstream_interzone_lb=true"

/* A stream being written. */
struct stream {
	uint8_t p[8192];
	size_t n;
	seeds_fn *fn;
	void *arg;
};

static void bytes(struct stream *s, const void *p, size_t n)
{
	memcpy(s->p + s->n, p, n);
	s->n += n;
}

static void request(struct stream *s, int key, int version, const char *id, int len, size_t body)
{
	s->n += make_request(s->p + s->n, key, version, (uint32_t)s->n * 2654435761u, id, len,
			     body);
}

/* A request with this body. */
static void with_body(struct stream *s, int key, int version, const char *id, int len,
		      const void *body, size_t n)
{
	request(s, key, version, id, len, n);
	memcpy(s->p + s->n - n, body, n);
}

static void hello(struct stream *s, const char *id, int len)
{
	static const char body[] = "\0\x12"
				   "apache-kafka-java\x06"
				   "4.4.0";

	with_body(s, RZ_API_API_VERSIONS, 3, id, len, body, sizeof(body));
}

/* Hands out what was written, and begins anew. */
static void done(struct stream *s, const char *what, int nr)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%03d", what, nr);
	s->fn(name, s->p, s->n, s->arg);
	s->n = 0;
}

/* Each api key between others, in a low and a high version. */
static void kinds(struct stream *s)
{
	int key;

	for (key = 0; key < 95; key++) {
		hello(s, ID, sizeof(ID) - 1);
		request(s, key, key % 3, ID, sizeof(ID) - 1, (size_t)key % 40);
		request(s, key, 9 + key % 9, ID, sizeof(ID) - 1, (size_t)key % 30);
		request(s, RZ_API_FETCH, 12, ID, sizeof(ID) - 1, 20);
		done(s, "kind", key);
	}
}

/* Produce of each form, behind ids of every length that matters. */
static void produces(struct stream *s)
{
	static const struct {
		int version;
		size_t n;
		char body[8];
	} forms[] = {
		{0, 6, "\0\x01"},
		{2, 6, "\0\0"},
		{3, 8, "\xff\xff\xff\xff"},
		{8, 8, "\xff\xff\0\0"},
		{8, 8, "\0\x02tx\xff\xff"},
		{9, 8, "\0\0\0\x01"},
		{13, 8, "\0\0\0\0"},
		{9, 8, "\0\x03tx\xff\xff"},
		{9, 8, "\x01\0\0\x01"},
		{9, 3, "\0\0\0"},
		{0, 0, ""},
	};
	static const int lens[] = {-1, 0, 1, 60, 254, 255, 256, 700};
	char id[700];
	size_t i, k;

	for (i = 0; i < sizeof(id); i++)
		id[i] = (char)(i % 256);
	for (k = 0; k < sizeof(lens) / sizeof(lens[0]); k++)
		for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
			with_body(s, RZ_API_PRODUCE, forms[i].version, id, lens[k], forms[i].body,
				  forms[i].n);
			if (i % 2)
				with_body(s, RZ_API_PRODUCE, forms[i].version, id, lens[k],
					  forms[i].body, forms[i].n);
			request(s, RZ_API_METADATA, 4, id, lens[k], 7);
			done(s, "produce", (int)(k * 20 + i));
		}
}

/* Libraries and versions of every length that matters, also lengths that lie. */
static void libraries(struct stream *s)
{
	static const int lens[] = {-1, 0, 1, 30, 31, 32, 39, 40, 76, 77, 78, 126, 127};
	uint8_t body[300];
	size_t i, k, n, version;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (k = 0; k < 4; k++) {
			memset(body, 'v', sizeof(body));
			body[0] = 0;
			body[1] = (uint8_t)(lens[i] + 1);
			version = (size_t)(2 + (lens[i] > 0 ? lens[i] : 0));
			body[version] = k == 1 ? 0 : k == 2 ? 60 : 6;
			n = version + 8;
			with_body(s, RZ_API_API_VERSIONS, 3, "lib", 3, body, n - (k == 3) * 5);
			request(s, RZ_API_FETCH, 4, "lib", 3, 9);
			hello(s, "lib", 3);
			done(s, "library", (int)(i * 4 + k));
		}
}

static void proxies(struct stream *s)
{
	static const char *const lines[] = {
		"PROXY TCP4 203.0.113.7 10.0.0.1 51544 9092\r\n",
		"PROXY UNKNOWN\r\n",
		("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
		"PROXY \n",
		"PROXY TCP4 1.2.3.4 5.6.7.8 1 2",
	};
	static const size_t lens[] = {0, 12, 36, 100, 200};
	uint8_t v2[300] = "\r\n\r\n\0\r\nQUIT\n\x21\x11";
	size_t i;

	for (i = 0; i < 10; i++) {
		if (i < 5) {
			bytes(s, lines[i], strlen(lines[i]));
		} else {
			put16(v2 + 14, (uint16_t)lens[i - 5]);
			bytes(s, v2, 16 + lens[i - 5]);
		}
		hello(s, "proxied", 7);
		request(s, RZ_API_FETCH, 4, "proxied", 7, 9);
		done(s, "proxy", (int)i);
	}
}

/* SaslHandshake v0 and bare tokens of these lengths, v1 and framed ones. */
static void sasl(struct stream *s)
{
	static const uint32_t lens[] = {0, 1, 5, 9, 10, 11, 20, 300, 65536};
	uint8_t token[304];
	size_t i;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		hello(s, "sasl", 4);
		with_body(s, RZ_API_SASL_HANDSHAKE, 0, "sasl", 4, "\0\x05PLAIN", 7);
		memset(token, 0x7e, sizeof(token));
		put32(token, lens[i]);
		bytes(s, token, 4 + (lens[i] > 300 ? 300 : lens[i]));
		put32(token, 0);
		bytes(s, token, 4);
		request(s, RZ_API_PRODUCE, 7, "sasl", 4, 20);
		request(s, RZ_API_FETCH, 7, "sasl", 4, 20);
		done(s, "sasl-bare", (int)i);
	}
	hello(s, "sasl", 4);
	with_body(s, RZ_API_SASL_HANDSHAKE, 1, "sasl", 4, "\0\x05PLAIN", 7);
	with_body(s, RZ_API_SASL_AUTHENTICATE, 2, "sasl", 4, "\0\x0c\0user\0secret\0", 14);
	request(s, RZ_API_FETCH, 7, "sasl", 4, 20);
	done(s, "sasl", 0);
}

static void strangers(struct stream *s)
{
	static const struct {
		const char *text;
		size_t n;
	} rows[] = {
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24},
		{"SSH-2.0-OpenSSH_9.2\r\n", 21},
		{"*1\r\n$4\r\nPING\r\n", 14},
		{"*1\r\n\0\1\0\1\0\0\0\0\xff\xff\0\0\0\0\0\0", 20}, /* as a request: 707 MB */
		{"PING\r\n", 6},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03zzzzzzzzzzzzzzzzzzz", 30},
		{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20},
		{"\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89", 16},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bytes(s, rows[i].text, rows[i].n);
		done(s, "stranger", (int)i);
		bytes(s, "PROXY UNKNOWN\r\n", 15);
		bytes(s, rows[i].text, rows[i].n);
		done(s, "stranger-proxied", (int)i);
	}
}

/* A request whose size, and one whose id's length, is a lie; then the truth again. */
static void lies(struct stream *s)
{
	static const uint32_t sizes[] = {0,	     9,		 10,	     0x7fffffff, 0x80000000,
					 0xffffffff, 0x40000000, 0x40000001, 53,	 55};
	static const uint16_t lens[] = {0x7fff, 0x8000, 0xfffe, 0xffff, 0, 4, 6, 45};
	size_t i, at;

	for (i = 0; i < 18; i++) {
		hello(s, "liar!", 5);
		at = s->n;
		request(s, RZ_API_FETCH, 4, "liar!", 5, 39); /* size 54 */
		if (i < 10)
			put32(s->p + at, sizes[i]);
		else
			put16(s->p + at + 12, lens[i - 10]);
		request(s, RZ_API_METADATA, 4, "liar!", 5, 9);
		request(s, RZ_API_PRODUCE, 4, "liar!", 5, 9);
		done(s, "lie", (int)i);
	}
}

/* Records of TLS, as they are found in mid-stream, and a client among them. */
static void records(struct stream *s)
{
	static const uint16_t lens[] = {0, 1, 9, 60, 18432, 18433};
	uint8_t record[65];
	size_t i, k;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		memset(record, 0xab, sizeof(record));
		memcpy(record, "\x17\x03\x03", 3);
		put16(record + 3, lens[i]);
		for (k = 0; k < 4; k++)
			bytes(s, record, 5 + (lens[i] < 60 ? lens[i] : 60));
		request(s, RZ_API_FETCH, 4, "not TLS", 7, 9);
		request(s, RZ_API_FETCH, 4, "not TLS", 7, 9);
		done(s, "record", (int)i);
	}
}

/* Ids that change on the way, in length and not. */
static void changes(struct stream *s)
{
	static const char *const ids[] = {"one", "two", "three", "", "one", "one,zone=b"};
	size_t i;

	for (i = 0; i < 6; i++)
		request(s, RZ_API_METADATA, 1, ids[i], (int)strlen(ids[i]), 4 + i);
	request(s, RZ_API_FETCH, 4, NULL, -1, 3);
	done(s, "change", 0);
}

/* Many small requests, a large one, and the smallest there are. */
static void sizes(struct stream *s)
{
	int i;

	for (i = 0; i < 60; i++)
		request(s, i % 2, 4, "many", 4, (size_t)i % 7);
	done(s, "many", 0);
	for (i = 0; i < 520; i++)
		request(s, RZ_API_HEARTBEAT, 0, NULL, i % 2 ? 0 : -1, 0);
	done(s, "many", 1);
	hello(s, "large", 5);
	request(s, RZ_API_PRODUCE, 7, "large", 5, 3000);
	request(s, RZ_API_FETCH, 12, "large", 5, 60);
	done(s, "large", 0);
}

/* A client that does the same again and again, as most do: what the fast path is for. */
static void steady(struct stream *s)
{
	static const struct {
		int key, version;
		const char *body;
	} forms[] = {
		{RZ_API_FETCH, 4, "\xff\xff\xff\xff\0\0\x01\xf4"},
		{RZ_API_PRODUCE, 2, "\0\x01\0\0\0\0\0\0"},
		{RZ_API_PRODUCE, 7, "\xff\xff\xff\xff\0\0\0\0"},
		{RZ_API_PRODUCE, 7, "\xff\xff\0\0\0\0\0\0"},
		{RZ_API_PRODUCE, 9, "\0\0\xff\xff\0\0\0\0"},
		{RZ_API_PRODUCE, 9, "\0\x03tx\xff\xff\0\0"},
	};
	static const int lens[] = {1, 3, 8, 20, 123, 124};
	char id[124];
	int i, k, n;

	for (i = 0; i < 124; i++)
		id[i] = (char)('a' + i % 26);
	for (k = 0; k < 6; k++)
		for (i = 0; i < 6; i++) {
			hello(s, id, lens[k]);
			for (n = 0; n < 24; n++)
				with_body(s, forms[i].key, forms[i].version, id, lens[k],
					  forms[i].body, 8);
			with_body(s, forms[(i + 1) % 6].key, forms[(i + 1) % 6].version, id,
				  lens[k], forms[(i + 1) % 6].body, 8);
			with_body(s, forms[i].key, forms[i].version, id, lens[k], forms[i].body, 8);
			done(s, "steady", k * 6 + i);
		}
}

void seeds_each(seeds_fn *fn, void *arg)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		exit(1);
	s->fn = fn;
	s->arg = arg;
	kinds(s);
	produces(s);
	libraries(s);
	proxies(s);
	sasl(s);
	strangers(s);
	lies(s);
	records(s);
	changes(s);
	sizes(s);
	steady(s);
	free(s);
}

int seeds_read(const char *path, seeds_input_fn *fn, void *arg)
{
	static char line[2 * 8192 + 2];
	static uint8_t input[8192];
	FILE *f = fopen(path, "r");
	unsigned int byte;
	size_t n;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		for (n = 0; sscanf(line + 2 * n, "%2x", &byte) == 1; n++)
			input[n] = (uint8_t)byte;
		fn(input, n, arg);
	}
	fclose(f);
	return 0;
}
