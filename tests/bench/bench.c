// SPDX-License-Identifier: Apache-2.0
/*
 * Nanoseconds that a program adds to a segment, and to opening and closing a connection.
 *
 * Comes in: a cgroup directly below the mount of cgroup v2, in which nobody else is; -r ROUNDS,
 * -c CONNECTIONS, names of cases (default: all). Goes out: one table (show.c), with -v one for each
 * case, too; nothing stays attached when it ends, however it ends. Called by tests/bench/run, which
 * makes cgroup and namespace.
 *
 * In each round every way (no program, the yardsticks, rezone's own) is attached in turn, its turn
 * moving by one each round; what it adds is the median over the rounds of its time less that of "no
 * program" in the same round. The kernel's own count (BPF_ENABLE_STATS) is a second opinion: it has
 * the program alone, without the calling of it, and with the clock's own time in it; the median of
 * some turns more, which says something on a busy machine, too. -r 0: nothing but that.
 */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

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

static bool is_measured(const struct rezone_bpf *rz, const struct bpf_program *p)
{
	return p == rz->progs.rz_segment || p == rz->progs.rz_response || p == rz->progs.rz_state;
}

static void configure(const struct rz_config *of, bool claims)
{
	struct rz_config *c = (struct rz_config *)of;

	c->n_ports = 1;
	c->ports[0] = BENCH_PORT;
	c->claims = claims;
}

/* One program of an object, and the same maps, so that it meets the same connections. */
static void load_beside(const struct bench *b, struct bpf_object *o, const struct bpf_program *only)
{
	struct bpf_program *p;
	struct bpf_map *m;

	bpf_object__for_each_program (p, o)
		bpf_program__set_autoload(p, p == only);
	bpf_object__for_each_map(m, o)
	{
		struct bpf_map *same = bpf_object__find_map_by_name(b->rz->obj, bpf_map__name(m));

		if (same && !bpf_map__is_internal(m) && bpf_map__reuse_fd(m, bpf_map__fd(same)))
			die("bench: map %s: %s", bpf_map__name(m), strerror(errno));
	}
	if (bpf_object__load(o))
		die("bench: cannot load the BPF object: %s", strerror(errno));
}

static void load_others(struct bench *b)
{
	b->without = without_bpf__open();
	b->locked = rezone_bpf__open();
	if (!b->without || !b->locked)
		die("bench: cannot open the BPF object: %s", strerror(errno));
	configure((const struct rz_config *)&b->without->rodata->rz_config, true);
	configure((const struct rz_config *)&b->locked->rodata->rz_config, false);
	load_beside(b, b->without->obj, b->without->progs.rz_segment);
	load_beside(b, b->locked->obj, b->locked->progs.rz_segment);
}

static void load(struct bench *b)
{
	struct bpf_program *p;

	b->rz = rezone_bpf__open();
	b->yard = bench_bpf__open();
	if (!b->rz || !b->yard)
		die("bench: cannot open the BPF objects: %s", strerror(errno));
	configure((const struct rz_config *)&b->rz->rodata->rz_config, true);
	bpf_object__for_each_program (p, b->rz->obj)
		bpf_program__set_autoload(p, is_measured(b->rz, p));
	if (rezone_bpf__load(b->rz) ||
	    bpf_map__reuse_fd(b->yard->maps.conns, bpf_map__fd(b->rz->maps.conns)) ||
	    bench_bpf__load(b->yard))
		die("bench: cannot load the BPF objects: %s", strerror(errno));
	b->ring = ring_buffer__new(bpf_map__fd(b->rz->maps.wake), on_wake, b, NULL);
	if (!b->ring)
		die("bench: no ring: %s", strerror(errno));
	load_others(b);
}

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
		w[n++] = (struct way){.name = "rezone, during a move",
				      .prog = b->rz->progs.rz_segment,
				      .moving = true};
		w[n++] = (struct way){.name = "rezone, with the lock",
				      .prog = b->locked->progs.rz_segment};
		if (c->notes)
			w[n++] = (struct way){.name = "rezone, without notes",
					      .prog = b->without->progs.rz_segment};
		break;
	case OUT:
		w[n++] = (struct way){.name = "empty", .prog = b->yard->progs.out_empty};
		w[n++] =
			(struct way){.name = "flag in storage", .prog = b->yard->progs.out_storage};
		w[n++] = (struct way){.name = "bare hash look-up", .prog = b->yard->progs.out_hash};
		w[n++] = (struct way){.name = "answer read", .prog = b->yard->progs.out_answer};
		w[n++] = (struct way){.name = "rezone, during a move",
				      .prog = b->rz->progs.rz_response,
				      .moving = true};
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

static struct bpf_prog_info info_of(const struct way *w)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (w->prog)
		bpf_obj_get_info_by_fd(bpf_program__fd(w->prog), &info, &len);
	return info;
}

/* What the program took meanwhile, by the kernel's count. */
static void add_count(struct way *w, const struct bpf_prog_info *was)
{
	struct bpf_prog_info is = info_of(w);

	if (is.run_cnt != was->run_cnt)
		w->counted[w->n_counted++] = (double)(is.run_time_ns - was->run_time_ns) /
					     (double)(is.run_cnt - was->run_cnt);
}

/* One way's turn. `counted`: the kernel counts too, and the time is not taken. */
static void take_turn(struct bench *b, const struct bench_case *c, struct way *w,
		      unsigned int round, bool counted)
{
	struct bpf_prog_info was = {};
	struct bpf_link *link;
	double ns;
	int stats = -1;

	ring_buffer__consume(b->ring);
	if (c->before)
		c->before(b);
	b->rz->bss->rz_holding = w->moving || c->followed;
	link = attach(b, w->prog);
	if (c->warm_up)
		c->warm_up(b);
	ring_buffer__consume(b->ring);
	if (counted) {
		stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
		was = info_of(w);
	}
	ns = c->measure(b);
	if (counted)
		add_count(w, &was);
	else
		w->ns[round] = ns;
	if (stats >= 0)
		close(stats);
	bpf_link__destroy(link);
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

/* Returns what the table says of it; `shown`: and shows all that was measured. */
static struct bench_row run_case(struct bench *b, const struct bench_case *c, bool shown)
{
	static struct way ways[WAYS_MAX];
	size_t n = ways_of(b, c, ways), i;
	struct rz_stats was = stats_now(b), is;
	struct bpf_link *segment = NULL, *state = NULL;
	unsigned int round;

	if (c->place != STATE)
		state = attach(b, b->rz->progs.rz_state);
	if (c->open) {
		segment = attach(b, b->rz->progs.rz_segment);
		c->open(b);
	}
	if (!c->followed) {
		bpf_link__destroy(segment);
		segment = NULL;
	}
	for (round = 0; round < b->rounds; round++)
		for (i = 0; i < n; i++)
			take_turn(b, c, &ways[(i + round) % n], round, false);
	for (round = 0; round < b->rounds / 10 + 9; round++)
		for (i = 0; i < n; i++)
			take_turn(b, c, &ways[i], 0, true);
	bench_close_pairs(b);
	bpf_link__destroy(segment);
	bpf_link__destroy(state);
	is = stats_now(b);
	if (shown) {
		bench_show_case(c, ways, n, b->rounds);
		printf("rezone saw %llu segments, %llu requests, %llu opened, %llu closed, %llu "
		       "identified; lost %llu, races %llu\n",
		       is.segments - was.segments, is.requests - was.requests,
		       is.opened - was.opened, is.closed - was.closed,
		       is.identified - was.identified, is.frame_lost - was.frame_lost,
		       is.races - was.races);
	}
	return bench_row_of(c, ways, n, b->rounds);
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
	static struct bench b = {.rounds = 101, .connections = 1};
	static struct bench_row rows[64];
	const char *cgroup = NULL;
	bool shown = false;
	size_t i, n = 0;
	int opt;

	while ((opt = getopt(argc, argv, "g:r:c:v")) > 0) {
		if (opt == 'g')
			cgroup = optarg;
		else if (opt == 'r')
			b.rounds = (unsigned int)atoi(optarg);
		else if (opt == 'c')
			b.connections = (size_t)atoi(optarg);
		else if (opt == 'v')
			shown = true;
		else
			return 2;
	}
	if (!cgroup || b.rounds > ROUNDS_MAX || !b.connections || b.connections > PAIRS_MAX)
		die("bench -g CGROUP [-r ROUNDS] [-c CONNECTIONS] [-v] [CASE...]");
	rig_open(&b.rig, cgroup);
	load(&b);
	printf("%u rounds, %zu connections in turn\n", b.rounds, b.connections);
	for (i = 0; i < bench_n_cases; i++)
		if (n < sizeof(rows) / sizeof(rows[0]) &&
		    wanted(bench_cases[i].name, argv + optind, argc - optind))
			rows[n++] = run_case(&b, &bench_cases[i], shown);
	bench_show_table(rows, n);
	return 0;
}
