/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Parking: the requests of a connection that nobody would move are not read.
 *
 * Most connections of a healthy node are at home, or did not opt in. User space says of each
 * whether that is for good, as things stand (user/policy/park.h). A parked connection costs a
 * look-up a segment. It is found again as one whose frame was lost is: by a header of the same
 * client.id. The entry keeps all else that was learned.
 *
 * Comes in: orders of user space (rz_park_orders), a segment of a connection whose mark is about to
 * change, sockets from the TCP iterator. Goes out: rz_conn.park, the frame; bytes of parked
 * connections. Called by rezone.bpf.c.
 */
#ifndef REZONE_BPF_PARK_H
#define REZONE_BPF_PARK_H

#include "take.bpf.h"

/* Connections whose mark user space changes by one run of rz_park. Written by user space. */
struct rz_park_order rz_park_orders[RZ_PARK_ORDERS] = {};
__u32 rz_park_n = 0;
/* Now, by the clock that all of bpf/ goes by: user space compares it with its own (load.c). */
__u64 rz_park_clock = 0;

/* The i-th order. Is this the mark that user space has seen? Else nothing is changed: the next tick
 * looks again. A global function, so that it is verified once. */
__noinline int rz_park_change(__u32 i)
{
	struct rz_park_order o;
	struct rz_conn *c;
	bool mine;

	if (i >= RZ_PARK_ORDERS)
		return 0;
	o = rz_park_orders[i];
	c = bpf_map_lookup_elem(&conns, &o.cookie);
	if (!c)
		return 0;
	mine = rz_claim_lock(c, o.cookie);
	if (mine && c->cookie == o.cookie && c->park == o.from)
		c->park = o.to;
	rz_claim_unlock(c, o.cookie, mine);
	return 0;
}

static __always_inline void rz_park_obey(void)
{
	__u32 i;

	rz_park_clock = bpf_ktime_get_ns();
	for (i = 0; i < RZ_PARK_ORDERS && i < rz_park_n; i++)
		rz_park_change(i);
}

/* Has TCP all that was read? What it threw away would be read anew only if it were not parked. */
static __always_inline bool rz_park_is_accepted(const struct rz_frame *f, struct bpf_sock *sk,
						__u32 rcv_nxt)
{
	return (__s32)(f->read_end - rcv_nxt) <= 0 || rz_undo_is_old(f, sk);
}

/*
 * WANTED: parks it if TCP has all that was read. A CPU that works on a segment of it meanwhile
 * finds another frame when it puts its own back, and then that the connection is parked. No payload
 * of it is kept, in pieces of a header or in map early. Returns whether it is parked now.
 */
static __noinline bool rz_park_begin(struct bpf_sock *sk, struct rz_conn *c, __u64 cookie)
{
	__u64 now = rz_take_now();
	struct rz_frame was;
	bool parked = false, mine;
	__u32 rcv_nxt;

	if (rz_segment_rcv_nxt(sk, &rcv_nxt))
		return false;
	was = c->frame;
	barrier();
	if (!rz_park_is_accepted(&was, sk, rcv_nxt))
		return false;
	mine = rz_claim_lock(c, cookie);
	if (mine && c->cookie == cookie && c->park == RZ_PARK_WANTED &&
	    rz_frame_is(&c->frame, &was)) {
		c->frame.generation++;
		rz_frame_next(&c->frame, 0);
		c->park = RZ_PARK_PARKED;
		c->park_cs = rz_take_cs(c->opened_ns, now);
		parked = true;
	}
	rz_claim_unlock(c, cookie, mine);
	if (!parked)
		return false;
	RZ_COUNT(parked);
	if (was.have)
		rz_header_drop_partial(cookie, &was);
	/* but while a group's connection is parked, those of its client's other connections are
	 * told by it (user/policy/known.c) */
	if ((was.produce || was.fetch || was.adopted) && (was.software || !was.coordinator))
		rz_note_park(cookie);
	rz_undo_forget(cookie);
	rz_early_forget(cookie);
	return true;
}

/* Nobody knows the requests that a parked connection has carried: it is treated as after a lost
 * frame, and nothing that it sent before TCP had it counts. Under its lock. */
static __always_inline void rz_park_lose(struct rz_frame *f, __u32 rcv_nxt)
{
	f->unseen = RZ_UNSEEN_REQUESTS;
	if (f->client && !f->tentative)
		f->state = RZ_STATE_DESYNCED;
	else
		rz_frame_forget(f);
	f->synced = f->tentative = 0;
	f->read_end = rcv_nxt;
	rz_frame_next(f, 0);
}

/* ENDING: its requests are read again, from this segment on. Returns whether they are. */
static __noinline bool rz_park_end(struct bpf_sock *sk, struct rz_conn *c, __u64 cookie)
{
	__u64 now = rz_take_now();
	bool ended = false, mine;
	__u32 rcv_nxt;

	if (rz_segment_rcv_nxt(sk, &rcv_nxt))
		return false;
	mine = rz_claim_lock(c, cookie);
	if (mine && c->cookie == cookie && c->park == RZ_PARK_ENDING) {
		ended = true;
		if (!rz_frame_is_settled(&c->frame))
			rz_park_lose(&c->frame, rcv_nxt);
		c->frame.generation++;
		c->misses = 0;
		c->park = RZ_PARK_ENDED;
		c->park_cs = rz_take_cs(c->opened_ns, now);
	}
	rz_claim_unlock(c, cookie, mine);
	if (ended)
		RZ_COUNT(read_again);
	return true;
}

/* Is this segment of a connection left unread? Asked where its mark is WANTED or beyond. */
static __always_inline bool rz_park_skips(struct bpf_sock *sk, struct rz_conn *c, __u64 cookie)
{
	if (c->cookie != cookie) /* the element is another connection's by now */
		return false;
	if (c->park == RZ_PARK_PARKED)
		return true;
	if (c->park == RZ_PARK_WANTED)
		return rz_park_begin(sk, c, cookie);
	return c->park == RZ_PARK_ENDING && !rz_park_end(sk, c, cookie);
}

/*
 * The socket of a parked connection: what it has carried by now. Where bytes came, requests did, of
 * the kinds that are known of it. rz_segment writes none of this meanwhile, but may begin to just
 * now: so nothing becomes less.
 */
static __always_inline void rz_park_look(struct sock_common *skc)
{
	struct rz_conn *c;
	struct tcp_sock *tp;
	__u64 cookie, rx, tx, now;

	if (skc->skc_state != RZ_TCP_ESTABLISHED || !rz_port_is_kafka(skc->skc_num))
		return;
	cookie = skc->skc_cookie.counter;
	c = cookie ? bpf_map_lookup_elem(&conns, &cookie) : NULL;
	tp = c ? bpf_skc_to_tcp_sock(skc) : NULL;
	if (!tp || c->cookie != cookie || c->park < RZ_PARK_PARKED)
		return;
	now = bpf_ktime_get_ns();
	rx = tp->bytes_received;
	tx = tp->bytes_acked;
	if (tx > c->tx_bytes)
		c->tx_bytes = tx;
	if (rx <= c->rx_bytes)
		return;
	c->rx_bytes = rx;
	c->last_request_ns = now;
	if (c->frame.state == RZ_STATE_DATA)
		c->data_cs = rz_take_cs(c->opened_ns, now);
}

#endif
