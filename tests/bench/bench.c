// SPDX-License-Identifier: Apache-2.0
/*
 * Nanoseconds that a program adds to a segment, and to opening and closing a connection.
 *
 * Comes in: a cgroup directly below the mount of cgroup v2, in which nobody else is; --rounds N,
 * --connections N, names of cases (default: all). Goes out: a table a case; nothing stays attached
 * when it ends, however it ends. Called by tests/bench/run, which makes cgroup and namespace.
 *
 * In each round every way (no program, the yardsticks, rezone's own) is attached in turn, its turn
 * moving by one each round; what it adds is the median over the rounds of its time less that of "no
 * program" in the same round. The kernel's own count (BPF_ENABLE_STATS) is a second opinion: it has
 * the program alone, without the calling of it, and with the clock's own time in it.
 */
#include "rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "rezone/config.h"
#include "rezone/kafka.h"
#include "bench.skel.h"
#include "rezone.skel.h"

#define ROUNDS_MAX  2001
#define WAYS_MAX    8
#define PAIRS_MAX   4096
#define BATCHES	    51
#define BATCH	    40
#define WARM_UP	    100
#define OPENED	    64
#define STREAM	    (32u << 20)
#define SEGMENT	    64
#define REQUEST_MAX 512
#define ID	    "billing-1,warpstream_az=us-east-1b,warpstream_interzone_lb=true"

struct bench {
	struct rig rig;
	struct bench_bpf *yard;
	struct rezone_bpf *rz;
	struct ring_buffer *ring;
	struct pair pairs[PAIRS_MAX];
	size_t connections, opened, turn;
	unsigned int rounds;
	uint32_t id;
};

/* One program (NULL: none), and what it took in each round. */
struct way {
	const char *name;
	struct bpf_program *prog;
	double ns[ROUNDS_MAX];
	uint64_t stat_ns, stat_runs;
};

struct bench_case {
	const char *name, *what;
	enum { IN, OUT, STATE } place;
	void (*open)(struct bench *b);	    /* once, with rezone attached */
	void (*before)(struct bench *b);    /* each turn, before its program is attached */
	void (*warm_up)(struct bench *b);   /* and after */
	double (*measure)(struct bench *b); /* nanoseconds for one */
};

/* As user space does: says what a new client.id means, so that connections are settled. */
static int on_wake(void *ctx, void *data, size_t size)
{
	struct rz_client client = {.opt_in = 1, .zone = "us-east-1b"};
	struct bench *b = ctx;
	const struct rz_wake *w = data;

	if (size >= sizeof(*w))
		bpf_map_update_elem(bpf_map__fd(b->rz->maps.clients), &w->client, &client, BPF_ANY);
	return 0;
}

static void load(struct bench *b)
{
	struct rz_config *c;
	struct bpf_program *p;

	b->rz = rezone_bpf__open();
	b->yard = bench_bpf__open();
	if (!b->rz || !b->yard)
		die("bench: cannot open the BPF objects: %s", strerror(errno));
	c = (struct rz_config *)&b->rz->rodata->rz_config;
	c->n_ports = 1;
	c->ports[0] = BENCH_PORT;
	bpf_object__for_each_program(p, b->rz->obj) bpf_program__set_autoload(
		p, p == b->rz->progs.rz_segment || p == b->rz->progs.rz_state);
	if (rezone_bpf__load(b->rz) ||
	    bpf_map__reuse_fd(b->yard->maps.conns, bpf_map__fd(b->rz->maps.conns)) ||
	    bench_bpf__load(b->yard))
		die("bench: cannot load the BPF objects: %s", strerror(errno));
	b->ring = ring_buffer__new(bpf_map__fd(b->rz->maps.wake), on_wake, b, NULL);
	if (!b->ring)
		die("bench: no ring: %s", strerror(errno));
}

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

static void close_pairs(struct bench *b)
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
	uint8_t request[REQUEST_MAX];
	uint32_t size = __builtin_bswap32(1 << 30);
	size_t i, len = rig_request(request, RZ_API_PRODUCE, 1, ID, 40);

	open_kafka(b);
	memcpy(request, &size, sizeof(size));
	for (i = 0; i < b->opened; i++)
		rig_send(&b->pairs[i], request, len);
}

static struct pair *next_pair(struct bench *b)
{
	b->turn = b->turn + 1 < b->opened ? b->turn + 1 : 0;
	return &b->pairs[b->turn];
}

static void ping_plain(struct bench *b)
{
	static const uint8_t zero[SEGMENT];
	struct pair *p = next_pair(b);

	rig_send(p, zero, sizeof(zero));
	rig_answer(p, zero, sizeof(zero));
}

static void ping_request(struct bench *b)
{
	static uint8_t request[REQUEST_MAX];
	static const uint8_t answer[SEGMENT] = {0, 0, 0, SEGMENT - 4};
	static size_t len;
	struct pair *p = next_pair(b);

	if (!len)
		len = rig_request(request, RZ_API_FETCH, 1, ID, 40);
	request[11]++;
	rig_send(p, request, len);
	rig_answer(p, answer, sizeof(answer));
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
	return many(b, ping_plain);
}

static double many_requests(struct bench *b)
{
	return many(b, ping_request);
}

static void warm_up_plain(struct bench *b)
{
	for (size_t i = 0; i < b->connections + WARM_UP; i++)
		ping_plain(b);
}

static void warm_up_requests(struct bench *b)
{
	for (size_t i = 0; i < b->connections + WARM_UP; i++)
		ping_request(b);
}

static void open_fresh(struct bench *b)
{
	close_pairs(b);
	open_pairs(b, BENCH_PORT, OPENED);
}

static double first_requests(struct bench *b, bool own_id)
{
	uint8_t request[OPENED][REQUEST_MAX];
	size_t len[OPENED], i;
	uint64_t begin;
	char id[128] = ID;

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
	uint8_t request[REQUEST_MAX];
	size_t len = rig_request(request, RZ_API_PRODUCE, 1, ID, 40);
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

static const struct bench_case cases[] = {
	{"foreign", "(a) a segment on another port, and its answer", IN, open_foreign, NULL,
	 warm_up_plain, many_plain},
	{"inside", "(b) a segment wholly inside a large request, and its answer", IN, open_large,
	 NULL, warm_up_plain, many_plain},
	{"request", "(b) a segment that is one small request, and its answer", IN, open_kafka, NULL,
	 warm_up_requests, many_requests},
	{"first", "(c) a connection's first request, its client.id known", IN, NULL, open_fresh,
	 NULL, first_known},
	{"first-new", "(c) a connection's first request, its client.id never seen", IN, NULL,
	 open_fresh, NULL, first_new},
	{"life", "a connection opened and closed, Kafka port (one thread has both ends)", STATE,
	 NULL, NULL, NULL, life_kafka},
	{"life-foreign", "a connection opened and closed, another port", STATE, NULL, NULL, NULL,
	 life_foreign},
	{"stream-foreign", "a TCP stream on another port, a MiB of it", IN, open_stream_foreign,
	 NULL, warm_up_stream, stream},
	{"stream", "a TCP stream of Produce requests of 32 MiB, a MiB of it", IN, open_stream_kafka,
	 NULL, warm_up_stream, stream},
	{"answer", "egress: an answer, and the request before it", OUT, open_kafka, NULL,
	 warm_up_requests, many_requests},
	{"answer-foreign", "egress: a segment on another port, and one before it", OUT,
	 open_foreign, NULL, warm_up_plain, many_plain},
};

static size_t ways_of(const struct bench *b, const struct bench_case *c, struct way *w)
{
	size_t n = 0;

	w[n++] = (struct way){.name = "no program"};
	switch (c->place) {
	case IN:
		w[n++] = (struct way){.name = "empty", .prog = b->yard->progs.in_empty};
		w[n++] = (struct way){.name = "bare storage look-up",
				      .prog = b->yard->progs.in_storage};
		w[n++] = (struct way){.name = "bare hash look-up", .prog = b->yard->progs.in_hash};
		w[n++] = (struct way){.name = "rezone", .prog = b->rz->progs.rz_segment};
		break;
	case OUT:
		w[n++] = (struct way){.name = "empty", .prog = b->yard->progs.out_empty};
		w[n++] =
			(struct way){.name = "flag in storage", .prog = b->yard->progs.out_storage};
		w[n++] = (struct way){.name = "flag in conns", .prog = b->yard->progs.out_hash};
		w[n++] = (struct way){.name = "answer read", .prog = b->yard->progs.out_answer};
		break;
	case STATE:
		w[n++] = (struct way){.name = "empty", .prog = b->yard->progs.state_empty};
		w[n++] = (struct way){.name = "rezone", .prog = b->rz->progs.rz_state};
	}
	return n;
}

static struct bpf_link *attach(struct bench *b, struct bpf_program *p)
{
	struct bpf_link *link;

	if (!p)
		return NULL;
	link = bpf_program__type(p) == BPF_PROG_TYPE_CGROUP_SKB
		       ? bpf_program__attach_cgroup(p, b->rig.cgroup_fd)
		       : bpf_program__attach(p);
	if (!link)
		die("bench: cannot attach %s: %s", bpf_program__name(p), strerror(errno));
	return link;
}

static void add_stats(struct way *w, int sign)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (!w->prog || bpf_obj_get_info_by_fd(bpf_program__fd(w->prog), &info, &len))
		return;
	w->stat_ns += sign * info.run_time_ns;
	w->stat_runs += sign * info.run_cnt;
}

/* One way's turn. `counted`: the kernel counts too, and the time is not taken. */
static void take_turn(struct bench *b, const struct bench_case *c, struct way *w,
		      unsigned int round, bool counted)
{
	struct bpf_link *link;
	double ns;
	int stats = -1;

	ring_buffer__consume(b->ring);
	if (c->before)
		c->before(b);
	link = attach(b, w->prog);
	if (c->warm_up)
		c->warm_up(b);
	ring_buffer__consume(b->ring);
	if (counted) {
		stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
		add_stats(w, -1);
	}
	ns = c->measure(b);
	if (counted)
		add_stats(w, 1);
	else
		w->ns[round] = ns;
	if (stats >= 0)
		close(stats);
	bpf_link__destroy(link);
}

/* Way `at` of the case; ways[0] is no program, [1] the empty one, [2] the look-up. */
static void print_way(const struct way *ways, size_t at, unsigned int rounds, double *added_by)
{
	static double ns[ROUNDS_MAX], added[ROUNDS_MAX], rate[ROUNDS_MAX];
	const struct way *w = &ways[at];
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		ns[i] = w->ns[i];
		added[i] = w->ns[i] - ways[0].ns[i];
		rate[i] = ways[0].ns[i] / w->ns[i];
	}
	printf("%-22s %8.0f", w->name, quartile(ns, rounds, 2));
	added_by[at] = quartile(added, rounds, 2);
	if (at) {
		printf(" %+7.0f  (%+6.0f ..%+6.0f)", added_by[at], quartile(added, rounds, 1),
		       quartile(added, rounds, 3));
		printf(" %6.3f %6.2f", quartile(rate, rounds, 2), added_by[at] / added_by[1]);
		if (at >= 2)
			printf(" %6.2f", added_by[at] / added_by[2]);
		else
			printf(" %6s", "");
		if (w->stat_runs)
			printf(" %8.0f", (double)w->stat_ns / w->stat_runs);
	}
	putchar('\n');
}

static struct rz_stats stats_now(const struct bench *b)
{
	struct rz_stats per_cpu[256] = {}, all = {};
	__u32 zero = 0;
	int cpu;

	if (libbpf_num_possible_cpus() > 256 ||
	    bpf_map_lookup_elem(bpf_map__fd(b->rz->maps.stats), &zero, per_cpu))
		die("bench: map stats: %s", strerror(errno));
	for (cpu = 0; cpu < 256; cpu++) {
		all.segments += per_cpu[cpu].segments;
		all.requests += per_cpu[cpu].requests;
		all.opened += per_cpu[cpu].opened;
		all.closed += per_cpu[cpu].closed;
		all.identified += per_cpu[cpu].identified;
		all.frame_lost += per_cpu[cpu].frame_lost;
		all.races += per_cpu[cpu].races;
	}
	return all;
}

static void run_case(struct bench *b, const struct bench_case *c)
{
	static struct way ways[WAYS_MAX];
	double added_by[WAYS_MAX];
	size_t n = ways_of(b, c, ways), i;
	struct rz_stats was = stats_now(b), is;
	struct bpf_link *segment, *state = NULL;
	unsigned int round;

	if (c->place != STATE)
		state = attach(b, b->rz->progs.rz_state);
	if (c->open) {
		segment = attach(b, b->rz->progs.rz_segment);
		c->open(b);
		bpf_link__destroy(segment);
	}
	for (round = 0; round < b->rounds; round++)
		for (i = 0; i < n; i++)
			take_turn(b, c, &ways[(i + round) % n], round, false);
	for (round = 0; round < b->rounds / 10 + 1; round++)
		for (i = 0; i < n; i++)
			take_turn(b, c, &ways[i], 0, true);
	close_pairs(b);
	bpf_link__destroy(state);
	is = stats_now(b);
	printf("\n%s: %s\n%-22s %8s %7s  %-16s %6s %6s %6s %8s\n", c->name, c->what, "ns", "each",
	       "added", "(middle half)", "rate", "/empty", "/stor.", "counted");
	for (i = 0; i < n; i++)
		print_way(ways, i, b->rounds, added_by);
	printf("rezone saw %llu segments, %llu requests, %llu opened, %llu closed, %llu "
	       "identified; lost %llu, races %llu\n",
	       is.segments - was.segments, is.requests - was.requests, is.opened - was.opened,
	       is.closed - was.closed, is.identified - was.identified,
	       is.frame_lost - was.frame_lost, is.races - was.races);
	fflush(stdout);
}

static bool wanted(const char *name, char **names, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return !n;
}

int main(int argc, char **argv)
{
	static struct bench b = {.rounds = 201, .connections = 1};
	const char *cgroup = NULL;
	size_t i;
	int opt;

	while ((opt = getopt(argc, argv, "g:r:c:")) > 0) {
		if (opt == 'g')
			cgroup = optarg;
		else if (opt == 'r')
			b.rounds = (unsigned int)atoi(optarg);
		else if (opt == 'c')
			b.connections = (size_t)atoi(optarg);
		else
			return 2;
	}
	if (!cgroup || !b.rounds || b.rounds > ROUNDS_MAX || !b.connections ||
	    b.connections > PAIRS_MAX)
		die("bench -g CGROUP [-r ROUNDS] [-c CONNECTIONS] [CASE...]");
	rig_open(&b.rig, cgroup);
	load(&b);
	printf("%u rounds, %zu connections in turn\n", b.rounds, b.connections);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (wanted(cases[i].name, argv + optind, argc - optind))
			run_case(&b, &cases[i]);
	return 0;
}
