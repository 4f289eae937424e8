// SPDX-License-Identifier: Apache-2.0
/*
 * last plan FILE [COPIES]            a row for each way of asking, of answering, and delay
 * last stuck FILE N DELAY_MS         N rows that never pause, answered after DELAY_MS
 * last serve FILE ADDRESS PORT       the server of these rows
 * last ask FILE ADDRESS PORT ID      their clients, with client.id ID, %u is the row's number
 * last mark FILE                     from now on a move is ordered
 * last say FILE                      what became of each, a JSON object a line
 *
 * See last.h. serve and ask end with SIGTERM, ask also when all its connections have ended.
 */
#include "last.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

volatile bool ends;

const struct manner manners[] = {
	{"pipeline", 1, 0, false, 40, 0, 0},
	{"pause", 1, 0, true, 300, 0, 0},
	{"burst", 5, 0, true, 250, 0, 0},
	{"poll", 1, 1, true, 0, 2000, 2000},	     /* a Produce, then a long poll behind it */
	{"behind", 1, -1, false, 800, 0, BIG_BYTES}, /* a Produce behind a large Fetch */
	{"read", 0, 1, true, 0, 10000, 1000},
	{"commit", 1, 1, true, 0, 2000, 2000, true},
};
const unsigned manner_count = sizeof(manners) / sizeof(manners[0]);
#define READS	     5
#define ANSWERS_SLOW 10000 /* bytes that a client who reads late cannot take in time */

const char *const way_words[WAY_COUNT] = {"whole", "size", "inside", "late", "bytes", "merged"};

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

void put_be32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

uint32_t get_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

static struct row *add(struct table *t, unsigned manner, unsigned way, unsigned delay_ms)
{
	static const unsigned pauses[] = {1, 10, 60, 300};
	static const unsigned cuts[] = {0, 4, 0, 7, 13, 0, 1000};
	struct row *r = &t->rows[t->n];

	*r = (struct row){.manner = manner, .way = way, .delay_ms = delay_ms};
	/* co-prime steps, so that copies of a row differ */
	r->pause_ms = pauses[t->n % 4];
	r->inside = 1 + t->n % 7;
	r->cut = cuts[t->n % 7];
	r->slow_ms = t->n % 11 ? 0 : manners[manner].big > ANSWERS_SLOW ? 10 : 120;
	if (r->pause_ms > 1 && way == WAY_BYTES)
		r->pause_ms = 3;
	t->n++;
	return r;
}

static void plan(struct table *t, unsigned copies)
{
	static const unsigned delays[] = {0, 2, 50, 250, 1000, 3000};
	unsigned copy, m, w, d;

	for (copy = 0; copy < copies; copy++)
		for (m = 0; m < manner_count; m++)
			for (w = 0; w < WAY_COUNT; w++)
				for (d = 0; d < 6 && t->n < ROWS_MAX; d++)
					if (m != READS || !d) /* its answers are polls */
						add(t, m, w, delays[d]);
}

static void stuck(struct table *t, unsigned n, unsigned delay_ms)
{
	while (n--) {
		struct row *r = add(t, 0, WAY_WHOLE, delay_ms);

		r->cut = r->slow_ms = 0;
	}
}

static void say(const struct table *t)
{
	static const char *const outcomes[] = {"open", "reset", "closed", "bad"};
	uint64_t order = t->order_ns;
	uint32_t i;

	for (i = 0; i < t->n; i++) {
		const struct row *r = &t->rows[i];
		uint64_t from = r->answered_ns > order ? r->answered_ns : order;

		printf("{\"row\":%u,\"manner\":\"%s\",\"way\":\"%s\",\"delay_ms\":%u,\"pause_ms\":%"
		       "u,"
		       "\"cut\":%u,\"slow_ms\":%u,\"port\":%u,\"outcome\":\"%s\",\"executed\":%u,"
		       "\"answered\":%u,\"fetch_open\":%u,\"server_ended\":%u,\"after_order_ms\":%."
		       "1f,"
		       "\"after_answer_ms\":%.1f,\"before_fetch_ms\":%.1f,\"longest_gap_ms\":%.1f,"
		       "\"gap_ended_ms\":%.1f}\n",
		       i, manners[r->manner].name, way_words[r->way], r->delay_ms, r->pause_ms,
		       r->cut, r->slow_ms, r->port, outcomes[r->outcome], r->executed, r->answered,
		       r->fetch_open, r->server_ended, (double)(int64_t)(r->ended_ns - order) / 1e6,
		       (double)(int64_t)(r->ended_ns - from) / 1e6,
		       r->fetch_due_ns ? (double)(int64_t)(r->fetch_due_ns - r->ended_ns) / 1e6 : 0,
		       (double)r->last_gap_ns / 1e6,
		       r->gap_ended_ns ? (double)(int64_t)(r->gap_ended_ns - order) / 1e6 : 0);
	}
}

static struct table *map(const char *path, bool anew)
{
	int fd = open(path, O_RDWR | O_CREAT | (anew ? O_TRUNC : 0), 0600);
	void *p;

	if (fd < 0 || ftruncate(fd, sizeof(struct table)))
		return NULL;
	p = mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static void on_signal(int sig)
{
	(void)sig;
	ends = true;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	const char *what = argc > 2 ? argv[1] : "";
	bool anew = !strcmp(what, "plan") || !strcmp(what, "stuck");
	struct table *t = argc > 2 ? map(argv[2], anew) : NULL;

	if (!t) {
		fprintf(stderr, "last: see the head of tests/tools/move/last.c\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_signal);
	if (argc > 4) {
		inet_pton(AF_INET, argv[3], &at.sin_addr);
		at.sin_port = htons((uint16_t)atoi(argv[4]));
	}
	if (!strcmp(what, "plan"))
		plan(t, argc > 3 ? (unsigned)atoi(argv[3]) : 1);
	else if (!strcmp(what, "stuck") && argc > 4)
		stuck(t, (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
	else if (!strcmp(what, "mark"))
		t->order_ns = now_ns();
	else if (!strcmp(what, "say"))
		say(t);
	else if (!strcmp(what, "serve") && argc > 4)
		return serve(t, &at);
	else if (!strcmp(what, "ask") && argc > 5)
		return ask(t, &at, argv[5]);
	else
		return 2;
	return 0;
}
