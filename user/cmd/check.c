// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone check`: can this node do it? Found out by doing it, each failure with its cure.
 *
 * Comes in: nothing but the node. Goes out: a line per ability on stdout (or JSON), and as exit
 * status 0 all of it, 1 with limits, 2 not at all. Changes nothing that stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include "base/cleanup.h"
#include "base/cure.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "kern/caps.h"
#include "kern/enter.h"
#include "kern/pins.h"
#include "move/trial.h"
#include "move/trial_cgroup.h"
#include "out/abilities.h"

struct ask {
	struct rz_ask common; /* first */
	const char *cgroup;   /* --cgroup */
};

static enum rz_ability_status check_root(struct rz_abilities *r)
{
	char why[128];

	if (!rz_caps_check(why, sizeof(why)))
		return rz_abilities_note(r, "privileges", RZ_ABILITY_OK, "", "running as root");
	return rz_abilities_note(
		r, "privileges", RZ_ABILITY_FAILED,
		"run as root, or in a privileged container; at the least CAP_BPF, CAP_PERFMON and "
		"CAP_NET_ADMIN",
		"%s", why);
}

/* What works without a capability of this process's, and what does not. */
static void check_costs(struct rz_abilities *r)
{
	char why[1024];

	if (!rz_caps_costs(why, sizeof(why)))
		rz_abilities_note(r, "capabilities", RZ_ABILITY_OK, "", "all that are used");
	else
		rz_abilities_note(r, "capabilities", RZ_ABILITY_LIMITED,
				  "grant them, or do without (docs/security-processes.md)", "%s",
				  why);
}

/* What enters network namespaces and sends FINs; the trials below go by it. */
static void check_helper(struct rz_abilities *r)
{
	static const uint16_t port = RZ_TRIAL_PORT;
	int err = rz_enter_start(&port, 1);

	if (!err)
		rz_abilities_note(r, "helper", RZ_ABILITY_OK, "", RZ_ENTER_PROGRAM " answers");
	else
		rz_abilities_note(
			r, "helper", RZ_ABILITY_LIMITED,
			"install " RZ_ENTER_PROGRAM " beside rezone",
			"connections in other network namespaces (pods) stay, and none is "
			"closed by a FIN: %s",
			strerror(-err));
}

static enum rz_ability_status check_btf(struct rz_abilities *r, const struct rz_lacks *lacks)
{
	if (!lacks->btf)
		return rz_abilities_note(r, "btf", RZ_ABILITY_OK, "", "/sys/kernel/btf/vmlinux");
	return rz_abilities_note(r, "btf", RZ_ABILITY_FAILED,
				 "use a kernel built with CONFIG_DEBUG_INFO_BTF",
				 "the kernel describes no types: %s", strerror(-lacks->btf));
}

static enum rz_ability_status check_bpffs(struct rz_abilities *r, const char *pin_dir)
{
	bool was_there = !access(pin_dir, F_OK);
	int err = rz_pins_prepare(pin_dir);
	struct statfs fs;

	if (!was_there)
		rz_pins_rmdir(pin_dir);
	if (!err)
		return rz_abilities_note(r, "bpffs", RZ_ABILITY_OK, "", "%s", pin_dir);
	if (!statfs("/sys/fs/bpf", &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC)
		return rz_abilities_note(r, "bpffs", RZ_ABILITY_FAILED,
					 "see the line above; give --pin-dir /sys/fs/bpf/NAME",
					 "%s cannot be used for pins: %s", pin_dir, strerror(-err));
	return rz_abilities_note(r, "bpffs", RZ_ABILITY_FAILED,
				 "mount it: mount -t bpf bpf /sys/fs/bpf",
				 "no BPF file system at /sys/fs/bpf");
}

static enum rz_ability_status check_cgroup(struct rz_abilities *r, const char *cgroup, char *path,
					   size_t size)
{
	int fd = rz_cgroup_open(cgroup, path, size);

	if (fd < 0)
		return rz_abilities_note(r, "cgroup", RZ_ABILITY_FAILED,
					 "mount the host's cgroup v2 hierarchy, or name it with "
					 "--cgroup",
					 "no cgroup v2 hierarchy: %s", strerror(-fd));
	close(fd);
	return rz_abilities_note(r, "cgroup", RZ_ABILITY_OK, "", "%s", path);
}

static enum rz_ability_status check_clock(struct rz_abilities *r, const struct rz_lacks *lacks)
{
	if (!lacks->clock)
		return rz_abilities_note(r, "clock", RZ_ABILITY_OK, "",
					 "CLOCK_MONOTONIC is the kernel's");
	return rz_abilities_note(r, "clock", RZ_ABILITY_FAILED,
				 "start rezone in the host's time namespace",
				 "this process is in a time namespace of its own");
}

static void check_abilities(struct rz_abilities *r, const struct rz_lacks *lacks)
{
	if (lacks->segment)
		rz_abilities_note(r, "segments", RZ_ABILITY_FAILED,
				  "a kernel from 5.10 on with CONFIG_CGROUP_BPF is needed",
				  "segment program refused: %s", strerror(-lacks->segment));
	else
		rz_abilities_note(r, "segments", RZ_ABILITY_OK, "",
				  "segments of accepted connections can be read");
	if (lacks->state && !lacks->closes)
		rz_abilities_note(
			r, "closes", RZ_ABILITY_OK, "",
			"closes are seen as they happen, a connection from its first bytes on");
	else if (lacks->state)
		rz_abilities_note(r, "closes", RZ_ABILITY_LIMITED,
				  "a kernel from 5.10 on with BTF sees them",
				  "opens and closes are not seen as they happen: %s",
				  strerror(-lacks->state));
	else
		rz_abilities_note(r, "closes", RZ_ABILITY_OK, "",
				  "opens and closes are seen as they happen");
	if (lacks->census)
		rz_abilities_note(r, "census", RZ_ABILITY_LIMITED, "a kernel from 5.12 on has it",
				  "older connections are found at their next request only, and a "
				  "close that was missed not at all: %s",
				  strerror(-lacks->census));
	else
		rz_abilities_note(r, "census", RZ_ABILITY_OK, "",
				  "older connections and missed closes are found");
	if (lacks->destroy && lacks->netlink)
		rz_abilities_note(
			r, "kfunc", RZ_ABILITY_LIMITED, "a kernel from 6.5 on has it",
			"no bpf_sock_destroy; and no SOCK_DESTROY, or PREEMPT_RT, where it "
			"may come too late: rezone observes and moves nobody");
	else if (lacks->destroy)
		rz_abilities_note(
			r, "kfunc", RZ_ABILITY_LIMITED, "a kernel from 6.5 on has it",
			"no bpf_sock_destroy: the last check and the reset are two steps");
	else
		rz_abilities_note(r, "kfunc", RZ_ABILITY_OK, "",
				  "check and reset are one step under the socket lock");
}

static enum rz_ability_status try_way(struct rz_abilities *r, struct rz_kern *k, const char *cgroup,
				      enum rz_trial_way way, enum rz_ability_status if_not)
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
		return rz_abilities_note(r, ways[way].name, RZ_ABILITY_OK, "",
					 "an own connection was tracked and %s", ways[way].did);
	return rz_abilities_note(r, ways[way].name, if_not, ways[way].cure, "failed at %s: %s",
				 stage, strerror(-err));
}

static void check_trial(struct rz_abilities *r, const struct rz_lacks *lacks, const char *root)
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
		rz_abilities_note(r, "attach", RZ_ABILITY_FAILED,
				  "run as root with the host's cgroup v2 writable",
				  "cannot make a cgroup below %s: %s", root, strerror(-err));
		return;
	}
	err = rz_kern_load(&opts, lacks, &k);
	if (err) {
		rz_abilities_note(r, "attach", RZ_ABILITY_FAILED,
				  rz_cure_is_ours(err) ? rz_cure(err) : "see the line above",
				  "load or attach: %s", strerror(-err));
	} else {
		rz_abilities_note(r, "attach", RZ_ABILITY_OK, "", "programs load and attach");
		if (!lacks->destroy)
			try_way(r, k, cgroup.path, RZ_TRIAL_WALK, RZ_ABILITY_FAILED);
		if (!lacks->netlink)
			try_way(r, k, cgroup.path, RZ_TRIAL_NETLINK,
				lacks->destroy ? RZ_ABILITY_FAILED : RZ_ABILITY_OK);
		if (!lacks->destroy || !lacks->netlink)
			try_way(r, k, cgroup.path, RZ_TRIAL_FIN, RZ_ABILITY_LIMITED);
	}
	rz_kern_free(k, false);
	rz_trial_cgroup_remove(&cgroup);
}

static const struct rz_opt options[] = {
	{"cgroup", 0, "PATH", RZ_OPT_TEXT(struct ask, cgroup),
	 "the cgroup v2 root (default: found by itself)"},
	{"cgroup", 'c', "PATH", RZ_OPT_MOVED},
	{},
};

static const struct rz_command command = {
	.options = options,
	.doc = "Tells whether this node can run rezone, by trying everything that rezone does: it "
	       "loads and attaches the programs, tracks a connection of its own in a network "
	       "namespace of its own, closes it, and removes everything again. Each line that is "
	       "not ok has a cure below it.\vExit status: 0 yes, 1 yes with limits, 2 no.",
};

int rz_cmd_check(int argc, char **argv)
{
	struct rz_abilities r = {};
	struct ask a = {};
	struct rz_lacks lacks = {};
	char root[4096];
	bool ok;
	int err;

	rz_opts_read(argc, argv, &command, &a.common);
	ok = check_root(&r) == RZ_ABILITY_OK;
	if (ok) {
		err = rz_probe(&lacks);
		if (err)
			rz_abilities_note(&r, "resources", RZ_ABILITY_FAILED, rz_cure(err),
					  "cannot load a BPF program: %s", strerror(-err));
		ok = !err;
	}
	if (ok) {
		check_costs(&r);
		check_helper(&r);
		ok = check_btf(&r, &lacks) == RZ_ABILITY_OK;
		ok &= check_clock(&r, &lacks) == RZ_ABILITY_OK;
		ok &= check_bpffs(&r, a.common.pin_dir) == RZ_ABILITY_OK;
		ok &= check_cgroup(&r, a.cgroup, root, sizeof(root)) == RZ_ABILITY_OK;
		check_abilities(&r, &lacks);
		if (ok && !lacks.segment)
			check_trial(&r, &lacks, root);
	}
	rz_enter_stop();
	if (a.common.json)
		rz_abilities_print_json(stdout, &r);
	else
		rz_abilities_print_text(stdout, &r);
	return rz_abilities_worst(&r);
}
