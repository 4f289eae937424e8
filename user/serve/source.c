// SPDX-License-Identifier: Apache-2.0
/* What is served, see source.h. */
#include "serve/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cure.h"
#include "base/log.h"
#include "cmd/conns.h"
#include "kern/follow.h"
#include "out/health.h"
#include "out/metrics.h"

#define FILLS_MAX 64

struct rz_source {
	struct rz_maps maps;
	int pin_fd, abi_fd;  /* --pin-dir, and the directory in it that has the maps */
	uint64_t started_ns; /* of the daemon; 0: it has not said yet */
	double own_start_s;
};

static int open_dirs(struct rz_source *s, const char *pin_dir)
{
	char path[4200];
	int err;

	snprintf(path, sizeof(path), "%s/v%d", pin_dir, RZ_ABI);
	s->pin_fd = open(pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->abi_fd = s->pin_fd < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->abi_fd >= 0)
		return 0;
	err = -errno;
	return err == -ENOENT ? err
			      : rz_err(err, "serve: cannot open %s: %s; %s", path, strerror(-err),
				       rz_cure(err));
}

static uint64_t started_ns(const struct rz_source *s)
{
	struct rz_status status;
	__u32 zero = 0;

	return bpf_map_lookup_elem(s->maps.status, &zero, &status) ? 0 : status.started_ns;
}

int rz_source_open(const char *pin_dir, struct rz_source **ret)
{
	struct rz_source *s;
	int err;

	if (!rz_maps_are_there(pin_dir))
		return -ENOENT;
	s = calloc(1, sizeof(*s));
	if (!s)
		return rz_err(-ENOMEM, "serve: out of memory");
	s->pin_fd = s->abi_fd = -1;
	err = open_dirs(s, pin_dir);
	if (!err)
		err = rz_maps_open_to_read(pin_dir, &s->maps);
	if (err) {
		if (s->pin_fd >= 0)
			close(s->pin_fd);
		if (s->abi_fd >= 0)
			close(s->abi_fd);
		free(s);
		return err;
	}
	s->started_ns = started_ns(s);
	s->own_start_s = rz_seconds(rz_wall_ns());
	*ret = s;
	return 0;
}

void rz_source_free(struct rz_source *s)
{
	if (!s)
		return;
	rz_maps_close(&s->maps);
	close(s->pin_fd);
	close(s->abi_fd);
	free(s);
}

bool rz_source_can_read(void *source)
{
	struct rz_source *s = source;
	struct rz_status status;
	uint32_t entries, room;
	__u32 zero = 0;

	return !bpf_map_lookup_elem(s->maps.status, &zero, &status) &&
	       rz_maps_fill(s->maps.conns, &entries, &room);
}

bool rz_source_is_current(struct rz_source *s)
{
	uint64_t now = started_ns(s);
	struct stat st;

	if (!s->started_ns)
		s->started_ns = now;
	return now == s->started_ns && !fstat(s->abi_fd, &st) && st.st_nlink;
}

/* ---- what is read for a page ---- */

static unsigned count_fds(unsigned max)
{
	unsigned fd, n = 0;

	for (fd = 0; fd < max; fd++)
		n += fcntl((int)fd, F_GETFD) >= 0;
	return n;
}

static struct rz_process_facts own_facts(const struct rz_source *s)
{
	struct rz_process_facts p = {.started_s = s->own_start_s};
	_cleanup_fclose_ FILE *f = fopen("/proc/self/statm", "re");
	unsigned long all = 0, resident = 0;
	struct rlimit files = {};
	struct rusage u = {};

	getrusage(RUSAGE_SELF, &u);
	p.cpu_s = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		  (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
	if (f && fscanf(f, "%lu %lu", &all, &resident) == 2) {
		p.virtual_bytes = (double)all * (double)sysconf(_SC_PAGESIZE);
		p.resident_bytes = (double)resident * (double)sysconf(_SC_PAGESIZE);
	}
	getrlimit(RLIMIT_NOFILE, &files);
	p.max_fds = (unsigned)files.rlim_cur;
	p.open_fds = count_fds(p.max_fds);
	return p;
}

/* Rings of events are full most of the time, and lack nothing then. */
static size_t read_fills(struct rz_source *s, struct rz_map_fill fills[static FILLS_MAX])
{
	size_t i, n = 0;

	for (i = 0; i < rz_map_count && n < FILLS_MAX; i++) {
		int fd = *rz_maps_fd(&s->maps, i);

		if (fd == s->maps.events || fd == s->maps.verdicts)
			continue;
		fills[n].name = rz_map_names[i];
		n += rz_maps_fill(fd, &fills[n].entries, &fills[n].capacity);
	}
	return n;
}

static int print(const struct rz_metrics_view *v, char **ret, size_t *ret_len)
{
	FILE *f = open_memstream(ret, ret_len);

	if (!f)
		return -ENOMEM;
	rz_metrics_print(f, v);
	if (!ferror(f) && !fclose(f))
		return 0;
	free(*ret);
	return -ENOMEM;
}

/* Everything once, then the page. `conns` is the caller's to free. */
static int make(struct rz_source *s, struct rz_conns *conns, char **ret, size_t *ret_len)
{
	struct rz_conn_filter all = RZ_CONN_FILTER_ALL;
	_cleanup_free_ struct rz_source_val *sources = NULL;
	_cleanup_free_ struct rz_conn_row *rows = NULL;
	struct rz_map_fill fills[FILLS_MAX];
	struct rz_tallies tallies = {};
	struct rz_ledger_rows ledger = {};
	struct rz_metrics_view v = {.fills = fills, .tallies = &tallies, .ledger = &ledger};
	_cleanup_free_ struct rz_follow_row *next = NULL;
	struct rz_conn_totals totals;
	int err = rz_conns_read(&s->maps, conns);

	if (!err)
		err = rz_conn_rows_make(conns->snap, &conns->world, &all, &rows, &totals);
	if (!err)
		err = rz_maps_read_sources(&s->maps, &sources, &v.n_sources);
	if (!err)
		err = rz_follow_read_next(&s->maps, &next, &v.n_next);
	if (!err)
		err = rz_tally_read(&s->maps, &tallies);
	if (!err)
		err = rz_ledger_rows_read(&s->maps, &ledger);
	if (!err) {
		v.snap = conns->snap;
		v.zones = conns->zones;
		v.rows = rows;
		v.n_rows = totals.shown;
		v.sources = sources;
		v.n_fills = read_fills(s, fills);
		v.wall_ns = rz_wall_ns() - (rz_now_ns() - conns->snap->now_ns);
		v.process = own_facts(s);
		err = print(&v, ret, ret_len);
	}
	rz_tallies_free(&tallies);
	rz_ledger_rows_free(&ledger);
	return err;
}

int rz_source_metrics(struct rz_source *s, char **ret, size_t *ret_len)
{
	struct rz_conns conns = {};
	int err = make(s, &conns, ret, ret_len);

	rz_conns_free(&conns);
	return err ? rz_err(err, "serve: cannot make the metrics: %s", strerror(-err)) : 0;
}

bool rz_source_live(const struct rz_source *s)
{
	return rz_maps_daemon_alive_at(s->pin_fd);
}

bool rz_source_ready(const struct rz_source *s)
{
	struct rz_status_view v = {.alive = rz_source_live(s)};
	struct rz_health h;
	bool ready;

	if (!v.alive || rz_snapshot_read_daemon(&s->maps, &v.snap))
		return false;
	h = rz_health_judge(&v);
	ready = rz_health_ready(&h, &v);
	rz_snapshot_free(v.snap);
	return ready;
}
