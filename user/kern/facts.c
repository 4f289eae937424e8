// SPDX-License-Identifier: Apache-2.0
/* Facts for a bug report, see facts.h. */
#include "kern/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "kern/maps.h"

/* A name, the file that says it, and the line of it that does ("": the first). */
static const struct {
	const char *name, *path, *line;
} files[] = {
	{"os", "/etc/os-release", "PRETTY_NAME="},
	{"memory", "/proc/meminfo", "MemTotal:"},
	{"memory_limit_bytes", "/sys/fs/cgroup/memory.max", ""},
	{"uptime_s", "/proc/uptime", ""},
	{"cgroup2_mount", "/proc/self/mounts", "cgroup2 "},
	{"bpf_mount", "/proc/self/mounts", "bpf "},
	{"capabilities", "/proc/self/status", "CapEff:"},
	{"lsm", "/sys/kernel/security/lsm", ""},
	{"lockdown", "/sys/kernel/security/lockdown", ""},
	{"time_namespace", "/proc/self/timens_offsets", "monotonic"},
	{"unprivileged_bpf_disabled", "/proc/sys/kernel/unprivileged_bpf_disabled", ""},
	{"bpf_jit_enable", "/proc/sys/net/core/bpf_jit_enable", ""},
	{"bpf_stats_enabled", "/proc/sys/kernel/bpf_stats_enabled", ""},
	{"tcp_fastopen", "/proc/sys/net/ipv4/tcp_fastopen", ""},
	{"mptcp_enabled", "/proc/sys/net/mptcp/enabled", ""},
};

static void read_line(const char *path, const char *begins, char *dst, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[480], *text;

	*dst = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, begins, strlen(begins)))
			continue;
		text = line + strlen(begins);
		text += strspn(text, " \t\"");
		text[strcspn(text, "\"\n")] = 0;
		rz_str_escape(dst, size, text, strlen(text));
		return;
	}
}

size_t rz_facts_read(struct rz_fact rows[static RZ_FACTS_MAX])
{
	struct utsname u = {};
	size_t n = 0, i;

	uname(&u); /* without nodename: that is the node's name */
	rows[n].name = "kernel";
	snprintf(rows[n++].value, sizeof(rows->value), "%.60s %.100s %.100s %.30s", u.sysname,
		 u.release, u.version, u.machine);
	rows[n].name = "cpus";
	snprintf(rows[n++].value, sizeof(rows->value), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++, n++) {
		rows[n].name = files[i].name;
		read_line(files[i].path, files[i].line, rows[n].value, sizeof(rows[n].value));
	}
	return n;
}

/* Key by key: the values are not needed. A key that goes meanwhile starts it over, so not for
 * ever. */
static uint64_t count(int fd, const struct bpf_map_info *info)
{
	_cleanup_free_ char *key = malloc(info->key_size ?: 1);
	uint64_t n = 0;

	if (info->type == BPF_MAP_TYPE_ARRAY || info->type == BPF_MAP_TYPE_PERCPU_ARRAY)
		return info->max_entries;
	while (key && n < info->max_entries && !bpf_map_get_next_key(fd, n ? key : NULL, key))
		n++;
	return n;
}

void rz_map_facts_read(const struct rz_maps *m, struct rz_map_fact *rows)
{
	struct rz_maps maps = *m;
	size_t i;

	for (i = 0; i < rz_map_count; i++) {
		struct bpf_map_info info = {};
		__u32 len = sizeof(info);
		int fd = *rz_maps_fd(&maps, i);

		rows[i] = (struct rz_map_fact){.name = rz_map_names[i]};
		if (bpf_obj_get_info_by_fd(fd, &info, &len))
			continue;
		rows[i] = (struct rz_map_fact){rz_map_names[i], info.id,	 info.type,
					       info.key_size,	info.value_size, info.max_entries,
					       count(fd, &info)};
	}
}

size_t rz_prog_facts_read(struct rz_prog_fact rows[static RZ_PROG_FACTS_MAX])
{
	size_t n = 0;
	__u32 id = 0;

	while (n < RZ_PROG_FACTS_MAX && !bpf_prog_get_next_id(id, &id)) {
		_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ||
		    strncmp(info.name, "rz_", 3))
			continue;
		rows[n] = (struct rz_prog_fact){.id = info.id,
						.type = info.type,
						.loaded_ns = info.load_time,
						.runs = info.run_cnt,
						.run_ns = info.run_time_ns,
						.insns_bytes = info.xlated_prog_len};
		rz_str_copy(rows[n++].name, sizeof(rows->name), info.name);
	}
	return n;
}
