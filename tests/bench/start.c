// SPDX-License-Identifier: Apache-2.0
/*
 * What a start costs, from exec to the line that says that rezone is attached, and how much of it
 * the kernel's verifier has to look at.
 *
 *	build/bench/start -d FOLDER -g CGROUP -p PINS [-r REZONE] [-n ROUNDS]
 *
 * Goes out: medians of wall clock and CPU (the kernel's scheduler's count), of what loading
 * takes of that, and a line for each program: instructions, and instructions verified. Needs
 * root; called by tests/bench/alone.
 */
#include <dirent.h>
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
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "kern/load.h"
#include "process.h"

static const char *rezone = "build/rezone", *folder, *cgroup, *pins;
static unsigned rounds = 9;

static pid_t start(const char *topology, FILE **ret_log)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) || (pid = fork()) < 0)
		die("fork");
	if (pid) {
		close(fds[1]);
		*ret_log = fdopen(fds[0], "r");
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(fds[1], STDOUT_FILENO);
	dup2(fds[1], STDERR_FILENO);
	execl(rezone, rezone, "run", "--topology", topology, "--pin-dir", pins, "--cgroup", cgroup,
	      "--mode", "observe", NULL);
	die(rezone);
	return 0;
}

static void show_program(__u32 id)
{
	int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && !strncmp(info.name, "rz_", 3))
		printf("%-16s %12u %12u\n", info.name, info.xlated_prog_len / 8,
		       info.verified_insns);
	if (fd >= 0)
		close(fd);
}

/* The programs of a daemon that runs. */
static void show_programs(pid_t pid)
{
	char path[512], line[128];
	struct dirent *e;
	__u32 id;
	DIR *d;

	printf("%-16s %12s %12s\n", "program", "instructions", "verified");
	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		bool link = false;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, e->d_name);
		f = fopen(path, "r");
		for (id = 0; f && fgets(line, sizeof(line), f);) {
			link |= !strncmp(line, "link_id:", 8);
			sscanf(line, "prog_id: %u", &id);
		}
		if (f)
			fclose(f);
		if (id && !link) /* a link says its program's id, too */
			show_program(id);
	}
	if (d)
		closedir(d);
}

static void start_once(const char *topology, double *wall, double *cpu, bool last)
{
	uint64_t was = rz_now_ns();
	char line[1024];
	bool attached = false;
	FILE *log;
	pid_t pid = start(topology, &log);

	while (!attached && fgets(line, sizeof(line), log))
		attached = strstr(line, "attached to");
	if (!attached) {
		fprintf(stderr, "start: the daemon does not start; the last it said: %s", line);
		exit(1);
	}
	*wall = (double)(rz_now_ns() - was) / 1e6;
	*cpu = cpu_ms(pid);
	if (last)
		show_programs(pid);
	kill(pid, SIGTERM);
	while (fgets(line, sizeof(line), log))
		;
	fclose(log);
	waitpid(pid, NULL, 0);
}

static double own_cpu_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

/* Loading alone, in this process, with nothing pinned; of an older kernel (before 6.5) also what
 * finds out what it lacks. */
static void load_once(double *load)
{
	static const uint16_t port = 9092;
	struct rz_load_opts opts = {.cgroup = cgroup,
				    .ports = &port,
				    .n_ports = 1,
				    .max_connections = 65536,
				    .max_clients = 16384,
				    .parks = true};
	struct rz_kern *k = NULL;
	struct rz_lacks lacks;
	double was = own_cpu_ms();
	int err = rz_kern_load_all(&opts, &k);

	if (err == RZ_LOAD_LACKS && !(err = rz_probe(&lacks)))
		err = rz_kern_load(&opts, &lacks, &k);
	if (err)
		exit(1);
	*load = own_cpu_ms() - was;
	rz_kern_free(k, false);
}

static void usage(void)
{
	fprintf(stderr, "usage: start -d FOLDER -g CGROUP -p PINS [-r REZONE] [-n ROUNDS]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	double *ms[3];
	char topology[512];
	unsigned i;
	FILE *f;
	int opt;

	while ((opt = getopt(argc, argv, "d:g:p:r:n:")) != -1) {
		if (opt == 'd')
			folder = optarg;
		else if (opt == 'g')
			cgroup = optarg;
		else if (opt == 'p')
			pins = optarg;
		else if (opt == 'r')
			rezone = optarg;
		else if (opt == 'n')
			rounds = (unsigned)strtoul(optarg, NULL, 10);
		else
			usage();
	}
	if (!folder || !cgroup || !pins || !rounds)
		usage();
	snprintf(topology, sizeof(topology), "%s/topology.yaml", folder);
	f = fopen(topology, "w");
	if (!f || fputs("agents:\n  - { address: 10.0.0.1, port: 9092, zone: a }\n", f) < 0 ||
	    fclose(f))
		die(topology);
	for (i = 0; i < 3; i++)
		if (!(ms[i] = calloc(rounds, sizeof(double))))
			die("memory");
	for (i = 0; i < rounds; i++)
		start_once(topology, &ms[0][i], &ms[1][i], i == rounds - 1);
	for (i = 0; i < rounds; i++)
		load_once(&ms[2][i]);
	printf("start to attached, medians of %u: %.0f ms, CPU %.0f ms; of it loading %.0f\n",
	       rounds, median(ms[0], rounds), median(ms[1], rounds), median(ms[2], rounds));
	for (i = 0; i < 3; i++)
		free(ms[i]);
	return 0;
}
