// SPDX-License-Identifier: Apache-2.0
/*
 * What clients of the crowd say, good and bad, as bytes.
 *
 * Comes in: a client.id, an api key, numbers. Goes out: one request, or what stands for one. Pure.
 * Called by tests/tools/load/open.c.
 */
#include "crowd.h"

#include <string.h>

static const char *const manners[MANNER_COUNT] = {"kafka", "silent",  "noise",	 "lengths",
						  "slow",  "escapes", "smuggled"};

int said_manner(const char *word)
{
	int i;

	for (i = 0; i < MANNER_COUNT; i++)
		if (!strcmp(word, manners[i]))
			return i;
	return -1;
}

static uint8_t *put(uint8_t *p, uint32_t v, int bytes)
{
	while (bytes--)
		*p++ = (uint8_t)(v >> (8 * bytes));
	return p;
}

/* Bodies as short as each may be, in the versions that real clients of today send. */
static const struct {
	int key, version, len;
	const char *body;
} bodies[] = {
	/* no transaction, acks=1, 30 s, no topics */
	{0, 7, 12, "\xff\xff\0\x01\0\0\x75\x30\0\0\0\0"},
	/* replica -1, waits 500 ms, 1 byte, 1 MiB, level 0, session 0, epoch -1, nothing */
	{1, 7, 33, "\xff\xff\xff\xff\0\0\x01\xf4\0\0\0\x01\0\x10\0\0\0\0\0\0\0\xff\xff\xff\xff"},
	{3, 1, 4, "\xff\xff\xff\xff"}, /* all topics */
	/* behind the header's empty tags: the library's name and version (KIP-511) */
	{18, 3, 12,
	 "\0\x06"
	 "crowd\x04"
	 "1.0\0"},
};

static size_t request(uint8_t *p, const void *id, size_t id_len, int key, uint32_t correlation_id)
{
	uint8_t *q = p + 4;
	size_t i;

	for (i = 0; i + 1 < sizeof(bodies) / sizeof(bodies[0]) && bodies[i].key != key; i++)
		;
	q = put(q, (uint32_t)key, 2);
	q = put(q, (uint32_t)bodies[i].version, 2);
	q = put(q, correlation_id, 4);
	q = put(q, (uint32_t)id_len, 2);
	memcpy(q, id, id_len);
	q += id_len;
	memcpy(q, bodies[i].body, (size_t)bodies[i].len);
	q += bodies[i].len;
	put(p, (uint32_t)(q - p - 4), 4);
	return (size_t)(q - p);
}

size_t said_request(uint8_t *p, const char *id, int key, uint32_t correlation_id)
{
	return request(p, id, strlen(id), key, correlation_id);
}

static uint32_t noise(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static size_t say_noise(uint8_t *p, uint32_t nr, uint32_t step)
{
	uint32_t state = nr * 7919 + step * 104729, len, i;

	noise(&state);
	len = 1 + noise(&state) % (SAID_MAX - 1);
	for (i = 0; i < len; i++)
		p[i] = (uint8_t)noise(&state);
	/* every other one has a plausible size before it */
	if (len > 8 && nr % 2)
		put(p, len - 4, 4);
	return len;
}

/* The first request tells the truth, so that the connection is somebody's; the second lies. */
static size_t say_length(uint8_t *p, const char *id, uint32_t nr, uint32_t step)
{
	static const uint32_t lies[] = {0xffffffff, 0x80000000, 0x7fffffff, 0, 9};
	const uint32_t n = sizeof(lies) / sizeof(lies[0]);
	size_t len = said_request(p, id, step ? 1 : 18, step);
	uint32_t kind = nr % (n + 2);

	if (step == 0 && nr % 2)
		return len;
	if (kind < n)
		put(p, lies[kind], 4);
	else /* one short, one long */
		put(p, (uint32_t)len - 4 + (kind == n ? -1u : 1u), 4);
	return len;
}

static size_t say_slowly(uint8_t *p, const char *id, uint32_t step)
{
	uint8_t whole[SAID_MAX];
	size_t len = said_request(whole, id, 1, step / 64);

	*p = whole[step % len];
	return 1;
}

/* The good id between bytes that must never reach a terminal, a log line or JSON as they are. */
static size_t say_escape(uint8_t *p, const char *id, uint32_t nr, uint32_t step)
{
	static const struct {
		const char *bytes;
		size_t len;
	} evil[] = {
#define EVIL(s) {s, sizeof(s) - 1}
		EVIL("\x1b[2J\x1b[31mred"),
		EVIL("\x1b]0;title\x07"),
		EVIL("two\nlines\r\nmore"),
		EVIL("\x9b"
		     "31mC1"),
		EVIL("\xff\xfe\xc0\xaf\x80"),
		EVIL("nul\0inside"),
		EVIL("\xed\xa0\x80half"),
		EVIL("\"},{\"client_id\":\"quote\\"),
		EVIL("%s%n%x"),
		/* NOLINTNEXTLINE(misc-misleading-bidirectional): made to mislead */
		EVIL("\xe2\x80\xae"
		     "backwards"),
		EVIL("\x7f\b\b\b"),
		EVIL("<script>$(id)`id`"),
	};
	uint32_t i = nr % (sizeof(evil) / sizeof(evil[0]));
	uint8_t whole[512];
	size_t len = strlen(id);

	memcpy(whole, id, len);
	whole[len++] = ',';
	memcpy(whole + len, evil[i].bytes, evil[i].len);
	return request(p, whole, len + evil[i].len, step ? 1 : 18, step);
}

/* First a Produce of 256 MiB, then whole requests of another client as its body. */
static size_t say_smuggled(uint8_t *p, const char *id, uint32_t step)
{
	size_t len;

	if (step)
		return said_request(p, "smuggled,warpstream_az=smuggled", 1, step);
	len = said_request(p, id, 0, 1);
	put(p, 1 << 28, 4);
	return len;
}

size_t said_hostile(uint8_t *p, enum manner m, const char *id, uint32_t nr, uint32_t step)
{
	switch (m) {
	case MANNER_NOISE:
		return say_noise(p, nr, step);
	case MANNER_LENGTHS:
		return say_length(p, id, nr, step);
	case MANNER_SLOW:
		return say_slowly(p, id, step);
	case MANNER_ESCAPES:
		return say_escape(p, id, nr, step);
	case MANNER_SMUGGLED:
		return say_smuggled(p, id, step);
	default:
		return 0;
	}
}
