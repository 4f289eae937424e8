/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Bytes that outlive their connection: added up by zones and by client when it closes.
 *
 * Comes in: a socket that leaves ESTABLISHED, and its entry in `conns`. Goes out: rows of `traffic`
 * and `client_traffic`. Called by conn.bpf.h. The numbers are TCP's own (tcp_sock.bytes_received
 * and bytes_acked), so the packet path does no adding.
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

/*
 * Makes of a zone as a client wrote it the name of one that the topology has, as user space reads
 * it (rz_topo_resolve): by its aliases, and, if its tag is the `last` of the id, cut at a dash. All
 * other names are one, "": a client could invent as many as it likes.
 */
static __always_inline void rz_traffic_known_zone(char zone[RZ_ZONE_SHOWN], bool last)
{
	struct rz_zone_name name, *known;
	int i;

	__builtin_memcpy(name.zone, zone, sizeof(name.zone));
	known = bpf_map_lookup_elem(&zone_names, &name);
	for (i = RZ_ZONE_SHOWN - 1; i > 0 && last && !known; i--) {
		if (name.zone[i] == '-') {
			name.zone[i] = 0;
			known = bpf_map_lookup_elem(&zone_names, &name);
		}
		name.zone[i] = 0;
	}
	if (known)
		__builtin_memcpy(zone, known->zone, RZ_ZONE_SHOWN);
	else
		__builtin_memset(zone, 0, RZ_ZONE_SHOWN);
}

/* `fin`: the client's FIN has just come; bytes_received counts it, as sequence numbers do. */
static __noinline void rz_traffic_closed(const struct tcp_sock *tp, const struct rz_conn *c,
					 bool fin)
{
	struct rz_traffic more = {tp->bytes_received - fin, tp->bytes_acked, 1};
	struct rz_block_key from = {.prefix_len = 128};
	struct rz_traffic_key key = {.tls = c->frame.state == RZ_STATE_TLS};
	struct rz_endpoint at = {};
	struct rz_agent_val *agent;
	struct rz_block_val *block;
	__u64 client = c->frame.tentative || c->frame.several ? 0 : c->frame.client;
	struct rz_client *tags = NULL;

	__builtin_memcpy(at.addr, c->tuple.agent_addr, sizeof(at.addr));
	at.port = c->tuple.agent_port;
	agent = bpf_map_lookup_elem(&agents, &at);
	/* at an agent's address, but not in its network namespace: somebody else's bytes */
	if (agent && (agent->home == RZ_HOME_UNCHECKED ||
		      (agent->home == RZ_HOME_HERE && agent->netns == c->netns)))
		__builtin_memcpy(key.agent_zone, agent->zone, RZ_ZONE_SHOWN - 1);
	if (client)
		tags = bpf_map_lookup_elem(&clients, &client);
	if (tags && tags->zone[0]) {
		__builtin_memcpy(key.client_zone, tags->zone, RZ_ZONE_SHOWN - 1);
		rz_traffic_known_zone(key.client_zone, tags->zone_last);
	} else {
		__builtin_memcpy(from.addr, c->tuple.client_addr, sizeof(from.addr));
		block = bpf_map_lookup_elem(&blocks, &from);
		if (block)
			__builtin_memcpy(key.client_zone, block->zone, RZ_ZONE_SHOWN - 1);
	}
	rz_traffic_add(&traffic, &key, &more);
	if (client)
		rz_traffic_add(&client_traffic, &client, &more);
}

/*
 * A record of what a connection has carried, for the daemon, which adds it up under the zones that
 * it has now. The caller sends it once the connection's entry is gone: so a snapshot that is read
 * after the record was has no such connection, and its bytes are not counted again. The record
 * lies on the caller's stack: Linux before 5.11 loses track of a reserved one that does.
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
	__builtin_memset(r->pad, 0, sizeof(r->pad));
}

/* The daemon reads the ring at each tick, and is woken before that only when it is half full. No
 * room is counted. */
static __always_inline void rz_traffic_send(struct rz_closed *r)
{
	bool full = bpf_ringbuf_query(&closed, BPF_RB_AVAIL_DATA) > RZ_CLOSED_RING / 2;

	if (bpf_ringbuf_output(&closed, r, sizeof(*r),
			       full ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP))
		RZ_COUNT(traffic_full);
}

#endif
