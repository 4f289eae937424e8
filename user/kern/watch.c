// SPDX-License-Identifier: Apache-2.0
/* Where responses are followed, see watch.h. */
#include "kern/watch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "kern/cgroups.h"
#include "kern/fd_info.h"
#include "kern/load_inside.h"
#include "kern/pins.h"

/* A row of k->watches has the pin of its place. Static, for claim.h keeps the pointers. */
static const char *const pins[] = RZ_WATCH_PINS;
_Static_assert(sizeof(pins) / sizeof(pins[0]) == RZ_WATCH_MAX, "each place has a pin");

const char *rz_wide_text(enum rz_wide why)
{
	switch (why) {
	case RZ_WIDE_UNKNOWN:
		return "the kernel does not say which cgroup a socket is of (Linux 5.9 does)";
	case RZ_WIDE_TOP:
		return "the agents' sockets are of no cgroup below it";
	case RZ_WIDE_GONE:
		return "a socket's cgroup was removed, or cannot be found below it";
	case RZ_WIDE_MANY:
		return "the sockets that move are of too many cgroups";
	case RZ_WIDE_REFUSED:
		return "the kernel refused the program at a socket's cgroup";
	case RZ_WIDE_EARLIER:
		return "an earlier daemon was killed while it moved clients";
	case RZ_WIDE_NO:
	case RZ_WIDE_COUNT:
		break;
	}
	return "";
}

static void unpin(const struct rz_kern *k, size_t i)
{
	char path[4200];

	rz_pins_path(path, sizeof(path), k->pin_dir, pins[i]);
	if (k->pin_dir[0])
		unlink(path);
}

/* Those of places from `first` on: of this daemon, and once of one that was killed. */
static void drop(struct rz_kern *k, size_t first)
{
	size_t i;

	for (i = first; i < RZ_WATCH_MAX; i++) {
		if (!k->watches[i].link && k->watches_swept)
			continue;
		unpin(k, i);
		bpf_link__destroy(k->watches[i].link);
		k->watches[i] = (struct rz_watch){};
	}
	if (k->n_watches > first)
		k->n_watches = first;
	k->watches_swept = true;
	k->watches_loose &= k->n_watches > 0;
}

void rz_kern_watch_end(struct rz_kern *k)
{
	k->skel->bss->rz_holding = 0;
	drop(k, 0);
}

static int attach(struct rz_kern *k, size_t i, int cgroup_fd, uint64_t cgroup)
{
	struct bpf_link *link = bpf_program__attach_cgroup(k->skel->progs.rz_response, cgroup_fd);
	int err;

	if (!link)
		return -errno;
	err = rz_claim_link(&k->claim, link, pins[i]);
	if (err) {
		bpf_link__destroy(link);
		return err;
	}
	bpf_link__destroy(k->watches[i].link);
	k->watches[i] = (struct rz_watch){link, cgroup};
	if (k->n_watches < i + 1)
		k->n_watches = i + 1;
	return 0;
}

/* The whole cgroup's link comes before the others go, so that no response passes by unseen. That
 * one response is seen twice meanwhile changes nothing (rz_response_begins). */
static int watch_all(struct rz_kern *k, enum rz_wide why)
{
	int err;

	k->wide = why;
	if (k->n_watches && !k->watches[0].cgroup)
		return 0;
	rz_info("move: responses are followed at the whole cgroup %s, where every packet that is "
		"sent pays for it: %s",
		k->cgroup, rz_wide_text(why));
	err = attach(k, 0, k->cgroup_fd, 0);
	if (err)
		return rz_err(err, "move: cannot watch responses at cgroup %s: %s", k->cgroup,
			      strerror(-err));
	drop(k, 1);
	return 0;
}

static enum rz_wide watch_one(struct rz_kern *k, uint64_t cgroup)
{
	_cleanup_close_ int fd = -1;

	if (!cgroup)
		return RZ_WIDE_UNKNOWN;
	if (cgroup == rz_fd_inode(k->cgroup_fd))
		return RZ_WIDE_TOP;
	if (k->n_watches == RZ_WATCH_MAX)
		return RZ_WIDE_MANY;
	fd = rz_cgroups_open(k->cgroup, cgroup);
	if (fd < 0)
		return RZ_WIDE_GONE;
	return attach(k, k->n_watches, fd, cgroup) ? RZ_WIDE_REFUSED : RZ_WIDE_NO;
}

/* A move begins beside connections that are listened to. All are pinned, or none: the pin of one
 * that is loose would be forgotten, and keep its program there. */
static int pin_all(struct rz_kern *k)
{
	int err = 0;
	size_t i;

	for (i = 0; i < k->n_watches && !err; i++)
		err = rz_claim_link(&k->claim, k->watches[i].link, pins[i]);
	while (err && i--)
		unpin(k, i);
	k->watches_loose &= err != 0;
	return err;
}

int rz_kern_watch(struct rz_kern *k, uint64_t cgroup)
{
	int err = k->watches_loose ? pin_all(k) : 0;
	enum rz_wide why;
	size_t i;

	if (err)
		return err;
	k->skel->bss->rz_holding = 1;
	for (i = 0; i < k->n_watches; i++)
		if (!k->watches[i].cgroup || k->watches[i].cgroup == cgroup)
			return 0;
	if (!k->n_watches)
		k->wide = RZ_WIDE_NO;
	why = watch_one(k, cgroup);
	return why ? watch_all(k, why) : 0;
}

static bool is_needed(const struct rz_watch *w, const struct rz_watched *keep, size_t n,
		      uint64_t now_ns)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (keep[i].cgroup == w->cgroup && now_ns < keep[i].until_ns)
			return true;
	return false;
}

/* At the cgroups of `keep`, as far as there are links. Their places change, which are those of
 * their pins: so none keeps its pin. Nor does what a daemon that was killed has left. */
static void only_for(struct rz_kern *k, const struct rz_watched *keep, size_t n, uint64_t now_ns)
{
	size_t i, kept = 0;

	for (i = 0; i < RZ_WATCH_MAX; i++) {
		struct rz_watch w = k->watches[i];

		if (!k->watches_swept || (w.link && !k->watches_loose))
			unpin(k, i);
		k->watches[i] = (struct rz_watch){};
		if (w.link && is_needed(&w, keep, n, now_ns))
			k->watches[kept++] = w;
		else
			bpf_link__destroy(w.link);
	}
	k->n_watches = kept;
	k->watches_loose = kept;
	k->watches_swept = true;
}

void rz_kern_watch_no_more(struct rz_kern *k, const struct rz_watched *keep, size_t n)
{
	uint64_t now_ns = rz_now_ns();
	bool of_use = rz_held_forget_holds(&k->maps, keep, n, now_ns);

	if (!of_use) {
		only_for(k, keep, n, now_ns);
		k->skel->bss->rz_holding = k->watches_loose;
		return;
	}
	k->skel->bss->rz_holding = 1;
	if (!k->n_watches)
		watch_all(k, RZ_WIDE_EARLIER);
}

enum rz_wide rz_kern_watch_wide(const struct rz_kern *k)
{
	return k->wide;
}

uint32_t rz_kern_watch_lost(const struct rz_kern *k)
{
	uint32_t lost = 0;
	size_t i;

	for (i = 0; i < k->n_watches && !k->watches_loose; i++)
		lost += rz_claim_lost(&k->claim, k->watches[i].link, pins[i]);
	return lost;
}

int rz_kern_watch_pin_again(struct rz_kern *k)
{
	int err = 0;
	size_t i;

	for (i = 0; i < k->n_watches && !err && !k->watches_loose; i++)
		if (rz_claim_lost(&k->claim, k->watches[i].link, pins[i]))
			err = rz_claim_link(&k->claim, k->watches[i].link, pins[i]);
	return err;
}
