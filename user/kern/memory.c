// SPDX-License-Identifier: Apache-2.0
/* Memory: the need and the limit, see memory.h. */
#include "kern/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <rezone/ledger.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

#define MIB (1024.0 * 1024.0)

/* The process without its maps: libbpf reads the kernel's types, the verifier walks the programs
 * and keeps what it has seen of the largest. Measured on Linux 6.18, amd64: a peak of 44 MiB (a
 * limit of 56 MiB was too low for a start with empty maps, 64 was not); 14 MB once it runs. */
#define PROCESS_BYTES (46ULL << 20)

/* struct bucket and struct htab_elem in the kernel's kernel/bpf/hashtab.c, a page of struct
 * bpf_map. */
#define BUCKET_BYTES 16
#define ELEM_BYTES   48
#define MAP_BYTES    4096

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* The slab class that an element of this size comes from. */
static uint64_t slab(uint64_t size)
{
	uint64_t class = 64;

	if (size > 64 && size <= 96)
		return 96;
	if (size > 128 && size <= 192)
		return 192;
	while (class < size)
		class *= 2;
	return class;
}

static uint64_t power_of_two(uint64_t n)
{
	uint64_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

static bool is_percpu(enum bpf_map_type t)
{
	return t == BPF_MAP_TYPE_PERCPU_ARRAY || t == BPF_MAP_TYPE_PERCPU_HASH;
}

/* What one map takes as long as it is empty, and per entry beside that. */
static void of_map(const struct bpf_map *m, uint64_t *rest, uint64_t *per_entry)
{
	uint64_t n = bpf_map__max_entries(m), value = round_up(bpf_map__value_size(m), 8);
	uint64_t key = round_up(bpf_map__key_size(m), 8);
	int cpus = libbpf_num_possible_cpus();

	if (is_percpu(bpf_map__type(m)))
		value *= cpus > 0 ? cpus : 1;
	*per_entry = 0;
	switch (bpf_map__type(m)) {
	case BPF_MAP_TYPE_RINGBUF:
		*rest = n;
		break;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
		*rest = power_of_two(n) * BUCKET_BYTES;
		*per_entry = slab(ELEM_BYTES + key + value);
		break;
	case BPF_MAP_TYPE_LRU_HASH: /* made whole */
		*rest = power_of_two(n) * BUCKET_BYTES + n * (ELEM_BYTES + key + value);
		break;
	case BPF_MAP_TYPE_LPM_TRIE:
		*rest = 0;
		*per_entry = 2 * slab(ELEM_BYTES + key + value); /* inner nodes */
		break;
	default:
		*rest = n * value;
	}
	*rest += MAP_BYTES;
}

struct rz_memory_need rz_memory_need(const struct bpf_object *obj)
{
	struct rz_memory_need need = {PROCESS_BYTES, PROCESS_BYTES};
	const struct bpf_map *m;

	bpf_object__for_each_map(m, obj)
	{
		uint64_t rest, per_entry, n = bpf_map__max_entries(m);

		of_map(m, &rest, &per_entry);
		need.start += rest;
		need.full += rest + n * per_entry;
		/* a tick reads what follows connections into memory of its own; and map counted
		 * grows with them, to two places each at most (user/kern/ledger.c) */
		if (per_entry && !strcmp(bpf_map__name(m), "conns"))
			need.full += 2 * n * (bpf_map__key_size(m) + bpf_map__value_size(m)) +
				     n * sizeof(struct rz_counted_entry);
	}
	return need;
}

/* ---- the limit ---- */

/* A line of /proc/self/mountinfo. */
struct mount {
	char root[4096], at[4096], type[32], options[512];
};

/* "ID PARENT MAJ:MIN ROOT AT OPTIONS [FIELDS...] - TYPE SOURCE SUPER-OPTIONS" (proc(5)) */
static bool read_mount(const char *line, struct mount *m)
{
	const char *dash = strstr(line, " - ");

	return dash && sscanf(line, "%*s %*s %*s %4095s %4095s", m->root, m->at) == 2 &&
	       sscanf(dash + 3, "%31s %*s %511s", m->type, m->options) == 2;
}

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (!strncmp(list, word, n) && (list[n] == ',' || !list[n] || list[n] == '\n'))
			return true;
	}
	return false;
}

static uint64_t read_limit(const char *dir, const char *file)
{
	char path[8400];
	unsigned long long v;
	bool known;
	_cleanup_fclose_ FILE *f = NULL;

	snprintf(path, sizeof(path), "%.8300s/%s", dir, file);
	f = fopen(path, "re");
	known = f && fscanf(f, "%llu", &v) == 1; /* "max" is no number */
	return known ? v : UINT64_MAX;
}

/* From the cgroup up to the mount point: each may have a limit, and the lowest counts. */
static uint64_t lowest(const struct mount *m, const char *cgroup, const char *file)
{
	size_t len = strcmp(m->root, "/") ? strlen(m->root) : 0;
	uint64_t limit = UINT64_MAX, v;
	char dir[8300], *slash;

	/* a container may see its own cgroup as the mount's root, under the host's name */
	if (!strncmp(cgroup, m->root, len) && (cgroup[len] == '/' || !cgroup[len]))
		cgroup += len;
	else if (len)
		cgroup = "";
	if (!strcmp(cgroup, "/"))
		cgroup = "";
	snprintf(dir, sizeof(dir), "%s%.4100s", m->at, cgroup);
	while (strlen(dir) >= strlen(m->at)) {
		v = read_limit(dir, file);
		limit = v < limit ? v : limit;
		slash = strrchr(dir, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	return limit;
}

/* `controllers` is "" in v2's line of /proc/self/cgroup. */
static uint64_t limit_of(const char *mounts, const char *controllers, const char *cgroup)
{
	bool v2 = !*controllers;
	_cleanup_fclose_ FILE *f = fopen(mounts, "re");
	_cleanup_free_ char *line = NULL;
	struct mount m;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0) {
		if (!read_mount(line, &m) || strcmp(m.type, v2 ? "cgroup2" : "cgroup") ||
		    (!v2 && !has_word(m.options, "memory")))
			continue;
		return lowest(&m, cgroup, v2 ? "memory.max" : "memory.limit_in_bytes");
	}
	return UINT64_MAX;
}

uint64_t rz_memory_limit(const char *cgroups, const char *mounts)
{
	_cleanup_fclose_ FILE *f = fopen(cgroups, "re");
	_cleanup_free_ char *line = NULL;
	uint64_t limit = UINT64_MAX, v;
	char *controllers, *path;
	size_t room = 0;

	/* "4:memory:/a/b", v2 "0::/a/b" */
	while (f && getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		path = line;
		strsep(&path, ":");
		controllers = strsep(&path, ":");
		if (!path || (*controllers && !has_word(controllers, "memory")))
			continue;
		v = limit_of(mounts, controllers, path);
		limit = v < limit ? v : limit;
	}
	return limit;
}

int rz_memory_check(const struct bpf_object *obj)
{
	struct rz_memory_need need = rz_memory_need(obj);
	uint64_t limit = rz_memory_limit("/proc/self/cgroup", "/proc/self/mountinfo");

	if (limit < need.start)
		return rz_err(
			-ENOMEM,
			"load: the memory limit of rezone's cgroup is %.0f MiB, and the start "
			"needs %.0f; raise it to %.0f MiB, which full maps need, or lower "
			"--max-connections and --max-clients",
			(double)limit / MIB, (double)need.start / MIB, (double)need.full / MIB);
	if (limit < need.full)
		rz_log_fields(
			RZ_LOG_WARN,
			json_pack("{s:I, s:I}", "limit_bytes", (json_int_t)limit, "needed_bytes",
				  (json_int_t)need.full),
			"load: the memory limit of rezone's cgroup is %.0f MiB; full maps need "
			"%.0f: beyond the limit connections are not tracked, or the kernel ends "
			"rezone; raise it, or lower --max-connections and --max-clients",
			(double)limit / MIB, (double)need.full / MIB);
	return 0;
}
