// SPDX-License-Identifier: Apache-2.0
/*
 * Probing the kernel: the tiny programs of bpf/probe.bpf.c are loaded together, and each alone if
 * the kernel does not take all.
 *
 * Comes in: nothing. Goes out: struct rz_lacks. Called by daemon/life.c and cmd/check.c.
 */
#include "kern/probe.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cure.h"
#include "base/log.h"
#include "kern/destroy.h"
#include "probe.skel.h"

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

bool rz_probe_is_withheld(void)
{
	return getenv("REZONE_PROBE_WITHOUT");
}

/* True if REZONE_PROBE_WITHOUT names this ability. */
static bool withheld(const char *name)
{
	const char *list = getenv("REZONE_PROBE_WITHOUT");
	size_t n = strlen(name);

	while (list && *list) {
		if (!strncmp(list, name, n) && (list[n] == ',' || !list[n]))
			return true;
		list = strchr(list, ',');
		if (list)
			list++;
	}
	return false;
}

/* Loads one program of the probe object and throws it away. */
static int probe_one(const char *name)
{
	struct probe_bpf *skel = probe_bpf__open();
	struct bpf_program *p;
	int err;

	if (!skel)
		return -errno;
	if (withheld(name + strlen("probe_"))) {
		probe_bpf__destroy(skel);
		return -EOPNOTSUPP;
	}
	p = bpf_object__find_program_by_name(skel->obj, name);
	err = p ? bpf_program__set_autoload(p, true) : -ENOENT;
	if (!err)
		err = probe_bpf__load(skel);
	probe_bpf__destroy(skel);
	return err;
}

int rz_probe_look_at_clock(int prog_fd, const __u64 *seen)
{
	uint8_t packet[64] = {[12] = 0x08, [14] = 0x45};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));
	uint64_t before = rz_now_ns(), after;
	int err = bpf_prog_test_run_opts(prog_fd, &run);

	after = rz_now_ns();
	return !err && (*seen < before || *seen > after) ? -EXDEV : 0;
}

/* `skel` is loaded. */
static int look_at_clock(const struct probe_bpf *skel)
{
	return rz_probe_look_at_clock(bpf_program__fd(skel->progs.probe_clock), &skel->bss->seen);
}

static int probe_clock(void)
{
	struct probe_bpf *skel = probe_bpf__open();
	int err;

	if (!skel)
		return -errno;
	bpf_program__set_autoload(skel->progs.probe_clock, true);
	err = probe_bpf__load(skel) ? 0 : look_at_clock(skel);
	probe_bpf__destroy(skel);
	return err == -EXDEV || withheld("clock") ? -EXDEV : 0;
}

/* Is the program the machine's own code, and not interpreted? */
static bool is_compiled(const struct bpf_program *p)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len) && info.jited_prog_len;
}

int rz_probe_judge_fetch(bool other_compiled, bool fetch_compiled)
{
	return other_compiled && !fetch_compiled ? -EOPNOTSUPP : 0;
}

/* `skel` is loaded, with probe_clock and probe_fetch. */
static int look_at_fetch(const struct probe_bpf *skel)
{
	return rz_probe_judge_fetch(is_compiled(skel->progs.probe_clock),
				    is_compiled(skel->progs.probe_fetch));
}

/* All programs in one load, as a kernel takes them that has everything: each load of its own reads
 * the kernel's BTF again. False: it lacks something, or is to be taken as if. */
static bool probe_all(struct rz_lacks *ret)
{
	struct probe_bpf *skel = rz_probe_is_withheld() ? NULL : probe_bpf__open();
	struct bpf_program *p;
	bool all = skel;

	if (!skel)
		return false;
	bpf_object__for_each_program (p, skel->obj)
		all &= !bpf_program__set_autoload(p, true);
	all = all && !probe_bpf__load(skel);
	if (all)
		*ret = (struct rz_lacks){.clock = look_at_clock(skel),
					 .fetch = look_at_fetch(skel)};
	probe_bpf__destroy(skel);
	return all;
}

/* uname(2) names a PREEMPT_RT kernel in `version`. */
static int probe_netlink(void)
{
	struct utsname u;
	bool rt = !uname(&u) && strstr(u.version, "PREEMPT_RT");

	return rt || withheld("netlink") ? -EOPNOTSUPP : rz_destroy_probe();
}

static int probe_fetch(void)
{
	struct probe_bpf *skel = withheld("fetch") ? NULL : probe_bpf__open();
	int err;

	if (!skel)
		return withheld("fetch") ? -EOPNOTSUPP : -errno;
	bpf_program__set_autoload(skel->progs.probe_clock, true);
	bpf_program__set_autoload(skel->progs.probe_fetch, true);
	err = probe_bpf__load(skel);
	if (!err)
		err = look_at_fetch(skel);
	probe_bpf__destroy(skel);
	return err;
}

static int probe_btf(void)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return errno ? -errno : -ENOENT;
	btf__free(btf);
	return 0;
}

/* A trial that failed for this process's sake says nothing about the kernel. */
static int ours(const struct rz_lacks *l)
{
	const int results[] = {l->btf,	  l->segment, l->fetch, l->state,
			       l->closes, l->census,  l->look,	l->destroy};
	size_t i;

	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (rz_cure_is_ours(results[i]))
			return rz_err(results[i], "probe: cannot load a BPF program: %s; %s",
				      strerror(-results[i]), rz_cure(results[i]));
	return 0;
}

static void probe_each(struct rz_lacks *ret)
{
	ret->btf = probe_btf();
	ret->clock = probe_clock();
	ret->segment = probe_one("probe_segment");
	ret->fetch = probe_fetch();
	ret->state = probe_one("probe_state");
	ret->closes = probe_one("probe_closes");
	ret->census = probe_one("probe_census");
	ret->look = probe_one("probe_look");
	ret->destroy = probe_one("probe_destroy");
}

int rz_probe(struct rz_lacks *ret)
{
	libbpf_print_fn_t old = libbpf_set_print(quiet);

	if (!probe_all(ret))
		probe_each(ret);
	ret->netlink = probe_netlink();
	libbpf_set_print(old);
	return ours(ret);
}
