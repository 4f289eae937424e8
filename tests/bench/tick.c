// SPDX-License-Identifier: Apache-2.0
/*
 * What the daemon, and `rezone list`, cost by the number of connections: tick, memory, table, JSON.
 *
 *	build/bench/tick [-r REZONE] [-t TICKS] [-i INTERVAL] [-s none,all,parked] [CONNECTIONS...]
 *
 * Comes in: how many connections (default 100,000 and 1,000,000). Goes out: a line for each number
 * and state: the median of what the daemon takes from one tick to the next, everything included
 * (CPU, anonymous memory between two ticks, and its peak within one), then the table and the JSON
 * of `rezone list`. It starts the daemon in a cgroup that nobody is in, so no socket is looked at,
 * and writes the entries of map conns itself: 1,000 client.ids, four addresses each. A reset cannot
 * meet a socket; the daemon observes. Needs root; called by tests/bench/alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "kern/maps.h"
#include "process.h"

#define CLIENTS	  1000
#define ADDRESSES 4 /* of each */
#define PORT	  9092

enum shape { NONE, ALL, PARKED, SHAPES };
static const char *const shape_names[] = {"none", "all", "parked"};

static const char *rezone = "build/rezone", *folder, *cgroup, *pins, *interval = "1s";
static unsigned ticks = 7;

/* ---- the world ---- */

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		die(path);
}

static const char *path_in(const char *name)
{
	static char path[2][512];
	static int at;

	at = !at;
	snprintf(path[at], sizeof(path[at]), "%s/%s", folder, name);
	return path[at];
}

static void ip4(uint8_t addr[16], uint32_t ip)
{
	memset(addr, 0, 10);
	memset(addr + 10, 0xff, 2);
	addr[12] = ip >> 24;
	addr[13] = ip >> 16 & 0xff;
	addr[14] = ip >> 8 & 0xff;
	addr[15] = ip & 0xff;
}

/* The daemon reads the tags itself. */
static void add_clients(const struct rz_maps *m, const char *zone)
{
	struct rz_client_id id;
	uint64_t hash;
	int i;

	for (i = 0; i < CLIENTS; i++) {
		id = (struct rz_client_id){.first_seen_ns = rz_now_ns()};
		id.len = (int16_t)snprintf((char *)id.raw, sizeof(id.raw),
					   "app-%d,warpstream_az=%s,warpstream_interzone_lb=true",
					   i, zone);
		hash = 0x9e3779b97f4a7c15ULL * (i + 1);
		ip4(id.from, 0x0a010000U + i * ADDRESSES);
		if (bpf_map_update_elem(m->client_ids, &hash, &id, BPF_ANY))
			die("map client_ids");
	}
}

/* An hour, or half of what a machine is up that is younger: no connection is older than its clock.
 */
static uint64_t age_ns(void)
{
	uint64_t half_ns = rz_now_ns() / 2;

	return half_ns < 3600 * RZ_SECOND_NS ? half_ns : 3600 * RZ_SECOND_NS;
}

static struct rz_conn conn_of(size_t i, uint32_t netns, enum shape shape, uint64_t bytes)
{
	struct rz_conn c = {.netns = netns, .cookie = 1000000 + i * 7};
	uint32_t client = i % CLIENTS;
	uint64_t age = age_ns();

	ip4(c.tuple.client_addr, 0x0a010000U + client * ADDRESSES + i / CLIENTS % ADDRESSES);
	ip4(c.tuple.agent_addr, 0x0a000001U);
	c.tuple.client_port = 1024 + i % 60000;
	c.tuple.agent_port = PORT;
	c.frame.client = 0x9e3779b97f4a7c15ULL * (client + 1);
	c.frame.client_id_len = 40;
	c.frame.state = RZ_STATE_DATA;
	c.frame.protocol = RZ_PROTOCOL_KAFKA;
	c.frame.synced = c.frame.zone_known = c.frame.opt_in = c.frame.fetch = 1;
	c.frame.requests = c.frame.answerable = 1000;
	c.frame.metadata = 1;
	c.opened_ns = rz_now_ns() - age;
	c.last_request_ns = rz_now_ns();
	c.data_cs = c.metadata_cs = (uint32_t)(age / RZ_CS_NS);
	c.rx_bytes = c.tx_bytes = bytes;
	c.park = shape == PARKED ? RZ_PARK_PARKED : RZ_PARK_NO;
	return c;
}

static void add_conns(const struct rz_maps *m, size_t n, enum shape shape, uint64_t bytes)
{
	struct stat st;
	size_t i;

	if (stat("/proc/self/ns/net", &st))
		die("/proc/self/ns/net");
	for (i = 0; i < n; i++) {
		struct rz_conn c = conn_of(i, (uint32_t)st.st_ino, shape, bytes);

		if (bpf_map_update_elem(m->conns, &c.cookie, &c, BPF_ANY))
			die("map conns");
	}
}

/* ---- the daemon ---- */

static pid_t start(char *const argv[], const char *out)
{
	pid_t pid = fork();
	int fd;

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	dup2(fd, STDOUT_FILENO);
	if (strcmp(out, "/dev/null"))
		dup2(fd, STDERR_FILENO);
	execv(argv[0], argv);
	die(argv[0]);
	return 0;
}

static pid_t start_daemon(size_t n, struct rz_maps *ret)
{
	char most[32];
	char *argv[] = {(char *)rezone,
			"run",
			(char *)"--topology",
			strdup(path_in("topology.yaml")),
			"--pin-dir",
			(char *)pins,
			"--cgroup",
			(char *)cgroup,
			"--interval",
			(char *)interval,
			"--mode",
			"observe",
			"--reconcile",
			"24h",
			"--max-connections",
			most,
			"--stable-for",
			"1ms",
			NULL};
	unsigned tries;
	pid_t pid;

	snprintf(most, sizeof(most), "%zu", n + n / 16 + 1000);
	pid = start(argv, path_in("log"));
	for (tries = 0; tries < 200; tries++) {
		usleep(50000);
		if (rz_maps_are_there(pins) && rz_maps_daemon_alive(pins) && tries > 20 &&
		    !rz_maps_open(pins, ret))
			return pid;
	}
	fprintf(stderr, "tick: the daemon does not start; its log:\n");
	execlp("cat", "cat", path_in("log"), NULL);
	exit(1);
}

static uint64_t ticks_of(const struct rz_maps *m)
{
	struct rz_counters c;
	__u32 zero = 0;

	return bpf_map_lookup_elem(m->counters, &zero, &c) ? 0 : c.ticks;
}

static uint64_t next_tick(const struct rz_maps *m, uint64_t after)
{
	uint64_t now;

	while ((now = ticks_of(m)) <= after)
		usleep(20000);
	return now;
}

/* A figure of a file in /proc/PID, as "Anonymous: %ld kB" finds it; -1: it has none. */
static long figure_kb(pid_t pid, const char *file, const char *form)
{
	char path[64], line[256];
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, form, &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static long anonymous_kb(pid_t pid)
{
	return figure_kb(pid, "smaps_rollup", "Anonymous: %ld kB");
}

/* The kernel keeps the peak of all resident memory since 5 was written to clear_refs (proc(5)). The
 * daemon's pages of files and of map counted stay while it runs, so what is above them is anonymous
 * memory. */
static void forget_peak(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	write_file(path, "5");
}

static long peak_kb(pid_t pid)
{
	return figure_kb(pid, "status", "VmHWM: %ld kB") -
	       figure_kb(pid, "status", "RssFile: %ld kB") -
	       figure_kb(pid, "status", "RssShmem: %ld kB");
}

/* ---- measuring ---- */

/* The largest of all ticks. */
struct memory {
	long kb;   /* anonymous, between two ticks */
	long peak; /* ... within one */
};

static void take_memory(struct memory *at, pid_t pid)
{
	long kb = anonymous_kb(pid), peak = peak_kb(pid);

	at->kb = kb > at->kb ? kb : at->kb;
	at->peak = peak > at->peak ? peak : at->peak;
}

/* Median of what the daemon takes from one tick to the next, all that it does beside included. If
 * `busy`, every connection has new bytes at each. */
static double measure_ticks(pid_t pid, const struct rz_maps *m, size_t n, enum shape shape,
			    bool busy, struct memory *ret)
{
	double *ms = calloc(ticks, sizeof(*ms)), was;
	uint64_t at = next_tick(m, next_tick(m, ticks_of(m)));
	unsigned i;

	*ret = (struct memory){};
	for (i = 0; i < ticks; i++) {
		if (busy)
			add_conns(m, n, shape, 10000 + i);
		at = next_tick(m, at);
		was = cpu_ms(pid);
		forget_peak(pid);
		at = next_tick(m, at);
		ms[i] = cpu_ms(pid) - was;
		take_memory(ret, pid);
	}
	was = median(ms, ticks);
	free(ms);
	return was;
}

static double measure_list(const char *form, double *ret_cpu)
{
	char *argv[] = {(char *)rezone, "list",	      "--pin-dir", (char *)pins,
			"-o",		(char *)form, NULL};
	double best = 1e9;
	unsigned i;

	for (i = 0; i < 5; i++) {
		uint64_t was = rz_now_ns();
		struct rusage u;
		double ms;

		wait4(start(argv, "/dev/null"), NULL, 0, &u);
		ms = (double)(rz_now_ns() - was) / 1e6;
		if (ms >= best)
			continue;
		best = ms;
		*ret_cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
			   (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
	}
	return best;
}

static void measure(size_t n, enum shape shape)
{
	double idle, tick, busy, table, json, table_cpu = 0, json_cpu = 0;
	struct memory none, now, now_busy;
	struct rz_maps m;
	pid_t pid = start_daemon(n, &m);

	idle = measure_ticks(pid, &m, 0, shape, false, &none);
	add_clients(&m, shape == ALL ? "b" : "a");
	add_conns(&m, n, shape, 1000);
	tick = measure_ticks(pid, &m, n, shape, false, &now);
	busy = measure_ticks(pid, &m, n, shape, true, &now_busy);
	table = measure_list("table", &table_cpu);
	json = measure_list("json", &json_cpu);
	printf("%9zu %-6s %8.1f %8.1f %8.1f %9ld %9ld %9ld %9ld %9ld %7.0f (%.0f) %7.0f (%.0f)\n",
	       n, shape_names[shape], idle, tick, busy, none.kb, now.kb, now_busy.kb, now.peak,
	       now_busy.peak, table, table_cpu, json, json_cpu);
	fflush(stdout);
	rz_maps_close(&m);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: tick -d FOLDER -g CGROUP -p PINS [-r REZONE] [-t TICKS] [-i INTERVAL] "
		"[-s SHAPE] "
		"[N...]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {100000, 1000000};
	unsigned only = (1 << NONE) | (1 << ALL);
	int opt, i, s;

	while ((opt = getopt(argc, argv, "d:g:p:r:t:i:s:")) != -1) {
		if (opt == 'd')
			folder = optarg;
		else if (opt == 'g')
			cgroup = optarg;
		else if (opt == 'p')
			pins = optarg;
		else if (opt == 'r')
			rezone = optarg;
		else if (opt == 't')
			ticks = (unsigned)strtoul(optarg, NULL, 10);
		else if (opt == 'i')
			interval = optarg;
		else if (opt == 's')
			for (only = 0, s = 0; s < SHAPES; s++)
				only |= strstr(optarg, shape_names[s]) ? 1 << s : 0;
		else
			usage();
	}
	if (!folder || !cgroup || !pins || !ticks || !only)
		usage();
	write_file(path_in("topology.yaml"), "agents:\n"
					     "  - { address: 10.0.0.1, port: 9092, zone: a }\n"
					     "  - { address: 10.0.0.2, port: 9092, zone: b }\n");
	printf("%9s %-6s %8s %8s %8s %9s %9s %9s %9s %9s %13s %13s\n", "conns", "state", "idle ms",
	       "tick ms", "busy ms", "anon0 kB", "anon kB", "busy kB", "peak kB", "busy peak",
	       "table ms(CPU)", "JSON ms(CPU)");
	for (i = optind; i < argc || (optind == argc && i < optind + 2); i++)
		for (s = 0; s < SHAPES; s++)
			if (only >> s & 1)
				measure(optind == argc ? sizes[i - optind]
						       : strtoul(argv[i], NULL, 10),
					s);
	return 0;
}
