// SPDX-License-Identifier: Apache-2.0
/* Waiting for the moment in which a reset harms nobody, see hold.h. */
#include "move/hold.h"

#include <errno.h>
#include <stdlib.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "base/log.h"
#include "kern/held.h"
#include "rezone/kafka.h"

/* Who says nothing gets so many times the settling time: it may be that it does not run. */
#define SILENT_TIMES  4
/* A segment is on its way from the segment program to TCP for so long at most: softirqs take turns
 * of two ticks (net.core.netdev_budget_usecs). */
#define ON_ITS_WAY_NS (10 * 1000000ULL)
/* A look under the lock, when it is due, has been taken so much later. */
#define A_LOOK_NS     (100 * 1000000ULL)

/* Whose descriptors those are that are ended by a FIN: looked for once for all of them. */
static void find_owners(struct rz_holding *rows, size_t n)
{
	struct rz_reset *r = calloc(n + 1, sizeof(*r));
	size_t i, k;

	for (i = 0; r && i < n; i++)
		r[i] = rows[i].reset;
	if (r)
		rz_reset_find_owners(r, n);
	for (i = 0; r && i < n; i++)
		for (k = 0; k < n; k++)
			if (rows[k].reset.cookie == r[i].cookie)
				rows[k].reset = r[i];
	free(r);
}

int rz_holds_new(struct rz_kern *k, const struct rz_hold_limits *limits, struct rz_holding *rows,
		 size_t n, struct rz_holds **ret)
{
	struct rz_holds *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	*h = (struct rz_holds){.limits = *limits, .kern = k, .rows = rows, .n = n};
	find_owners(rows, n);
	*ret = h;
	return 0;
}

static bool under_way(const struct rz_holding *r)
{
	return r->phase == RZ_PHASE_GAP || r->phase == RZ_PHASE_HOLD;
}

/* It is over, with this result. */
static void end(struct rz_holds *h, struct rz_holding *r, int error, uint64_t now_ns)
{
	const struct rz_maps *maps = rz_kern_maps(h->kern);
	static struct rz_hold entry;
	struct rz_conn c;

	r->reset.error = error;
	r->ended_ns = now_ns;
	r->phase = error ? RZ_PHASE_REFUSED : RZ_PHASE_DONE;
	if (!bpf_map_lookup_elem(maps->holds, &r->reset.cookie, &entry)) {
		r->held = entry.held;
		r->silent =
			!entry.last && !entry.held &&
			!bpf_map_lookup_elem_flags(maps->conns, &r->reset.cookie, &c, BPF_F_LOCK) &&
			c.last_request_ns < r->begun_ns;
	}
	if (!error || !rz_held_needs_watch(maps, r->reset.cookie, rz_now_ns()))
		bpf_map_delete_elem(maps->holds, &r->reset.cookie);
	r->reset.deadline_ns = 0;
	rz_reset_show(maps, &r->reset, r->phase, now_ns);
}

void rz_holds_free(struct rz_holds *h)
{
	size_t i;

	if (!h)
		return;
	for (i = 0; i < h->n; i++)
		if (under_way(&h->rows[i]))
			end(h, &h->rows[i], -ECANCELED, 0);
	rz_kern_watch_no_more(h->kern);
	free(h->rows);
	free(h);
}

static void begin(struct rz_holds *h, struct rz_holding *r, uint64_t now_ns)
{
	const struct rz_maps *maps = rz_kern_maps(h->kern);
	static struct rz_hold entry;

	r->begun_ns = now_ns;
	r->phase = RZ_PHASE_GAP;
	r->reset.gap = h->limits.wait && !r->now;
	if (!r->reset.gap)
		return;
	entry = (struct rz_hold){.cookie = r->reset.cookie};
	rz_reset_show(maps, &r->reset, r->phase, now_ns);
	if (rz_kern_watch(h->kern, true) ||
	    bpf_map_update_elem(maps->holds, &r->reset.cookie, &entry, BPF_ANY))
		end(h, r, -ENOBUFS, now_ns);
}

/* As many as may be under way at a time. */
static void begin_some(struct rz_holds *h, uint64_t now_ns)
{
	size_t i, now = 0;

	for (i = 0; i < h->n; i++)
		now += under_way(&h->rows[i]);
	for (i = 0; i < h->n && now < h->limits.at_once; i++) {
		if (h->rows[i].phase != RZ_PHASE_WAIT)
			continue;
		begin(h, &h->rows[i], now_ns);
		now++;
	}
}

/* Are its last look and its end two steps, so that new requests must be kept away in between? */
static bool two_steps(const struct rz_holds *h, const struct rz_holding *r)
{
	return h->limits.hold_ns && !r->reset.acks0 && (r->reset.fin || !rz_kern_can_walk(h->kern));
}

/* Has it sent something since its last answer was out, which was held back? Then it runs. */
static bool speaks(const struct rz_holding *r, const struct rz_hold *entry)
{
	return entry->fresh != r->fresh;
}

/*
 * All that must be answered has been, for settle_ns, in which the client's application can read the
 * answers: some libraries throw away what they have read if the next read meets the reset, and
 * would ask again. One that is not seen to run gets longer.
 */
static bool has_settled(const struct rz_holds *h, struct rz_holding *r, uint64_t now_ns)
{
	const struct rz_maps *maps = rz_kern_maps(h->kern);
	static struct rz_hold entry;
	struct rz_conn c;
	uint32_t must;

	/* the reset's own check says what there is to say */
	if (bpf_map_lookup_elem_flags(maps->conns, &r->reset.cookie, &c, BPF_F_LOCK) ||
	    !rz_frame_must_be_answered(&c.frame))
		return true;
	if (bpf_map_lookup_elem(maps->holds, &r->reset.cookie, &entry) ||
	    (!rz_reset_drained(&entry, &c) &&
	     !(r->held_ns && rz_reset_may_be_drained(h->kern, &entry, &c)))) {
		r->quiet_ns = 0;
		return false;
	}
	/* what was dropped in an instant that was no gap after all is still to come */
	if (r->reset.gap_only && entry.held && (int32_t)(c.frame.next_seq - entry.held_end) < 0) {
		r->quiet_ns = 0;
		return false;
	}
	must = rz_hold_must(&entry, c.frame.answerable);
	if (!r->quiet_ns || r->reset.asked != must) {
		r->quiet_ns = now_ns;
		r->reset.asked = must;
		r->fresh = entry.fresh;
	}
	return now_ns >= r->quiet_ns + h->limits.settle_ns * (speaks(r, &entry) ? 1 : SILENT_TIMES);
}

/* Is it worth a walk over the sockets to look at it under its lock? */
static bool looks_quiet(const struct rz_holds *h, struct rz_holding *r, uint64_t now_ns)
{
	r->settled = false;
	if (now_ns < r->again_ns)
		return false;
	if (!r->reset.gap)
		return true;
	/* what had passed the segment program before the hold began has reached TCP by then */
	if (r->phase == RZ_PHASE_HOLD && two_steps(h, r) && now_ns < r->held_ns + ON_ITS_WAY_NS)
		return false;
	if (rz_reset_gap_is_over(rz_kern_maps(h->kern), &r->reset))
		return false;
	r->settled = has_settled(h, r, now_ns);
	return r->settled && (r->phase == RZ_PHASE_HOLD || !two_steps(h, r));
}

/* Something came between the last look and the end of one that is ended in a gap only: it is no gap
 * any more. The client's TCP sends it again. */
static void wait_on(struct rz_holds *h, struct rz_holding *r, uint64_t now_ns)
{
	r->phase = RZ_PHASE_GAP;
	r->held_ns = r->quiet_ns = 0;
	r->reset.deadline_ns = 0;
	rz_reset_show(rz_kern_maps(h->kern), &r->reset, r->phase, now_ns);
}

/* Not so quiet under its lock: no walk every few ms, and no hold that only was to bridge. */
static void not_yet(struct rz_holds *h, struct rz_holding *r, uint64_t now_ns)
{
	r->again_ns = now_ns + h->limits.settle_ns;
	if (r->phase == RZ_PHASE_HOLD && r->bridge)
		wait_on(h, r, now_ns);
}

/* Tries all that look quiet, in one walk for each network namespace. */
static void try_resets(struct rz_holds *h, uint64_t now_ns)
{
	struct rz_reset *rows = calloc(h->n + 1, sizeof(*rows));
	size_t i, k, n = 0;

	for (i = 0; rows && i < h->n; i++)
		if (under_way(&h->rows[i]) && looks_quiet(h, &h->rows[i], now_ns))
			rows[n++] = h->rows[i].reset;
	if (n)
		rz_reset_run(h->kern, rows, n, now_ns);
	for (k = 0; k < n; k++)
		for (i = 0; i < h->n; i++) {
			if (h->rows[i].reset.cookie != rows[k].cookie)
				continue;
			if (rows[k].error == -EAGAIN)
				not_yet(h, &h->rows[i], now_ns);
			else
				end(h, &h->rows[i], rows[k].error, now_ns);
		}
	free(rows);
}

/* Are its answers followed? Before that a hold would keep away the very request by whose answer
 * they are found. */
static bool in_row(const struct rz_holds *h, const struct rz_holding *r)
{
	static struct rz_hold entry;

	return !bpf_map_lookup_elem(rz_kern_maps(h->kern)->holds, &r->reset.cookie, &entry) &&
	       entry.answers.synced && !entry.answers.tentative;
}

static void hold(struct rz_holds *h, struct rz_holding *r, uint64_t now_ns)
{
	static struct rz_hold entry;

	if (!bpf_map_lookup_elem(rz_kern_maps(h->kern)->holds, &r->reset.cookie, &entry))
		r->reset.held_before = entry.held;
	r->bridge = two_steps(h, r) && r->settled;
	r->phase = RZ_PHASE_HOLD;
	r->held_ns = now_ns;
	r->reset.deadline_ns = now_ns + h->limits.hold_ns;
	rz_reset_show(rz_kern_maps(h->kern), &r->reset, r->phase, now_ns);
}

/* Until when a gap is waited for by one that may be held: --gap-timeout from when its answers are
 * followed; a pause that began in time may settle. */
static uint64_t gap_ends(const struct rz_holds *h, const struct rz_holding *r)
{
	uint64_t end_ns = r->followed_ns + h->limits.gap_ns;
	uint64_t settled_ns = r->quiet_ns + h->limits.settle_ns * SILENT_TIMES + A_LOOK_NS;

	return r->quiet_ns && r->quiet_ns < end_ns && settled_ns > end_ns ? settled_ns : end_ns;
}

/* Is it time to hold back? `row`: its answers are followed. What is not answered is never held: it
 * would be lost. */
static bool is_due(const struct rz_holds *h, const struct rz_holding *r, bool row, uint64_t now_ns)
{
	if (!h->limits.hold_ns || r->reset.acks0)
		return false;
	if (two_steps(h, r) && r->settled)
		return true;
	return row && !r->reset.gap_only && now_ns >= gap_ends(h, r);
}

/* From the gap to the hold, and from either to letting go. */
static void watch_time(struct rz_holds *h, struct rz_holding *r, uint64_t now_ns)
{
	uint64_t all_ns = h->limits.gap_ns + h->limits.hold_ns;

	bool row = r->phase == RZ_PHASE_GAP && in_row(h, r);

	if (row && !r->followed_ns)
		r->followed_ns = now_ns;
	if (r->phase == RZ_PHASE_GAP && is_due(h, r, row, now_ns))
		hold(h, r, now_ns);
	else if (r->phase == RZ_PHASE_GAP && now_ns >= r->begun_ns + all_ns &&
		 (!r->followed_ns || now_ns >= gap_ends(h, r)))
		end(h, r, -ETIMEDOUT, now_ns);
	else if (r->phase == RZ_PHASE_HOLD && now_ns >= r->reset.deadline_ns)
		end(h, r, -ETIMEDOUT, now_ns);
	else if (r->phase == RZ_PHASE_HOLD &&
		 rz_reset_gap_is_over(rz_kern_maps(h->kern), &r->reset))
		wait_on(h, r, now_ns);
}

bool rz_holds_has(const struct rz_holds *h, uint64_t cookie)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->rows[i].reset.cookie == cookie && under_way(&h->rows[i]))
			return true;
	return false;
}

void rz_holds_cancel(struct rz_holds *h, size_t row, uint64_t now_ns)
{
	struct rz_holding *r = &h->rows[row];

	if (under_way(r)) {
		end(h, r, -ECANCELED, now_ns);
	} else if (r->phase == RZ_PHASE_WAIT) {
		r->reset.error = -ECANCELED;
		r->phase = RZ_PHASE_REFUSED;
	}
}

bool rz_holds_step(struct rz_holds *h, uint64_t now_ns)
{
	bool more = false;
	size_t i;

	begin_some(h, now_ns);
	try_resets(h, now_ns);
	for (i = 0; i < h->n; i++) {
		if (under_way(&h->rows[i]))
			watch_time(h, &h->rows[i], now_ns);
		more |= under_way(&h->rows[i]) || h->rows[i].phase == RZ_PHASE_WAIT;
	}
	return more;
}
