/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The reset: looks once more at a connection that is to go, and ends it, in one step under the
 * socket lock.
 *
 * Comes in: the sockets of one network namespace from the TCP iterator, and the entries of `moves`
 * in phase RESET. Goes out: a TCP reset to the client, the entry's phase and error, and the same to
 * the iterator's reader, user/move/close.c, which opens it inside the namespace. A connection that
 * is to be ended by a FIN is judged alone: nothing here can send one. It stands in phase CLOSE
 * then, and what is held back stays so until user space has shut the agent's descriptor down
 * (user/kern/owner.c).
 *
 * The iterator holds the socket lock while the program runs (since 5.15), so what is checked here
 * is true when the socket is destroyed.
 */
#ifndef REZONE_BPF_RESET_H
#define REZONE_BPF_RESET_H

#include "conn.bpf.h"
#include "hold.bpf.h"
#include <rezone/responses.h>

#define RZ_RESET_MAX_AGE_NS 10000000000ULL

/* Linux 6.5; only from an iterator program (net/core/filter.c, bpf_sock_destroy). */
extern int bpf_sock_destroy(struct sock_common *sk) __ksym __weak;

/* What TCP says, read under the socket lock: nothing of it changes until the socket is destroyed.
 * Fields of struct rz_tcp_seen as bits, for the verifier would follow each combination of these. */
enum rz_reset_bits {
	RZ_RESET_UNSEEN = 1 << 0,
	RZ_RESET_UNACKED = 1 << 1,
	RZ_RESET_UNREAD = 1 << 2,
	RZ_RESET_OUT_OF_ORDER = 1 << 3,
	RZ_RESET_PART_REQUEST = 1 << 4,
	RZ_RESET_MUST_BE_WHOLE = 1 << 5,
	RZ_RESET_HELD = 1 << 6,
	RZ_RESET_PART_LATEST = 1 << 7,
	RZ_RESET_PART_RESPONSE = 1 << 8,
	RZ_RESET_WATCHED = 1 << 9, /* no field: the connection is in holds */
};

static __always_inline __u32 rz_reset_see(const struct tcp_sock *tp, const struct rz_frame *f,
					  const struct rz_hold *h, const struct rz_move *m)
{
	__u32 bits = 0;

	if ((__s32)(f->next_seq + f->have + f->skip - tp->rcv_nxt) < 0)
		bits |= RZ_RESET_UNSEEN;
	if (tp->snd_una != tp->write_seq)
		bits |= RZ_RESET_UNACKED;
	if (tp->copied_seq != tp->rcv_nxt)
		bits |= RZ_RESET_UNREAD;
	if (tp->out_of_order_queue.rb_node)
		bits |= RZ_RESET_OUT_OF_ORDER;
	if (f->have || f->next_seq != tp->rcv_nxt)
		bits |= RZ_RESET_PART_REQUEST;
	if (m->gap == 2)
		bits |= RZ_RESET_MUST_BE_WHOLE;
	if (m->deadline_ns || m->left)
		bits |= RZ_RESET_HELD;
	if (!h)
		return bits;
	bits |= RZ_RESET_WATCHED;
	if ((__s32)(h->must_end - tp->rcv_nxt) > 0)
		bits |= RZ_RESET_PART_LATEST;
	if ((__s32)(h->answers.next_seq - tp->snd_una) > 0)
		bits |= RZ_RESET_PART_RESPONSE;
	return bits;
}

/* rz_responses_gap() of a connection of which TCP says `bits`. A global function, so that it is
 * verified once. Under the socket lock, as its caller. */
__noinline int rz_reset_gap(__u64 cookie, __u32 settled, __u32 bits)
{
	const struct rz_tcp_seen t = {
		.unseen = !!(bits & RZ_RESET_UNSEEN),
		.unacked = !!(bits & RZ_RESET_UNACKED),
		.unread = !!(bits & RZ_RESET_UNREAD),
		.out_of_order = !!(bits & RZ_RESET_OUT_OF_ORDER),
		.part_request = !!(bits & RZ_RESET_PART_REQUEST),
		.must_be_whole = !!(bits & RZ_RESET_MUST_BE_WHOLE),
		.held = !!(bits & RZ_RESET_HELD),
		.part_latest = !!(bits & RZ_RESET_PART_LATEST),
		.part_response = !!(bits & RZ_RESET_PART_RESPONSE),
	};
	struct rz_conn *c = bpf_map_lookup_elem(&conns, &cookie);

	if (!c || c->cookie != cookie)
		return RZ_CHECK_NOT_TRACKED;
	return rz_responses_gap(&c->frame, bits & RZ_RESET_WATCHED ? rz_hold_of(cookie) : NULL,
				settled, &t);
}

static __always_inline enum rz_check rz_reset_in_gap(const struct tcp_sock *tp,
						     const struct rz_frame *f,
						     const struct rz_move *m, __u64 cookie)
{
	__u32 bits = rz_reset_see(tp, f, rz_hold_of(cookie), m);

	return (enum rz_check)rz_reset_gap(cookie, m->settled, bits);
}

/* Is this live socket still the very connection that the policy decided on, and is this the moment?
 */
static __always_inline enum rz_check rz_reset_look(struct sock_common *skc, struct tcp_sock *tp,
						   const struct rz_conn *c, const struct rz_move *m,
						   __u64 cookie)
{
	struct rz_tuple live __attribute__((aligned(8)));
	enum rz_check check;

	if (c->park >= RZ_PARK_PARKED) /* what it sends is not read */
		return RZ_CHECK_OUT_OF_SYNC;
	check = m->follow_up ? rz_responses_follow_up(&c->frame, cookie, m->client)
			     : rz_check_eligible(&c->frame, cookie, m->client, m->shared, m->acks0);
	if (check != RZ_CHECK_PASSED)
		return check;
	if (bpf_ktime_get_ns() - m->decided_ns > RZ_RESET_MAX_AGE_NS)
		return RZ_CHECK_TOO_OLD;
	__builtin_memset(&live, 0, sizeof(live));
	rz_tuple_read(skc, &live);
	if (!rz_same(&live, &c->tuple, sizeof(live)))
		return RZ_CHECK_OTHER_ADDRESS;
	if (rz_conn_is_mptcp(tp))
		return RZ_CHECK_MPTCP;
	/* TCP may yet throw away what was read: then nothing that the entry says need be true */
	if ((__s32)(c->frame.read_end - tp->rcv_nxt) > 0)
		return RZ_CHECK_NOT_ACCEPTED;
	if (!tp->inet_conn.icsk_inet.sk.sk_socket)
		return RZ_CHECK_NO_AGENT;
	if (m->left && !rz_held_left(cookie, tp->rcv_nxt))
		return RZ_CHECK_NOT_LEFT;
	if (m->follow_up && !rz_held_followed(cookie, tp->rcv_nxt))
		return RZ_CHECK_NOT_KEPT;
	return m->gap ? rz_reset_in_gap(tp, &c->frame, m, cookie) : RZ_CHECK_PASSED;
}

/* The same, or in doubt: the segment program has no socket lock, and may change the frame
 * meanwhile. TCP does not have yet the bytes that it reads then. */
static __always_inline enum rz_check rz_reset_check(struct sock_common *skc,
						    const struct rz_move *m, __u64 cookie)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(skc);
	struct rz_conn *c = bpf_map_lookup_elem(&conns, &cookie);
	enum rz_check check;
	__u16 generation;

	if (!tp || !c || c->cookie != cookie)
		return RZ_CHECK_NOT_TRACKED;
	if (!rz_claim_read_begin(c, &generation))
		return RZ_CHECK_NOT_ACCEPTED;
	check = rz_reset_look(skc, tp, c, m, cookie);
	return rz_claim_read_held(c, generation) ? check : RZ_CHECK_NOT_ACCEPTED;
}

static __always_inline void rz_reset_count(enum rz_check check)
{
	struct rz_stats *st = rz_count_here();
	__u32 i = check;

	asm volatile("" : "+r"(i)); /* for the verifier: the number that is compared is the index */
	if (st && i < RZ_CHECK_COUNT)
		st->checks[i]++;
}

/* Judges it, and ends it if that is to be. Writes in its entry what came of it. */
static __always_inline void rz_reset_do(struct sock_common *skc, struct rz_move *m, __u64 cookie)
{
	enum rz_check check = rz_reset_check(skc, m, cookie);
	int err;

	rz_reset_count(check);
	m->check = check;
	err = -rz_check_errno(check);
	if (!err && m->fin) {
		m->error = 0;
		m->phase = RZ_PHASE_CLOSE;
		return;
	}
	if (!err) {
		err = bpf_sock_destroy(skc);
		if (err)
			rz_count_error(RZ_PLACE_DESTROY, err);
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

static __always_inline void rz_reset_visit(struct seq_file *seq, struct sock_common *skc)
{
	struct rz_walked said;
	struct rz_move *m;
	__u64 cookie;

	/* a listener must never get further: destroying it would close the agent's door */
	if (skc->skc_state != RZ_TCP_ESTABLISHED)
		return;
	cookie = skc->skc_cookie.counter;
	if (!cookie)
		return;
	m = bpf_map_lookup_elem(&moves, &cookie);
	if (!m || m->phase != RZ_PHASE_RESET)
		return;
	rz_reset_do(skc, m, cookie);
	/* where that finds no room, user space looks into the entry */
	__builtin_memset(&said, 0, sizeof(said));
	said.cookie = cookie;
	said.error = m->error;
	said.check = m->check;
	bpf_seq_write(seq, &said, sizeof(said));
}

#endif
