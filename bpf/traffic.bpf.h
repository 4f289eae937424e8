/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Bytes that outlive their connection: added up by client when it closes, and sent to the daemon,
 * which adds them up by zones.
 *
 * Comes in: a socket that leaves ESTABLISHED, and its entry in `conns`. Goes out: rows of
 * `client_traffic`, records in ring `closed`. Called by conn.bpf.h. The numbers are TCP's own
 * (tcp_sock.bytes_received and bytes_acked), so the packet path does no adding.
 */
#ifndef REZONE_BPF_TRAFFIC_H
#define REZONE_BPF_TRAFFIC_H

#include "count.bpf.h"

static __always_inline void rz_traffic_add(void *map, const void *key,
					   const struct rz_traffic *more)
{
	struct rz_traffic *sum = bpf_map_lookup_elem(map, key);
	long err;

	if (!sum) {
		err = bpf_map_update_elem(map, key, more, BPF_NOEXIST);
		if (!err)
			return;
		sum = bpf_map_lookup_elem(map, key); /* another CPU was faster? */
		if (!sum) {
			RZ_COUNT(traffic_full);
			rz_count_error(RZ_PLACE_TRAFFIC_INSERT, err);
			return;
		}
	}
	__sync_fetch_and_add(&sum->rx_bytes, more->rx_bytes);
	__sync_fetch_and_add(&sum->tx_bytes, more->tx_bytes);
	__sync_fetch_and_add(&sum->connections, more->connections);
}

/* Adds its bytes to its client's. `fin`: the client's FIN has just come; bytes_received counts it,
 * as sequence numbers do. */
static __noinline void rz_traffic_closed(const struct tcp_sock *tp, const struct rz_conn *c,
					 bool fin)
{
	struct rz_traffic more = {tp->bytes_received - fin, tp->bytes_acked, 1};
	__u64 client = c->frame.tentative || c->frame.several ? 0 : c->frame.client;

	if (client)
		rz_traffic_add(&client_traffic, &client, &more);
}

/*
 * A record of what a connection has carried and named, for the daemon, which adds it up under the
 * zones that it has now. The caller sends it once the connection's entry is gone: so a snapshot
 * that is read after the record was has no such connection, and its bytes are not counted again.
 * The record lies on the caller's stack: Linux before 5.11 loses track of a reserved one that does.
 */
static __always_inline void rz_traffic_record(struct rz_closed *r, const struct tcp_sock *tp,
					      const struct rz_conn *c, bool fin)
{
	r->cookie = c->cookie;
	r->client = c->frame.tentative || c->frame.several ? 0 : c->frame.client;
	r->rx_bytes = tp->bytes_received - fin;
	r->tx_bytes = tp->bytes_acked;
	r->tuple = c->tuple;
	r->netns = c->netns;
	r->adopted = c->frame.adopted;
	r->proxied = c->frame.via == RZ_VIA_PROXY;
	r->tls = c->frame.state == RZ_STATE_TLS;
	r->pad = 0;
	r->software = c->frame.software;
}

/* The daemon reads the ring at each tick, and is woken before that only when a quarter of it is
 * taken: an agent that ends closes its connections within milliseconds. No room is counted. */
static __always_inline void rz_traffic_send(struct rz_closed *r)
{
	bool full = bpf_ringbuf_query(&closed, BPF_RB_AVAIL_DATA) > RZ_CLOSED_RING / 4;

	if (bpf_ringbuf_output(&closed, r, sizeof(*r),
			       full ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP))
		RZ_COUNT(traffic_full);
}

#endif
