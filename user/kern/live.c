// SPDX-License-Identifier: Apache-2.0
/* The loaded programs at work, see live.h. */
#include "kern/live.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cure.h"
#include "base/log.h"
#include "kern/enter.h"
#include "kern/load_inside.h"

/* Opens an iterator whose program sees every TCP socket of a network namespace as it is read. */
static int open_iterator(const struct bpf_link *link, uint32_t netns)
{
	return link ? rz_enter_iterator(netns, bpf_link__fd(link)) : -EOPNOTSUPP;
}

/* Lets the program go on. How many bytes it has written; 0: it has seen all; -errno. */
static ssize_t read_some(int fd, void *buf, size_t size)
{
	ssize_t n;

	do {
		n = read(fd, buf, size);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	return n < 0 ? -errno : n;
}

static int ended(ssize_t n, const char *what)
{
	return n < 0 ? rz_err((int)n, "%s: the TCP iterator failed: %s", what, strerror((int)-n))
		     : 0;
}

/* Of a program that writes nothing. */
static int iterate(const struct bpf_link *link, uint32_t netns, const char *what)
{
	_cleanup_close_ int fd = open_iterator(link, netns);
	char nothing[256];
	ssize_t n = 0;

	if (fd < 0)
		return fd;
	do {
		n = read_some(fd, nothing, sizeof(nothing));
	} while (n > 0);
	return ended(n, what);
}

/* A read ends as soon as there are as many bytes as were asked for, so a whole number of rows that
 * fit into the kernel's buffer (32 KiB): a row that does not fit would be lost. */
int rz_kern_walk(struct rz_kern *k, uint32_t netns, rz_kern_walked_fn fn, void *arg)
{
	_cleanup_close_ int fd = open_iterator(k->walk, netns);
	struct rz_walked rows[1024];
	ssize_t n = 0;
	size_t i;

	if (fd < 0)
		return fd;
	while ((n = read_some(fd, rows, sizeof(rows))) > 0) {
		for (i = 0; i < (size_t)n / sizeof(rows[0]); i++)
			fn(arg, &rows[i]);
		rz_kern_closed_read(k);
	}
	return ended(n, "reset");
}

void rz_kern_held_none(struct rz_kern *k)
{
	uint64_t cookie;

	if (k->skel->bss->rz_holding)
		return;
	k->skel->bss->rz_held_any = 0;
	if (!bpf_map_get_next_key(k->maps.held, NULL, &cookie))
		k->skel->bss->rz_held_any = 1;
}

void rz_kern_follow(struct rz_kern *k, bool on)
{
	k->skel->bss->rz_following = on;
}

void rz_kern_census_begin(struct rz_kern *k, uint32_t number)
{
	k->skel->bss->rz_census_number = number;
}

int rz_kern_census(struct rz_kern *k, uint32_t netns)
{
	return iterate(k->census, netns, "census");
}

int rz_kern_iterate_parked(struct rz_kern *k, uint32_t netns)
{
	return iterate(k->look, netns, "park");
}

static int on_wake(void *ctx, void *data, size_t size)
{
	struct rz_kern *k = ctx;
	const struct rz_wake *w = data;

	if (size >= sizeof(*w) && k->wake_fn)
		k->wake_fn(k->wake_arg, w->client);
	return 0;
}

int rz_kern_wake_read(struct rz_kern *k, rz_kern_wake_fn fn, void *arg)
{
	int n;

	if (!k->ring)
		k->ring = ring_buffer__new(bpf_map__fd(k->skel->maps.wake), on_wake, k, NULL);
	if (!k->ring)
		return rz_err(-errno, "load: cannot read the wake ring: %s; %s", strerror(errno),
			      rz_cure(-errno));
	k->wake_fn = fn;
	k->wake_arg = arg;
	n = ring_buffer__consume(k->ring);
	return n < 0 ? n : 0;
}

void rz_kern_count_strangers(struct rz_kern *k, uint32_t n)
{
	k->skel->bss->rz_strangers = (int32_t)n;
	k->skel->bss->rz_topology_known = 1;
}

void rz_kern_count_prints(struct rz_kern *k, size_t n)
{
	k->skel->bss->rz_prints = (int32_t)n;
}

/* Nobody but the programs has entries of partial, so they count right, but for a program of an
 * earlier run that goes on beside this one for a moment. */
void rz_kern_count_partials(struct rz_kern *k)
{
	uint32_t room, partials;

	if (k->skel->bss->rz_partials > k->skel->rodata->rz_config.partial_half / 2 &&
	    rz_maps_fill(bpf_map__fd(k->skel->maps.partial), &partials, &room))
		k->skel->bss->rz_partials = (int32_t)partials;
}

bool rz_kern_forget_conn(struct rz_kern *k, const struct rz_conn *c)
{
	const struct rz_frame *f = &c->frame;
	struct rz_partial_key piece = {c->cookie, f->next_seq + f->have + f->skip, f->generation};
	bool removed = !bpf_map_delete_elem(k->maps.conns, &c->cookie);

	bpf_map_delete_elem(k->maps.proxied, &c->cookie);
	bpf_map_delete_elem(k->maps.prints, &c->cookie);
	bpf_map_delete_elem(bpf_map__fd(k->skel->maps.partial), &piece);
	return removed;
}

void rz_kern_forget_stranger(struct rz_kern *k, const struct rz_conn *c)
{
	k->skel->bss->rz_conns_were_full = 1;
	rz_kern_forget_conn(k, c);
}

uint32_t rz_kern_strangers_max(const struct rz_kern *k)
{
	return (uint32_t)k->skel->rodata->rz_config.strangers;
}

int rz_kern_wake_fd(const struct rz_kern *k)
{
	return bpf_map__fd(k->skel->maps.wake);
}
