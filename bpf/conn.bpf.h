/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A connection's entry in map `conns`: made when it is established, or adopted at its first segment
 * if it is older than rezone; removed when it leaves ESTABLISHED.
 *
 * Comes in: kernel sockets. Goes out: entries of `conns`. Called by the state tracepoint, the
 * segment program and the census.
 */
#ifndef REZONE_BPF_CONN_H
#define REZONE_BPF_CONN_H

#include "claim.bpf.h"
#include "early.bpf.h"
#include "note.bpf.h"
#include "room.bpf.h"
#include "same.bpf.h"
#include "segment.bpf.h"
#include "traffic.bpf.h"
#include "tuple.bpf.h"
#include "undo.bpf.h"
#include <bpf/bpf_core_read.h>

#define RZ_TCP_ESTABLISHED 1
#define RZ_TCP_SYN_RECV	   3
#define RZ_TCP_CLOSE	   7
#define RZ_TCP_CLOSE_WAIT  8
#define RZ_TCP_LISTEN	   10

#define RZ_CGROUP_DEPTH_MAX 32

/* The cgroup that the segment program is attached to, 0 for the root. Set by user space before it
 * attaches, and again when the cgroup was removed and made anew (user/kern/attached.c). */
__u64 rz_cgroup_id = 0;

/* rz_state is attached: a connection is opened before its eyes. Set by user space before it
 * attaches (user/kern/load.c). */
__u32 rz_sees_opens = 0;

/* When the segment program was attached again after it had been detached, 0: it never was. What a
 * connection said in between nobody could see (user/kern/attached.c). */
__u64 rz_attached_ns = 0;

/* A connection that was seen to open has no entry: there was no room for it, or user space took it
 * away (rz_kern_forget_stranger). Since then one without an entry may be such a connection. Where
 * openings are seen the census has found all others at the start, so it is set for nobody else. */
__u32 rz_conns_were_full = 0;

static __always_inline bool rz_conn_is_mptcp(const struct tcp_sock *tp)
{
	return bpf_core_field_exists(tp->is_mptcp) && tp->is_mptcp;
}

/* Does the segment program see this socket's packets? Those below another cgroup are not ours. */
static __always_inline bool rz_conn_ours(const struct sock *sk)
{
	struct cgroup_subsys_state *css;
	struct cgroup *cg;
	int i;

	if (!rz_cgroup_id)
		return true;
	/* before Linux 5.15 the field holds other things too */
	if (!bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return false;
	cg = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
	for (i = 0; i < RZ_CGROUP_DEPTH_MAX && cg; i++) {
		if (BPF_CORE_READ(cg, kn, id) == rz_cgroup_id)
			return true;
		css = BPF_CORE_READ(cg, self.parent);
		cg = css ? BPF_CORE_READ(css, cgroup) : NULL;
	}
	return false;
}

/* TCP adds to bytes_received first, and without the socket lock it may do so between these looks:
 * in this order the base is then too low, so that user space believes that TCP has less. */
static __always_inline __u32 rz_conn_seq_base(const struct tcp_sock *tp)
{
	__u32 rcv_nxt = tp->rcv_nxt;

	barrier();
	return rcv_nxt - (__u32)tp->bytes_received;
}

/* How much of a connection that is found in mid-stream must still be read. Of one older than rezone
 * nothing: it is judged by what is seen of it, or nobody would be moved on the first day. */
static __always_inline __u8 rz_conn_unseen(bool found)
{
	return found && rz_sees_opens && !rz_conns_were_full ? 0 : RZ_UNSEEN_REQUESTS;
}

/* Was nothing of this connection read since the segment program was attached again? Then bytes that
 * it has missed went by while it was not there. */
static __always_inline bool rz_conn_is_older(const struct rz_conn *c)
{
	return (c->last_request_ns ? c->last_request_ns : c->opened_ns) < rz_attached_ns;
}

/* Drops the entries that other maps have for a connection with this frame. Inlined, it would cost
 * its callers stack.
 */
static __noinline void rz_conn_drop_kept(__u64 cookie, const struct rz_frame *f)
{
	if (f->via == RZ_VIA_PROXY)
		bpf_map_delete_elem(&proxied, &cookie);
	if (f->produce || f->fetch || f->adopted)
		rz_note_drop(cookie);
	if (f->have)
		rz_header_drop_partial(cookie, f);
}

/* Was the first segment read before the connection had a socket (opening.bpf.h)? Then `c` goes on
 * behind it, and true is returned. The state of `c` without it is kept, for TCP may not have taken
 * that segment. */
static __always_inline bool rz_conn_take_opening(struct rz_conn *c,
						 const struct rz_opening_key *key)
{
	struct rz_opening *o = bpf_map_lookup_elem(&openings, key);
	struct rz_undo *u = rz_undo_of(c->cookie);
	struct rz_partial_key piece;
	struct rz_frame f;

	if (!o || !u || c->frame.state == RZ_STATE_MPTCP ||
	    (__s64)(c->opened_ns - o->read_ns) > RZ_OPENING_NS)
		return false;
	f = o->f;
	barrier();
	if (!rz_same(&o->key, key, sizeof(*key)) || !rz_frame_is(&o->f, &f))
		return false;
	f.owner = c->frame.owner;
	if (f.have) {
		piece = rz_header_partial_key(c->cookie, &f);
		if (rz_header_keep_piece(&piece, &o->partial))
			return false;
	}
	if (f.via == RZ_VIA_PROXY &&
	    bpf_map_update_elem(&proxied, &c->cookie, &o->proxied, BPF_ANY))
		RZ_COUNT(proxied_full);
	if (c->frame.synced)
		rz_undo_begin(u, c->cookie, &c->frame);
	c->frame = f;
	return true;
}

/*
 * Puts `c` into `conns`. The pieces that its opening brings are put beside it first, for the next
 * segment may ask for them at once, and are removed if there is no room for `c`. If the other
 * program was faster, it found the same opening, which goes only now, and the same is beside its
 * entry.
 */
static __always_inline long rz_conn_put(struct rz_conn *c)
{
	struct rz_opening_key key
		__attribute__((aligned(8))) = {.tuple = c->tuple, .seq = c->seq_base};
	bool took = rz_conn_take_opening(c, &key);
	long err = bpf_map_update_elem(&conns, &c->cookie, c, BPF_NOEXIST);

	if (took && !err)
		bpf_map_delete_elem(&openings, &key);
	else if (took && err != -RZ_EEXIST)
		rz_conn_drop_kept(c->cookie, &c->frame);
	return err;
}

/* Fills `c` (on the caller's stack: a per-CPU buffer could be overwritten by an interrupt that gets
 * here too) for socket `tp` and puts it into `conns`. Returns the entry, or NULL if there is no
 * room. `fresh`: no payload byte has come yet, so the first request starts at `seq`. `found`:
 * nobody saw it open. */
static __always_inline struct rz_conn *rz_conn_insert(struct rz_conn *c, struct tcp_sock *tp,
						      __u64 cookie, bool fresh, __u32 seq,
						      bool found)
{
	struct sock_common *skc = &tp->inet_conn.icsk_inet.sk.__sk_common;
	struct net *net = skc->skc_net.net;
	long err;

	__builtin_memset(c, 0, sizeof(*c));
	rz_tuple_read(skc, &c->tuple);
	if (!rz_room_for_conn(&c->tuple)) {
		rz_conns_were_full = 1;
		return NULL;
	}
	c->cookie = cookie;
	c->netns = net->ns.inum;
	c->opened_ns = bpf_ktime_get_ns();
	c->seq_base = rz_conn_seq_base(tp);
	/* what one that is older than rezone has carried before */
	c->rx_bytes = tp->bytes_received;
	c->tx_bytes = tp->bytes_acked;
	c->frame.owner = (__u16)cookie;
	c->frame.next_seq = c->frame.read_end = seq;
	c->frame.synced = fresh;
	c->frame.adopted = !fresh;
	c->frame.unseen = fresh ? 0 : rz_conn_unseen(found);
	c->frame.api_key = -1;
	c->frame.via = rz_tuple_is_local(&c->tuple) ? RZ_VIA_LOCAL : RZ_VIA_NETWORK;
	c->frame.state = rz_conn_is_mptcp(tp) ? RZ_STATE_MPTCP : RZ_STATE_NEW;
	err = rz_conn_put(c);
	if (err == -RZ_EEXIST /* the other program was faster */)
		return bpf_map_lookup_elem(&conns, &c->cookie);
	if (err) {
		rz_conns_were_full = 1;
		RZ_COUNT(conns_full);
		rz_count_error(RZ_PLACE_CONN_INSERT, err);
		return NULL;
	}
	rz_room_count_conn(&c->tuple, 1);
	return bpf_map_lookup_elem(&conns, &c->cookie);
}

/* The next connection of a load balancer may begin where nobody sees it. Full: it is not known of
 * that one then. */
static __always_inline void rz_conn_note_proxy(const struct rz_conn *c)
{
	__u64 now = bpf_ktime_get_ns();
	__u8 addr[16];

	__builtin_memcpy(addr, c->tuple.client_addr, sizeof(addr));
	bpf_map_update_elem(&proxy_peers, addr, &now, BPF_ANY);
}

/* Removes the entry and what belongs to it, and then sends the record of its bytes. A function of
 * its own, for its stack and rz_traffic_closed()'s are over 512 bytes together. */
static __noinline void rz_conn_remove(const struct tcp_sock *tp, struct rz_conn *c, __u64 cookie,
				      int newstate)
{
	bool mine = c->cookie == cookie;
	struct rz_closed record;

	rz_traffic_record(&record, tp, c, newstate == RZ_TCP_CLOSE_WAIT);
	if (c->frame.via == RZ_VIA_PROXY)
		rz_conn_note_proxy(c);
	rz_conn_drop_kept(cookie, &c->frame);
	rz_undo_forget(cookie);
	if (!bpf_map_delete_elem(&conns, &cookie)) {
		RZ_COUNT(closed);
		rz_room_count_conn(&record.tuple, -1);
	}
	rz_early_forget(cookie); /* after that: who keeps one now finds no connection */
	if (mine)
		rz_traffic_send(&record);
}

static __always_inline void rz_conn_forget(const struct tcp_sock *tp, __u64 cookie, int newstate)
{
	struct rz_conn *c = bpf_map_lookup_elem(&conns, &cookie);

	if (rz_held_any)
		bpf_map_delete_elem(&held, &cookie);
	if (!c)
		return;
	if (c->cookie == cookie)
		rz_traffic_closed(tp, c, newstate == RZ_TCP_CLOSE_WAIT);
	rz_conn_remove(tp, c, cookie, newstate);
}

/* A function of its own: inlined into rz_state its stack and rz_traffic_closed()'s are over 512
 * bytes together, which Linux refuses before 6.13. */
static __noinline void rz_conn_opened(struct tcp_sock *tp, __u64 cookie)
{
	struct rz_conn c;

	/* bytes came already with a TCP Fast Open SYN: then this is mid-stream */
	if (rz_conn_insert(&c, tp, cookie, !tp->bytes_received, tp->rcv_nxt, 0))
		RZ_COUNT(opened);
}

/* A socket got a state. Opened: SYN_RECV becomes ESTABLISHED; rcv_nxt is then the first payload
 * byte's sequence number, whatever rode on the handshake's last ACK. Left: ESTABLISHED becomes
 * anything else; a connection that is closing is nobody's to move. */
static __always_inline void rz_conn_state_changed(const struct sock *sk, int oldstate, int newstate)
{
	struct tcp_sock *tp;
	__u64 cookie;

	if (oldstate != RZ_TCP_ESTABLISHED && newstate != RZ_TCP_CLOSE &&
	    !(newstate == RZ_TCP_ESTABLISHED && oldstate == RZ_TCP_SYN_RECV))
		return;
	if (sk->sk_protocol != IPPROTO_TCP || oldstate == RZ_TCP_LISTEN)
		return;
	tp = bpf_skc_to_tcp_sock((void *)sk);
	/* inet_sport: skc_num is already cleared when a socket closes */
	if (!tp || !rz_port_is_kafka(bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport)))
		return;
	cookie = bpf_get_socket_cookie((void *)sk);
	if (newstate != RZ_TCP_ESTABLISHED) {
		rz_conn_forget(tp, cookie, newstate);
		return;
	}
	if (!rz_conn_ours(sk))
		return;
	rz_conn_opened(tp, cookie);
}

/* What TCP has of a connection whose requests are not read. */
static __always_inline void rz_conn_note_bytes(struct rz_conn *c, __u64 cookie, struct bpf_sock *sk)
{
	struct bpf_tcp_sock *tp = bpf_tcp_sock(sk);
	__u64 rx, tx;

	if (!tp)
		return;
	rx = tp->bytes_received;
	tx = tp->bytes_acked;
	bpf_spin_lock(&c->lock);
	if (c->cookie == cookie) { /* else the element is another connection's by now */
		c->rx_bytes = rx;
		c->tx_bytes = tx;
	}
	bpf_spin_unlock(&c->lock);
}

/* A segment of a socket without an entry: older than rezone, or its opening was not seen. */
static __noinline struct rz_conn *rz_conn_adopt(struct bpf_sock *sk, __u64 cookie, __u32 seq)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct rz_conn fill, *c;
	__u32 rcv_nxt;
	bool fresh;

	if (!tp)
		return NULL;
	rcv_nxt = tp->rcv_nxt;
	barrier(); /* TCP writes it last: it is the first byte's if nothing was received after it */
	fresh = tp->bytes_received == 0 && (__s32)(seq - rcv_nxt) >= 0;
	c = rz_conn_insert(&fill, tp, cookie, fresh, fresh ? rcv_nxt : seq, 1);
	if (c) {
		if (fresh)
			RZ_COUNT(opened);
		else
			RZ_COUNT(adopted);
	}
	return c;
}

#endif
