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
#include "kern/owner.h"
#include "rezone/kafka.h"

/* What a hold must still last when a connection is judged that is not ended in the same step. */
#define MARGIN_NS (200 * 1000000ULL)

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
	m.asked = r->asked;
	m.fin = r->fin;
	m.shared = r->shared;
	m.acks0 = r->acks0;
	m.left = r->left;
	m.deadline_ns = r->deadline_ns;
	rz_str_copy(m.to_zone, sizeof(m.to_zone), r->to_zone);
	return bpf_map_update_elem(maps->moves, &r->cookie, &m, BPF_ANY) ? -errno : 0;
}

bool rz_reset_drained(const struct rz_hold *h, const struct rz_conn *c)
{
	uint32_t need = rz_hold_must(h, c->frame.answerable);

	if (!rz_frame_must_be_answered(&c->frame))
		return true;
	if (c->frame.acks0 && !h->last)
		return true;
	return h->answers.synced && !h->answers.tentative && h->answers.whole &&
	       (int32_t)(h->answers.number - need) >= 0;
}

bool rz_reset_may_be_drained(const struct rz_kern *k, const struct rz_hold *h,
			     const struct rz_conn *c)
{
	return rz_kern_can_walk(k) && h->last == c->frame.answerable && h->answers.synced &&
	       !h->answers.tentative && (int32_t)(h->answers.number - h->must_before) >= 0;
}

static bool has_left(const struct rz_maps *maps, uint64_t cookie)
{
	struct rz_held e;

	return !bpf_map_lookup_elem(maps->held, &cookie, &e) && e.left_ns;
}

/* Reads what the walk wrote; false if it did not meet this socket: the entry is still in phase
 * RESET then. -EAGAIN stands in phase gap or hold; anything else there was never looked at. */
static bool read_result(int fd, const struct rz_reset *r, int *ret)
{
	struct rz_move m;

	if (bpf_map_lookup_elem(fd, &r->cookie, &m) || m.phase == RZ_PHASE_RESET ||
	    (m.phase != RZ_PHASE_DONE && m.phase != RZ_PHASE_CLOSE && m.phase != RZ_PHASE_REFUSED &&
	     m.error != -EAGAIN))
		return false;
	*ret = m.error;
	return true;
}

static bool is_gone(const struct rz_reset *r)
{
	int err = rz_destroy_find(&r->tuple, r->cookie);

	return err == -ENOENT || err == -ESTALE;
}

static int walk(void *arg)
{
	struct batch *b = arg;
	int err = rz_kern_walk(b->kern);
	size_t i;

	/* One that was not met is gone; or the walk passed it over, as it may while others come and
	 * go before Linux 6.17. A walk that failed half-way has reset some. */
	for (i = 0; i < b->n; i++) {
		struct rz_reset *r = &b->rows[i];

		if (!read_result(rz_kern_maps(b->kern)->moves, r, &r->error) && !err)
			r->error = is_gone(r) ? -ENOENT : -EAGAIN;
	}
	return err;
}

bool rz_reset_gap_is_over(const struct rz_maps *maps, const struct rz_reset *r)
{
	struct rz_hold h;

	return r->gap && r->gap_only && r->deadline_ns &&
	       (bpf_map_lookup_elem(maps->holds, &r->cookie, &h) || h.held != r->held_before);
}

/* A judged row that is ended by a FIN. What is new is held back until its deadline. */
static int shut_down(const struct rz_maps *maps, const struct rz_reset *r)
{
	struct rz_owner o = {.cookie = r->cookie, .pid = r->owner_pid, .fd = r->owner_fd};

	if (r->deadline_ns && rz_now_ns() + MARGIN_NS > r->deadline_ns)
		return -EAGAIN;
	if (rz_reset_gap_is_over(maps, r))
		return -EAGAIN;
	return rz_owner_shutdown(&o);
}

/* Has TCP accepted all that was read? It may yet throw away what it has not, and then nothing that
 * the entry says need be true. */
static int accepted(const struct rz_conn *c, const struct rz_reset *r)
{
	uint32_t received;
	int err = rz_destroy_received(&r->tuple, r->cookie, &received);

	if (err)
		return err;
	return (int32_t)(c->frame.read_end - (c->seq_base + received)) > 0 ? -EAGAIN : 0;
}

/* The check of bpf/reset.bpf.h, as near as user space gets: still the same client on this entry. */
static int still_same(const struct rz_maps *maps, const struct rz_reset *r)
{
	struct rz_hold h;
	struct rz_conn c;
	int err;

	if (bpf_map_lookup_elem_flags(maps->conns, &r->cookie, &c, BPF_F_LOCK))
		return -ENOENT;
	if (c.frame.state == RZ_STATE_MPTCP)
		return -EPROTO;
	if (c.frame.client != r->client || c.frame.state != RZ_STATE_DATA ||
	    c.frame.owner != (uint16_t)r->cookie || !c.frame.synced || c.frame.tentative ||
	    c.frame.several || c.frame.transaction || (c.frame.coordinator && !r->shared) ||
	    (c.frame.acks0 && !r->acks0) || memcmp(&c.tuple, &r->tuple, sizeof(c.tuple)))
		return -ESTALE;
	if (r->left && !has_left(maps, r->cookie))
		return -ESTALE;
	err = accepted(&c, r);
	if (err || !r->gap)
		return err;
	if (bpf_map_lookup_elem(maps->holds, &r->cookie, &h) || h.early ||
	    !rz_reset_drained(&h, &c) || rz_reset_gap_is_over(maps, r))
		return -EAGAIN;
	if (!rz_frame_must_be_answered(&c.frame))
		return 0;
	if (rz_hold_must(&h, c.frame.answerable) != r->asked)
		return -EAGAIN;
	return rz_destroy_quiet(&r->tuple, r->cookie);
}

static int destroy_each(void *arg)
{
	struct batch *b = arg;
	const struct rz_maps *maps = rz_kern_maps(b->kern);
	size_t i;

	for (i = 0; i < b->n; i++) {
		b->rows[i].error = still_same(maps, &b->rows[i]);
		/* the look at the socket has taken its time */
		if (!b->rows[i].error && rz_reset_gap_is_over(maps, &b->rows[i]))
			b->rows[i].error = -EAGAIN;
		if (!b->rows[i].error && !b->rows[i].fin)
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
		b->rows[i].error = by_walk ? -ENOENT : 0;
		if (!err)
			err = rz_reset_show(maps, &b->rows[i], RZ_PHASE_RESET, now_ns);
	}
	if (!err)
		err = rz_netns_call(b->rows[0].netns, by_walk ? walk : destroy_each, b);
	for (i = 0; i < b->n; i++) {
		if (err && (!by_walk || b->rows[i].error == -ENOENT))
			b->rows[i].error = err;
		if (b->rows[i].fin && !b->rows[i].error)
			b->rows[i].error = shut_down(maps, &b->rows[i]);
		/* no such socket: its close was not seen. Were it there after all, its next request
		 * would bring the entry back */
		if (b->rows[i].error == -ENOENT && !err)
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

static int find_in_netns(void *arg)
{
	struct batch *b = arg;
	struct rz_owner *o = calloc(b->n + 1, sizeof(*o));
	size_t i, n = 0;

	for (i = 0; o && i < b->n; i++)
		if (b->rows[i].fin)
			o[n++] = (struct rz_owner){.tuple = b->rows[i].tuple,
						   .cookie = b->rows[i].cookie};
	if (n)
		rz_owner_find(b->rows[0].netns, o, n);
	for (i = n = 0; o && i < b->n; i++) {
		if (!b->rows[i].fin)
			continue;
		b->rows[i].owner_pid = o[n].pid;
		b->rows[i].owner_fd = o[n++].fd;
	}
	free(o);
	return 0;
}

static bool any_fin(const struct batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->rows[i].fin)
			return true;
	return false;
}

/* The next network namespace's rows of sorted ones. */
static struct batch next_netns(struct rz_reset *rows, size_t n)
{
	struct batch b = {.rows = rows};

	while (b.n < n && rows[b.n].netns == rows[0].netns)
		b.n++;
	return b;
}

void rz_reset_find_owners(struct rz_reset *rows, size_t n)
{
	struct batch b;
	size_t from;

	if (n)
		qsort(rows, n, sizeof(*rows), by_netns);
	for (from = 0; from < n; from += b.n) {
		b = next_netns(rows + from, n - from);
		if (any_fin(&b))
			rz_netns_call(rows[from].netns, find_in_netns, &b);
	}
}

int rz_reset_run(struct rz_kern *k, struct rz_reset *rows, size_t n, uint64_t now_ns)
{
	size_t from;
	int first = 0;
	struct batch b;

	if (n)
		qsort(rows, n, sizeof(*rows), by_netns);
	for (from = 0; from < n; from += b.n) {
		int err;

		b = next_netns(rows + from, n - from);
		b.kern = k;
		err = reset_netns(&b, now_ns);
		if (err && !first)
			first = err;
	}
	return first;
}
