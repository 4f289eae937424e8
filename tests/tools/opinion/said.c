// SPDX-License-Identifier: Apache-2.0
/*
 * What one client says: ApiVersions, then requests of many keys, versions and sizes with random
 * bodies, then three small ones. Pure but for memory.
 */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t said_random(uint32_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % below;
}

/* One in ten null, one in ten empty, some longer than is kept, some with any bytes; else tags. */
static void make_id(struct said *s, uint32_t nr, uint32_t *r)
{
	uint32_t kind = said_random(r, 10);
	int i;

	s->id_len = 0;
	if (kind == 0)
		s->id_len = -1;
	else if (kind == 2)
		s->id_len = 200 + (int)said_random(r, ID_MAX - 200);
	else if (kind > 2)
		s->id_len = snprintf((char *)s->id, sizeof(s->id),
				     "client-%u,warpstream_az=us-east-1%c", nr, 'a' + nr % 6);
	if (kind == 2)
		for (i = 0; i < s->id_len; i++)
			s->id[i] = (uint8_t)('a' + said_random(r, 26));
}

static void put(struct said *s, uint32_t v, int bytes)
{
	while (bytes--)
		s->p[s->n++] = (uint8_t)(v >> (8 * bytes));
}

/* Bodies have no zero bytes and no letters: none of them holds a header of this client. */
static void request(struct said *s, int key, int version, uint32_t body, uint32_t *r)
{
	uint32_t id = s->id_len > 0 ? (uint32_t)s->id_len : 0, i;
	struct said_request *q = &s->requests[s->n_requests++];

	*q = (struct said_request){(int16_t)key, (int16_t)version, said_random(r, 0xffffffff), 0};
	put(s, 10 + id + body, 4);
	put(s, (uint32_t)key, 2);
	put(s, (uint32_t)version, 2);
	put(s, q->correlation_id, 4);
	put(s, (uint32_t)s->id_len, 2);
	memcpy(s->p + s->n, s->id, id);
	s->n += id;
	for (i = 0; i < body; i++)
		s->p[s->n++] = (uint8_t)(0x80 + said_random(r, 0x80));
	q->end = s->n;
}

static const struct {
	int key, newest;
} apis[] = {{0, 13}, {1, 18}, {2, 11}, {3, 13}, {8, 10}, {9, 10}, {10, 6}, {11, 9}, {12, 4},
	    {13, 5}, {14, 5}, {16, 5}, {18, 5}, {19, 7}, {20, 6}, {22, 6}, {24, 5}, {25, 4},
	    {26, 5}, {28, 5}, {32, 4}, {36, 2}, {42, 2}, {50, 0}, {60, 2}, {68, 1}, {71, 0},
	    {0, 9},  {0, 7},  {1, 12}, {1, 4},	{0, 3},	 {3, 1},  {1, 16}};
#define N_APIS (sizeof(apis) / sizeof(apis[0]))

/* What a reader says that rezone might move: of the others something speaks against a move for
 * good, so they stay parked. */
static const uint8_t of_reader[] = {1, 2, 3, 29, 30, 32, 33};

void said_make(struct said *s, uint32_t nr, uint32_t *r, bool many)
{
	uint32_t n = (many ? 110 : 3) + said_random(r, 40), i, body, api;

	s->p = malloc(STREAM_MAX);
	if (!s->p)
		exit(1);
	make_id(s, nr, r);
	request(s, 18, (int)said_random(r, 5), 0, r);
	for (i = 0; i < n; i++) {
		api = many ? of_reader[said_random(r, sizeof(of_reader))] : said_random(r, N_APIS);
		body = many || said_random(r, 12) ? said_random(r, 200) : said_random(r, 9000);
		if (s->n + body + 6000 > STREAM_MAX)
			break;
		request(s, apis[api].key, (int)said_random(r, (uint32_t)apis[api].newest + 1), body,
			r);
	}
	s->calm = s->n;
	for (i = 0; i < 3; i++)
		request(s, i == 1 ? 1 : 3, 4, 20 + i, r);
	s->p = realloc(s->p, s->n);
}
