/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The reset: looks once more at a connection that is to go, and ends it, in one step under the
 * socket lock.
 *
 * Comes in: the sockets of one network namespace from the TCP iterator, and the entries of `moves`
 * in phase RESET. Goes out: a TCP reset to the client, and the entry's phase and error. Read by
 * user/move/reset.c, which opens the iterator inside the namespace. What is to be ended by a FIN is
 * judged alone: nothing here can send one. It stands in phase CLOSE then, and what is held back
 * stays so until user space has shut the agent's descriptor down (user/kern/owner.c).
 *
 * The iterator holds the socket lock while the program runs (since 5.15), so what is checked here
 * is true when the socket is destroyed.
 */
#ifndef REZONE_BPF_RESET_H
#define REZONE_BPF_RESET_H

#include "conn.bpf.h"
#include "hold.bpf.h"

#define RZ_RESET_MAX_AGE_NS 10000000000ULL

/* Linux 6.5; only from an iterator program (net/core/filter.c, bpf_sock_destroy). */
extern int bpf_sock_destroy(struct sock_common *sk) __ksym __weak;

static __always_inline int rz_tuple_equal(const struct rz_tuple *a, const struct rz_tuple *b)
{
	const __u32 *x = (const __u32 *)a, *y = (const __u32 *)b;
	__u32 diff = 0, i;

	for (i = 0; i < sizeof(*a) / 4; i++)
		diff |= x[i] ^ y[i];
	return !diff;
}

/*
 * Is nothing in flight that a reset would lose, or make the client do twice? All that must be
 * answered has been, and the answers are acknowledged; TCP has no byte that the agent has not read,
 * and none out of order. A connection that only fetches needs none of it. No time that passes makes
 * a request answered: an agent may work on one for minutes.
 */
static __always_inline int rz_reset_in_gap(const struct tcp_sock *tp, const struct rz_conn *c,
					   const struct rz_move *m, __u64 cookie)
{
	const struct rz_frame *f = &c->frame;
	struct rz_hold *h;

	/* TCP has bytes that were not looked at, for their segment came early: who knows what they
	 * ask */
	if ((__s32)(f->next_seq + f->have + f->skip - tp->rcv_nxt) < 0)
		return 0;
	if (!rz_frame_must_be_answered(f))
		return 1;
	h = rz_hold_of(cookie);
	if (!h || tp->snd_una != tp->write_seq || tp->copied_seq != tp->rcv_nxt ||
	    tp->out_of_order_queue.rb_node)
		return 0;
	/* asked and answered since user space looked: the client may not have read that */
	if (rz_hold_must(h, f->answerable) != m->asked)
		return 0;
	/* not answered: whole requests that the agent has read are all there is to wait for */
	if (f->acks0 && (f->have || f->next_seq != tp->rcv_nxt))
		return 0;
	if (f->acks0 && !h->last)
		return 1;
	/* answered, to the last byte */
	return rz_hold_drained(h, f->answerable, tp->rcv_nxt) &&
	       (__s32)(h->answers.next_seq - tp->snd_una) <= 0;
}

/* Is this live socket still the very connection that the policy judged? 0, or the -errno to show:
 * ENOENT not tracked, ESTALE another client or other addresses, or its client has not left, EPROTO
 * Multipath TCP, ENOTCONN no process holds it: the agent has closed it, or not accepted it yet;
 * EAGAIN something is in flight and m->gap asks for a gap. */
static __always_inline int rz_reset_check(struct sock_common *skc, const struct rz_move *m,
					  __u64 cookie)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(skc);
	struct rz_conn *c = bpf_map_lookup_elem(&conns, &cookie);
	struct rz_tuple live;

	if (!tp || !c || c->cookie != cookie)
		return -RZ_ENOENT;
	if (!m->client || c->frame.client != m->client || c->frame.state != RZ_STATE_DATA ||
	    c->frame.owner != (__u16)cookie || !c->frame.synced || c->frame.tentative ||
	    c->frame.several || c->frame.transaction || (c->frame.coordinator && !m->shared) ||
	    (c->frame.acks0 && !m->acks0))
		return -RZ_ESTALE;
	/* left behind by a daemon that died between decision and walk */
	if (bpf_ktime_get_ns() - m->decided_ns > RZ_RESET_MAX_AGE_NS)
		return -RZ_ESTALE;
	__builtin_memset(&live, 0, sizeof(live));
	rz_tuple_read(skc, &live);
	if (!rz_tuple_equal(&live, &c->tuple))
		return -RZ_ESTALE;
	if (rz_is_mptcp(tp))
		return -RZ_EPROTO;
	/* TCP may yet throw away what was read: then nothing that the entry says need be true */
	if ((__s32)(c->frame.read_end - tp->rcv_nxt) > 0)
		return -RZ_EAGAIN;
	if (!tp->inet_conn.icsk_inet.sk.sk_socket)
		return -RZ_ENOTCONN;
	if (m->left && !rz_held_left(cookie, tp->rcv_nxt))
		return -RZ_ESTALE;
	if (m->gap && !rz_reset_in_gap(tp, c, m, cookie))
		return -RZ_EAGAIN;
	return 0;
}

static __always_inline void rz_reset_visit(struct sock_common *skc)
{
	struct rz_move *m;
	__u64 cookie;
	int err;

	/* a listener must never get further: destroying it would close the agent's door */
	if (skc->skc_state != RZ_TCP_ESTABLISHED)
		return;
	cookie = skc->skc_cookie.counter;
	if (!cookie)
		return;
	m = bpf_map_lookup_elem(&moves, &cookie);
	if (!m || m->phase != RZ_PHASE_RESET)
		return;
	err = rz_reset_check(skc, m, cookie);
	if (!err && m->fin) {
		m->error = 0;
		m->phase = RZ_PHASE_CLOSE;
		return;
	}
	if (!err) {
		err = bpf_sock_destroy(skc);
		if (err)
			rz_error(RZ_PLACE_DESTROY, err);
	}
	m->error = err;
	if (err == -RZ_EAGAIN) { /* to be tried again; a hold goes on */
		m->phase = m->deadline_ns ? RZ_PHASE_HOLD : RZ_PHASE_GAP;
		return;
	}
	m->phase = err ? RZ_PHASE_REFUSED : RZ_PHASE_DONE;
	if (err)
		RZ_COUNT(resets_refused);
	else
		RZ_COUNT(resets);
}

#endif
