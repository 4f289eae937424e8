// SPDX-License-Identifier: Apache-2.0
/* Resetting a tick's moves, one network namespace at a time, see reset.h. */
#include "move/reset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "kern/netns.h"
#include "kern/destroy.h"

struct batch {
	struct rz_kern *kern;
	struct rz_reset *rows;
	size_t n;
};

int rz_reset_show(const struct rz_maps *maps, const struct rz_reset *r, enum rz_phase phase,
		  uint64_t now_ns)
{
	struct rz_move m = {.client = r->client, .decided_ns = now_ns, .phase = phase};

	m.error = r->error;
	m.gap = r->gap;
	m.deadline_ns = r->deadline_ns;
	rz_str_copy(m.to_zone, sizeof(m.to_zone), r->to_zone);
	return bpf_map_update_elem(maps->moves, &r->cookie, &m, BPF_ANY) ? -errno : 0;
}

bool rz_reset_drained(const struct rz_hold *h, const struct rz_conn *c)
{
	uint32_t need = h->last == c->frame.answerable ? h->must : c->frame.answerable;

	if ((!c->frame.produce && !c->frame.other) || rz_now_ns() > c->last_request_ns + RZ_IDLE_NS)
		return true;
	return h->answers.synced && !h->answers.tentative && h->answers.whole &&
	       (int32_t)(h->answers.number - need) >= 0;
}

/* Reads what the walk wrote. An entry still in phase RESET belongs to a socket that the walk did
 * not meet: it is gone. */
static int read_result(int fd, const struct rz_reset *r)
{
	struct rz_move m;

	if (bpf_map_lookup_elem(fd, &r->cookie, &m) || m.phase == RZ_PHASE_RESET)
		return -ENOENT;
	/* -EAGAIN stands in phase gap or hold; anything else there was never looked at */
	if (m.phase != RZ_PHASE_DONE && m.phase != RZ_PHASE_REFUSED && m.error != -EAGAIN)
		return -ENOENT;
	return m.error;
}

static int walk(void *arg)
{
	struct batch *b = arg;

	return rz_kern_walk(b->kern);
}

/* The check of bpf/reset.bpf.h, as near as user space gets: still the same client on this entry. */
static int still_same(const struct rz_maps *maps, const struct rz_reset *r)
{
	struct rz_hold h;
	struct rz_conn c;

	if (bpf_map_lookup_elem_flags(maps->conns, &r->cookie, &c, BPF_F_LOCK))
		return -ENOENT;
	if (c.frame.state == RZ_STATE_MPTCP)
		return -EPROTO;
	if (c.frame.client != r->client || c.frame.state != RZ_STATE_DATA ||
	    c.frame.owner != (uint16_t)r->cookie || !c.frame.synced || c.frame.tentative ||
	    c.frame.transaction || c.frame.coordinator || c.frame.acks0 ||
	    memcmp(&c.tuple, &r->tuple, sizeof(c.tuple)))
		return -ESTALE;
	if (!r->gap)
		return 0;
	if (bpf_map_lookup_elem(maps->holds, &r->cookie, &h) || h.early ||
	    !rz_reset_drained(&h, &c))
		return -EAGAIN;
	return c.frame.produce || c.frame.other ? rz_destroy_quiet(&r->tuple, r->cookie) : 0;
}

static int destroy_each(void *arg)
{
	struct batch *b = arg;
	const struct rz_maps *maps = rz_kern_maps(b->kern);
	size_t i;

	for (i = 0; i < b->n; i++) {
		b->rows[i].error = still_same(maps, &b->rows[i]);
		if (!b->rows[i].error)
			b->rows[i].error = rz_destroy_socket(&b->rows[i].tuple, b->rows[i].cookie);
	}
	return 0;
}

static enum rz_phase phase_after(const struct rz_reset *r)
{
	if (r->error == -EAGAIN)
		return r->deadline_ns ? RZ_PHASE_HOLD : RZ_PHASE_GAP;
	return r->error ? RZ_PHASE_REFUSED : RZ_PHASE_DONE;
}

static int reset_netns(struct batch *b, uint64_t now_ns)
{
	const struct rz_maps *maps = rz_kern_maps(b->kern);
	bool by_walk = rz_kern_can_walk(b->kern);
	size_t i;
	int err = 0;

	for (i = 0; i < b->n; i++) {
		b->rows[i].error = 0;
		if (!err)
			err = rz_reset_show(maps, &b->rows[i], RZ_PHASE_RESET, now_ns);
	}
	if (!err)
		err = rz_netns_call(b->rows[0].netns, by_walk ? walk : destroy_each, b);
	for (i = 0; i < b->n; i++) {
		/* a walk that failed half-way has reset some */
		if (by_walk)
			b->rows[i].error = read_result(maps->moves, &b->rows[i]);
		if (err && (!by_walk || b->rows[i].error == -ENOENT))
			b->rows[i].error = err;
		/* no such socket: its close was not seen. Were it there after all, its next request
		 * would bring the entry back */
		else if (b->rows[i].error == -ENOENT)
			bpf_map_delete_elem(maps->conns, &b->rows[i].cookie);
		rz_reset_show(maps, &b->rows[i], phase_after(&b->rows[i]), now_ns);
	}
	return err;
}

static int by_netns(const void *a, const void *b)
{
	const struct rz_reset *x = a, *y = b;

	if (x->netns != y->netns)
		return x->netns < y->netns ? -1 : 1;
	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

int rz_reset_run(struct rz_kern *k, struct rz_reset *rows, size_t n, uint64_t now_ns)
{
	size_t from, to;
	int first = 0;

	if (n)
		qsort(rows, n, sizeof(*rows), by_netns);
	for (from = 0; from < n; from = to) {
		struct batch b = {k, rows + from, 0};
		int err;

		for (to = from; to < n && rows[to].netns == rows[from].netns; to++)
			;
		b.n = to - from;
		err = reset_netns(&b, now_ns);
		if (err && !first)
			first = err;
	}
	return first;
}
