// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * rezone's BPF programs. Each SEC() function is a shim over stages, one a header. A function's name
 * begins with its header's: rz_hold_is_on() is in hold.bpf.h (scripts/check-prefixes). Read the
 * headers in this order:
 *
 * - what all share: maps, ipc (maps that no program uses), count, same;
 * - a packet becomes a piece of a stream: port, segment;
 * - a connection has an entry: tuple, conn, room, traffic;
 * - where it stands in its stream, on two CPUs at once: frame, take, early, undo, fast;
 * - what is read there: read, sync, header, begin, client, software, note, opening;
 * - while a move waits: hold, held, response; after its close: follow;
 * - requests that are not read: park;
 * - from the TCP iterator: census, reset.
 *
 * Functions that answer yes or no return bool. Global functions (not static, verified alone) return
 * an int, the type that the verifiers of all supported kernels are known to take.
 *
 * Loaded by user/kern/load.c, which switches each on where the kernel can run it
 * (user/kern/probe.c). They are loaded in the order of their sections here. First comes rz_reset,
 * which kernels before 6.5 refuse, so that they need not verify the largest, rz_segment, to say so;
 * then rz_segment, so that a thread has it at the verifier while the others are loaded
 * (user/kern/load_beside.c). Hence two names of one section, with a "?" and without.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ipc.bpf.h"
#include "fast.bpf.h"
#include "opening.bpf.h"
#include "park.bpf.h"
#include "census.bpf.h"
#include "reset.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Every TCP socket of one network namespace, when user space asks. */
SEC("?iter/tcp")
int rz_reset(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;

	if (skc)
		rz_reset_visit(ctx->meta->seq, skc);
	return 0;
}

/*
 * Every packet that comes in for a socket, before TCP has judged it and without the socket lock. It
 * is dropped only while its connection is held, after its client has left, if its client is
 * followed (9), if another task of this CPU is reading one (scratch.bpf.h), or if other CPUs were
 * faster at each try to put its frame back (take.bpf.h). The steps are those of docs/internals.md,
 * 1: the cheapest first.
 */
SEC("cgroup_skb/ingress")
int rz_segment(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct rz_conn *c;
	struct rz_seg seg = {};
	__u64 cookie;
	int payload;

	/* 1: not Kafka's port, or not ESTABLISHED */
	if (!sk || !rz_port_is_kafka(sk->src_port))
		return 1;
	if (sk->state != RZ_TCP_ESTABLISHED) {
		enum rz_opening_verdict opening = rz_opening_look(skb, sk);

		if (opening != RZ_OPENING_IS_LATE)
			return opening == RZ_OPENING_PASSES;
	}
	/* 2: no bytes, and no FIN that a hold must know of */
	payload = rz_segment_parse(skb, &seg);
	if (payload < 0)
		rz_segment_unparsed(sk);
	if (payload <= 0 && !(seg.fin && (rz_holding || rz_held_any)))
		return 1;
	/* 3: parked. Nobody is moved, so nobody is held */
	cookie = rz_segment_cookie(skb, sk);
	c = bpf_map_lookup_elem(&conns, &cookie);
	if (c && c->park >= RZ_PARK_WANTED && payload > 0 && rz_park_skips(sk, c, cookie))
		return 1;
	if (payload > 0)
		RZ_COUNT(segments);
	/* 4: the connection is held, or its client has left */
	if ((rz_holding || rz_held_any) &&
	    rz_hold_keeps_out(skb, cookie, seg.seq, seg.len, seg.fin))
		return 0;
	if (payload <= 0)
		return 1;
	/* 5: inside a request that was read */
	if (c && rz_frame_inside(c, &seg))
		return 1;
	/* ... or one that is only counted */
	if (c && !rz_hold_of(cookie) && rz_fast_segment(skb, cookie, c, &seg))
		return 1;
	/* 6: not a full TCP socket. Each call costs, so this is not asked before the common case;
	 * what has an entry in conns is a full TCP socket */
	sk = bpf_sk_fullsock(sk);
	if (!sk || sk->protocol != IPPROTO_TCP)
		return 1;
	if (!c)
		c = rz_conn_adopt(sk, cookie, seg.seq);
	if (!c || rz_frame_inside(c, &seg))
		return 1;
	/* 7: not Kafka, known for good: only its bytes are counted */
	if (rz_frame_is_left_alone(c, &seg)) {
		rz_conn_note_bytes(c, cookie, sk);
		return 1;
	}
	/* 8: any plausible header is believed out of sync: not one that TCP will throw away */
	if (!c->frame.synced && !rz_segment_in_window(sk, &seg))
		return 1;
	/* 9 */
	return !rz_take_segment(skb, sk, cookie, c, &seg);
}

/* The sockets of rz_reset(), to be compared with map conns. */
SEC("iter/tcp")
int rz_census(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;

	if (skc)
		rz_census_visit(skc);
	return 0;
}

/* Every TCP socket of one network namespace, when user space asks: bytes of parked connections. */
SEC("iter/tcp")
int rz_look(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;

	if (skc)
		rz_park_look(skc);
	return 0;
}

/* Every change of a TCP socket's state: connections that open and close. */
SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(rz_state, const struct sock *sk, int oldstate, int newstate)
{
	rz_conn_state_changed(sk, oldstate, newstate);
	return 0;
}

/*
 * The same where tracing programs may not ask for a socket's cookie (before Linux 5.12): closes
 * alone. A socket whose segments were seen has its cookie already; who opens one is found at its
 * first segment.
 */
SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(rz_state_old, const struct sock *sk, int oldstate, int newstate)
{
	struct tcp_sock *tp;

	if ((newstate != RZ_TCP_CLOSE && oldstate != RZ_TCP_ESTABLISHED) ||
	    !sk->__sk_common.skc_cookie.counter)
		return 0;
	tp = bpf_skc_to_tcp_sock((void *)sk);
	if (tp)
		rz_conn_forget(tp, sk->__sk_common.skc_cookie.counter, newstate);
	return 0;
}

/* Every packet that a socket sends, while a move waits for responses. Always lets it go. */
SEC("?cgroup_skb/egress")
int rz_response(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct rz_hold *h;
	struct rz_seg seg;
	__u64 cookie;

	if (!sk || !rz_port_is_kafka(sk->src_port) || rz_segment_parse(skb, &seg) <= 0)
		return 1;
	cookie = bpf_get_socket_cookie(skb);
	h = rz_hold_of(cookie);
	if (h)
		rz_response_segment(skb, h, cookie, &seg);
	return 1;
}

/* Connections are parked, or read again. Run by user space, without a packet (user/kern/park.c). */
SEC("?cgroup_skb/ingress")
int rz_park(struct __sk_buff *skb)
{
	rz_park_obey();
	return 1;
}
