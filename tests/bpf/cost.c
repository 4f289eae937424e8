// SPDX-License-Identifier: Apache-2.0
/*
 * What the framing stage takes for a segment, by BPF_PROG_TEST_RUN: one run at a time, of which the
 * least and the median say something on a busy machine, too, where a wall clock (`make bench`) says
 * nothing. Without what comes before it: the call of the program, and the look-up of the
 * connection.
 *
 * Comes in: nothing. Goes out: a line for each kind of segment. Run by `make bench-cost`.
 */
#include "fixture.h"

#include <stdlib.h>

#define RUNS 20000

static const char id[] = "producer-1,warpstream_az=us-east-1b,ws_x=1";
static uint32_t took[RUNS];

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Of the least 95 %: the rest is what the machine did meanwhile. */
static void show(const char *what, size_t n)
{
	double sum = 0;
	size_t i;

	qsort(took, n, sizeof(*took), by_size);
	for (i = 0; i < n * 95 / 100; i++)
		sum += took[i];
	printf("%-26s %6u least %6u median %6.0f mean ns\n", what, took[0], took[n / 2],
	       sum / (double)i);
}

static uint32_t cost(uint32_t seq, const void *payload, size_t len)
{
	static uint8_t packet[8192];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	opts.data_size_in = make_packet(packet, v6, seq, payload, len);
	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_segment), &opts))
		exit(1);
	return opts.duration;
}

static void forget_ids(void)
{
	int fd = bpf_map__fd(skel->maps.client_ids);
	uint64_t key;

	while (!bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
}

/* One connection, a request a segment. */
static void requests(const char *what, int key, int version)
{
	uint32_t seq = SEQ0;
	uint8_t r[256];
	size_t i, n;

	open_conn();
	for (i = 0; i < RUNS + 100; i++, seq += n) {
		n = make_request(r, key, version, i, id, sizeof(id) - 1, 40);
		took[i % RUNS] = cost(seq, r, n);
	}
	show(what, RUNS);
}

static void first_requests(const char *what, bool fresh)
{
	char name[64];
	uint8_t r[256];
	size_t i, n;

	for (i = 0; i < RUNS / 4; i++) {
		if (i % 1000 == 0)
			forget_ids();
		open_conn();
		snprintf(name, sizeof(name), "producer-%05zu,warpstream_az=us-east-1b",
			 fresh ? i : 1);
		n = make_request(r, RZ_API_METADATA, 2, i, name, strlen(name), 20);
		took[i] = cost(SEQ0, r, n);
	}
	show(what, RUNS / 4);
}

/* A segment full of requests. */
static void many(const char *what, int key, bool same)
{
	static uint8_t r[4096];
	size_t i, k, n;

	for (i = 0; i < 200; i++) {
		forget_ids();
		open_conn();
		for (k = n = 0; k < 200; k++) {
			uint8_t name[2] = {1, (uint8_t)(same ? 0 : k)};

			n += make_request(r + n, key, 2, k, name, 2, 0);
		}
		took[i] = cost(SEQ0, r, n);
	}
	show(what, 200);
}

int main(void)
{
	void *state = NULL;

	if (setup(&state))
		return 1;
	requests("a small Fetch", RZ_API_FETCH, 4);
	requests("a small Produce", RZ_API_PRODUCE, 3);
	first_requests("a first request, id known", false);
	first_requests("a first request, new id", true);
	many("200 requests, one id", RZ_API_METADATA, true);
	many("200 requests, new ids", RZ_API_API_VERSIONS, false);
	return 0;
}
