// SPDX-License-Identifier: Apache-2.0
/* Loading, pinning and attaching, see load.h. */
#include "kern/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/cure.h"
#include "base/log.h"
#include "base/str.h"
#include "kern/fd_info.h"
#include "kern/live.h"
#include "kern/load_beside.h"
#include "kern/load_inside.h"
#include "kern/memory.h"
#include "kern/pins.h"
#include "kern/rival.h"
#include "kern/watch.h"
#include "rezone/config.h"

/* libbpf's messages may be the verifier's whole log: a line each. */
static int to_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;

	if (level == LIBBPF_DEBUG || vasprintf(&text, fmt, args) < 0)
		return 0;
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (*line)
			rz_debug("%s", line);
	return 0;
}

void rz_kern_name_cgroup(struct rz_kern *k)
{
	uint64_t id = rz_fd_inode(k->cgroup_fd);

	k->skel->bss->rz_cgroup_id = id == 1 ? 0 : id; /* the root's inode is 1 */
}

/* Maps that people read, and that outlive a restart; and two that belong to the frames: `partial`,
 * headers that are half read, and `undo`. While one program takes another's place both see a
 * segment; the second must find what the first one kept, or it takes that for a segment that TCP
 * threw away. */
static int claim_pins(struct rz_kern *k)
{
	struct bpf_map *m;
	size_t i;
	int err = rz_claim_map(&k->claim, k->skel->maps.partial, "partial");

	if (!err)
		err = rz_claim_as_large(&k->claim, k->skel->maps.counted, "counted");

	if (!err)
		err = rz_claim_map(&k->claim, k->skel->maps.undo, "undo");
	if (!err)
		err = rz_claim_map(&k->claim, k->skel->maps.closed, "closed");
	for (i = 0; i < rz_map_count && !err; i++) {
		m = bpf_object__find_map_by_name(k->skel->obj, rz_map_names[i]);
		err = rz_claim_map(&k->claim, m, rz_map_names[i]);
	}
	return err;
}

static int link_pins(struct rz_kern *k)
{
	static const char *const inner[] = {"partial", "undo", "closed"};
	int err = k->pin_dir[0] ? rz_claim_symlinks(&k->claim, inner, 3) : 0;

	return err || !k->pin_dir[0] ? err
				     : rz_claim_symlinks(&k->claim, rz_map_names, rz_map_count);
}

static int open_and_size(struct rz_kern *k, const struct rz_load_opts *o,
			 const struct rz_lacks *lacks)
{
	int err;

	err = rz_beside_prepare();
	if (err)
		return rz_err(err, "load: libbpf takes no handler: %s; %s", strerror(-err),
			      rz_cure(err));
	k->skel = rezone_bpf__open();
	if (!k->skel)
		return rz_err(-errno, "load: cannot open the BPF object: %s; %s", strerror(errno),
			      rz_cure(-errno));
	rz_load_fill_rodata(k, o, !lacks->fetch);
	rz_load_size_maps(k, o);
	rz_kern_name_cgroup(k);
	k->skel->bss->rz_sees_opens = !lacks->state;
	bpf_program__set_autoload(k->skel->progs.rz_state, !lacks->state);
	bpf_program__set_autoload(k->skel->progs.rz_state_old, lacks->state && !lacks->closes);
	bpf_program__set_autoload(k->skel->progs.rz_reset, !lacks->destroy);
	bpf_program__set_autoload(k->skel->progs.rz_census, !lacks->census);
	bpf_program__set_autoload(k->skel->progs.rz_look, !lacks->look);
	bpf_program__set_autoload(k->skel->progs.rz_park, true);
	bpf_program__set_autoload(k->skel->progs.rz_response, true);
	err = rz_memory_check(k->skel->obj);
	return err || !k->pin_dir[0] ? err : claim_pins(k);
}

/* EACCES is the verifier's word here, not one about rights. */
static int load_failed(int err)
{
	if (rz_cure_is_ours(err))
		return rz_err(err, "load: cannot load the BPF programs and maps: %s; %s",
			      strerror(-err), rz_cure(err));
	if (err == -ENOENT || err == -ESRCH)
		return rz_err(err,
			      "load: the BPF programs do not fit this kernel: %s; it has no BTF "
			      "(/sys/kernel/btf/vmlinux): use one built with "
			      "CONFIG_DEBUG_INFO_BTF",
			      strerror(-err));
	return rz_err(err,
		      "load: the kernel refuses the BPF programs: %s; --log-level debug shows what "
		      "its verifier says",
		      strerror(-err));
}

static void borrow_maps(struct rz_kern *k)
{
	size_t i;

	for (i = 0; i < rz_map_count; i++)
		*rz_maps_fd(&k->maps, i) =
			bpf_object__find_map_fd_by_name(k->skel->obj, rz_map_names[i]);
}

/* What an earlier run has left in the maps that have room for some. */
static void count_some(struct rz_kern *k)
{
	uint32_t n, room;

	if (rz_maps_fill(k->maps.prints, &n, &room))
		k->skel->bss->rz_prints = (int32_t)n;
	if (rz_maps_fill(bpf_map__fd(k->skel->maps.partial), &n, &room))
		k->skel->bss->rz_partials = (int32_t)n;
}

/* Connections on a port that an earlier run watched and this one does not: nobody follows them. */
static void forget_other_ports(struct rz_kern *k, const struct rz_load_opts *o)
{
	uint64_t key, next, *prev = NULL;
	struct rz_conn c;
	bool ours = true;
	uint16_t i;

	while (!bpf_map_get_next_key(k->maps.conns, prev, &next)) {
		if (!ours)
			rz_kern_forget_conn(k, &c);
		key = next;
		prev = &key;
		ours = bpf_map_lookup_elem(k->maps.conns, &key, &c) != 0;
		for (i = 0; i < o->n_ports && !ours; i++)
			ours = c.tuple.agent_port == o->ports[i];
	}
	if (prev && !ours)
		rz_kern_forget_conn(k, &c);
}

static int make_iterator(struct bpf_program *p, struct bpf_link **ret)
{
	if (!bpf_program__autoload(p))
		return 0;
	*ret = bpf_program__attach_iter(p, NULL);
	return *ret ? 0
		    : rz_err(-errno, "load: cannot make a TCP iterator: %s; %s", strerror(errno),
			     rz_cure(-errno));
}

/* Who has the right to attach at all (rz_caps_check) is refused by another's exclusive program. */
static int attach_failed(const struct rz_kern *k, int err)
{
	if (err == -EPERM)
		return rz_err(
			err,
			"load: cannot attach to cgroup %s: %s; a program is attached there, or "
			"above it, without BPF_F_ALLOW_MULTI (bpftool cgroup tree): detach it",
			k->cgroup, strerror(-err));
	return rz_err(err, "load: cannot attach to cgroup %s: %s; %s", k->cgroup, strerror(-err),
		      rz_cure(err));
}

static int attach(struct rz_kern *k)
{
	struct rezone_bpf *s = k->skel;
	struct bpf_program *state = bpf_program__autoload(s->progs.rz_state)
					    ? s->progs.rz_state
					    : s->progs.rz_state_old;
	int err;

	if (bpf_program__autoload(state)) {
		k->state = bpf_program__attach(state);
		if (!k->state)
			return rz_err(-errno, "load: cannot attach to inet_sock_set_state: %s; %s",
				      strerror(errno), rz_cure(-errno));
	}
	k->segment = bpf_program__attach_cgroup(s->progs.rz_segment, k->cgroup_fd);
	if (!k->segment)
		return attach_failed(k, -errno);
	err = make_iterator(s->progs.rz_reset, &k->walk);
	if (!err)
		err = make_iterator(s->progs.rz_census, &k->census);
	if (!err)
		err = make_iterator(s->progs.rz_look, &k->look);
	if (err)
		return err;
	err = rz_claim_link(&k->claim, k->state, "link_state");
	return err ? err : rz_claim_link(&k->claim, k->segment, "link_segment");
}

/* Not before the programs are loaded, but for rz_segment: the helper, which is asked, starts
 * meanwhile. Before anything is attached, and before a map that is taken over is changed. */
static int refuse_other(const struct rz_kern *k, const struct rz_load_opts *opts)
{
	uint32_t id;

	if (opts->loaded)
		opts->loaded(opts->loaded_arg);
	id = rz_rival_find(k->cgroup_fd, opts->pin_dir, 0);
	return id ? rz_err(-EBUSY,
			   "load: another rezone's program (id %u) is attached to cgroup %s for "
			   "the "
			   "same port, and is not pinned in %s; end that rezone, or detach its "
			   "link "
			   "(bpftool link list; bpftool link detach id N)",
			   id, k->cgroup, opts->pin_dir ? opts->pin_dir : "any --pin-dir")
		  : 0;
}

/* With `all` programs wanted it is no error yet that the kernel does not take them. */
static int told(int err, bool all)
{
	if (err && all && !rz_cure_is_ours(err))
		return RZ_LOAD_LACKS;
	return err ? load_failed(err) : 0;
}

/* Makes the maps and loads the programs. With `all` every program: RZ_LOAD_LACKS if the kernel does
 * not take them. The look for another rezone takes a few milliseconds, in which rz_segment is still
 * being verified. */
static int load_programs(struct rz_kern *k, const struct rz_load_opts *opts, bool all)
{
	struct rz_beside *beside = NULL;
	int err = told(rz_beside_begin(k->skel, &beside), all), end;

	if (!err && all)
		err = rz_probe_look_at_clock(bpf_program__fd(k->skel->progs.rz_park),
					     &k->skel->bss->rz_park_clock);
	if (!err)
		err = refuse_other(k, opts);
	end = rz_beside_end(beside);
	return err ? err : told(end, all);
}

static int load(const struct rz_load_opts *opts, const struct rz_lacks *lacks, bool all,
		struct rz_kern **ret)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct rz_kern *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	libbpf_set_print(to_log);
	setrlimit(RLIMIT_MEMLOCK,
		  &unlimited); /* counts only before 5.11; failing is no harm after */
	k->cgroup_fd = rz_cgroup_open(opts->cgroup, k->cgroup, sizeof(k->cgroup));
	err = k->cgroup_fd < 0 ? k->cgroup_fd : 0;
	if (!err && opts->pin_dir)
		rz_str_copy(k->pin_dir, sizeof(k->pin_dir), opts->pin_dir);
	k->claim.pin_dir = k->pin_dir;
	if (!err)
		err = rz_kern_find_seed(k);
	if (!err)
		err = open_and_size(k, opts, lacks);
	if (!err)
		err = load_programs(k, opts, all);
	if (!err) {
		borrow_maps(k);
		count_some(k);
		forget_other_ports(k, opts);
		/* the programs of an earlier run may still add some */
		k->skel->bss->rz_held_any = 1;
		k->skel->bss->rz_holding = 1;
		k->skel->bss->rz_following = 1;
		err = rz_kern_keep_seed(k);
		if (!err)
			err = attach(k);
	}
	if (!err)
		err = link_pins(k); /* last: an older version's symlinks are lost by it */
	if (!err)
		rz_kern_watch_no_more(k, NULL, 0);
	if (err) {
		rz_kern_free_failed(k);
		return err;
	}
	*ret = k;
	return 0;
}

int rz_kern_load(const struct rz_load_opts *opts, const struct rz_lacks *lacks,
		 struct rz_kern **ret)
{
	return load(opts, lacks, false, ret);
}

int rz_kern_load_all(const struct rz_load_opts *opts, struct rz_kern **ret)
{
	static const struct rz_lacks none;

	return rz_probe_is_withheld() ? RZ_LOAD_LACKS : load(opts, &none, true, ret);
}

void rz_kern_free_failed(struct rz_kern *k)
{
	if (k)
		rz_claim_undo(&k->claim);
	rz_kern_free(k, true);
}

void rz_kern_keep(struct rz_kern *k)
{
	rz_claim_keep(&k->claim);
}

void rz_kern_free(struct rz_kern *k, bool keep_pins)
{
	size_t i;

	if (!k)
		return;
	if (k->pin_dir[0] && !keep_pins) {
		rz_pins_remove(k->pin_dir);
		/* a pin that something is mounted over would keep it attached for ever (5.9) */
		if (k->segment)
			bpf_link__detach(k->segment);
		for (i = 0; i < k->n_watches; i++)
			bpf_link__detach(k->watches[i].link);
	}
	ring_buffer__free(k->ring);
	ring_buffer__free(k->closed_ring);
	bpf_link__destroy(k->walk);
	bpf_link__destroy(k->census);
	bpf_link__destroy(k->look);
	bpf_link__destroy(k->segment);
	for (i = 0; i < k->n_watches; i++)
		bpf_link__destroy(k->watches[i].link);
	bpf_link__destroy(k->state);
	rezone_bpf__destroy(k->skel);
	if (k->cgroup_fd >= 0)
		close(k->cgroup_fd);
	free(k);
}

const struct rz_maps *rz_kern_maps(const struct rz_kern *k)
{
	return &k->maps;
}

const char *rz_kern_cgroup(const struct rz_kern *k)
{
	return k->cgroup;
}

bool rz_kern_can_walk(const struct rz_kern *k)
{
	return k->walk != NULL;
}
