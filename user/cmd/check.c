// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone check`: can this node do it? Found out by doing it, each failure with its cure.
 *
 * Comes in: nothing but the node. Goes out: a line per ability on stdout (or JSON), and as exit
 * status 0 all of it, 1 with limits, 2 not at all. Changes nothing that stays.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/cure.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "kern/caps.h"
#include "kern/pins.h"
#include "move/trial.h"
#include "move/trial_cgroup.h"
#include "out/json.h"

enum status { OK = 0, LIMITED, FAILED };
static const char *const status_words[] = {"ok", "limited", "failed"};

#define MAX_CHECKS 16

struct result {
	const char *name;
	enum status status;
	char detail[256];
	const char *cure; /* "" if none is needed */
};

struct report {
	struct result rows[MAX_CHECKS];
	size_t n;
	const char *cgroup; /* --cgroup */
	bool json;
};

static enum status __attribute__((format(printf, 5, 6)))
note(struct report *r, const char *name, enum status status, const char *cure, const char *fmt, ...)
{
	struct result *row = &r->rows[r->n++];
	va_list ap;

	row->name = name;
	row->status = status;
	row->cure = cure;
	va_start(ap, fmt);
	vsnprintf(row->detail, sizeof(row->detail), fmt, ap);
	va_end(ap);
	return status;
}

static enum status check_root(struct report *r)
{
	char why[128];

	if (!rz_caps_check(why, sizeof(why)))
		return note(r, "privileges", OK, "", "running as root");
	return note(r, "privileges", FAILED,
		    "run as root, or in a privileged container; at the least CAP_BPF, CAP_PERFMON, "
		    "CAP_NET_ADMIN and CAP_SYS_ADMIN",
		    "%s", why);
}

static enum status check_btf(struct report *r, const struct rz_lacks *lacks)
{
	if (!lacks->btf)
		return note(r, "btf", OK, "", "/sys/kernel/btf/vmlinux");
	return note(r, "btf", FAILED, "use a kernel built with CONFIG_DEBUG_INFO_BTF",
		    "the kernel describes no types: %s", strerror(-lacks->btf));
}

static enum status check_bpffs(struct report *r)
{
	bool was_there = !access(RZ_PIN_DIR_DEFAULT, F_OK);
	int err = rz_pins_prepare(RZ_PIN_DIR_DEFAULT);

	if (!was_there)
		rz_pins_rmdir(RZ_PIN_DIR_DEFAULT);
	if (!err)
		return note(r, "bpffs", OK, "", RZ_PIN_DIR_DEFAULT);
	return note(r, "bpffs", FAILED, "mount it: mount -t bpf bpf /sys/fs/bpf",
		    "no BPF file system at /sys/fs/bpf");
}

static enum status check_cgroup(struct report *r, char *path, size_t size)
{
	int fd = rz_cgroup_open(r->cgroup, path, size);

	if (fd < 0)
		return note(r, "cgroup", FAILED,
			    "mount the host's cgroup v2 hierarchy, or name it with "
			    "--cgroup",
			    "no cgroup v2 hierarchy: %s", strerror(-fd));
	close(fd);
	return note(r, "cgroup", OK, "", "%s", path);
}

static enum status check_clock(struct report *r, const struct rz_lacks *lacks)
{
	if (!lacks->clock)
		return note(r, "clock", OK, "", "CLOCK_MONOTONIC is the kernel's");
	return note(r, "clock", FAILED, "start rezone in the host's time namespace",
		    "this process is in a time namespace of its own");
}

static void check_abilities(struct report *r, const struct rz_lacks *lacks)
{
	if (lacks->segment)
		note(r, "segments", FAILED,
		     "a kernel from 5.10 on with CONFIG_CGROUP_BPF is needed",
		     "segment program refused: %s", strerror(-lacks->segment));
	else
		note(r, "segments", OK, "", "segments of accepted connections can be read");
	if (lacks->state && !lacks->closes)
		note(r, "closes", OK, "",
		     "closes are seen as they happen, a connection from its first bytes on");
	else if (lacks->state)
		note(r, "closes", LIMITED, "a kernel from 5.10 on with BTF sees them",
		     "opens and closes are not seen as they happen: %s", strerror(-lacks->state));
	else
		note(r, "closes", OK, "", "opens and closes are seen as they happen");
	if (lacks->census)
		note(r, "census", LIMITED, "a kernel from 5.12 on has it",
		     "older connections are found at their next request only, and a close that was "
		     "missed not at all: %s",
		     strerror(-lacks->census));
	else
		note(r, "census", OK, "", "older connections and missed closes are found");
	if (lacks->destroy && lacks->netlink)
		note(r, "kfunc", LIMITED, "a kernel from 6.5 on has it",
		     "neither bpf_sock_destroy nor SOCK_DESTROY: rezone observes and moves nobody");
	else if (lacks->destroy)
		note(r, "kfunc", LIMITED, "a kernel from 6.5 on has it",
		     "no bpf_sock_destroy: the last check and the reset are two steps");
	else
		note(r, "kfunc", OK, "", "check and reset are one step under the socket lock");
}

static enum status try_way(struct report *r, struct rz_kern *k, const char *cgroup,
			   enum rz_trial_way way, enum status if_not)
{
	static const struct {
		const char *name, *did, *cure;
	} ways[] = {
		[RZ_TRIAL_WALK] = {"reset", "reset by bpf_sock_destroy",
				   "see what the line says; --log-level debug of `rezone run` "
				   "shows more"},
		[RZ_TRIAL_NETLINK] = {"netlink reset", "reset by SOCK_DESTROY",
				      "harmless where the line above is ok; else a kernel with "
				      "CONFIG_INET_DIAG_DESTROY, or from 6.5 on, is needed"},
		[RZ_TRIAL_FIN] = {"fin", "closed by a FIN",
				  "see the host's processes (hostPID), CAP_SYS_PTRACE, Linux 5.6; "
				  "without it, readers that do not name their library stay"},
	};
	const char *stage;
	int err = rz_trial_run(k, cgroup, way, &stage);

	if (!err)
		return note(r, ways[way].name, OK, "", "an own connection was tracked and %s",
			    ways[way].did);
	return note(r, ways[way].name, if_not, ways[way].cure, "failed at %s: %s", stage,
		    strerror(-err));
}

static void check_trial(struct report *r, const struct rz_lacks *lacks, const char *root)
{
	static const uint16_t port = RZ_TRIAL_PORT;
	struct rz_trial_cgroup cgroup;
	struct rz_load_opts opts = {.cgroup = cgroup.path,
				    .ports = &port,
				    .n_ports = 1,
				    .max_connections = 1024,
				    .max_clients = 64};
	struct rz_kern *k = NULL;
	int err = rz_trial_cgroup_make(root, &cgroup);

	if (err) {
		note(r, "attach", FAILED, "run as root with the host's cgroup v2 writable",
		     "cannot make a cgroup below %s: %s", root, strerror(-err));
		return;
	}
	err = rz_kern_load(&opts, lacks, &k);
	if (err) {
		note(r, "attach", FAILED,
		     rz_cure_is_ours(err) ? rz_cure(err) : "see the line above",
		     "load or attach: %s", strerror(-err));
	} else {
		note(r, "attach", OK, "", "programs load and attach");
		if (!lacks->destroy)
			try_way(r, k, cgroup.path, RZ_TRIAL_WALK, FAILED);
		if (!lacks->netlink)
			try_way(r, k, cgroup.path, RZ_TRIAL_NETLINK, lacks->destroy ? FAILED : OK);
		if (!lacks->destroy || !lacks->netlink)
			try_way(r, k, cgroup.path, RZ_TRIAL_FIN, LIMITED);
	}
	rz_kern_free(k, false);
	rz_trial_cgroup_remove(&cgroup);
}

/* The worst line decides: 0 all, 1 with limits, 2 not at all. */
static int verdict(const struct report *r)
{
	enum status worst = OK;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->rows[i].status > worst)
			worst = r->rows[i].status;
	return worst;
}

static const char *const verdict_words[] = {"yes", "with limits", "no"};

static void print_text(const struct report *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct result *row = &r->rows[i];

		printf("%-8s %-14s %s\n", status_words[row->status], row->name, row->detail);
		if (row->status != OK && row->cure[0])
			printf("%-8s %-14s -> %s\n", "", "", row->cure);
	}
	printf("rezone can work on this node: %s\n", verdict_words[verdict(r)]);
}

static int print_json(const struct report *r)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < r->n; i++)
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:s, s:s*}", "name", r->rows[i].name,
						"status", status_words[r->rows[i].status], "detail",
						r->rows[i].detail, "cure",
						r->rows[i].status == OK ? NULL : r->rows[i].cure));
	return rz_json_print(
		stdout,
		json_pack("{s:s, s:o}", "result", verdict_words[verdict(r)], "checks", rows),
		false);
}

static const struct argp_option options[] = {
	{"output", 'o', "text|json", 0, "form of the output (default text)", 0},
	{"cgroup", 'c', "PATH", 0, "the cgroup v2 root (default: found by itself)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report *r = state->input;

	switch (key) {
	case 'o':
		if (strcmp(arg, "json") && strcmp(arg, "text"))
			argp_error(state, "-o %s: give text or json", arg);
		r->json = !strcmp(arg, "json");
		return 0;
	case 'c':
		r->cgroup = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no argument is expected", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Tells whether this node can run rezone, by trying everything that rezone does: it "
	       "loads and attaches the programs, tracks a connection of its own in a network "
	       "namespace of its own, closes it, and removes everything again. Each line that is "
	       "not ok has a cure below it.\vExit status: 0 yes, 1 yes with limits, 2 no.",
};

int rz_cmd_check(int argc, char **argv)
{
	struct report r = {};
	struct rz_lacks lacks = {};
	char root[4096];
	bool ok;
	int err;

	argp_err_exit_status = 2;
	if (argp_parse(&argp, argc, argv, 0, NULL, &r))
		return 2;
	ok = check_root(&r) == OK;
	if (ok) {
		err = rz_probe(&lacks);
		if (err)
			note(&r, "resources", FAILED, rz_cure(err), "cannot load a BPF program: %s",
			     strerror(-err));
		ok = !err;
	}
	if (ok) {
		ok = check_btf(&r, &lacks) == OK;
		ok &= check_clock(&r, &lacks) == OK;
		ok &= check_bpffs(&r) == OK;
		ok &= check_cgroup(&r, root, sizeof(root)) == OK;
		check_abilities(&r, &lacks);
		if (ok && !lacks.segment)
			check_trial(&r, &lacks, root);
	}
	if (r.json)
		print_json(&r);
	else
		print_text(&r);
	return verdict(&r);
}
