// SPDX-License-Identifier: Apache-2.0
/*
 * What is measured: each case opens connections of its own, and has one thing that is done often.
 *
 * Comes in: struct bench. Goes out: nanoseconds for one. Called by tests/bench/bench.c.
 */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "rezone/kafka.h"

#define BATCHES 51
#define BATCH	40
#define WARM_UP 100
#define OPENED	64
#define STREAM	(32u << 20)

/* One connection, known to the storage yardstick as rezone knows it. */
static struct pair connect_one(struct bench *b, uint16_t port)
{
	struct pair p = rig_connect(&b->rig, port);
	uint64_t value = 1;

	if (bpf_map_update_elem(bpf_map__fd(b->yard->maps.storage), &p.server, &value, BPF_ANY))
		die("bench: socket storage: %s", strerror(errno));
	return p;
}

static void open_pairs(struct bench *b, uint16_t port, size_t n)
{
	for (b->opened = 0; b->opened < n; b->opened++)
		b->pairs[b->opened] = connect_one(b, port);
}

void bench_close_pairs(struct bench *b)
{
	stream_close();
	while (b->opened)
		rig_close(&b->pairs[--b->opened]);
}

static void open_foreign(struct bench *b)
{
	open_pairs(b, BENCH_FOREIGN, b->connections);
}

static void open_kafka(struct bench *b)
{
	open_pairs(b, BENCH_PORT, b->connections);
}

/* Each connection in the middle of a Produce of 1 GiB. */
static void open_large(struct bench *b)
{
	uint8_t request[BENCH_REQUEST_MAX];
	uint32_t size = __builtin_bswap32(1 << 30);
	size_t i, len = rig_request(request, RZ_API_PRODUCE, 1, BENCH_ID, 40);

	open_kafka(b);
	memcpy(request, &size, sizeof(size));
	for (i = 0; i < b->opened; i++)
		rig_send(&b->pairs[i], request, len);
}

static double many(struct bench *b, void (*ping)(struct bench *b))
{
	double ns[BATCHES];
	uint64_t begin;
	int i, n;

	for (i = 0; i < BATCHES; i++) {
		begin = rz_now_ns();
		for (n = 0; n < BATCH; n++)
			ping(b);
		ns[i] = (double)(rz_now_ns() - begin) / BATCH;
	}
	return quartile(ns, BATCHES, 2);
}

static double many_plain(struct bench *b)
{
	return many(b, bench_ping_plain);
}

static double many_requests(struct bench *b)
{
	return many(b, bench_ping_request);
}

static double many_produces(struct bench *b)
{
	return many(b, bench_ping_produce);
}

static double many_noises(struct bench *b)
{
	return many(b, bench_ping_noise);
}

static double many_answered(struct bench *b)
{
	return many(b, bench_ping_answered);
}

static double some_piles(struct bench *b)
{
	uint64_t begin = rz_now_ns();
	int i;

	for (i = 0; i < BATCH; i++)
		bench_ping_pile(b);
	return (double)(rz_now_ns() - begin) / BATCH;
}

static void warm_up_plain(struct bench *b)
{
	for (size_t i = 0; i < b->connections + WARM_UP; i++)
		bench_ping_plain(b);
}

static void warm_up_requests(struct bench *b)
{
	for (size_t i = 0; i < b->connections + WARM_UP; i++)
		bench_ping_request(b);
}

static void warm_up_produces(struct bench *b)
{
	for (size_t i = 0; i < b->connections + WARM_UP; i++)
		bench_ping_produce(b);
}

static void warm_up_noises(struct bench *b)
{
	for (size_t i = 0; i < b->connections + WARM_UP; i++)
		bench_ping_noise(b);
}

static void warm_up_answered(struct bench *b)
{
	for (size_t i = 0; i < b->connections + WARM_UP; i++)
		bench_ping_answered(b);
}

static void warm_up_piles(struct bench *b)
{
	for (size_t i = 0; i < b->connections; i++)
		bench_ping_pile(b);
}

/* Each connection has said who it is, and is out of sync. */
static void open_lost(struct bench *b)
{
	size_t i;

	open_kafka(b);
	for (i = 0; i < b->opened; i++)
		bench_ping_request(b);
	for (i = 0; i < b->opened; i++)
		bench_ping_noise(b);
}

/* Each connection has said who it is, and is parked (bpf/park.bpf.h). */
static void open_parked(struct bench *b)
{
	int conns = bpf_map__fd(b->rz->maps.conns);
	struct rz_conn c;
	socklen_t len;
	uint64_t cookie;
	size_t i;

	open_kafka(b);
	for (i = 0; i < b->opened; i++)
		bench_ping_request(b);
	for (i = 0; i < b->opened; i++) {
		len = sizeof(cookie);
		if (getsockopt(b->pairs[i].server, SOL_SOCKET, SO_COOKIE, &cookie, &len) ||
		    bpf_map_lookup_elem_flags(conns, &cookie, &c, BPF_F_LOCK))
			die("bench: map conns: %s", strerror(errno));
		c.park = RZ_PARK_PARKED;
		if (bpf_map_update_elem(conns, &cookie, &c, BPF_F_LOCK))
			die("bench: map conns: %s", strerror(errno));
	}
}

/* Each connection is one that is moved: its responses are followed. */
static void open_moved(struct bench *b)
{
	static struct rz_hold h;
	socklen_t len = sizeof(h.cookie);
	size_t i;

	open_kafka(b);
	for (i = 0; i < b->opened; i++) {
		h.cookie = 0;
		if (getsockopt(b->pairs[i].server, SOL_SOCKET, SO_COOKIE, &h.cookie, &len) ||
		    bpf_map_update_elem(bpf_map__fd(b->rz->maps.holds), &h.cookie, &h, BPF_ANY))
			die("bench: map holds: %s", strerror(errno));
	}
}

static void open_fresh(struct bench *b)
{
	bench_close_pairs(b);
	open_pairs(b, BENCH_PORT, OPENED);
}

/* As user space does with ids that nobody has any more: else their map is full after some rounds.
 */
static void forget_clients(struct bench *b)
{
	int fds[] = {bpf_map__fd(b->rz->maps.client_ids), bpf_map__fd(b->rz->maps.clients)};
	uint64_t key;
	int i;

	for (i = 0; i < 2; i++)
		while (!bpf_map_get_next_key(fds[i], NULL, &key))
			bpf_map_delete_elem(fds[i], &key);
}

static void open_fresh_forgotten(struct bench *b)
{
	open_fresh(b);
	forget_clients(b);
}

static double first_requests(struct bench *b, bool own_id)
{
	uint8_t request[OPENED][BENCH_REQUEST_MAX];
	size_t len[OPENED], i;
	uint64_t begin;
	char id[128] = BENCH_ID;

	for (i = 0; i < OPENED; i++) {
		if (own_id)
			snprintf(id, sizeof(id), "app-%u,warpstream_az=us-east-1b", b->id++);
		len[i] = rig_request(request[i], RZ_API_API_VERSIONS, 1, id, 40);
	}
	begin = rz_now_ns();
	for (i = 0; i < OPENED; i++)
		rig_send(&b->pairs[i], request[i], len[i]);
	return (double)(rz_now_ns() - begin) / OPENED;
}

static double first_known(struct bench *b)
{
	return first_requests(b, false);
}

static double first_new(struct bench *b)
{
	return first_requests(b, true);
}

/* Of a connection's first ones each is noted. */
static double first_produces(struct bench *b)
{
	uint8_t request[BENCH_REQUEST_MAX];
	uint64_t begin = rz_now_ns();
	size_t i, len = bench_produce(request, 1);

	for (i = 0; i < OPENED; i++)
		rig_send(&b->pairs[i], request, len);
	return (double)(rz_now_ns() - begin) / OPENED;
}

static double open_and_close(struct bench *b, uint16_t port)
{
	uint64_t begin = rz_now_ns();
	struct pair p;
	int i;

	for (i = 0; i < OPENED; i++) {
		p = rig_connect(&b->rig, port);
		rig_close(&p);
	}
	return (double)(rz_now_ns() - begin) / OPENED;
}

static double life_kafka(struct bench *b)
{
	return open_and_close(b, BENCH_PORT);
}

static double life_foreign(struct bench *b)
{
	return open_and_close(b, BENCH_FOREIGN);
}

static void open_stream_foreign(struct bench *b)
{
	open_pairs(b, BENCH_FOREIGN, 1);
	stream_open(&b->pairs[0]);
}

static void open_stream_kafka(struct bench *b)
{
	open_pairs(b, BENCH_PORT, 1);
	stream_open(&b->pairs[0]);
}

/* One Produce of that many bytes; a foreign stream carries the same. Nanoseconds for a MiB. */
static void stream_one(struct bench *b, size_t body)
{
	uint8_t request[BENCH_REQUEST_MAX];
	size_t len = rig_request(request, RZ_API_PRODUCE, 1, BENCH_ID, 40);
	uint32_t size = __builtin_bswap32((uint32_t)(len - 4 + body));

	memcpy(request, &size, sizeof(size));
	stream_push(&b->pairs[0], request, len, body);
}

static void warm_up_stream(struct bench *b)
{
	stream_one(b, STREAM / 16);
}

static double stream(struct bench *b)
{
	uint64_t begin = rz_now_ns();

	stream_one(b, STREAM);
	return (double)(rz_now_ns() - begin) / (STREAM >> 20);
}

const struct bench_case bench_cases[] = {
	{"foreign", "a segment on another port, and its answer", IN, open_foreign, NULL,
	 warm_up_plain, many_plain},
	{"parked", "a small Fetch of a parked connection, and its answer", IN, open_parked, NULL,
	 warm_up_requests, many_requests},
	{"inside", "a segment wholly inside a large request, and its answer", IN, open_large, NULL,
	 warm_up_plain, many_plain},
	{"fetch", "a segment that is one small Fetch, and its answer", IN, open_kafka, NULL,
	 warm_up_requests, many_requests},
	{"produce", "a small Produce with one batch, and its answer", IN, open_kafka, NULL,
	 warm_up_produces, many_produces, .notes = true},
	{"pile", "a segment of 500 requests", IN, open_kafka, NULL, warm_up_piles, some_piles},
	{"lost", "a segment of noise, out of sync", IN, open_lost, NULL, warm_up_noises,
	 many_noises},
	{"first", "a connection's first request, its client.id known", IN, NULL, open_fresh, NULL,
	 first_known},
	{"first-new", "a connection's first request, its client.id never seen", IN, NULL,
	 open_fresh_forgotten, NULL, first_new},
	{"first-produce", "a connection's first request, a Produce with one batch", IN, NULL,
	 open_fresh, NULL, first_produces, .notes = true},
	{"answer-moved", "a response of a connection that is moved, and the request before it", OUT,
	 open_moved, NULL, warm_up_answered, many_answered, .followed = true},
	{"answer-neighbour", "a response of its neighbour, and the request before it", OUT,
	 open_kafka, NULL, warm_up_requests, many_requests},
	{"answer-foreign", "a segment sent on another port, and one before it", OUT, open_foreign,
	 NULL, warm_up_plain, many_plain},
	{"life", "a connection opened and closed, Kafka port (one thread has both ends)", STATE,
	 NULL, NULL, NULL, life_kafka},
	{"life-foreign", "a connection opened and closed, another port", STATE, NULL, NULL, NULL,
	 life_foreign},
	{"stream-foreign", "a TCP stream on another port, a MiB of it", IN, open_stream_foreign,
	 NULL, warm_up_stream, stream},
	{"stream", "a TCP stream of Produce requests of 32 MiB, a MiB of it", IN, open_stream_kafka,
	 NULL, warm_up_stream, stream},
};

const size_t bench_n_cases = sizeof(bench_cases) / sizeof(bench_cases[0]);
