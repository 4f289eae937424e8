// SPDX-License-Identifier: Apache-2.0
/*
 * What is sent: one thing that is done often, on the next of the connections in turn.
 *
 * Comes in: struct bench with its open connections. Called by tests/bench/cases.c.
 */
#include "bench.h"

#include <string.h>

#include "rezone/kafka.h"

#define SEGMENT 64

static struct pair *next_pair(struct bench *b)
{
	b->turn = b->turn + 1 < b->opened ? b->turn + 1 : 0;
	return &b->pairs[b->turn];
}

void bench_ping_plain(struct bench *b)
{
	static const uint8_t zero[SEGMENT];
	struct pair *p = next_pair(b);

	rig_send(p, zero, sizeof(zero));
	rig_answer(p, zero, sizeof(zero));
}

void bench_ping_request(struct bench *b)
{
	static uint8_t request[BENCH_REQUEST_MAX];
	static const uint8_t answer[SEGMENT] = {0, 0, 0, SEGMENT - 4};
	static size_t len;
	struct pair *p = next_pair(b);

	if (!len)
		len = rig_request(request, RZ_API_FETCH, 1, BENCH_ID, 40);
	request[11]++;
	rig_send(p, request, len);
	rig_answer(p, answer, sizeof(answer));
}

/* With a batch, as a producer without idempotence sends it; Produce v7. */
size_t bench_produce(uint8_t *request, uint32_t correlation_id)
{
	static const uint8_t head[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0x75, 0x30, 0, 0, 0, 1, 0, 1,
				       't',  0,	   0,	 0,    1, 0, 0,	   0,	 0, 0, 0, 0, 79};
	uint8_t body[sizeof(head) + 79] = {};

	memcpy(body, head, sizeof(head));
	memset(body + sizeof(head) + 12, 0xff, 4);  /* no leader's epoch */
	body[sizeof(head) + 16] = 2;		    /* magic */
	memset(body + sizeof(head) + 43, 0xff, 14); /* no producer's id, epoch, sequence */
	return rig_request_of(request, RZ_API_PRODUCE, correlation_id, BENCH_ID, body,
			      sizeof(body));
}

void bench_ping_produce(struct bench *b)
{
	static const uint8_t answer[SEGMENT] = {0, 0, 0, SEGMENT - 4};
	static uint8_t request[BENCH_REQUEST_MAX];
	static uint32_t correlation_id;
	struct pair *p = next_pair(b);

	rig_send(p, request, bench_produce(request, ++correlation_id));
	rig_answer(p, answer, sizeof(answer));
}

/* A segment of so many requests: as many as one may hold, nearly (RZ_REQUESTS_PER_SEGMENT). */
#define PILE 500
void bench_ping_pile(struct bench *b)
{
	static uint8_t pile[PILE * 128];
	static size_t len;
	struct pair *p = next_pair(b);
	uint32_t i;

	if (!len)
		for (i = 0; i < PILE; i++)
			len += rig_request(pile + len, RZ_API_FETCH, i, BENCH_ID, 40);
	rig_send(p, pile, len);
}

/* No request begins in it. */
void bench_ping_noise(struct bench *b)
{
	static uint8_t noise[SEGMENT];

	memset(noise, 0xff, sizeof(noise));
	rig_send(next_pair(b), noise, sizeof(noise));
}

/* A request of a connection that is being moved, and the response to it. */
void bench_ping_answered(struct bench *b)
{
	static uint32_t correlation_id;
	uint8_t request[BENCH_REQUEST_MAX], answer[SEGMENT] = {0, 0, 0, SEGMENT - 4};
	uint32_t id = __builtin_bswap32(++correlation_id);
	struct pair *p = next_pair(b);

	rig_send(p, request, rig_request(request, RZ_API_FETCH, correlation_id, BENCH_ID, 40));
	memcpy(answer + 4, &id, sizeof(id));
	rig_answer(p, answer, sizeof(answer));
}
