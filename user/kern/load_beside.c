// SPDX-License-Identifier: Apache-2.0
/*
 * Loading with two CPUs, see load_beside.h.
 *
 * The kernel verifies programs of a process with CAP_BPF side by side (Linux 5.3), but libbpf loads
 * one after the other. rz_segment takes the verifier three times as long as all others together. So
 * right before libbpf would load it, libbpf's hook hands it to a thread, and gives libbpf an empty
 * program in its place; when both are done the descriptor of the empty one becomes the real one's.
 * Nothing is attached before that.
 */
#include "kern/load_beside.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "kern/atomics.h"

/* As much of the verifier's words as libbpf keeps. */
#define LOG_BYTES (16u << 20)

struct rz_beside {
	const struct bpf_program *prog; /* the one for the thread */
	struct bpf_insn *insns;		/* NULL: libbpf has not come to it, or loads it itself */
	size_t n_insns;
	void *func_info, *line_info;
	struct bpf_prog_load_opts opts;
	pthread_t thread;
	bool claims; /* else the programs lose what this kernel refuses (kern/atomics.h) */
	int fd;	     /* or -errno; written by the thread, read once it has been joined */
};

/* The load under way, in the one thread that loads: libbpf's hook is given nothing to know it by.
 */
static struct rz_beside *now;

/* What libbpf calls for rz_segment, with what it would hand over. Only the system call is left for
 * the thread to do, so it shares nothing with libbpf's load but descriptors. */
static int verify(struct rz_beside *b)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, bpf_program__name(b->prog), "Dual BSD/GPL",
			       b->insns, b->n_insns, &b->opts);

	return fd < 0 ? -errno : fd;
}

static void *run(void *arg)
{
	struct rz_beside *b = arg;

	b->fd = verify(b);
	return NULL;
}

static void *copy(const void *from, size_t size)
{
	void *to = malloc(size ?: 1);

	return to && size ? memcpy(to, from, size) : to;
}

static void forget(struct rz_beside *b)
{
	free(b->insns);
	free(b->func_info);
	free(b->line_info);
	*b = (struct rz_beside){.prog = b->prog, .claims = b->claims, .fd = -ENOENT};
}

/* libbpf frees all of it when the next program's turn comes. Leaves the verifier's log to libbpf's
 * own way. */
static bool keep(struct rz_beside *b, const struct bpf_prog_load_opts *opts)
{
	size_t size = opts->sz < sizeof(b->opts) ? opts->sz : sizeof(b->opts);

	memcpy(&b->opts, opts, size);
	b->opts.sz = sizeof(b->opts);
	b->n_insns = bpf_program__insn_cnt(b->prog);
	b->insns = copy(bpf_program__insns(b->prog), b->n_insns * sizeof(*b->insns));
	b->func_info =
		copy(opts->func_info, (size_t)opts->func_info_cnt * opts->func_info_rec_size);
	b->line_info =
		copy(opts->line_info, (size_t)opts->line_info_cnt * opts->line_info_rec_size);
	b->opts.func_info = b->func_info;
	b->opts.line_info = b->line_info;
	return b->insns && b->func_info && b->line_info;
}

/* Right before libbpf loads `prog`. Where the thread cannot be had, libbpf loads it as any other.
 */
static int before_load(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	static struct bpf_insn empty[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	struct rz_beside *b = now;
	int err = b && !b->claims ? rz_atomics_take_out(prog) : 0;

	(void)cookie;
	if (err)
		return err;
	/* of a module's functions libbpf closes the descriptors after its own load */
	if (!b || prog != b->prog || opts->fd_array)
		return 0;
	if (!keep(b, opts) || pthread_create(&b->thread, NULL, run, b)) {
		forget(b);
		return 0;
	}
	opts->func_info = opts->line_info = NULL;
	opts->func_info_cnt = opts->line_info_cnt = 0;
	return bpf_program__set_insns(prog, empty, sizeof(empty) / sizeof(empty[0]));
}

int rz_beside_prepare(void)
{
	static int handler;
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = before_load);

	if (handler <= 0)
		handler =
			libbpf_register_prog_handler("cgroup_skb/ingress", BPF_PROG_TYPE_CGROUP_SKB,
						     BPF_CGROUP_INET_INGRESS, &opts);
	return handler < 0 ? handler : 0;
}

/* The verifier's reason, a line each; it is not asked for in the first place, for that costs time.
 */
static void say_why(struct rz_beside *b)
{
	_cleanup_free_ char *log = calloc(1, LOG_BYTES);
	char *line, *rest = log;
	int fd;

	if (!log)
		return;
	b->opts.log_buf = log;
	b->opts.log_size = LOG_BYTES;
	b->opts.log_level = 1;
	fd = verify(b);
	if (fd >= 0)
		close(fd);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			rz_debug("%s", line);
}

/* The real program takes the empty one's descriptor, so all that asks libbpf for it gets it. */
static int take_place(struct rz_beside *b)
{
	int err = b->fd < 0 ? b->fd : 0;

	if (!err && dup3(b->fd, bpf_program__fd(b->prog), O_CLOEXEC) < 0)
		err = -errno;
	return err;
}

/* The thread has ended when this returns. */
static int finish(struct rz_beside *b, bool wanted)
{
	int err = 0;

	if (b->insns) {
		pthread_join(b->thread, NULL);
		err = wanted ? take_place(b) : 0;
		if (err)
			say_why(b);
	}
	if (b->fd >= 0)
		close(b->fd);
	forget(b);
	free(b);
	return err;
}

int rz_beside_begin(struct rezone_bpf *skel, struct rz_beside **ret)
{
	struct rz_beside *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	*b = (struct rz_beside){.prog = skel->progs.rz_segment,
				.claims = skel->rodata->rz_config.claims,
				.fd = -ENOENT};
	now = b;
	err = rezone_bpf__load(skel);
	now = NULL;
	if (err)
		finish(b, false);
	else
		*ret = b;
	return err;
}

int rz_beside_end(struct rz_beside *b)
{
	return b ? finish(b, true) : 0;
}
