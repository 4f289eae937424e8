/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Taking a segment: the frame of its connection is copied out, worked on, and put back.
 *
 * Comes in: a segment (segment.bpf.h) of a connection (conn.bpf.h). Goes out: struct rz_frame of
 * the connection's entry, its zone, and what else the entry says of the latest request. Called by
 * the segment program.
 *
 * The program runs without the socket lock, possibly on two CPUs for one connection, and no helper
 * may be called under a bpf_spin_lock. So the copy is put back under the lock of the entry, and the
 * claim (claim.bpf.h), only if the frame still is what was copied; else the work is done again on
 * the newer one.
 */
#ifndef REZONE_BPF_TAKE_H
#define REZONE_BPF_TAKE_H

#include "conn.bpf.h"
#include "read.bpf.h"
#include "scratch.bpf.h"
#include <bpf/bpf_core_read.h>

#define RZ_TAKE_TRIES 4

/* CLOCK_MONOTONIC to a few milliseconds (Linux 5.11; before it the exact one). */
static __always_inline __u64 rz_take_clock(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_coarse_ns))
		return bpf_ktime_get_coarse_ns();
	return bpf_ktime_get_ns();
}

/* The same to one of the kernel's ticks more, and asked for once in a tick: that costs 38 ns, the
 * number of the tick nothing. It is written last and read first, so another task that comes between
 * (PREEMPT_RT) makes of it a time that is newer, or asked for again. */
static __always_inline __u64 rz_take_now(void)
{
	volatile struct rz_clock *k = bpf_map_lookup_elem(&clocks, &rz_zero);
	__u64 tick = bpf_jiffies64(), now;

	if (k && k->tick == tick)
		return k->ns;
	now = rz_take_clock();
	if (k) {
		k->ns = now;
		k->tick = tick;
	}
	return now;
}

/* `now` as struct rz_conn's times in _cs have it. The coarse clock may still be behind opened_ns.
 */
static __always_inline __u32 rz_take_cs(__u64 opened_ns, __u64 now)
{
	__u64 cs = now > opened_ns ? (now - opened_ns) / RZ_CS_NS + 1 : 1;

	return cs < 0xffffffff ? cs : 0xffffffff;
}

/* Is the entry the connection's, and the frame in it? If not, no try of a segment can succeed. */
static __always_inline bool rz_take_is_own(const struct rz_conn *c, const struct rz_scratch *s)
{
	return c->cookie == s->cookie && c->frame.owner == (__u16)s->cookie;
}

/* Is the connection's frame still the one that the work was done on? Under its lock. */
static __always_inline bool rz_take_is_still(const struct rz_conn *c, const struct rz_scratch *s)
{
	return rz_take_is_own(c, s) && rz_frame_is(&c->frame, &s->was);
}

/* The lock was had, but not the claim: only the fast path has the claim without the lock. */
static __always_inline void rz_take_count_met(bool mine)
{
	if (!mine)
		RZ_COUNT(claims_met);
}

/* Is the frame still the one, after work that changes nothing of it? If not, the segment must be
 * looked at again: the copy may have been torn apart, or what it comes behind may have come
 * meanwhile. */
static __noinline bool rz_take_stays(const struct rz_scratch *s, struct rz_conn *c)
{
	bool mine, same;

	mine = rz_claim_lock(c, s->cookie);
	same = mine && rz_take_is_still(c, s);
	rz_claim_unlock(c, s->cookie, mine);
	rz_take_count_met(mine);
	return same;
}

/* Puts the worked-on copy back. Returns 0, or -1 if the entry changed meanwhile. Zone and opt-in
 * are copied from `clients` as soon as user space has read the id. A function of its own: its stack
 * is not that of the reading. */
static __noinline int rz_take_commit(struct __sk_buff *skb, struct rz_scratch *s, struct rz_conn *c)
{
	struct rz_client *client = NULL;
	__u64 now = rz_take_now();
	struct rz_undo *u = rz_undo_of(s->cookie);
	int done = -1;
	__u64 rx, tx;
	bool mine;

	rz_segment_bytes(skb, &rx, &tx);
	if (s->f.client && !s->f.zone_known)
		client = bpf_map_lookup_elem(&clients, &s->f.client);
	s->has_pushed = 0;
	mine = rz_claim_lock(c, s->cookie);
	if (mine && rz_take_is_still(c, s)) {
		if (client) {
			__builtin_memcpy(c->zone, client->zone, sizeof(c->zone));
			c->zone[sizeof(c->zone) - 1] = 0;
			s->f.opt_in = client->opt_in;
			s->f.zone_known = 1;
		}
		if (u)
			rz_undo_keep(rz_undo_at(u, s->was.generation), s, !s->undone);
		s->f.generation++;
		if (c->frame.requests != s->f.requests)
			c->last_request_ns = now;
		if (s->asked_metadata)
			c->metadata_cs = rz_take_cs(c->opened_ns, now);
		if (s->carried_data)
			c->data_cs = rz_take_cs(c->opened_ns, now);
		rz_frame_write(&c->frame, &s->f);
		c->misses = s->misses;
		c->rx_bytes = rx;
		c->tx_bytes = tx;
		done = 0;
	}
	rz_claim_unlock(c, s->cookie, mine);
	rz_take_count_met(mine);
	rz_undo_drop_pushed(s);
	return done;
}

/* What was read rests on bytes that TCP may not have, and what was before them is not remembered:
 * begins as on a connection found in mid-stream. But what speaks against a move may be true, and
 * what was read may be unanswered. */
static __always_inline void rz_take_begin_anew(struct rz_scratch *s)
{
	s->lost++;
	rz_frame_forget(&s->f);
	s->f.produce = s->was.produce;
	s->f.coordinator = s->was.coordinator;
	s->f.transaction = s->was.transaction;
	s->f.other = s->was.other;
	s->f.acks0 = s->was.acks0;
	s->f.several = s->was.several;
	s->f.unseen = RZ_UNSEEN_REQUESTS;
	s->f.synced = s->f.tentative = 0;
	s->f.read_end = s->seg.seq;
	rz_frame_next(&s->f, 0);
}

/* Goes back to before the bytes that this segment brings again, if TCP has not taken them. Returns
 * true if there is nothing to read in it. */
static __always_inline bool rz_take_go_back(struct bpf_sock *sk, struct rz_scratch *s)
{
	__u32 from = 0;
	int back = 0;

	s->undone = 0;
	/* a piece that was kept does not come again: another CPU has read it meanwhile */
	if (!s->from_early && rz_undo_is_due(&s->f, &s->seg, sk, &from))
		back = rz_undo_find(from, s->seg.seq + s->seg.len);
	if (!back)
		return rz_frame_is_settled(&s->f) || rz_frame_has_no_header(&s->f, &s->seg);
	if (back < 0) {
		back = RZ_UNDO_DEPTH + 1;
		rz_take_begin_anew(s);
	}
	s->undone = (__u32)back;
	return false;
}

/* What was kept of a header for a frame that did not come about, unless another CPU has brought the
 * same about: its key is the same then. */
static __always_inline void rz_take_drop_unused(struct rz_scratch *s, const struct rz_conn *c)
{
	__u16 generation = s->was.generation + 1;

	if (!s->f.have || (c->frame.generation == generation && c->frame.have &&
			   rz_frame_wants(&c->frame) == rz_frame_wants(&s->f)))
		return;
	s->f.generation = generation;
	rz_header_drop_partial(s->cookie, &s->f);
}

/* The frame was replaced by one that does not rest on it. */
static __always_inline void rz_take_undone(struct rz_scratch *s)
{
	RZ_COUNT(taken_back);
	if (s->was.have)
		rz_header_drop_partial(s->cookie, &s->was);
	if (s->was.via == RZ_VIA_PROXY && s->f.via != RZ_VIA_PROXY)
		bpf_map_delete_elem(&proxied, &s->cookie);
	if (s->watched)
		rz_response_forget(s->cookie);
}

/* All that a segment does to the copy scratch->f. Returns false if the frame stays as it is. */
static __always_inline bool rz_take_work(struct __sk_buff *skb, struct bpf_sock *sk,
					 struct rz_scratch *s, const struct rz_conn *c)
{
	if (rz_take_go_back(sk, s))
		return false;
	if (!s->undone && !s->f.synced && rz_effort_backs_off(s->misses, s->seg.seq)) {
		RZ_COUNT(backed_off);
		return false;
	}
	/* a PROXY header, which is read below, says more */
	if (s->f.via == RZ_VIA_NETWORK && skb->ifindex == RZ_LOOPBACK_IFINDEX)
		s->f.via = RZ_VIA_LOCAL;
	if (!rz_read_segment(skb) && !s->undone)
		return false;
	if (!s->undone || !rz_undo_is_known(s->undone))
		return true;
	rz_take_drop_unused(s, c);
	return false;
}

/* The segment in hand came early, and is not read now. A segment outside of TCP's window is not
 * kept: TCP throws it away, and the stream would come to its numbers later, with other bytes. */
static __always_inline void rz_take_keep(struct __sk_buff *skb, struct bpf_sock *sk,
					 struct rz_scratch *s)
{
	s->look = 1;
	if (!s->from_early && rz_segment_fits(sk, &s->seg))
		rz_early_keep(skb);
}

/* Is a segment dropped that came early? Only of a client that is followed, for it may have a
 * Produce: TCP sends it again when it can be read. */
static __always_inline bool rz_take_drops(struct rz_scratch *s)
{
	s->dropped = rz_following && rz_follow_takes(0);
	return s->dropped;
}

/*
 * Other CPUs were faster at each try of the segment in hand, or one of them has the claim all the
 * time, for it is stopped. The segment is dropped, and TCP sends it again. Nothing of it is kept:
 * the frame may have passed its bytes meanwhile, and a damaged copy of them would be believed. A
 * piece that was kept before has passed already; it stays in map early, where the CPU that was
 * faster looks once it has put its frame back, or given the claim back.
 *
 * An entry or a frame that is another connection's stays so: the segment passes, or each one that
 * came would be dropped, for as long as the connection lives. Nothing is decided on such a frame.
 */
static __always_inline void rz_take_lose(struct rz_scratch *s, const struct rz_conn *c)
{
	RZ_COUNT(races);
	s->dropped = !s->from_early && rz_take_is_own(c, s);
}

/* One try of the segment in hand. Sets s->again if another CPU was faster, and it is to be tried
 * again: the caller's work, for the verifier would look at all of this once for each try. */
static __noinline void rz_take_try(struct __sk_buff *skb, struct bpf_sock *sk, struct rz_scratch *s,
				   struct rz_conn *c)
{
	s->again = s->look = s->dropped = 0;
	/* without the lock, which costs as much as the look-up: see rz_frame_is() */
	s->was = c->frame;
	s->misses = c->misses;
	barrier();
	if (c->park >= RZ_PARK_PARKED) /* another CPU has parked it meanwhile */
		return;
	s->f = s->was;
	s->lost = s->came_early = 0;
	if (!rz_take_work(skb, sk, s, c)) {
		if (!rz_take_stays(s, c))
			goto again;
		if (s->came_early) {
			RZ_COUNT(early_segments);
			if (rz_take_drops(s))
				return;
			rz_response_note_early(s->watched, s->cookie);
			rz_take_keep(skb, sk, s);
		}
		return;
	}
	if (s->dropped)
		return;
	if (!rz_take_commit(skb, s, c)) {
		s->look = rz_early_has(s->cookie);
		rz_sync_count(s);
		if (s->undone)
			rz_take_undone(s);
		if (s->n_noted)
			rz_response_expect_all(s->n_noted);
		if (s->printed)
			rz_note_keep(s);
		return;
	}
	rz_take_drop_unused(s, c);
again:
	s->tries++;
	if (s->tries < RZ_TAKE_TRIES)
		s->again = s->look = 1;
	else
		rz_take_lose(s, c);
}

/* The kept segment that the frame waits for now becomes the one in hand. False: there is none. */
static __always_inline bool rz_take_next_kept(struct rz_scratch *s, struct rz_conn *c)
{
	__u32 wants = 0, synced = 0;
	bool mine = !c;

	if (c) {
		mine = rz_claim_lock(c, s->cookie);
		wants = rz_frame_wants(&c->frame);
		synced = c->cookie == s->cookie && c->frame.synced && c->park < RZ_PARK_PARKED;
		rz_claim_unlock(c, s->cookie, mine);
	}
	if (!mine) /* whoever has the claim looks when it has given it back */
		return false;
	if (!rz_early_take(wants, synced) || !c)
		return false;
	s->seg.seq = wants;
	s->seg.off = wants - s->early.seq;
	s->seg.len = rz_early_kept(&s->early) - s->seg.off;
	s->from_early = 1;
	s->tries = 0;
	return true;
}

/* Tries the segment in hand again, or reads the kept segment that the frame waits for now. Returns
 * 0 if there is nothing more to do. A global function, as rz_read_request(). */
__noinline int rz_take_more(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct rz_scratch *s;
	struct rz_conn *c;

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	sk = sk ? bpf_sk_fullsock(sk) : NULL;
	if (!s || !sk)
		return 0;
	c = bpf_map_lookup_elem(&conns, &s->cookie);
	if (!s->again && !rz_take_next_kept(s, c))
		return 0;
	if (!c)
		return 0;
	rz_take_try(skb, sk, s, c);
	return !s->dropped;
}

/* Takes the scratch and fills it with the connection and the segment in hand; NULL if somebody has
 * it. `cookie` is the socket's own, not the entry's: a map element may have become another
 * connection's since it was looked up, which the commit must see. */
static __always_inline struct rz_scratch *rz_take_begin(__u64 cookie, const struct rz_conn *c,
							const struct rz_seg *seg)
{
	struct rz_scratch *s = rz_scratch_take();

	if (!s)
		return NULL;
	s->seg = *seg;
	s->cookie = cookie;
	s->watched = rz_hold_of(cookie) != NULL;
	s->older = rz_conn_is_older(c);
	s->from_early = 0;
	s->again = s->tries = 0;
	return s;
}

/* Tries the segment in hand again, if it is to be; then reads the kept segments behind it, one
 * after the other. */
static __always_inline void rz_take_rest(struct __sk_buff *skb)
{
	int i;

	for (i = 0; i < 2 * RZ_EARLY_MAX; i++)
		if (!rz_take_more(skb))
			break;
}

/*
 * Returns whether the segment is dropped. A segment that finds the scratch taken is, as one that
 * loses each of its tries, and TCP sends it again: if it passed unread, TCP would have its bytes
 * while the frame still waits for them, and a damaged copy of them would be believed that comes
 * later, or that another task reads now.
 */
static __always_inline bool rz_take_segment(struct __sk_buff *skb, struct bpf_sock *sk,
					    __u64 cookie, struct rz_conn *c,
					    const struct rz_seg *seg)
{
	struct rz_scratch *s = rz_take_begin(cookie, c, seg);
	bool drops;

	if (!s)
		return true;
	rz_take_try(skb, sk, s, c);
	if (s->look)
		rz_take_rest(skb);
	drops = s->dropped;
	rz_scratch_give();
	return drops;
}

#endif
