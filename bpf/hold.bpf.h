/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The hold: new requests of a connection are kept away until all responses are out (which
 * response.bpf.h follows).
 *
 * Comes in: a segment for a connection with an entry in `holds` or in `held`. Goes out: whether it
 * is dropped. Called by the segment program. Nothing here happens to a connection without an entry,
 * and none is held behind its deadline, whoever forgets it. Map `held` (held.bpf.h) remembers
 * where the bytes end that a hold kept from TCP, for its client may leave meanwhile. A connection
 * whose client is followed (follow.bpf.h) is held in the same way.
 */
#ifndef REZONE_BPF_HOLD_H
#define REZONE_BPF_HOLD_H

#include "follow.bpf.h"
#include "segment.bpf.h"

static __always_inline struct rz_hold *rz_hold_of(__u64 cookie)
{
	struct rz_hold *h;

	if (!rz_holding)
		return NULL;
	h = bpf_map_lookup_elem(&holds, &cookie);
	return h && h->cookie == cookie ? h : NULL;
}

/*
 * Does this connection's hold still last? By its deadline, and by BPF's own count: a deadline comes
 * from a daemon, which may have meant another clock, and may be dead. `now`: of a segment that
 * would be dropped.
 */
static __always_inline bool rz_hold_lasts(struct rz_hold *h, const struct rz_move *m, __u64 cookie,
					  __u64 now)
{
	__u64 deadline = m->deadline_ns, since;

	bpf_spin_lock(&h->lock);
	if (h->cookie == cookie && h->deadline_ns != deadline) {
		h->deadline_ns = deadline;
		h->since_ns = now;
	}
	since = h->since_ns;
	bpf_spin_unlock(&h->lock);
	return now < deadline && now - since < RZ_HOLD_MAX_S * 1000000000ULL;
}

/* Are new requests held back now? */
static __always_inline bool rz_hold_is_on(struct rz_hold *h, __u64 cookie)
{
	struct rz_move *m = bpf_map_lookup_elem(&moves, &cookie);

	return m &&
	       (m->phase == RZ_PHASE_HOLD || m->phase == RZ_PHASE_RESET ||
		m->phase == RZ_PHASE_CLOSE) &&
	       rz_hold_lasts(h, m, cookie, bpf_ktime_get_ns());
}

/* A segment with payload is dropped, for its connection is held. */
static __always_inline void rz_hold_count(struct rz_hold *h, const struct rz_seg *seg)
{
	__sync_fetch_and_add(&h->held, 1);
	if (!h->fresh || (__s32)(seg->seq + seg->len - h->held_end) > 0) {
		h->held_end = seg->seq + seg->len;
		h->fresh++;
	}
	RZ_COUNT(held_segments);
}

/* Were this segment's first bytes that TCP does not have read before? Then they are not new: TCP
 * did not take them, or what was read in their place, and nothing can end before it has the true
 * ones. Bytes that TCP has do not count: new ones may stand behind them in one segment. */
static __always_inline bool rz_hold_was_read(__u64 cookie, const struct rz_seg *seg, __u32 rcv_nxt)
{
	struct rz_conn *c = bpf_map_lookup_elem(&conns, &cookie);
	__u32 from = (__s32)(rcv_nxt - seg->seq) > 0 ? rcv_nxt : seg->seq;

	return c && c->cookie == cookie && (__s32)(c->frame.read_end - from) > 0;
}

/*
 * Is this segment to be dropped? Only one with bytes, or a FIN behind bytes, that TCP does not have
 * yet: what repeats others passes, and so does what carries neither. In a hold; and from then on
 * when the client has left: its FIN came behind what was held back, whether the hold goes on or
 * not. rcv_nxt is read without the lock: it may lag behind a segment that has passed here and waits
 * for the socket. So an entry goes as soon as TCP has all of it, be the client thought to have left
 * or not; the FIN that was dropped is sent again.
 *
 * A client's RST passes: TCP answers one behind missing bytes by asking for another (RFC 5961), and
 * who is gone sends nothing again.
 *
 * A global function, so that it is verified once; hence the segment in pieces.
 */
__noinline int rz_hold_keeps_out(struct __sk_buff *skb, __u64 cookie, __u32 seq, __u32 len,
				 __u32 fin)
{
	const struct rz_seg seg = {.seq = seq, .len = len, .fin = fin};
	struct rz_hold *h = rz_hold_of(cookie);
	struct rz_held *e = rz_held_of(cookie);
	struct bpf_sock *sk = skb->sk;
	struct tcp_sock *tp;
	__u32 beyond;
	bool on, fits;

	if (!h) {
		asm volatile("" : "+r"(e)); /* for the verifier: not both in one comparison */
		if (!e)
			return 0;
	}
	tp = sk ? bpf_skc_to_tcp_sock(sk) : NULL;
	if (!tp)
		return 0;
	if (e && (__s32)(e->end - tp->rcv_nxt) <= 0) {
		bpf_map_delete_elem(&held, &cookie);
		e = NULL;
	}
	beyond = seq + len - tp->rcv_nxt;
	if ((__s32)beyond <= 0)
		return 0;
	on = h && rz_hold_is_on(h, cookie) && !rz_hold_was_read(cookie, &seg, tp->rcv_nxt);
	if (on && len)
		rz_hold_count(h, &seg);
	if (!on && e && e->followed)
		on = rz_follow_is_on(cookie) && !rz_hold_was_read(cookie, &seg, tp->rcv_nxt);
	fits = beyond <= tp->rcv_wnd; /* else TCP would throw it away: it says nothing */
	if (on && fits && !e)
		e = rz_held_begin(cookie, seq + len);
	if (!e || !rz_held_note(e, cookie, seq + len, on && fits, fin && fits))
		return on && len;
	RZ_COUNT(discarded_segments);
	return 1;
}

#endif
